"""The engine protocol of marginspec, version 1: the loop that hands each request to an engine, and what adapters need.

An event is an object as in a journal: amounts are texts, `tiers` is a list, what is optional may not be there.
"""

import json
import sys
import traceback
from typing import Any

Object = dict[str, Any]
"""An object of JSON; amounts in it are texts."""


class Unsupported(Exception):  # noqa: N818 - the word of the protocol
    """The engine has nothing for what is asked; raised anywhere, it is the answer."""


def about(name: str, version: str, level: int, capabilities: list[str]) -> Object:
    """What an engine says of itself."""
    fields = {"name": name, "version": version, "language": "Python", "rulebook": "2", "level": level}
    return {"answer": "hello", "protocol": 1, **fields, "capabilities": capabilities}


def leaving_out(hello: Object, *clauses: str) -> Object:
    """What an engine says of itself, with the clauses that it does not follow."""
    return {**hello, "left_out": [*clauses]}


def ok() -> Object:
    """The engine did as it was asked."""
    return {"answer": "ok"}


def accepted(**fields: Any) -> Object:
    """The engine accepts an event; nobody is liquidated, deleveraged or levied but whom the fields name."""
    return {"answer": "result", "liquidated": [], "deleveraged": [], "levied": [], **fields}


def rejected(reason: str | None) -> Object:
    """The engine refuses an event, for one of the rulebook's reasons; an unknown one is never the right one."""
    return {"answer": "rejected", "reason": reason or "NO_REASON_OF_THE_RULEBOOK"}


def unsupported(capability: str) -> Object:
    """The engine has nothing for this."""
    return {"answer": "unsupported", "capability": capability}


# ------------------------------------------------------------------- amounts and names


def units(text: str, decimals: int = 8) -> int:
    """A decimal text counted in 10^-decimals; Unsupported if it is finer."""
    whole, _, part = text.lstrip("-").partition(".")
    if part[decimals:].strip("0"):
        raise Unsupported("finer amounts")
    counted = int(whole + part[:decimals].ljust(decimals, "0"))
    return -counted if text.startswith("-") else counted


def decimal(counted: int, decimals: int = 8) -> str:
    """What is counted in 10^-decimals as a decimal text, in its shortest form."""
    digits = str(abs(counted)).rjust(decimals + 1, "0")
    place = len(digits) - decimals
    return shortest(("-" if counted < 0 else "") + digits[:place] + "." + digits[place:])


def shortest(text: str) -> str:
    """A decimal text in its shortest form: `1.5` for `1.50`, `0` for `-0.0`."""
    short = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if short in ("", "-", "-0") else short


def decimals_of(header: Object, asset: str) -> int:
    """The decimals of an asset: those that the header says, else eight."""
    found: int = header["assets"].get(asset, {}).get("decimals", 8)
    return found


def default_leverage(tiers: list[Object]) -> int:
    """The leverage of an account that set none: 20, or the first tier's maximum if that is less."""
    return min(20, int(tiers[0]["max_leverage"]))


