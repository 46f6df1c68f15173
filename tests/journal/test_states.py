"""State files: written deterministically, read strictly."""

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import attrs
import pytest
from immutables import Map

from marginspec.model.account import DomainKey
from marginspec.model.events import Event
from marginspec.model.state import Header, Profile, State
from marginspec.transition import apply
from marginspec_conformance.generator.events import (
    deposit,
    fill,
    fund,
    funding,
    leverage,
    listing,
    margin_mode,
    mark,
    order,
    position_mode,
    trade,
    withdraw,
)
from marginspec_journal.canonical import sorted_json
from marginspec_journal.errors import InputError
from marginspec_journal.header import header_hash
from marginspec_journal.states import OpenedState, opening, opening_hash, read_state, state_text, write_state
from worlds.samples import FULL_STATE, HEADER

pytestmark = pytest.mark.rule("JRN-01")

Document = dict[str, Any]

OPENED = OpenedState(FULL_STATE, 412, 400, 12, "ab" * 32)


def document(opened: OpenedState = OPENED) -> Document:
    found: Document = json.loads(state_text(opened))
    return found


def read(tmp_path: Path, content: Document | str | bytes) -> OpenedState:
    path = tmp_path / "state.json"
    text = json.dumps(content) if isinstance(content, dict) else content
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_state(path)


def test_full_state_document() -> None:
    market = {
        "asset": "USDC",
        "clearance_fee": "0.01250000",
        "insurance_fee_share": "0.10000000",
        "maker_fee": "0.00020000",
        "price_decimals": 2,
        "quantity_decimals": 3,
        "taker_fee": "0.00040000",
        "tick": "0.10",
        "tiers": [
            {"floor": "0.000000", "maintenance_rate": "0.00400000", "max_leverage": 125},
            {"floor": "50000.000000", "maintenance_rate": "0.00500000", "max_leverage": 100},
        ],
    }
    limits = {"price_band": "0.10000000", "funding_cap": "0.00300000", "position_limit": "250000.000000"}
    tiers = [
        {"floor": "0.00000000", "maintenance_rate": "0.00400000", "max_leverage": 125},
        {"floor": "50000.00000000", "maintenance_rate": "0.00500000", "max_leverage": 100},
    ]
    assert document() == {
        "state": 1,
        "rulebook": "2",
        "header": {
            "journal": 1,
            "rulebook": "2",
            "profile": {"adl_ranking": "binance", "last_resort": "levy"},
            "assets": {"USDC": {"decimals": 6}},
        },
        "events": 412,
        "accepted": 400,
        "rejected": 12,
        "hash": "ab" * 32,
        "ledger": {
            "external:USDC": "-9000.000000",
            "wallet:alice:USDC": "5000.000000",
            "isolated:alice:BTCUSDC:BOTH": "120.000000",
            "position:alice:BTCUSDC:BOTH": "-1144.000000",
            "wallet:bob:USDC": "2000.000000",
            "position:bob:BTCUSDC:LONG": "-2288.000000",
            "wallet:carol:USDC": "1880.000000",
            "position:carol:BTCUSDC:BOTH": "2974.400000",
            "lot:7": "457.600000",
            "reserve:BTCUSDC": "0.000001",
            "insurance:USDC": "0.000002",
            "relief:USDC": "0.000007",
            "house:USDC": "-0.000010",
        },
        "positions": {
            "alice:BTCUSDC:BOTH": {"quantity": "0.010", "margin_mode": "isolated", "leverage": 10},
            "bob:BTCUSDC:LONG": {"quantity": "0.020", "margin_mode": "cross", "leverage": 20},
            "carol:BTCUSDC:BOTH": {"quantity": "-0.026", "margin_mode": "cross", "leverage": 20},
        },
        "lots": {
            "7": {
                "account": "bob",
                "market": "BTCUSDC",
                "side": "SHORT",
                "margin_mode": "isolated",
                "quantity": "-0.004",
                "reason": "takeover",
            }
        },
        "marks": {"BTCUSDC": "114400.00"},
        "uncovered": {"USDC": "0.000004"},
        "relief_claims": {"alice:BTCUSDC:BOTH:USDC": "0.000004", "bob:USDC": "0.000003"},
        "markets": {"BTCUSDC": {**market, **limits}, "龙虾USDT": {**market, "asset": "USDT", "tiers": tiers}},
        "accounts": {
            "alice": {"position_mode": "one_way"},
            "bob": {"position_mode": "hedge"},
            "carol": {"position_mode": "one_way"},
            "虾": {"position_mode": "one_way"},
        },
        "settings": {"alice:BTCUSDC": {"margin_mode": "isolated", "leverage": 10}, "bob:龙虾USDT": {"leverage": 5}},
        "orders": {
            "alice": {
                "o1": {
                    "market": "BTCUSDC",
                    "side": "sell",
                    "position_side": "BOTH",
                    "quantity": "0.010",
                    "price": "114500.00",
                    "reduce_only": False,
                }
            },
            "bob": {
                "o2": {
                    "market": "BTCUSDC",
                    "side": "buy",
                    "position_side": "SHORT",
                    "quantity": "0.005",
                    "price": "0.10",
                    "reduce_only": True,
                }
            },
        },
        "next_lot": 9,
        "fund_status": {
            "BTCUSDC": {
                "balance": "0.000001",
                "high_water": "0.000002",
                "inflow": "0.000003",
                "outflow": "0.000004",
                "insurance_drawn": "0.000005",
                "deleveraged": "0.000006",
                "levied": "0.000007",
            }
        },
        "closed_markets": ["ETHUSDC.2025", "龙USDT"],
    }


