"""Whoever waits for the compiler is told so, and only then."""

import importlib.util
from pathlib import Path
from types import FunctionType

import pytest

from marginspec_engine.numba import compiling
from marginspec_journal import InputError
from marginspec_tools.fleet.campaign import Campaign
from marginspec_tools.fleet.sweep import StateText
from marginspec_tools.runs import need_fast_engine
from marginspec_tools.simulate import mixed


def function_of(path: Path) -> FunctionType:
    """The one function of a module of its own, whose compiled code is kept beside it."""
    path.write_text("def doubled(number):\n    return 2 * number\n")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: FunctionType = module.doubled
    return found


def test_only_what_no_cache_has_is_announced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    announced: list[str] = []
    monkeypatch.setattr(compiling, "BEFORE_COMPILING", [lambda: announced.append("compiling")])
    function = function_of(tmp_path / "a_module_of_its_own.py")
    assert compiling.compiled(function)(21) == 42
    assert announced == ["compiling"]
    assert compiling.compiled(function)(21) == 42
    assert announced == ["compiling"]


def test_it_is_said_once_on_stderr(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(compiling, "BEFORE_COMPILING", [])
    need_fast_engine()
    need_fast_engine()
    (call,) = compiling.BEFORE_COMPILING
    call()
    call()
    said = "compiling the optimized engine, once on this machine: this takes a minute or two\n"
    assert capsys.readouterr() == ("", said)


def test_each_process_that_answers_pieces_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "BEFORE_COMPILING", [])
    Campaign(mixed(accounts=50, following=1, seed=1), checking=False).opened()
    assert len(compiling.BEFORE_COMPILING) == 1
    compiling.BEFORE_COMPILING.clear()
    with pytest.raises(InputError, match="missing field"):
        StateText("state", b"{}").opened()
    assert len(compiling.BEFORE_COMPILING) == 1
