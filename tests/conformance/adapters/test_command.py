"""`marginspec conform init`: in every language, what it writes builds and starts, and has nothing yet."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from marginspec_conformance.adapters.command import LANGUAGES
from marginspec_conformance.command import command
from marginspec_conformance.connectors.parsing import connector_of
from marginspec_conformance.connectors.session import Limits
from marginspec_conformance.doctor.example import EVENTS, HEADER
from marginspec_conformance.protocol.messages import Accepted, Answer, Changes, Refused, Unsupported
from marginspec_conformance.vectors.reading import suite_manifest
from marginspec_journal.errors import InputError

NAMES = {"python": "Python", "node": "JavaScript", "java": "Java", "cpp": "C++", "rust": "Rust", "go": "Go"}
PACKAGES = {
    "node": "nodejs",
    "g++": "g++",
    "java": "default-jre-headless",
    "javac": "default-jdk-headless",
    "cargo": "cargo",
    "go": "golang-go",
}
"""The Debian package of each program that is needed."""
NOTHING = (
    "0 of 7 events supported, and not a listing, a mark, a deposit, another deposit, a trade, a liquidation, a refusal"
)
FILES = {
    "python": ["adapter.py", "engine_protocol.py"],
    "node": ["adapter.mjs", "engine_protocol.mjs"],
    "java": ["Adapter.java", "EngineProtocol.java"],
    "cpp": ["adapter.cpp", "engine_protocol.hpp", "json.hpp"],
    "rust": ["Cargo.toml", "src/engine_protocol.rs", "src/main.rs"],
    "go": ["adapter.go", "engine_protocol.go", "go.mod"],
}


def told(*arguments: str) -> tuple[int, str]:
    answer = CliRunner().invoke(command, arguments)
    assert answer.exception is None or isinstance(answer.exception, SystemExit), answer.exception
    return answer.exit_code, answer.output


def files_of(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def build(lang: str, folder: Path) -> None:
    """Build an adapter by the command that `init` tells."""
    for words in LANGUAGES[lang]:
        program = words.partition(" ")[0]
        if program in PACKAGES and shutil.which(program) is None:
            pytest.fail(f"no {program} on this machine: apt-get install --no-install-recommends {PACKAGES[program]}")
    if LANGUAGES[lang].build:
        ended = subprocess.run(
            ["sh", "-c", LANGUAGES[lang].build], cwd=folder, capture_output=True, check=False, text=True, timeout=120
        )
        assert ended.returncode == 0, ended.stderr


def walk(lang: str) -> list[dict[str, Any]]:
    """What the doctor finds of an adapter that has nothing yet."""
    skipped = (
        "adl, bitmex, calc, choices, deleverage, digest, fills, funding, hedge, isolated, levy, limits, no_levy, "
        "orders, reset_state, settle_market, state, stated_fees, terms"
    )
    hello = {"answer": "hello", "protocol": 1, "name": "my engine", "version": "0.1", "language": NAMES[lang]}
    hello |= {"rulebook": "2", "level": 2, "capabilities": ["batch"], "left_out": ["input_checks", "several_assets"]}
    ok = {"answer": "ok"}
    nothing = [{"answer": "unsupported", "capability": event["type"]} for event in EVENTS.values()]
    events = list(EVENTS.items())
    asked: list[tuple[str, dict[str, Any], dict[str, Any], list[str]]] = [
        (
            *("hello", {"do": "hello", "protocol": 1, "suite": "0.1.0", "rulebook": "2"}, hello),
            [
                f"what needs one of these will be skipped: {skipped}",
                "left out, and so not asked: input_checks, several_assets",
            ],
        ),
        ("configure", {"do": "configure", "header": HEADER}, ok, []),
        ("reset", {"do": "reset"}, ok, []),
        *(
            (
                *(name, {"do": "step", "event": event, "want": "decisions"}, answer),
                [f"not supported, it says: {event['type']}"],
            )
            for (name, event), answer in zip(events, nothing, strict=True)
        ),
        ("reset before a batch", {"do": "reset"}, ok, []),
        (
            *("a batch", {"do": "batch", "events": [event for _, event in events], "want": "decisions"}),
            *({"answer": "batch", "answers": nothing}, []),
        ),
        ("stop", {"do": "stop"}, ok, []),
    ]
    return [
        {
            "step": name,
            "sent": {"id": number, **sent},
            "got": {"id": number, **got},
            "mend": [],
            "notes": notes,
            "failure": None,
            "stderr": "",
        }
        for number, (name, sent, got, notes) in enumerate(asked, 1)
    ]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_adapter_starts_and_has_nothing_yet(lang: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    engine = f"exec:{LANGUAGES[lang].run}"
    built = [LANGUAGES[lang].build] if LANGUAGES[lang].build else []
    lines = ["cd mine", *built, f"marginspec conform doctor '{engine}'", f"marginspec conform run -e '{engine}'"]
    assert told("init", "--lang", lang, "mine") == (0, "".join(f"{line}\n" for line in lines))
    assert files_of(tmp_path) == [f"mine/{name}" for name in FILES[lang]]
    build(lang, tmp_path / "mine")
    monkeypatch.chdir(tmp_path / "mine")
    code, output = told("doctor", engine, "--json")
    steps = [json.loads(line) for line in output.splitlines()]
    found = [{**step, "sent": json.loads(step["sent"]), "got": json.loads(step["got"])} for step in steps]
    assert (code, found) == (0, walk(lang))
    code, output = told("run", "--smoke", "-e", engine)
    verdict, told_conditions, _, most, *_ = output.splitlines()
    count = len(suite_manifest()["smoke"])
    conditions = (
        f"level 2, rulebook 2, profiles binance/levy, binance/none, bitmex/levy, suite {suite_manifest()['suite']}, "
        f"of the short suite only; clauses left out: input_checks, several_assets; skipped: {count}; undecided: 0"
    )
    assert (code, verdict, told_conditions) == (4, "nothing was decided at level 2", conditions)
    assert re.fullmatch(r"  skipped: \d+ vectors, needs list_market", most)


BANK = {
    "python": "adapter.py",
    "node": "adapter.mjs",
    "java": "Adapter.java",
    "cpp": "adapter.cpp",
    "rust": "src/main.rs",
    "go": "adapter.go",
}
"""By language, where the bank of `bank` stands in an adapter's folder."""
TIERS = [{"floor": "0", "max_leverage": 5, "maintenance_rate": "0.05"}]
HIGH = [{"floor": "0", "max_leverage": 50, "maintenance_rate": "0.01"}]
ROWS = [
    {"floor": "0", "max_leverage": 5, "maintenance_rate": "0.05"},
    {"floor": "1000", "max_leverage": 4, "maintenance_rate": "0.06"},
]
LISTED = {"type": "list_market", "market": "C", "asset": "USD", "price_decimals": 4, "quantity_decimals": 1}
BOUGHT = {"type": "trade", "market": "C", "buyer": "zed", "seller": "alice", "quantity": "1", "taker": "seller"}
MONEY = "wallet:alice:USD"
ORDERED = ("al:USD", "alice:A:BOTH:EUR", "alice:A.B:BOTH:EUR", "alice:USD")
"""Domains that the banks liquidate besides, in order, as they do not give them."""


