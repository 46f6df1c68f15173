"""Files that are written whole or not at all."""

import errno
import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from marginspec_journal import InputError, atomic
from marginspec_journal.atomic import Disk, atomic_folder, atomic_writer


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


def test_a_file_that_is_replaced_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"secret")
    for mode in (0o600, 0o640, 0o755):
        path.chmod(mode)
        write(path)
        assert path.stat().st_mode & 0o777 == mode


def test_a_read_only_file_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"old")
    path.chmod(0o444)
    assert refused(path) == f"{path}: cannot be written: it is read-only"
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_has_the_permissions_that_the_user_gives_new_folders(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        with atomic_folder(tmp_path / "out") as folder:
            (folder / "file").touch()
    finally:
        os.umask(before)
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o700
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["file"]


def test_a_folder_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def interrupted() -> None:
        with atomic_folder(tmp_path / "out") as folder:
            (folder / "file").touch()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


# ----------------------------------------------------------------- a disk that fails


class PowerCut(BaseException):
    """The machine is gone: nothing that would be done behind this is done."""


class Torn(io.FileIO):
    """A file of which only the first bytes of a write reach the disk that fails."""

    def __init__(self, part: Path, disk: "FailingDisk") -> None:
        super().__init__(part, "xb")
        self._disk = disk

    def write(self, text: object) -> int:
        content = bytes(cast(bytes, text))
        self._disk.step(lambda: super(Torn, self).write(content[:1]))
        return super().write(content)


class FailingDisk(Disk):
    """Fails at one of the steps, counted from 0."""

    def __init__(self, at: int, error: BaseException) -> None:
        self._left, self._error = at, error

    def step(self, before: Callable[[], object] = lambda: None) -> None:
        self._left -= 1
        if self._left == -1:
            before()
            raise self._error

    @property
    def has_failed(self) -> bool:
        return self._left < 0

    def create(self, part: Path) -> BinaryIO:
        self.step()
        return cast(BinaryIO, Torn(part, self))

    def sync(self, stream: BinaryIO) -> None:
        self.step()
        super().sync(stream)

    def rename(self, part: Path, target: Path) -> None:
        self.step()
        super().rename(part, target)

    def sync_folder(self, folder: Path) -> None:
        self.step()
        super().sync_folder(folder)


def write_twice(path: Path) -> None:
    with atomic_writer(path) as stream:
        stream.write(b"first")
        stream.write(b"second")


STEPS = 6
"""Create, two writes, sync, rename, sync of the folder."""


@pytest.mark.parametrize("at", range(STEPS + 1))
def test_each_step_fails_and_the_file_is_old_or_new(at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"old")
    disk = FailingDisk(at, OSError(errno.EIO, "Input/output error"))
    monkeypatch.setattr(atomic, "DISK", disk)
    said = None
    try:
        write_twice(path)
    except InputError as refusal:
        said = str(refusal)
    assert disk.has_failed == (at < STEPS)
    assert said == (f"{path}: cannot be written: Input/output error" if at < STEPS else None)
    # The last step comes when the name is there already.
    assert path.read_bytes() == (b"old" if at < STEPS - 1 else b"firstsecond")
    assert list(tmp_path.iterdir()) == [path]


class EndedDisk(Disk):
    """The process is told to end as soon as the file is there."""

    def create(self, part: Path) -> BinaryIO:
        super().create(part).close()
        raise SystemExit(143)


def test_a_signal_right_after_the_file_is_there_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atomic, "DISK", EndedDisk())
    with pytest.raises(SystemExit):
        write_twice(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("at", range(STEPS))
def test_the_power_goes_at_each_step_and_the_next_run_cleans_up(
    at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"old")
    monkeypatch.setattr(atomic, "DISK", FailingDisk(at, PowerCut()))
    monkeypatch.setattr(atomic, "remove", lambda _: None)
    with pytest.raises(PowerCut):
        write_twice(path)
    assert path.read_bytes() == (b"old" if at < STEPS - 1 else b"firstsecond")
    assert len(list(tmp_path.iterdir())) == (2 if 0 < at < STEPS - 1 else 1)
    monkeypatch.undo()
    write(path)
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


KILLED = """
import sys, time
from pathlib import Path
from marginspec_journal.atomic import atomic_folder, atomic_writer
writer = {"file": atomic_writer, "folder": atomic_folder}[sys.argv[2]]
with writer(Path(sys.argv[1])) as writing:
    print("begun", flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_a_kill_left_is_removed_by_the_next_run_and_what_lives_is_not(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "out"
    begun = [subprocess.Popen([sys.executable, "-c", KILLED, path, kind], stdout=subprocess.PIPE) for _ in range(2)]
    try:
        for one in begun:
            assert one.stdout is not None
            assert one.stdout.readline() == b"begun\n"
        first, second = begun
        assert len(list(tmp_path.iterdir())) == 2
        first.kill()
        first.wait()
        assert len(list(tmp_path.iterdir())) == 2
        write(path)
        assert len(list(tmp_path.iterdir())) == 2
        second.send_signal(signal.SIGKILL)
        second.wait()
        write(path)
        assert list(tmp_path.iterdir()) == [path]
    finally:
        for one in begun:
            one.kill()
            one.communicate()
