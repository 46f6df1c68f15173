"""Compiled code is kept, checked and compiled by one process at a time; whoever waits is told so, and only then."""

import fcntl
import importlib.util
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
import pytest
from llvmlite import ir
from numba.core.caching import FunctionCache

from marginspec_engine.numba import caching, compiling, keeping
from marginspec_engine.numba.hashing import compress_block
from marginspec_journal import InputError
from marginspec_tools.fleet.campaign import Campaign
from marginspec_tools.fleet.sweep import StateText
from marginspec_tools.runs import need_fast_engine
from marginspec_tools.simulate import mixed


def function_of(path: Path) -> Any:
    """The one function of a module of its own, whose compiled code is kept beside it."""
    path.write_text("def doubled(number):\n    return 2 * number\n")
    return imported(path)


def imported(path: Path) -> Any:
    """The function of a module that is there."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.doubled


@pytest.fixture(name="announced")
def announcements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is announced."""
    said: list[str] = []
    monkeypatch.setattr(keeping, "BEFORE_COMPILING", [lambda: said.append("compiling")])
    return said


def test_only_what_no_cache_has_is_announced(tmp_path: Path, announced: list[str]) -> None:
    function = function_of(tmp_path / "a_module_of_its_own.py")
    assert compiling.compiled(function)(21) == 42
    assert announced == ["compiling"]
    assert compiling.compiled(function)(21) == 42
    assert announced == ["compiling"]


@pytest.mark.parametrize("suffix", ["nbc", "nbi"])
@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_a_damaged_file_is_compiled_anew(suffix: str, part: float, tmp_path: Path, announced: list[str]) -> None:
    function = function_of(tmp_path / "a_module_of_its_own.py")
    assert compiling.compiled(function)(21) == 42
    (kept,) = tmp_path.rglob(f"*.{suffix}")
    content = bytearray(kept.read_bytes())
    content[round(part * (len(content) - 1))] ^= 4
    kept.write_bytes(content)
    assert compiling.compiled(function)(21) == 42
    assert announced == 2 * ["compiling"]
    assert compiling.compiled(function)(21) == 42
    assert announced == 2 * ["compiling"]


def test_where_nothing_can_be_written_it_is_compiled_without_a_cache(
    tmp_path: Path, announced: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    function = function_of(tmp_path / "a_module_of_its_own.py")
    impl: Any = FunctionCache
    monkeypatch.setattr(impl._impl_class, "_locator_classes", [])
    for _ in range(2):
        with pytest.warns(RuntimeWarning) as warned:
            assert compiling.compiled(function)(21) == 42
        assert [str(one.message) for one in warned] == [keeping.NOT_KEPT]
    assert announced == 2 * ["compiling"]
    assert [path.name for path in tmp_path.iterdir()] == ["a_module_of_its_own.py"]


# ----------------------------------------------------------------- several processes

CHILD = """
import sys
sys.path.insert(0, sys.argv[1])
from a_module_of_its_own import doubled
from marginspec_engine.numba import caching, compiling, keeping
keeping.BEFORE_COMPILING.append(lambda: print("announced", flush=True))
function = compiling.compiled(doubled)
assert function(21) == 42
print(sum(function.stats.cache_misses.values()), flush=True)
"""


def child(path: Path) -> subprocess.Popen[str]:
    """A process that calls the function of a module."""
    return subprocess.Popen([sys.executable, "-c", CHILD, str(path.parent)], stdout=subprocess.PIPE, text=True)


def test_of_several_processes_one_compiles(tmp_path: Path) -> None:
    path = tmp_path / "a_module_of_its_own.py"
    cache = caching.SourcesCache(function_of(path))
    held = keeping.locked(cache._lock)
    with ExitStack() as stack:
        children = [stack.enter_context(child(path)) for _ in range(3)]
        streams = [one.stdout for one in children if one.stdout is not None]
        assert [stream.readline() for stream in streams] == 3 * ["announced\n"]
        held.close()
        assert sorted(stream.read() for stream in streams) == ["0\n", "0\n", "1\n"]
    assert [one.returncode for one in children] == [0, 0, 0]


def test_a_lock_of_a_process_that_is_gone_holds_nobody(tmp_path: Path, announced: list[str]) -> None:
    path = tmp_path / "a_module_of_its_own.py"
    cache = caching.SourcesCache(function_of(path))
    code = "import fcntl, os, sys; stream = open(sys.argv[1], 'w'); fcntl.flock(stream, fcntl.LOCK_EX); os._exit(1)"
    subprocess.run([sys.executable, "-c", code, str(cache._lock)], check=False)
    assert cache._lock.exists()
    assert compiling.compiled(imported(path))(21) == 42
    assert announced == ["compiling"]


def test_nobody_waits_for_ever(tmp_path: Path, announced: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a_module_of_its_own.py"
    cache = caching.SourcesCache(function_of(path))
    monkeypatch.setattr(keeping, "MOST_SECONDS", 0)
    with cache._lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert compiling.compiled(imported(path))(21) == 42
    assert announced == ["compiling"]


# ----------------------------------------------------------------- what is said


def test_it_is_said_once_on_stderr(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(keeping, "BEFORE_COMPILING", [])
    need_fast_engine()
    need_fast_engine()
    (call,) = keeping.BEFORE_COMPILING
    call()
    call()
    said = "compiling the optimized engine, once on this machine: this takes a minute or two\n"
    assert capsys.readouterr() == ("", said)


def test_each_process_that_answers_pieces_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "BEFORE_COMPILING", [])
    Campaign(mixed(accounts=50, following=1, seed=1), checking=False).answerer()
    assert len(keeping.BEFORE_COMPILING) == 1
    keeping.BEFORE_COMPILING.clear()
    with pytest.raises(InputError, match="missing field"):
        StateText("state", b"{}").answerer()
    assert len(keeping.BEFORE_COMPILING) == 1


def test_a_block_is_hashed_with_clean_registers() -> None:
    """Otherwise some processors take a hundred times as long: the mixture of encodings is slow there."""
    module = ir.Module()
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [ir.IntType(64).as_pointer(), ir.IntType(64)]), "f")
    builder = ir.IRBuilder(function.append_basic_block())
    compress_block(builder, *function.args)
    first = str(builder.block.instructions[0])
    assert ("llvm.x86.avx.vzeroupper" in first) == bool(llvm.get_host_cpu_features().get("avx"))
