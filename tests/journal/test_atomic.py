"""Files that are written whole or not at all."""

import errno
import os
from pathlib import Path

import pytest

from marginspec_journal import InputError
from marginspec_journal.atomic import atomic_writer


def write(path: Path, content: bytes = b"new", error: BaseException | None = None) -> None:
    with atomic_writer(path) as stream:
        stream.write(content)
        if error is not None:
            raise error


def refused(path: Path) -> str:
    with pytest.raises(InputError) as refusal:
        write(path)
    return str(refusal.value)


def test_a_file_appears_when_all_is_written(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"old")
    with atomic_writer(path) as stream:
        stream.write(b"new")
        stream.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("no"), InputError("f", 1, None, "no")])
def test_on_any_error_nothing_is_left_and_the_old_file_stays(error: BaseException, tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"old")
    with pytest.raises(type(error)) as raised:
        write(path, error=error)
    assert raised.value is error
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_said_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert refused(tmp_path / "out") == f"{tmp_path / 'out'}: cannot be written: No space left on device"
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_a_regular_file_is_never_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert refused(pipe) == f"{pipe}: cannot be written: not a regular file"
    assert pipe.is_fifo()
    assert refused(tmp_path) == f"{tmp_path}: cannot be written: Is a directory"


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert refused(tmp_path / "missing" / "out").endswith(": cannot be written: No such file or directory")
    assert refused(tmp_path / "file" / "out").endswith(": cannot be written: Not a directory")
    assert refused(tmp_path / "a\0b").endswith(": cannot be written: embedded null byte")


def test_a_link_stays_and_its_target_is_written(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    link, target = tmp_path / "link", tmp_path / "folder" / "target"
    link.symlink_to(target)
    write(link, b"first")
    write(link, b"second")
    assert link.is_symlink()
    assert target.read_bytes() == b"second"


def test_a_file_has_the_permissions_that_the_user_gives_new_files(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        write(tmp_path / "out")
    finally:
        os.umask(before)
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o600


def test_a_name_may_be_as_long_as_the_system_allows(tmp_path: Path) -> None:
    write(tmp_path / ("x" * 255))
    assert (tmp_path / ("x" * 255)).read_bytes() == b"new"
