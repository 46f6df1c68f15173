"""The one door into compiled code, since each door costs a compilation of all that is behind it.

What is behind is kept as object code, of this text of the engine and for this kind of processor, and is opened without
the compiler: loading that takes a second, opening the door less than a tenth.
"""

import ctypes
import os
import tempfile
import warnings
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm

from marginspec_engine.numba.keeping import NOT_KEPT, SOURCES, locked, sealed, tell_of_compiling, unsealed

APPLY, SETTLE_MARKET, RUN_ROWS, PUBLISH, COLLECT = range(5)
"""The tasks, see `enter_at`."""
DOOR = "marginspec_enter"
KEPT_NAME = 16
CALL = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, *5 * [ctypes.c_int64])
"""Where the answer goes, where an exception would, and the five numbers; gives 0 unless there was an exception."""


class Door:
    """Compiled code that is opened when it is first called, and compiled if no folder has it."""

    def __init__(self, compile_it: Callable[[], bytes], folders: Callable[[], tuple[Path, ...]]) -> None:
        self._compile, self._folders = compile_it, folders
        self._call: Any = None
        self._opened: Any = None

    def __call__(self, address: int, task: int, first: int, second: int, third: int) -> int:
        """Have compiled code do a task on the book at an address; what the numbers mean, see `enter_at`."""
        if self._call is None:
            self._open()
        given, raised = ctypes.c_int64(), ctypes.c_void_p()
        if self._call(ctypes.byref(given), ctypes.byref(raised), address, task, first, second, third):
            raise RuntimeError("compiled code raised an exception")
        return given.value

    def is_kept(self) -> bool:
        """Whether compiled code of this text of the engine is kept, so that it need not be compiled."""
        return any((folder / kept_name()).exists() for folder in self._folders())

    def _open(self) -> None:
        self._opened = opened(self._object_code())
        self._call = CALL(self._opened.get_function_address(DOOR))

    def _object_code(self) -> bytes:
        """The object code that is kept; while another process compiles it, this one waits."""
        found = self._kept()
        if found is not None:
            return found
        tell_of_compiling()
        folder = next((one for one in self._folders() if can_be_written(one)), None)
        if folder is None:
            warnings.warn(NOT_KEPT, RuntimeWarning, stacklevel=1)
            return self._compile()
        held = locked(folder / f"{DOOR}.lock")
        try:
            found = self._kept()
            if found is None:
                found = self._compile()
                keep(folder, found)
        finally:
            if held is not None:
                held.close()
        return found

    def _kept(self) -> bytes | None:
        kept = (unsealed(folder / kept_name()) for folder in self._folders())
        return next((code for code in kept if code is not None), None)


def kept_name() -> str:
    """The name of the file of object code: of the engine's text, the compiler's version and the processor."""
    machine = f"{llvm.get_host_cpu_name()} {llvm.get_host_cpu_features().flatten()} {version('numba')}"
    return f"{DOOR}.{SOURCES[:KEPT_NAME]}.{sha256(machine.encode()).hexdigest()[:KEPT_NAME]}.o"


def folders() -> tuple[Path, ...]:
    """Where object code may be kept: beside the engine, or where that cannot be written, in the user's own cache."""
    own = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(__file__).parent / "__pycache__", Path(own) / "marginspec" / "compiled"


def can_be_written(folder: Path) -> bool:
    """Whether files can be made in a folder, which is made if it is not there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def keep(folder: Path, code: bytes) -> None:
    """Keep object code for other processes, in place of that of an earlier text; not, if the disk has no room."""
    part = folder / f"{DOOR}.part"
    with suppress(OSError):
        part.write_bytes(sealed(code))
        part.replace(folder / kept_name())
        for other in folder.glob(f"{DOOR}.*.o"):
            if SOURCES[:KEPT_NAME] not in other.name:
                other.unlink()


def opened(code: bytes) -> Any:
    """Object code made ready to be called; what it needs of the C library it finds in this process."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(jit=True)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return engine


def compiled_now() -> bytes:
    """The object code, compiled now."""
    from marginspec_engine.numba.entry_points import object_code

    return object_code()


enter = Door(compiled_now, folders)
