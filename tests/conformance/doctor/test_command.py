"""`marginspec conform doctor`: what it says of engines with nothing to mend, with something, and of those that fail."""

import json
import shlex
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import attrs
from click.testing import CliRunner

from conformance.connectors.test_processes import command as misbehaving
from marginspec.transition import SpecificationEngine
from marginspec_conformance.adapter import Adapter
from marginspec_conformance.doctor.command import command
from marginspec_conformance.doctor.example import EVENTS
from marginspec_conformance.doctor.walk import bytes_around
from marginspec_conformance.engines import RulebookAdapter
from marginspec_conformance.protocol.messages import (
    Accepted,
    Answer,
    Calculated,
    Changes,
    Hello,
    Refused,
    Unsupported,
    Want,
)
from marginspec_journal.canonical import JsonObject
from marginspec_journal.errors import InputError

LEFT_OUT = "is an account of the ledger left out, such as external:USDT, or has a cost the wrong sign?"
LEFT_OUT_WHOLE = LEFT_OUT.replace("USDT", "JPY")
HERE = "py:conformance.doctor.test_command:"


def told(*arguments: str) -> tuple[int, str]:
    answer = CliRunner().invoke(command, arguments)
    return answer.exit_code, answer.output


def mended(engine: str) -> dict[str, list[str]]:
    """What is to be mended, by step."""
    code, output = told(engine, "--json")
    steps = [json.loads(line) for line in output.splitlines()]
    found = {step["step"]: step["mend"] for step in steps if step["mend"]}
    assert code == (1 if found else 0)
    return found


class Careless(RulebookAdapter):
    """The specification, with one thing wrong in each of several answers."""

    def __init__(self) -> None:
        super().__init__("careless", SpecificationEngine)

    def hello(self) -> Hello:
        said = super().hello()
        return Hello(said.name, said.version, said.language, said.rulebook, 4, said.capabilities)

    def step(self, event: JsonObject, want: Want) -> Answer:
        answer = super().step(event, want)
        if event["type"] == "trade":
            return Accepted((), (), (), Changes({"wallet:alice": "1"}, {}, {}))
        return answer

    def state(self) -> JsonObject:
        state: Any = super().state()
        return {name: state[name] for name in state if name != "marks"}

    def calc(self, question: JsonObject) -> Calculated:
        return Calculated({"maintenence": "250"})


class Fickle(Adapter):
    """Answers the eighth event otherwise than the first, which it is, and so the fifteenth."""

    def __init__(self) -> None:
        self._steps = 0

    def hello(self) -> Hello:
        return Hello("fickle", "0", "Python", "2", 1, frozenset({"batch", "digest"}))

    def step(self, event: JsonObject, want: Want) -> Answer:
        self._steps += 1
        return Accepted((), (), (), Changes()) if self._steps < 8 else Refused("NO_MARK")


class Verdicts(Adapter):
    """Accepts a deposit that it should refuse, and claims what it has not."""

    def hello(self) -> Hello:
        return Hello("verdicts", "0", "Python", "2", 2, frozenset({"batch"}))

    def step(self, event: JsonObject, want: Want) -> Answer:
        return Refused("NO_MARK") if event["type"] == "trade" else Accepted((), (), ())


class Forgetful(RulebookAdapter):
    """The specification, which never tells what comes from outside."""

    def __init__(self) -> None:
        super().__init__("forgetful", SpecificationEngine)

    def hello(self) -> Hello:
        return attrs.evolve(super().hello(), level=4, capabilities=frozenset())

    def step(self, event: JsonObject, want: Want) -> Answer:
        answer = super().step(event, want)
        if not isinstance(answer, Accepted) or answer.changes is None:
            return answer
        ledger = {name: text for name, text in answer.changes.ledger.items() if not name.startswith("external:")}
        return attrs.evolve(answer, changes=attrs.evolve(answer.changes, ledger=ledger))


class Bare(Adapter):
    """Liquidates alice, by her account's name."""

    def hello(self) -> Hello:
        return Hello("bare", "0", "Python", "2", 2, frozenset())

    def step(self, event: JsonObject, want: Want) -> Answer:
        return Accepted(("alice",) if event.get("price") == "30200" else (), (), ())


class Tradeless(Adapter):
    """Takes everything but trades and withdrawals."""

    def hello(self) -> Hello:
        return Hello("tradeless", "0", "Python", "2", 2, frozenset())

    def step(self, event: JsonObject, want: Want) -> Answer:
        return Unsupported("trade") if event["type"] in ("trade", "withdraw") else Accepted((), (), ())


