"""What is said of input that is not as the wire format has it."""

from pathlib import Path


class InputError(Exception):
    """A file is refused: which one, in which line (from 1) and field, if known, and why."""

    def __init__(self, file: str, line: int | None, field: str | None, reason: str) -> None:
        super().__init__(file, line, field, reason)
        self.file = file
        self.line = line
        self.field = field
        self.reason = reason

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.field}: {self.reason}" if self.field else f"{place}: {self.reason}"


def unreadable(path: Path, error: OSError | ValueError) -> InputError:
    """The refusal of a path that cannot be read; a ValueError is what the system says of a path with NUL in it."""
    return InputError(str(path), None, None, f"cannot be read: {_reason(error)}")


def unwritable(path: Path, why: OSError | ValueError | str) -> InputError:
    """The refusal of a path that cannot be written to, for the system's error or another reason."""
    return InputError(str(path), None, None, f"cannot be written: {why if isinstance(why, str) else _reason(why)}")


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