@pytest.mark.parametrize(
    "opened",
    [
        OPENED,
        OpenedState(State(), 3, 0, 3, "00" * 32),
        opening(FULL_STATE),
        opening(State()),
        opening(State(header=Header(Profile("bitmex", "none"), Map({"A": 0, "龙": 8})))),
    ],
)
def test_reads_back_equal(tmp_path: Path, opened: OpenedState) -> None:
    path = tmp_path / "state.json"
    write_state(path, opened)
    assert read_state(path) == opened
    assert path.read_bytes() == state_text(opened)


def test_text_has_sorted_keys_in_ascii() -> None:
    text = state_text(OPENED)
    assert text.isascii()
    assert text.endswith(b"}\n")
    found = json.loads(text)
    assert text == json.dumps(found, indent=2, sort_keys=True).encode() + b"\n"


def test_equal_states_have_equal_texts() -> None:
    backwards = attrs.evolve(FULL_STATE, ledger=Map(sorted(FULL_STATE.ledger.items(), reverse=True)))
    assert state_text(attrs.evolve(OPENED, state=backwards)) == state_text(OPENED)


def test_opening_hash_is_of_the_canonical_object_without_its_hash() -> None:
    found = document(opening(FULL_STATE))
    stated = found.pop("hash")
    assert stated == sha256(sorted_json(found)).hexdigest() == opening_hash(FULL_STATE)
    canonical = json.dumps(found, sort_keys=True, separators=(",", ":"))
    assert stated == sha256(canonical.encode("ascii")).hexdigest()


def test_an_empty_opening_state_has_the_hash_of_its_header() -> None:
    assert opening_hash(State(header=HEADER)) == header_hash(HEADER).hex()
    assert opening_hash(State(header=HEADER, next_lot=2)) != header_hash(HEADER).hex()


def test_an_opening_state_need_not_state_its_hash(tmp_path: Path) -> None:
    found = document(opening(FULL_STATE))
    del found["hash"]
    assert read(tmp_path, found) == opening(FULL_STATE)


def test_an_opening_state_may_be_written_by_hand(tmp_path: Path) -> None:
    found = document(opening(FULL_STATE))
    del found["hash"]
    found["header"] = {"journal": 1, "rulebook": "2", "assets": {"USDC": {"decimals": 6}}, "profile": "reserve"}
    found["ledger"]["wallet:alice:USDC"] = "5000"
    found["markets"]["BTCUSDC"]["taker_fee"] = "0.0004"
    found["positions"]["alice:BTCUSDC:BOTH"]["quantity"] = "0.01"
    path = tmp_path / "state.json"
    path.write_text(json.dumps(found, ensure_ascii=False), "utf-8")
    assert read_state(path) == opening(FULL_STATE)