class Listless(Adapter):
    """Has no listing, takes deposits, and so refuses what is of a market."""

    def hello(self) -> Hello:
        return Hello("listless", "0", "Python", "2", 2, frozenset())

    def step(self, event: JsonObject, want: Want) -> Answer:
        if event["type"] == "list_market":
            return Unsupported("such markets")
        return Accepted((), (), ()) if event["type"] == "deposit" else Refused("UNKNOWN_MARKET")


class Pointed(RulebookAdapter):
    """The specification, which tells whole units with a point after them."""

    def __init__(self) -> None:
        super().__init__("pointed", SpecificationEngine)

    def hello(self) -> Hello:
        return attrs.evolve(super().hello(), level=4, capabilities=frozenset())

    def step(self, event: JsonObject, want: Want) -> Answer:
        answer = super().step(event, want)
        if event.get("asset") != "JPY" or not isinstance(answer, Accepted) or answer.changes is None:
            return answer
        ledger = {name: f"{text}." for name, text in answer.changes.ledger.items()}
        return attrs.evolve(answer, changes=attrs.evolve(answer.changes, ledger=ledger))


class Falling(Adapter):
    def hello(self) -> Hello:
        return Hello("falling", "0", "Python", "2", 2, frozenset())

    def configure(self, header: JsonObject) -> None:
        raise KeyError("assets")


class Absent(Adapter):
    def hello(self) -> Hello:
        raise InputError("licence.txt", None, None, "not there")


def test_the_specification_has_nothing_to_mend() -> None:
    code, output = told("py:marginspec_conformance.engines:specification")
    assert code == 0
    assert output.splitlines()[-1] == "19 steps, nothing to mend"
    assert [line for line in output.splitlines() if line.endswith((": to mend", ": failed"))] == []


def test_an_adapter_that_has_nothing_has_nothing_to_mend() -> None:
    code, output = told("py:marginspec_conformance.adapter:Adapter")
    assert (code, output.splitlines()[-1]) == (0, "2 steps, nothing to mend")


def test_each_thing_to_mend_is_named_at_its_step() -> None:
    account = (
        "changes.ledger.wallet:alice: expected a ledger account: external:asset, wallet:account:asset, "
        "isolated:account:market:side, position:account:market:side, lot:id, reserve:market, insurance:asset, "
        "relief:asset, house:asset, clearing:asset"
    )
    found = mended(f"{HERE}Careless")
    assert found == {
        "a trade": [account],
        "a liquidation": ["INV-01 USDT: balances sum to 0, and these sum to -25012.750125; " + LEFT_OUT],
        "a batch": [f"answers[4].{account}"],
        "state": ["state.marks: missing field"],
        "the state after that": ["state.marks: missing field"],
        "a trade of whole lots": [account],
        "calc": ["values.maintenance: missing field", "values.maintenence: unknown field"],
    }


def test_a_batch_and_a_digest_must_be_of_the_same_answers() -> None:
    accepted = (
        '{"answer":"result","changes":{"claims":{},"ledger":{},"positions":{}},'
        '"deleveraged":[],"levied":[],"liquidated":[]}'
    )
    digest = sha256(f"{accepted}\n".encode() * 7).hexdigest()
    assert mended(f"{HERE}Fickle") == {
        "a batch": [f"{name}: answered otherwise than alone, where it was {accepted}" for name in EVENTS],
        "a digest": [f"expected 7 steps and the digest {digest}, of these lines:", *[accepted] * 7],
    }


def test_what_the_rulebook_decides_otherwise_is_noted_and_not_to_be_mended() -> None:
    code, output = told(f"{HERE}Verdicts")
    notes = [line for line in output.splitlines() if line.startswith("  note  the rulebook")]
    assert code == 0
    assert notes == [
        "  note  the rulebook accepts this; see `marginspec conform run`",
        "  note  the rulebook liquidates alice:USDT here; see `marginspec conform run`",
        "  note  the rulebook refuses this, INSUFFICIENT_BALANCE; see `marginspec conform run`",
    ]


def test_balances_that_do_not_sum_to_zero_are_told_at_the_events_that_make_them_so() -> None:
    assert mended(f"{HERE}Forgetful") == {
        "a deposit": [f"INV-01 USDT: balances sum to 0, and these sum to 10000.5; {LEFT_OUT}"],
        "another deposit": [f"INV-01 USDT: balances sum to 0, and these sum to 30000.5; {LEFT_OUT}"],
        "a deposit in whole units": [f"INV-01 JPY: balances sum to 0, and these sum to 5000; {LEFT_OUT_WHOLE}"],
        "another deposit in whole units": [f"INV-01 JPY: balances sum to 0, and these sum to 10001; {LEFT_OUT_WHOLE}"],
    }