def changed(ledger: dict[str, str], positions: dict[str, str] | None = None, *liquidated: str) -> Accepted:
    return Accepted(liquidated, (), (), Changes(ledger, positions or {}, {}))


ASKED: list[tuple[dict[str, Any], Answer]] = [
    ({"type": "list_market", "market": "A", "tiers": TIERS}, changed({})),
    (
        {"type": "deposit", "account": "alice", "asset": "USD", "amount": "10.50"},
        changed({MONEY: "10.5", "external:USD": "-10.5"}),
    ),
    (
        {"type": "deposit", "account": "alice", "asset": "USD", "amount": "0.00010"},
        changed({MONEY: "10.5001", "external:USD": "-10.5001"}),
    ),
    ({"type": "deposit", "account": "alice", "asset": "USD", "amount": "0.00001"}, Unsupported("finer amounts")),
    ({"type": "withdraw", "account": "alice", "asset": "USD", "amount": "11"}, Refused("INSUFFICIENT_BALANCE")),
    (
        {"type": "withdraw", "account": "alice", "asset": "USD", "amount": "10.5"},
        changed({MONEY: "0.0001", "external:USD": "-0.0001"}),
    ),
    (
        {"type": "withdraw", "account": "alice", "asset": "USD", "amount": "0.0001"},
        changed({MONEY: "0", "external:USD": "0"}),
    ),
    (
        {"type": "mark_price", "market": "A", "price": "1"},
        changed({}, {"alice:A:BOTH": "-0.5"}, *ORDERED, "alice:A:BOTH:USD"),
    ),
    (
        {"type": "list_market", "market": "B", "tiers": [{**TIERS[0], "max_leverage": 50}]},
        changed({}, {"alice:A:BOTH": "0"}),
    ),
    (
        {"type": "mark_price", "market": "B", "price": "1"},
        changed({}, {"alice:B:BOTH": "-2"}, *ORDERED, "alice:B:BOTH:USD"),
    ),
    ({**LISTED, "tiers": ROWS}, changed({}, {"alice:B:BOTH": "0"})),
    ({**LISTED, "market": "D", "tiers": [ROWS[0], {**ROWS[1], "floor": "0.0001"}]}, Unsupported("finer deductions")),
    ({**BOUGHT, "price": "13"}, Refused("NO_REASON_OF_THE_RULEBOOK")),
    ({**BOUGHT, "price": "2.50001"}, Unsupported("finer amounts")),
    ({**BOUGHT, "price": "2.5"}, changed({MONEY: "2.5"}, {"alice:C:BOTH": "10000.1"}, "zed:USD")),
    ({"type": "settle_market", "market": "B", "price": "1"}, Unsupported("settle_market")),
]
"""What the banks are asked, and what they answer: the default leverage stands for a quantity, in tenths, and of a trade
the last row's deduction in quanta and the number of the maker's name. A price of 13 is refused after it was booked."""