def test_header_defaults(tmp_path: Path) -> None:
    found = document(opening(State()))
    del found["hash"]
    found["header"] = {"journal": 1, "rulebook": "2", "assets": {"A": {}}, "profile": {"adl_ranking": "bitmex"}}
    header = Header(Profile("bitmex", "levy"), Map({"A": 8}))
    assert read(tmp_path, found).state.header == header


def test_a_position_of_no_cost_and_a_status_of_nothing(tmp_path: Path) -> None:
    found = document()
    del found["ledger"]["position:alice:BTCUSDC:BOTH"]
    del found["ledger"]["reserve:BTCUSDC"]
    found["fund_status"]["BTCUSDC"]["balance"] = "0"
    found["fund_status"]["龙虾USDT"] = dict.fromkeys(found["fund_status"]["BTCUSDC"], "0")
    again = read(tmp_path, found)
    assert state_text(again) == state_text(read(tmp_path, state_text(again)))


def test_funds_below_zero_are_left_to_the_invariants(tmp_path: Path) -> None:
    assert read(tmp_path, document()).state.ledger == FULL_STATE.ledger


def test_a_claim_outlives_its_market(tmp_path: Path) -> None:
    found = document()
    claiming("bob:龙USDT:LONG:USDC", "carol:龙USDT:BOTH:USDC")(found)
    again = read(tmp_path, found)
    assert again.state.relief_claims["USDC"][DomainKey("carol", "USDC", "龙USDT", "BOTH")] == 1
    assert document(again) == found


Change = Callable[[Document], object]


def setting(path: str, value: Any) -> Change:
    """Put a value at a path of field names joined by slashes."""

    def change(found: Document) -> None:
        *parents, last = path.split("/")
        place: Any = found
        for parent in parents:
            place = place[int(parent)] if isinstance(place, list) else place[parent]
        place[last] = value

    return change


def claiming(*domains: str) -> Change:
    """Have these domains a claim of a quantum of USDC on what was bob's."""

    def change(found: Document) -> None:
        claims = {**found["relief_claims"], **dict.fromkeys(domains, "0.000001")}
        found["relief_claims"] = {**claims, "bob:USDC": f"0.{3 - len(domains):06}"}

    return change


def removing(path: str) -> Change:
    """Take a field away."""

    def change(found: Document) -> None:
        *parents, last = path.split("/")
        for parent in parents:
            found = found[parent]
        del found[last]

    return change


POSITION = "positions/alice:BTCUSDC:BOTH"
ORDER = "orders/alice/o1"
MARKET = "markets/BTCUSDC"
ALICE = {"quantity": "0.010", "margin_mode": "cross", "leverage": 20}
A_LOT = {
    "account": "bob",
    "market": "BTCUSDC",
    "side": "SHORT",
    "margin_mode": "cross",
    "quantity": "-1",
    "reason": "takeover",
}
AN_ORDER = {
    "market": "BTCUSDC",
    "side": "buy",
    "position_side": "BOTH",
    "quantity": "1",
    "price": "1.0",
    "reduce_only": False,
}

