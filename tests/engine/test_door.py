"""The door into compiled code opens without the compiler, from object code that is whole and of today's text only."""

import subprocess
import sys
from pathlib import Path

import llvmlite.binding as llvm
import pytest

from marginspec_engine.numba import door, keeping
from marginspec_engine.numba.door import DOOR, Door, kept_name

SUM_OF_NUMBERS = f"""
define i32 @{DOOR}(i64* %given, i8** %raised, i64 %address, i64 %task, i64 %first, i64 %second, i64 %third) {{
    %one = add i64 %address, %task
    %two = add i64 %one, %first
    %three = add i64 %two, %second
    %four = add i64 %three, %third
    store i64 %four, i64* %given
    %raises = icmp eq i64 %task, 99
    %status = zext i1 %raises to i32
    ret i32 %status
}}
"""


def object_code() -> bytes:
    """Object code that adds the five numbers, and raises for task 99."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(jit=True)
    code: bytes = machine.emit_object(llvm.parse_assembly(SUM_OF_NUMBERS))
    return code


class Compiler:
    """Compiles at once, and counts how often."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> bytes:
        """The object code."""
        self.count += 1
        return object_code()


@pytest.fixture(name="announced")
def announcements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is announced."""
    said: list[str] = []
    monkeypatch.setattr(keeping, "BEFORE_COMPILING", [lambda: said.append("compiling")])
    return said


def test_what_is_kept_is_opened_without_the_compiler(tmp_path: Path, announced: list[str]) -> None:
    compiler = Compiler()
    folders = (tmp_path / "deep" / "kept",)
    assert not Door(compiler, lambda: folders).is_kept()
    for _ in range(2):
        entered = Door(compiler, lambda: folders)
        assert entered(2**40, 1, -20, 300, -(2**62)) == 2**40 - 2**62 + 281
        assert entered.is_kept()
    assert (compiler.count, announced) == (1, ["compiling"])
    assert sorted(path.name for path in folders[0].iterdir()) == sorted([kept_name(), f"{DOOR}.lock"])


def test_an_exception_in_compiled_code_is_not_passed_over(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"^compiled code raised an exception$"):
        Door(Compiler(), lambda: (tmp_path,))(0, 99, 0, 0, 0)


@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_damaged_object_code_is_compiled_anew(part: float, tmp_path: Path) -> None:
    compiler = Compiler()
    assert Door(compiler, lambda: (tmp_path,))(1, 2, 3, 4, 5) == 15
    kept = tmp_path / kept_name()
    content = bytearray(kept.read_bytes())
    content[round(part * (len(content) - 1))] ^= 4
    for damaged in (bytes(content), content[: len(content) // 2], b""):
        kept.write_bytes(damaged)
        before = compiler.count
        assert Door(compiler, lambda: (tmp_path,))(1, 2, 3, 4, 5) == 15
        assert Door(compiler, lambda: (tmp_path,))(1, 2, 3, 4, 5) == 15
        assert compiler.count == before + 1


def test_object_code_of_another_text_or_processor_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiler = Compiler()
    names = set()
    for name, of in ((door, "SOURCES"), (llvm, "get_host_cpu_name")):
        assert Door(compiler, lambda: (tmp_path,))(1, 2, 3, 4, 5) == 15
        names.add(kept_name())
        monkeypatch.setattr(name, of, "b" * 64 if of == "SOURCES" else lambda: "another")
    assert Door(compiler, lambda: (tmp_path,))(1, 2, 3, 4, 5) == 15
    names.add(kept_name())
    assert (len(names), compiler.count) == (3, 3)
    # That of an earlier text is not kept; that of another processor, on the same disk, is.
    assert len(list(tmp_path.glob("*.o"))) == 2


def test_where_nothing_can_be_written_it_is_compiled_each_time(tmp_path: Path, announced: list[str]) -> None:
    compiler = Compiler()
    (tmp_path / "file").write_text("")
    for _ in range(2):
        with pytest.warns(RuntimeWarning) as warned:
            assert Door(compiler, lambda: (tmp_path / "file" / "folder",))(1, 2, 3, 4, 5) == 15
        assert [str(one.message) for one in warned] == [keeping.NOT_KEPT]
    assert (compiler.count, announced) == (2, 2 * ["compiling"])


def test_the_second_folder_is_for_where_the_first_cannot_be_written(tmp_path: Path) -> None:
    compiler = Compiler()
    (tmp_path / "file").write_text("")
    folders = (tmp_path / "file" / "folder", tmp_path / "own")
    for _ in range(2):
        assert Door(compiler, lambda: folders)(1, 2, 3, 4, 5) == 15
    assert compiler.count == 1


def test_whoever_waits_for_another_process_takes_what_that_has_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked_by_another(path: Path) -> None:
        door.keep(path.parent, object_code())

    monkeypatch.setattr(door, "locked", locked_by_another)
    compiler = Compiler()
    assert Door(compiler, lambda: (tmp_path,))(1, 2, 3, 4, 5) == 15
    assert compiler.count == 0


WITHOUT_COMPILER = """
import sys
sys.modules["numba"] = None
from marginspec.model.state import Header
from marginspec_engine.engine import OptimizedEngine
from marginspec_engine.numba.door import SETTLE_MARKET
print(OptimizedEngine.from_header(Header()).enter(SETTLE_MARKET, -1))
"""


def test_the_engine_runs_without_the_compilers_libraries() -> None:
    assert door.enter.is_kept()
    done = subprocess.run([sys.executable, "-c", WITHOUT_COMPILER], capture_output=True, text=True, check=True)
    assert done.stdout == "0\n"


LITERALS = """
import importlib, sys
importlib.import_module(sys.argv[1])
from marginspec_engine.text.literals import all_literals
sys.stdout.buffer.write(all_literals())
"""


def test_literals_have_the_same_numbers_whichever_module_comes_first() -> None:
    rooms = ("text.texts", "text.records", "memory.tables", "batches.loop", "engine")
    found = [
        subprocess.run([sys.executable, "-c", LITERALS, f"marginspec_engine.{room}"], capture_output=True, check=True)
        for room in rooms
    ]
    assert len({one.stdout for one in found}) == 1
    assert b'","hash":"' in found[0].stdout