WHOLE: list[tuple[dict[str, Any], Answer]] = [
    (
        {"type": kind, "account": "alice", "asset": "USD", "amount": amount},
        changed({MONEY: balance, "external:USD": f"-{balance}".removesuffix("-0") or "0"}),
    )
    for kind, amount, balance in (
        ("deposit", "500000000000000000", "500000000000000000"),
        ("deposit", "300000000000000010", "800000000000000010"),
        ("withdraw", "800000000000000000", "10"),
        ("withdraw", "5", "5"),
        ("withdraw", "5", "0"),
    )
]
"""The same of money in whole units, as much of it as a legal deposit may be, which 64 bits do not hold in 10^-8."""


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_kit_is_the_same_in_every_language(lang: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told("init", "--lang", lang, str(tmp_path / "bank"))
    shutil.copy(Path(__file__).parent / "bank" / Path(BANK[lang]).name, tmp_path / "bank" / BANK[lang])
    build(lang, tmp_path / "bank")
    monkeypatch.chdir(tmp_path / "bank")
    session = connector_of(f"exec:{LANGUAGES[lang].run}").open(Limits(10, 10))
    session.configure({"journal": 1, "rulebook": "2", "profile": "reserve", "assets": {"USD": {"decimals": 4}}})
    session.reset()
    assert session.hello.left_out == ("ADL-02", "ADL-06")
    for event, answer in ASKED:
        assert session.step(event, "balances") == answer, event
    big = {"type": "deposit", "account": "alice", "asset": "USD", "amount": "922337203685477.5808"}
    [heard] = session.steps([big], "verdict")
    assert heard == (Accepted() if lang in ("python", "node") else Unsupported("big numbers"))
    session.configure({"journal": 1, "rulebook": "2", "profile": "reserve", "assets": {"USD": {"decimals": 0}}})
    session.reset()
    for event, answer in WHOLE:
        assert session.step(event, "balances") == answer, event
    session.close()


def test_the_adapter_in_python_needs_nothing_installed(tmp_path: Path) -> None:
    told("init", "--lang", "python", str(tmp_path / "mine"))
    bare = shlex.join([sys.executable, "-S", str(tmp_path / "mine" / "adapter.py")])
    code, output = told("doctor", f"exec:{bare}")
    assert (code, output.splitlines()[-1]) == (0, f"13 steps, nothing to mend; {NOTHING}")


def refused(*arguments: str) -> str:
    error = CliRunner().invoke(command, arguments).exception
    assert isinstance(error, InputError)
    return str(error)


def test_a_folder_with_something_in_it_stays_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    assert refused("init", "--lang", "go", "mine") == "mine: cannot be written: it exists already"
    assert files_of(tmp_path) == ["mine/notes.txt"]


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    assert told("init", "--lang", "node", str(tmp_path))[0] == 0
    assert files_of(tmp_path) == FILES["node"]


def test_nothing_is_written_where_nothing_can_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    assert refused("init", "--lang", "cpp", "file/mine") == "file/mine: cannot be written: Not a directory"
    assert files_of(tmp_path) == ["file"]


def test_an_unknown_language_is_refused(tmp_path: Path) -> None:
    code, output = told("init", "--lang", "cobol", str(tmp_path / "mine"))
    assert (code, output.splitlines()[-1]) == (
        2,
        "Error: Invalid value for '--lang': 'cobol' is not one of 'python', 'node', 'java', 'cpp', 'rust', 'go'.",
    )
    assert files_of(tmp_path) == []