MALFORMED: list[tuple[Change, str]] = [
    # versions, counts, hash
    (setting("state", 2), "state"),
    (setting("state", "1"), "state"),
    (setting("rulebook", "3"), "rulebook"),
    (setting("rulebook", "1"), "rulebook"),
    (setting("rulebook", 1), "rulebook"),
    (setting("more", 1), "more"),
    (setting("a\x1b[2J", 1), '"a\\u001b[2J"'),
    *((removing(name), name) for name in sorted(document())),
    (setting("events", -1), "events"),
    (setting("events", 411), "events"),
    (setting("events", 412.0), "events"),
    (setting("events", 10**18), "events"),
    (setting("events", True), "events"),
    (setting("accepted", "400"), "accepted"),
    (setting("rejected", None), "rejected"),
    (setting("hash", "AB" * 32), "hash"),
    (setting("hash", "ab" * 31), "hash"),
    (setting("hash", 1), "hash"),
    # header
    (setting("header", []), "header"),
    (setting("header/journal", 2), "header.journal"),
    (setting("header/rulebook", "1"), "header.rulebook"),
    (setting("header/more", 1), "header.more"),
    (removing("header/journal"), "header.journal"),
    (setting("header/profile", "default"), "header.profile"),
    (setting("header/profile/adl_ranking", "fair"), "header.profile.adl_ranking"),
    (setting("header/profile/last_resort", None), "header.profile.last_resort"),
    (setting("header/profile/more", 1), "header.profile.more"),
    (setting("header/assets/USDC/decimals", 9), "header.assets.USDC.decimals"),
    (setting("header/assets/USDC/decimals", -1), "header.assets.USDC.decimals"),
    (setting("header/assets/USDC/more", 1), "header.assets.USDC.more"),
    (setting("header/assets/U", {"decimals": "8"}), "header.assets.U.decimals"),
    (setting("header/assets/a b", {}), 'header.assets."a b"'),
    # markets and marks
    (setting("markets", []), "markets"),
    (setting("markets/BTC:USDC", {}), "markets.BTC:USDC"),
    (setting(f"{MARKET}/more", 1), "markets.BTCUSDC.more"),
    (setting(f"{MARKET}/mark", "1.00"), "markets.BTCUSDC.mark"),
    (removing(f"{MARKET}/tick"), "markets.BTCUSDC.tick"),
    (setting(f"{MARKET}/tick", 0.1), "markets.BTCUSDC.tick"),
    (setting(f"{MARKET}/tick", "0"), "markets.BTCUSDC"),
    (setting(f"{MARKET}/asset", ""), "markets.BTCUSDC.asset"),
    (setting(f"{MARKET}/price_decimals", 4), "markets.BTCUSDC"),
    (setting(f"{MARKET}/price_decimals", "2"), "markets.BTCUSDC.price_decimals"),
    (setting(f"{MARKET}/taker_fee", "1.1"), "markets.BTCUSDC"),
    (setting(f"{MARKET}/taker_fee", "1e-3"), "markets.BTCUSDC.taker_fee"),
    (setting(f"{MARKET}/tiers", []), "markets.BTCUSDC"),
    (setting(f"{MARKET}/tiers", {}), "markets.BTCUSDC.tiers"),
    (setting(f"{MARKET}/tiers", [1]), "markets.BTCUSDC.tiers[0]"),
    (setting(f"{MARKET}/tiers/1/floor", "0"), "markets.BTCUSDC"),
    (setting(f"{MARKET}/tiers/1/max_leverage", "1"), "markets.BTCUSDC.tiers[1].max_leverage"),
    (setting(f"{MARKET}/tiers/0/more", 1), "markets.BTCUSDC.tiers[0].more"),
    (setting("marks/ETHUSDC", "1"), "marks.ETHUSDC"),
    (setting("marks/BTCUSDC", "0"), "marks.BTCUSDC"),
    (setting("marks/BTCUSDC", "1.001"), "marks.BTCUSDC"),
    (setting("marks/BTCUSDC", str(2**53)), "marks.BTCUSDC"),
    (setting("marks/BTCUSDC", 114400), "marks.BTCUSDC"),
    # accounts and settings
    (setting("accounts/" + "a" * 300, 1), 'accounts."' + "a" * 59 + "…"),
    (setting("accounts/alice", "one_way"), "accounts.alice"),
    (setting("accounts/alice/position_mode", "both"), "accounts.alice.position_mode"),
    (setting("accounts/alice/more", 1), "accounts.alice.more"),
    (setting("accounts/", {"position_mode": "one_way"}), 'accounts.""'),
    (setting("accounts/" + "a" * 65, {"position_mode": "one_way"}), "accounts." + "a" * 65),
    (setting("accounts/alice/position_mode", "hedge"), "positions.alice:BTCUSDC:BOTH"),
    (setting("settings/alice", {"leverage": 1}), "settings.alice"),
    (setting("settings/dave:BTCUSDC", {"leverage": 1}), "settings.dave:BTCUSDC"),
    (setting("settings/alice:ETHUSDC", {"leverage": 1}), "settings.alice:ETHUSDC"),
    (setting("settings/carol:BTCUSDC", {}), "settings.carol:BTCUSDC"),
    (setting("settings/carol:BTCUSDC", {"leverage": 0}), "settings.carol:BTCUSDC.leverage"),
    (setting("settings/carol:BTCUSDC", {"leverage": 1001}), "settings.carol:BTCUSDC.leverage"),
    (setting("settings/carol:BTCUSDC", {"margin_mode": "none"}), "settings.carol:BTCUSDC.margin_mode"),
    (setting("settings/carol:BTCUSDC", {"mode": "cross"}), "settings.carol:BTCUSDC.mode"),
    (setting("settings/carol:BTCUSDC", {"leverage": 19}), "positions.carol:BTCUSDC:BOTH.leverage"),
    # positions
    (setting("positions/alice:BTCUSDC", ALICE), "positions.alice:BTCUSDC"),
    (setting("positions/dave:BTCUSDC:BOTH", ALICE), "positions.dave:BTCUSDC:BOTH"),
    (setting("positions/虾:ETHUSDC:BOTH", ALICE), "positions.虾:ETHUSDC:BOTH"),
    (setting("positions/虾:龙虾USDT:BOTH", ALICE), "positions.虾:龙虾USDT:BOTH"),
    (setting("positions/虾:BTCUSDC:LONG", ALICE), "positions.虾:BTCUSDC:LONG"),
    (setting("positions/虾:BTCUSDC:NONE", ALICE), "positions.虾:BTCUSDC:NONE"),
    (setting("positions/bob:BTCUSDC:BOTH", ALICE), "positions.bob:BTCUSDC:BOTH"),
    (setting("positions/bob:BTCUSDC:SHORT", ALICE), "positions.bob:BTCUSDC:SHORT.quantity"),
    (setting("positions/bob:BTCUSDC:LONG/quantity", "-1"), "positions.bob:BTCUSDC:LONG.quantity"),
    (setting(f"{POSITION}/quantity", "0.000"), "positions.alice:BTCUSDC:BOTH.quantity"),
    (setting(f"{POSITION}/quantity", "-0"), "positions.alice:BTCUSDC:BOTH.quantity"),
    (setting(f"{POSITION}/quantity", "0.0001"), "positions.alice:BTCUSDC:BOTH.quantity"),
    (setting(f"{POSITION}/quantity", 1), "positions.alice:BTCUSDC:BOTH.quantity"),
    (setting(f"{POSITION}/margin_mode", "cross"), "positions.alice:BTCUSDC:BOTH.margin_mode"),
    (setting(f"{POSITION}/leverage", 20), "positions.alice:BTCUSDC:BOTH.leverage"),
    (removing(f"{POSITION}/leverage"), "positions.alice:BTCUSDC:BOTH.leverage"),
    (setting(f"{POSITION}/cost", "1"), "positions.alice:BTCUSDC:BOTH.cost"),
    (setting("positions/bob:BTCUSDC:LONG/quantity", "900000000"), "positions"),
    # lots
    (setting("lots/07", A_LOT), "lots.07"),
    (setting("lots/0", A_LOT), "lots.0"),
    (setting("lots/-1", A_LOT), "lots.-1"),
    (setting("lots/9", A_LOT), "lots.9"),
    (setting("lots/x", A_LOT), "lots.x"),
    (setting("lots/8", {**A_LOT, "account": "dave"}), "lots.8.account"),
    (setting("lots/8", {**A_LOT, "account": []}), "lots.8.account"),
    (setting("lots/8", {**A_LOT, "market": "ETHUSDC"}), "lots.8.market"),
    (setting("lots/8", {**A_LOT, "market": "龙虾USDT"}), "lots.8.market"),
    (setting("lots/8", {**A_LOT, "side": "long"}), "lots.8.side"),
    (setting("lots/8", {**A_LOT, "side": "LONG"}), "lots.8.quantity"),
    (setting("lots/8", {**A_LOT, "quantity": "0"}), "lots.8.quantity"),
    (setting("lots/8", {**A_LOT, "margin_mode": ""}), "lots.8.margin_mode"),
    (setting("lots/8", {**A_LOT, "reason": "gift"}), "lots.8.reason"),
    (setting("lots/8", {**A_LOT, "cost": "1"}), "lots.8.cost"),
    (setting("next_lot", 0), "next_lot"),
    (setting("next_lot", 7), "lots.7"),
    (setting("next_lot", "9"), "next_lot"),
    # orders
    (setting("orders/dave", {"o": AN_ORDER}), "orders.dave"),
    (setting("orders/carol", {}), "orders.carol"),
    (setting("orders/carol", {"o:1": AN_ORDER}), "orders.carol.o:1"),
    (setting("orders/carol", {"o": {**AN_ORDER, "position_side": "LONG"}}), "orders.carol.o.position_side"),
    (setting("orders/bob", {"o": AN_ORDER}), "orders.bob.o.position_side"),
    (setting(f"{ORDER}/market", "ETHUSDC"), "orders.alice.o1.market"),
    (setting(f"{ORDER}/market", "龙虾USDT"), "orders.alice.o1.market"),
    (setting(f"{ORDER}/side", "SELL"), "orders.alice.o1.side"),
    (setting(f"{ORDER}/quantity", "0"), "orders.alice.o1.quantity"),
    (setting(f"{ORDER}/quantity", "-1"), "orders.alice.o1.quantity"),
    (setting(f"{ORDER}/quantity", "90000000000"), "orders.alice.o1.quantity"),
    (setting(f"{ORDER}/quantity", str(2**53)), "orders.alice.o1.quantity"),
    (setting(f"{ORDER}/price", "114500.05"), "orders.alice.o1.price"),
    (setting(f"{ORDER}/price", "0"), "orders.alice.o1.price"),
    (setting(f"{ORDER}/reduce_only", "false"), "orders.alice.o1.reduce_only"),
    (setting(f"{ORDER}/ts", "2025"), "orders.alice.o1.ts"),
    # ledger
    (setting("ledger/wallet:alice:USDC", "0.000000"), "ledger.wallet:alice:USDC"),
    (setting("ledger/wallet:alice:USDC", "1.0000001"), "ledger.wallet:alice:USDC"),
    (setting("ledger/wallet:alice:USDC", 5000), "ledger.wallet:alice:USDC"),
    (setting("ledger/wallet:alice:USDC", "+1"), "ledger.wallet:alice:USDC"),
    (setting("ledger/wallet:alice:USDC", str(2**63)), "ledger.wallet:alice:USDC"),
    (setting("ledger/wallet:dave:USDC", "1"), "ledger.wallet:dave:USDC"),
    (setting("ledger/wallet:alice", "1"), "ledger.wallet:alice"),
    (setting("ledger/wallet:alice:USDC:BOTH", "1"), "ledger.wallet:alice:USDC:BOTH"),
    (setting("ledger/wallet:alice:", "1"), "ledger.wallet:alice:"),
    (setting("ledger/purse:alice:USDC", "1"), "ledger.purse:alice:USDC"),
    (setting("ledger/clearing:USDC", "1"), "ledger.clearing:USDC"),
    (setting("ledger/", "1"), 'ledger.""'),
    (setting("ledger/isolated:carol:BTCUSDC:BOTH", "1"), "ledger.isolated:carol:BTCUSDC:BOTH"),
    (setting("ledger/isolated:虾:BTCUSDC:BOTH", "1"), "ledger.isolated:虾:BTCUSDC:BOTH"),
    (setting("ledger/position:虾:BTCUSDC:BOTH", "1"), "ledger.position:虾:BTCUSDC:BOTH"),
    (setting("ledger/position:alice:BTCUSDC", "1"), "ledger.position:alice:BTCUSDC"),
    (setting("ledger/lot:6", "1"), "ledger.lot:6"),
    (setting("ledger/lot:07", "1"), "ledger.lot:07"),
    (setting("ledger/reserve:ETHUSDC", "1"), "ledger.reserve:ETHUSDC"),
    (setting("ledger/external:USDC", "-1152921504606.846977"), "ledger.external:USDC"),
    (setting("ledger/insurance:a b", "1"), 'ledger."insurance:a b"'),
    # uncovered and counters
    (setting("uncovered/USDC", "0"), "uncovered.USDC"),
    (setting("uncovered/USDC", "-1"), "uncovered.USDC"),
    (setting("uncovered/a:b", "1"), "uncovered.a:b"),
    # claims on relief
    (setting("relief_claims/bob:USDC", "0"), "relief_claims.bob:USDC"),
    (setting("relief_claims/bob:USDC", "0.000002"), "relief_claims"),
    (setting("relief_claims/bob:USDT", "1"), "relief_claims"),
    (setting("relief_claims", {}), "relief_claims"),
    (setting("relief_claims/bob", "1"), "relief_claims.bob"),
    (setting("relief_claims/bob:", "1"), "relief_claims.bob:"),
    (setting("relief_claims/erin:USDC", "1"), "relief_claims.erin:USDC"),
    (setting("relief_claims/bob:NONE:LONG:USDC", "1"), "relief_claims.bob:NONE:LONG:USDC"),
    (setting("relief_claims/bob:BTCUSDC:LONG:USDT", "1"), "relief_claims.bob:BTCUSDC:LONG:USDT"),
    (setting("relief_claims/bob:BTCUSDC:UP:USDC", "1"), "relief_claims.bob:BTCUSDC:UP:USDC"),
    (claiming("bob:龙USDT:LONG:USDC", "carol:龙USDT:LONG:USDT"), "relief_claims.carol:龙USDT:LONG:USDT"),
    (setting("fund_status/ETHUSDC", {}), "fund_status.ETHUSDC"),
    (setting("fund_status/BTCUSDC/inflow", "-1"), "fund_status.BTCUSDC.inflow"),
    (setting("fund_status/BTCUSDC/more", "1"), "fund_status.BTCUSDC.more"),
    (removing("fund_status/BTCUSDC/levied"), "fund_status.BTCUSDC.levied"),
    (setting("fund_status/BTCUSDC/high_water", "0"), "fund_status.BTCUSDC.high_water"),
    (setting("fund_status/BTCUSDC/balance", "0"), "fund_status.BTCUSDC"),
    (removing("fund_status/BTCUSDC"), "fund_status.BTCUSDC"),
    (removing("ledger/reserve:BTCUSDC"), "fund_status.BTCUSDC"),
    # closed markets
    (removing("closed_markets"), "closed_markets"),
    (setting("closed_markets", {"A": 1}), "closed_markets"),
    (setting("closed_markets", ["A", ""]), "closed_markets[1]"),
    (setting("closed_markets", ["A", "BTCUSDC"]), "closed_markets[1]"),
    (setting("closed_markets", ["B", "A"]), "closed_markets[1]"),
    (setting("closed_markets", ["A", "A"]), "closed_markets[1]"),
    (setting("settings/alice:ETHUSDC.2025", {"leverage": 5}), "settings.alice:ETHUSDC.2025"),
    (setting("ledger/reserve:ETHUSDC.2025", "1"), "ledger.reserve:ETHUSDC.2025"),
]