def brackets(tiers: list[Object], decimals: int) -> list[Object]:
    """A market's table as venues have it, by the decimals of its asset: MKT-02.

    `floor`, `ceiling` (None of the last) and `deduction` count quanta, `rate` 10^-8; Unsupported if a deduction is no
    whole number of quanta.
    """
    rows: list[Object] = []
    deduction, rate = 0, 0
    for tier in tiers:
        floor, before, rate = units(tier["floor"], decimals), rate, units(tier["maintenance_rate"])
        deduction += floor * (rate - before)
        if deduction % ONE:
            raise Unsupported("finer deductions")
        if rows:
            rows[-1]["ceiling"] = floor
        row = {"floor": floor, "ceiling": None, "rate": rate, "deduction": deduction // ONE}
        rows.append({**row, "max_leverage": tier["max_leverage"]})
    return rows


def parties(event: Object) -> tuple[str, str]:
    """The taker and the maker of a trade."""
    buyer, seller = event["buyer"], event["seller"]
    return (buyer, seller) if event["taker"] == "buyer" else (seller, buyer)


def position(account: str, market: str, side: str = "BOTH") -> str:
    """The name of a position."""
    return f"{account}:{market}:{side}"


def domain(owner: str, asset: str) -> str:
    """The name of a margin domain: of an account if it is cross, of a position if it is isolated."""
    return f"{owner}:{asset}"


def in_order(domains: list[str]) -> list[str]:
    """Margin domains in the order in which they are liquidated: by account, asset, market and side, cross first."""
    return sorted(domains, key=lambda name: (name.split(":")[0], name.split(":")[-1], *name.split(":")[1:-1]))


class Numbers:
    """Names as whole numbers from 1 on, for engines that name nothing."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def of(self, name: str) -> int:
        """The number of a name, a new one if it has none."""
        if name not in self.names:
            self.names.append(name)
        return self.names.index(name) + 1

    def name(self, number: int) -> str:
        """The name that has a number."""
        return self.names[number - 1]


class Books:
    """An engine's balances from event to event, and the money that came from outside."""

    def __init__(self) -> None:
        self.outside: dict[str, int] = {}
        self.before: dict[str, dict[str, str]] = {"ledger": {}, "positions": {}, "claims": {}}

    def changes(
        self, event: Object, ledger: dict[str, str], positions: dict[str, str], claims: dict[str, str] | None = None
    ) -> Object:
        """What an accepted event changed; all balances after it, by name, are given, but for `external`."""
        if event["type"] in OUTSIDE:
            asset = event["asset"]
            self.outside[asset] = self.outside.get(asset, 0) + OUTSIDE[event["type"]] * units(event["amount"])
        outside = {f"external:{asset}": decimal(counted) for asset, counted in self.outside.items()}
        given = {"ledger": {**ledger, **outside}, "positions": positions, "claims": claims or {}}
        before, self.before = (
            self.before,
            {kind: {name: shortest(text) for name, text in of.items()} for kind, of in given.items()},
        )
        return {kind: differing(before[kind], after) for kind, after in self.before.items()}


ONE = 10**8
OUTSIDE = {"deposit": -1, "fund_insurance": -1, "withdraw": 1, "withdraw_house": 1}
"""By the events that move money from outside or out, which way `external` goes."""


def differing(before: dict[str, str], after: dict[str, str]) -> dict[str, str]:
    """What is not as it was; what is not there is zero."""
    names = dict.fromkeys([*before, *after])
    return {name: after.get(name, "0") for name in names if before.get(name, "0") != after.get(name, "0")}


# ------------------------------------------------------------------- the engine


class Engine:
    """What an engine answers; whatever a subclass does not have of its own is unsupported."""

    header: Object
    listed: dict[str, Object]

    def hello(self) -> Object:
        """What the engine says of itself."""
        raise NotImplementedError

    def configure(self, header: Object) -> Object:
        """Take the header of a journal: profile and decimals of assets."""
        self.header = header
        return ok()

    def start(self) -> None:
        """Make an exchange without markets, accounts and money."""

    def reset(self, state: Object | None) -> Object:
        """Begin anew: from nothing, or from a state."""
        if state is not None:
            return unsupported("reset_state")
        self.start()
        return ok()

    def step(self, event: Object, want: str) -> Object:
        """Take one event; `want` says how much a result tells."""
        return unsupported(event["type"])

    def save(self) -> Any:
        """What `restore` needs to bring the exchange back where it is, by copy; asked for before each event."""

    def restore(self, saved: Any) -> None:
        """Bring the exchange back to where it was saved; called after each event that is not accepted."""

    def listing(self, event: Object) -> Object:
        """The listing of an event's market."""
        return self.listed.get(event["market"], {"price_decimals": 8, "quantity_decimals": 8, "asset": ""})

    def money(self, event: Object, text: str) -> int:
        """An amount counted in quanta of the event's asset, or of its market's; Unsupported if it is finer."""
        asset = event["asset"] if "asset" in event else self.listing(event)["asset"]
        return units(text, decimals_of(self.header, asset))

    def state(self) -> Object:
        """The whole state."""
        return unsupported("state")

    def calc(self, question: Object) -> Object:
        """Answer a question of `marginspec calc`."""
        return unsupported("calc")


def answer_to(engine: Engine, request: Object) -> Object:
    """The answer to a request; what an engine raises is its word that it failed."""
    try:
        return answer_of(engine, request)
    except Unsupported as lacking:
        return unsupported(str(lacking))
    except Exception as error:
        traceback.print_exc()
        return {"answer": "errored", "message": f"{type(error).__name__}: {error}"}


def answer_of(engine: Engine, request: Object) -> Object:
    """The answer to a request, if the engine raises nothing; each event of a batch is answered by itself."""
    match request["do"]:
        case "hello":
            return engine.hello()
        case "configure":
            return engine.configure(request["header"])
        case "reset":
            engine.listed = {}
            return engine.reset(request.get("state"))
        case "step":
            return stepped(engine, request["event"], request["want"])
        case "batch":
            steps = [{"do": "step", "event": event, "want": request["want"]} for event in request["events"]]
            return {"answer": "batch", "answers": [answer_to(engine, step) for step in steps]}
        case "state":
            return engine.state()
        case "calc":
            return engine.calc(request["question"])
        case "stop":
            return ok()
    return unsupported(request["do"])


def stepped(engine: Engine, event: Object, want: str) -> Object:
    """The answer to an event; what is not accepted changes nothing."""
    saved, answer = engine.save(), {"answer": "errored"}
    try:
        answer = engine.step(event, want)
    finally:
        if answer["answer"] != "result":
            engine.restore(saved)
        elif event["type"] == "list_market":
            engine.listed[event["market"]] = event
    return answer


def serve(engine: Engine) -> None:
    """Answer requests until `stop`.

    What the engine prints goes to standard error: on standard output only answers may stand.
    """
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        request = json.loads(line)
        answer = {"id": request["id"], **answer_to(engine, request)}
        answers.write(json.dumps(answer, separators=(",", ":")) + "\n")
        answers.flush()
        if request["do"] == "stop":
            return