def test_whole_units_are_asked_for_and_an_amount_that_ends_in_a_point_is_none() -> None:
    found = mended(f"{HERE}Pointed")
    assert found["a deposit in whole units"] == ['changes.ledger.external:JPY: not a decimal: "-5000."']
    assert "a deposit" not in found


def test_what_follows_something_unsupported_is_not_judged() -> None:
    code, output = told(f"{HERE}Listless")
    notes = [line for line in output.splitlines() if line.startswith("  note") and "listing" in line]
    assert (code, notes) == (0, ["  note  not judged: a listing was unsupported"] * 4)
    assert "the rulebook" not in output


def test_a_domain_that_is_named_as_an_account_is_told() -> None:
    reason = 'liquidated[0]: expected ACCOUNT:ASSET or ACCOUNT:MARKET:SIDE:ASSET, found "alice"'
    assert mended(f"{HERE}Bare") == {"a liquidation": [reason]}


def test_events_that_are_unsupported_are_counted_and_named() -> None:
    code, output = told(f"{HERE}Tradeless")
    last = "11 steps, nothing to mend; 5 of 7 events supported, and not a trade, a refusal"
    assert (code, output.splitlines()[-1]) == (0, last)


def test_an_engine_that_says_it_failed() -> None:
    assert mended(f"{HERE}Falling") == {"configure": ["the engine failed at it, it says: KeyError: 'assets'"]}
    assert mended(f"{HERE}Absent") == {"hello": ['answer: expected one of hello, found "errored"']}


def test_a_byte_that_is_no_utf8_is_shown_among_its_neighbours() -> None:
    code, output = told(misbehaving("not_utf8"))
    assert code == 3
    lines = output.splitlines()
    assert lines[4:] == [
        "configure: to mend",
        '  sent  {"id":2,"do":"configure","header":{"journal":1,"rulebook":"2","profile":"reserve","assets":{}}}',
        '  got   {"id":2,"answer":"\\xff"}',
        "  mend  byte 19 is 0xff, which is not UTF-8 there",
        "  mend  bytes from 11 on: 6e 73 77 65 72 22 3a 22 [ff] 22 7d",
        "reset: failed",
        '  sent  {"id":3,"do":"reset"}',
        "  fail  exited: it ended with exit code 0 before it answered",
        "  mend  answer every request, and end only after stop",
        "the engine failed",
    ]


def test_a_crash_is_told_with_its_last_words_made_harmless() -> None:
    code, output = told(misbehaving("exit_code"))
    assert code == 3
    assert output.splitlines()[4:] == [
        "configure: failed",
        '  sent  {"id":2,"do":"configure","header":{"journal":1,"rulebook":"2","profile":"reserve","assets":{}}}',
        "  fail  crashed: exit code 3",
        "  err   cannot open \\x1b[31mbooks.db",
        "  mend  see what it wrote to standard error",
        "the engine failed",
    ]


def test_an_engine_that_is_not_there() -> None:
    code, output = told("exec:/no/such/engine")
    assert code == 3
    assert output.splitlines() == [
        "start: failed",
        "  fail  did not start: /no/such/engine: No such file or directory",
        "  mend  the command is run without a shell: give the program's path and its arguments",
        "the engine failed",
    ]


def test_noise_is_named() -> None:
    _, output = told(misbehaving("noise"))
    assert "  note  noise before it: \\x1b[31mred" in output.splitlines()


def test_wrong_input() -> None:
    answer = CliRunner().invoke(command, ["./engine"])
    assert isinstance(answer.exception, InputError)


def test_what_is_recorded_can_be_played_again(tmp_path: Path) -> None:
    record = tmp_path / "said.jsonl"
    engine = "marginspec_conformance.engines:specification"
    played = shlex.join([sys.executable, "-m", "marginspec_conformance.adapter", engine])
    code, output = told(f"exec:{played}", "--record", str(record), "--timeout", "60")
    assert code == 0
    assert told(f"journal:{record}") == (0, output)


def test_bytes_around_the_end_of_a_line() -> None:
    assert bytes_around(b"ab", 3) == ["bytes from 1 on: 61 62 [end]"]
    assert bytes_around(b"ab", None) == []