@pytest.mark.parametrize(("change", "field"), MALFORMED)
def test_malformed_states_are_refused(tmp_path: Path, change: Change, field: str) -> None:
    found = document()
    change(found)
    with pytest.raises(InputError) as refused:
        read(tmp_path, found)
    assert refused.value.field == field
    assert refused.value.file == str(tmp_path / "state.json")
    assert refused.value.reason


def test_malformed_states_are_many() -> None:
    assert len(MALFORMED) >= 150


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('"events": 412', '"events": 412, "events": 412', None),
        ('"next_lot": 9', '"next_lot": 09', None),
        ('"next_lot": 9', '"next_lot": -0', "next_lot"),
        ('"next_lot": 9', '"next_lot": 9e0', "next_lot"),
        ('"next_lot": 9', '"next_lot": NaN', "next_lot"),
        ('"next_lot": 9', f'"next_lot": {"9" * 5000}', "next_lot"),
        ('"next_lot": 9', f'"next_lot": {"[" * 100_000}', None),
        ('"position_mode": "hedge"', '"position_mode": "hedge", "position_mode": "hedge"', "accounts.bob"),
        ('"bob": {', '"alice": {', "accounts"),
        ('"tick": "0.10"', '"tick": "0.10", "tick": "0.10"', "markets.BTCUSDC"),
        ('"o2"', '"o\\u0000"', 'orders.bob."o\\u0000"'),
        ('"o2"', '"\\ud800"', 'orders.bob."\\ud800"'),
        ('"state": 1', '"state": 1}', None),
        ('"state": 1', "'state': 1", None),
    ],
)
def test_malformed_texts_are_refused(tmp_path: Path, old: str, new: str, field: str | None) -> None:
    text = state_text(OPENED).decode()
    assert old in text
    with pytest.raises(InputError) as refused:
        read(tmp_path, text.replace(old, new, 1))
    assert refused.value.field == field
    str(refused.value).encode()


@pytest.mark.parametrize("content", [b"", b"[]", b"1", b"null", b"\xff", b"\xef\xbb\xbf{}", b"{}{}"])
def test_files_that_hold_no_object_are_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InputError):
        read(tmp_path, content)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        read_state(tmp_path / "none.json")
    assert refused.value.file == str(tmp_path / "none.json")


def test_a_syntax_error_names_its_line(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        read(tmp_path, '{\n"state": 1,\n}')
    assert refused.value.line == 3


def test_an_opening_state_with_another_hash_is_refused(tmp_path: Path) -> None:
    found = document(opening(FULL_STATE))
    found["hash"] = "00" * 32
    with pytest.raises(InputError) as refused:
        read(tmp_path, found)
    assert refused.value.field == "hash"


MARKET_TERMS: dict[str, Any] = {
    "rows": (("0", 125, "0.004"), ("50000", 100, "0.005")), "decimals": (2, 3), "tick": "0.1", "taker": "0.0004",
    "maker": "0.0002", "share": "0.1", "clearance": "0.0125",
}  # fmt: skip

# Isolated and hedged positions, open orders, a take-over, a fill, deleveraging and a rejection.
REACHING: tuple[Event, ...] = (
    listing("BTCUSDC", asset="USDC", **MARKET_TERMS),
    listing("龙虾USDT", asset="USDT", **MARKET_TERMS),
    mark("114400", "BTCUSDC"),
    *(deposit(account, "100000", "USDC") for account in ("alice", "bob", "carol", "dave")),
    deposit("虾", "0.00000001", "USDT"),
    margin_mode("alice", market="BTCUSDC"),
    leverage("carol", 100, "BTCUSDC"),
    position_mode("dave"),
    fund("100", "USDC"),
    order("bob", "sell", "0.3", "114400", id="o1", market="BTCUSDC"),
    order("carol", "buy", "0.1", "100000", id="o2", market="BTCUSDC"),
    trade("alice", "bob", "0.1", "114400", "BTCUSDC", seller_order="o1"),
    trade("dave", "carol", "0.05", "114400", "BTCUSDC"),
    trade("bob", "dave", "0.04", "114500", "BTCUSDC", seller_side="SHORT"),
    funding("0.0001", "BTCUSDC"),
    mark("108500", "BTCUSDC"),
    fill("carol", "0.01", "109000.1", market="BTCUSDC"),
    fill("nobody", "0.01", "1", market="BTCUSDC"),
    mark("100000", "BTCUSDC"),
    withdraw("carol", "1", "USDC"),
)


def test_states_that_the_rules_reach_read_back_equal_and_go_on_alike(tmp_path: Path) -> None:
    opened = opening(State(header=HEADER))
    seen: set[str] = set()
    for event in REACHING:
        path = tmp_path / "state.json"
        write_state(path, opened)
        again = read_state(path)
        assert again == opened
        after, receipt = apply(opened.state, event)
        assert apply(again.state, event) == (after, receipt)
        chained = opened.chain().append(event, receipt)
        assert again.chain().append(event, receipt) == chained
        seen.update(type(effect).__name__ for effect in receipt.effects)
        accepted = opened.accepted + (receipt.rejected is None)
        number = opened.events + 1
        opened = OpenedState(after, number, accepted, number - accepted, chained.hash)
    assert opened.rejected == 1
    assert {"LotOpened", "LotReduced", "Deleveraged", "OrderReduced", "ReserveStatus"} <= seen
