"""Scenarios: the same from the same seed, mostly accepted, sound at every step; their command and its errors."""

from collections import Counter
from pathlib import Path
from typing import get_args

import attrs
import pytest
from click.testing import CliRunner, Result

from marginspec.model import events
from marginspec.model.state import Header, LastResort, Profile, Ranking, State
from marginspec.model.units import RATE_ONE
from marginspec.transition import apply
from marginspec_audit import Transition, check_transition
from marginspec_journal import InputError, open_journal
from marginspec_journal.decimals import parse_decimal
from marginspec_tools.cli import main
from marginspec_tools.simulate.generation import event_time, generate, simulated_events
from marginspec_tools.simulate.markets import first_markets, named_market, venue_markets
from marginspec_tools.simulate.parameters import Parameters, mixed, opening_length
from marginspec_tools.simulate.price_paths import Close, JumpDiffusion, Moment, RealCloses, closes_from
from marginspec_tools.simulate.scenario import command
from marginspec_tools.simulate.seeded_random import SeededRandom
from marginspec_tools.simulate.venue import Venue, is_wealthy

FROM_SEED_7 = [947865, -1, -113874264, 99090417246115085]
WILD = JumpDiffusion(volatility=3_000_000, jump_probability=20_000_000, jump_mean=-8_000_000, jump_deviation=15_000_000)


def parameters(seed: int, *, count: int = 500, header: Header | None = None) -> Parameters:
    return Parameters(
        accounts=24,
        markets=first_markets(4),
        events=count,
        seed=seed,
        header=header or Header(),
        path=WILD,
        mix={"trades": 50, "orders": 20, "cash": 10, "marks": 15, "venue": 5},
        leverage=75,
        insurance=5_000,
    )


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, arguments)


def closes_file(folder: Path, text: str) -> Path:
    path = folder / "closes.csv"
    path.write_text(text, encoding="utf-8")
    return path


# ------------------------------------------------------------------- chance


def test_chance_is_the_same_everywhere() -> None:
    chance = SeededRandom(7)
    drawn = [chance.below(10**6), chance.between(-5, 5), chance.bell(RATE_ONE), chance.below(2**60)]
    assert drawn == FROM_SEED_7


def test_chance_stays_within_its_bounds() -> None:
    chance = SeededRandom(1)
    assert {chance.below(3) for _ in range(200)} == {0, 1, 2}
    assert {chance.between(-1, 1) for _ in range(200)} == {-1, 0, 1}
    assert not any(chance.happens(0) for _ in range(200))
    assert all(chance.happens(100) for _ in range(200))
    assert max(abs(chance.bell(1000)) for _ in range(2000)) <= 6000
    assert Counter(chance.weighted({"a": 1, "b": 0, "c": 3}) for _ in range(4000)).keys() == {"a", "c"}


def test_bell_has_its_deviation() -> None:
    chance = SeededRandom(2)
    draws = [chance.bell(10_000) for _ in range(20_000)]
    assert abs(sum(draws)) < 20_000 * 300
    variance = sum(draw * draw for draw in draws) // 20_000
    assert 97_000_000 < variance < 103_000_000


# ------------------------------------------------------------------- paths


def test_jump_diffusion_without_chance_stands_still() -> None:
    still = JumpDiffusion(volatility=0, jump_probability=0)
    assert still.next_price("M", 12345, 2, Moment(0, 1), SeededRandom(1)) == 12345


def test_jump_diffusion_never_reaches_zero() -> None:
    doom = JumpDiffusion(volatility=0, jump_probability=RATE_ONE, jump_mean=-2 * RATE_ONE, jump_deviation=0)
    assert doom.next_price("M", 12345, 2, Moment(0, 1), SeededRandom(1)) == 1


def test_closes_are_met_at_both_ends_and_joined_by_lines() -> None:
    path = RealCloses({"M": (Close(100, 0), Close(20000, 2), Close(1501, 1))})
    prices = [path.next_price("M", 0, 1, Moment(passed, 4), SeededRandom(1)) for passed in range(5)]
    assert prices == [1000, 1500, 2000, 1750, 1501]
    assert path.first_price("M", 1) == 1000


def test_a_close_finer_than_the_market_rounds_down_but_stays_positive() -> None:
    assert Close(12345, 4).units(2) == 123
    assert Close(1, 8).units(2) == 1


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "closes.csv: no closes"),
        ([["date", "market", "close"]], "closes.csv: no closes"),
        ([["day", "market", "close"]], "closes.csv:1: columns must be date, market, close; found day, market, close"),
        ([["date", "market", "close"], ["2025-10-10", "M"]], "closes.csv:2: 3 fields expected, 2 found"),
        (
            [["date", "market", "close"], ["10.10.2025", "M", "1"]],
            "closes.csv:2: date: '10.10.2025' is not a date YYYY-MM-DD",
        ),
        ([["date", "market", "close"], ["2025-10-10", "M", "1e5"]], "closes.csv:2: close: '1e5' is not a decimal"),
        ([["date", "market", "close"], ["2025-10-10", "M", "-1"]], "closes.csv:2: close: '-1' is not a decimal"),
        ([["date", "market", "close"], ["2025-10-10", "M", "0.0"]], "closes.csv:2: close: must be positive"),
        ([["date", "market", "close"], ["2025-10-10", "X", "1"]], "closes.csv:2: market: unknown market 'X'"),
        (
            [["date", "market", "close"], ["2025-10-10", "M", "1"], ["2025-10-10", "M", "2"]],
            "closes.csv:3: date: 2025-10-10 is not after 2025-10-10 of M",
        ),
    ],
)
def test_malformed_closes_are_refused(rows: list[list[str]], message: str) -> None:
    with pytest.raises(InputError) as raised:
        closes_from(rows, {"M"}, "closes.csv")
    assert str(raised.value) == message


# ------------------------------------------------------------------- markets


def test_the_venue_has_markets_of_every_scale() -> None:
    prices = {market.id: market.start_price / 10**market.listing.price_decimals for market in venue_markets()}
    assert len(prices) >= 14
    assert prices["BTCUSDT"] > 10_000
    assert min(prices.values()) < 1e-5


def test_more_markets_than_the_venue_has_get_new_names() -> None:
    count = len(venue_markets())
    markets = first_markets(2 * count + 1)
    assert markets[0] == venue_markets()[0]
    assert markets[count].id == f"{markets[0].id}-2"
    assert markets[2 * count].id == f"{markets[0].id}-3"
    assert len({market.id for market in markets}) == len(markets)
    assert named_market("NOSUCH") is None


# ------------------------------------------------------------------- generating


def test_the_same_seed_gives_the_same_events() -> None:
    assert list(generate(parameters(3))) == list(generate(parameters(3)))
    assert list(generate(parameters(3))) != list(generate(parameters(4)))


def test_receipts_are_those_of_a_replay() -> None:
    state = State()
    for taken in simulated_events(parameters(5)):
        state, receipt = apply(state, taken.event)
        assert receipt == taken.receipt


def test_records_are_numbered_and_timed() -> None:
    records = list(generate(parameters(1, count=80)))
    assert [record.line for record in records] == list(range(2, 82))
    assert records[0].ts == "2026-01-01T00:00:00Z"
    assert records[79].ts == event_time(79) == "2026-01-01T00:01:19Z"


def test_the_opening_is_as_long_as_stated() -> None:
    asked = parameters(1)
    opening = list(simulated_events(asked))[: opening_length(24, 4, assets=1)]
    kinds = Counter(type(taken.event).__name__ for taken in opening)
    assert kinds["ListMarket"] == kinds["MarkPrice"] == 4
    assert kinds["FundInsurance"] == 1
    assert kinds["Deposit"] == 24
    assert all(taken.receipt.rejected is None for taken in opening)


def test_most_events_are_accepted_and_some_are_not() -> None:
    taken = list(simulated_events(attrs.evolve(parameters(2, count=1500), mistakes=2)))
    refused = Counter(one.receipt.rejected for one in taken if one.receipt.rejected is not None)
    assert 0.02 * len(taken) < refused.total() < 0.15 * len(taken)
    assert len(refused) >= 8
    assert {type(one.event) for one in taken} >= {
        events.Trade,
        events.LiquidationFill,
        events.PlaceOrder,
        events.CancelOrder,
        events.Funding,
        events.AdjustIsolatedMargin,
        events.SetPositionMode,
        events.Withdraw,
    }
    trades = [one.event for one in taken if isinstance(one.event, events.Trade)]
    with_order = [trade for trade in trades if trade.buyer_order or trade.seller_order]
    assert 0.1 * len(trades) < len(with_order) < 0.8 * len(trades)


@pytest.mark.parametrize("adl_ranking", get_args(Ranking))
@pytest.mark.parametrize("last_resort", get_args(LastResort))
@pytest.mark.parametrize("seed", range(3))
def test_every_step_of_a_wild_scenario_is_sound(seed: int, adl_ranking: Ranking, last_resort: LastResort) -> None:
    header = Header(Profile(adl_ranking, last_resort))
    state = State(header=header)
    for taken in simulated_events(parameters(seed, count=350, header=header)):
        before = state
        state, receipt = apply(before, taken.event)
        assert check_transition(Transition(before, taken.event, receipt, state)) == ()


# ------------------------------------------------------------------- mixed


def kind_of(taken: Transition) -> str:
    match taken.event:
        case events.Trade() | events.LiquidationFill():
            return "trades"
        case events.PlaceOrder() | events.CancelOrder():
            return "orders"
        case events.MarkPrice():
            return "marks"
        case _:
            return "cash"


def test_the_mixed_preset_has_the_mix_of_the_performance_bar() -> None:
    asked = mixed(accounts=1000, following=3000, seed=1)
    venue_events = list(simulated_events(asked))
    following = venue_events[opening_length(1000, 40, assets=1) :]
    shares = Counter(kind_of(taken) for taken in following)
    assert len(following) == 3000
    for kind, share in {"trades": 60, "orders": 25, "cash": 10, "marks": 5}.items():
        assert abs(100 * shares[kind] / 3000 - share) < 4, kind
    assert all(taken.receipt.rejected is None for taken in following)


def test_markets_of_the_mixed_preset_have_at_most_50_positions() -> None:
    state, most = State(), 0
    for taken in simulated_events(mixed(accounts=200, following=2500, seed=2)):
        state, _ = apply(state, taken.event)
        if isinstance(taken.event, events.MarkPrice):
            held = sum(1 for key in state.positions if key.market == taken.event.market)
            most = max(most, held)
    assert 10 < most <= 50


def test_residents_and_makers_trade_where_they_live() -> None:
    venue = Venue(mixed(accounts=1000, following=10, seed=1))
    for market in venue.markets[:5]:
        residents = {int(venue.resident(market)[1:]) for _ in range(50)}
        place = venue.markets.index(market)
        assert all((place - index) % 40 in (0, 1) for index in residents)
        assert is_wealthy(int(venue.maker(market)[1:]))


# ------------------------------------------------------------------- command


@pytest.mark.parametrize("name", ["day.jsonl", "day.jsonl.zst", "day.parquet"])
def test_the_command_writes_the_generated_events(tmp_path: Path, name: str) -> None:
    out = tmp_path / name
    result = run(str(out), "--accounts", "10", "--markets", "2", "--events", "120", "--seed", "9")
    assert (result.exit_code, result.output) == (0, f"{out}: 120 events of 10 accounts in 2 markets, seed 9\n")
    expected = generate(Parameters(accounts=10, markets=first_markets(2), events=120, seed=9))
    read = [(record.event, record.ts) for record in open_journal(out)]
    assert read == [(record.event, record.ts) for record in expected]


def test_the_command_writes_the_same_bytes_for_the_same_seed(tmp_path: Path) -> None:
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    for out in (first, second):
        assert run(str(out), "--accounts", "10", "--markets", "2", "--events", "200").exit_code == 0
    assert first.read_bytes() == second.read_bytes()


def test_the_command_puts_the_profile_into_the_header(tmp_path: Path) -> None:
    out = tmp_path / "day.jsonl"
    run(str(out), "--accounts", "5", "--events", "60", "--adl-ranking", "bitmex", "--last-resort", "none")
    assert open_journal(out).header == Header(Profile("bitmex", "none"))


def test_the_command_reports_for_programs(tmp_path: Path) -> None:
    out = tmp_path / "day.jsonl"
    result = run(str(out), "--preset", "mixed", "--accounts", "50", "--events", "20", "--seed", "4", "--json")
    assert result.output == (
        f'{{"scenario":1,"rulebook":"2","file":"{out}","events":125,"accounts":50,"markets":2,"seed":4}}\n'
    )


LIMITS = ("--price-band", "0.003", "--fill-band", "0.002", "--funding-cap", "0.0002", "--position-limit", "150000.5")


@pytest.mark.rule("MKT-04")
def test_markets_are_listed_with_the_limits_that_are_given(tmp_path: Path) -> None:
    out = tmp_path / "day.jsonl"
    assert run(str(out), "--accounts", "10", "--markets", "2", "--events", "400", *LIMITS).exit_code == 0
    stated = [record.event for record in open_journal(out)]
    listed = [event for event in stated if isinstance(event, events.ListMarket)]
    assert [(one.price_band, one.fill_band, one.funding_cap, one.position_limit) for one in listed[:2]] == [
        (300_000, 200_000, 20_000, 15_000_050_000_000)
    ] * 2
    state, reasons = State(header=Header()), Counter[str]()
    for event in stated:
        state, receipt = apply(state, event)
        reasons[receipt.rejected or "accepted"] += 1
    # Of what the limits refuse, a little is kept on purpose; the venue tries the rest anew.
    assert 0 < reasons["PRICE_OUT_OF_BAND"] < 40
    assert 0 < reasons["POSITION_LIMIT"] < 40
    assert reasons["accepted"] > 360


@pytest.mark.parametrize(
    ("option", "limit", "reason"),
    [
        ("--price-band", "0", "0 is not above 0"),
        ("--price-band", "1.1", "1.1 is outside 0 to 1"),
        ("--price-band", "-0.1", "-0.1 is outside 0 to 1"),
        ("--position-limit", "0", "0 is not above 0"),
        ("--position-limit", "46116860185", "46116860185 is outside 0 to 46116860184.27387904"),
    ],
)
def test_a_limit_is_above_zero_and_at_most_what_a_market_may_have(
    option: str, limit: str, reason: str, tmp_path: Path
) -> None:
    result = run(str(tmp_path / "day.jsonl"), option, limit)
    assert result.exit_code == 2
    said = " ".join(result.output.replace("│", " ").split())
    assert f"Invalid value for '{option}': {reason}" in said


@pytest.mark.rule("TRD-01")
def test_trades_and_fills_state_fees_of_their_own(tmp_path: Path) -> None:
    out, without = tmp_path / "day.jsonl", tmp_path / "without.jsonl"
    arguments = ("--accounts", "10", "--markets", "2", "--events", "600", "--leverage", "125", "--volatility", "0.05")
    assert run(str(out), *arguments, "--stated-fees", "40").exit_code == 0
    assert run(str(without), *arguments).exit_code == 0
    state, fees = State(header=Header()), Counter[str]()
    for event in [record.event for record in open_journal(out)]:
        before, (state, receipt) = state, apply(state, event)
        assert check_transition(Transition(before, event, receipt, state)) == ()
        for name in ("buyer_fee", "seller_fee", "counterparty_fee"):
            stated = getattr(event, name, None)
            if stated is not None and receipt.rejected is None:
                fees[f"{name} {'below' if stated < 0 else 'above'} zero"] += 1
    assert sorted(fees) == [
        *("buyer_fee above zero", "buyer_fee below zero", "counterparty_fee above zero", "counterparty_fee below zero"),
        *("seller_fee above zero", "seller_fee below zero"),
    ]
    assert not any(getattr(record.event, "buyer_fee", None) for record in open_journal(without))


def test_marks_run_through_real_closes(tmp_path: Path) -> None:
    rows = "date,market,close\n2025-10-09,BTCUSDT,121500.50\n2025-10-10,BTCUSDT,112000\n2025-10-11,BTCUSDT,110000.1\n"
    file, out = closes_file(tmp_path, rows), tmp_path / "day.jsonl"
    result = run(str(out), "--closes", str(file), "--accounts", "6", "--events", "300", "--mix", "marks=1,trades=3")
    assert result.exit_code == 0
    marks = [record.event.price for record in open_journal(out) if isinstance(record.event, events.MarkPrice)]
    assert marks[0] == parse_decimal("121500.50")
    accepted = [mark for mark in marks if mark > 0]
    assert accepted == sorted(accepted, reverse=True)
    assert parse_decimal("110000.1") <= accepted[-1] < parse_decimal("110500")


@pytest.mark.rule("MKT-05")
def test_markets_are_settled_by_the_last_events(tmp_path: Path) -> None:
    out = tmp_path / "day.jsonl"
    arguments = ("--accounts", "8", "--markets", "3", "--events", "120", "--seed", "3")
    assert run(str(out), *arguments, "--settled", "2").exit_code == 0
    journal = [record.event for record in open_journal(out)]
    ends = [event.market for event in journal if isinstance(event, events.SettleMarket)]
    assert (len(journal), ends) == (120, [market.id for market in first_markets(2)])
    assert [type(event) for event in journal[-2:]] == [events.SettleMarket] * 2
    state = State()
    for event in journal:
        before, (state, receipt) = state, apply(state, event)
        assert check_transition(Transition(before, event, receipt, state)) == ()
    assert state.closed_markets == tuple(sorted(ends))
    without = tmp_path / "without.jsonl"
    assert run(str(without), *arguments).exit_code == 0
    assert [record.event for record in open_journal(without)][:118] == journal[:118]


@pytest.mark.parametrize(
    ("options", "unused", "other"),
    [
        (("--preset", "mixed", "--leverage", "50"), "leverage", "preset"),
        (("--preset", "mixed", "--settled", "1"), "settled", "preset"),
        (("--preset", "mixed", "--closes", "CLOSES", "--markets", "3"), "closes", "preset"),
        (("--closes", "CLOSES", "--jump-mean", "0"), "jump-mean", "closes"),
        (("--preset", "mixed", "--fill-band", "0.1"), "fill-band", "preset"),
        (("--preset", "mixed", "--position-limit", "1000"), "position-limit", "preset"),
        (("--preset", "mixed", "--stated-fees", "5"), "stated-fees", "preset"),
    ],
)
def test_an_option_that_does_not_count_is_refused(
    options: tuple[str, ...], unused: str, other: str, tmp_path: Path
) -> None:
    file = closes_file(tmp_path, "date,market,close\n2025-10-09,BTCUSDT,121500.50\n")
    out = tmp_path / "day.jsonl"
    result = run(str(out), *(str(file) if option == "CLOSES" else option for option in options))
    assert result.exit_code == 2
    assert f"--{unused} has no effect with --{other}: leave it out\n" in result.output
    assert not out.exists()


def refusal(*arguments: str) -> str:
    result = run(*arguments)
    assert isinstance(result.exception, InputError)
    assert result.output == ""
    return str(result.exception)


def test_a_malformed_file_of_closes_is_named_with_line_and_reason(tmp_path: Path) -> None:
    file = closes_file(tmp_path, "date,market,close\n2025-10-10,BTCUSDT,many\n")
    out = tmp_path / "day.jsonl"
    assert refusal(str(out), "--closes", str(file)) == f"{file}:2: close: 'many' is not a decimal"
    assert not out.exists()


def test_the_program_exits_with_2_on_malformed_closes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = closes_file(tmp_path, "date,market,close\n2025-13-10,BTCUSDT,1\n")
    monkeypatch.setattr("sys.argv", ["marginspec", "scenario", str(tmp_path / "day.jsonl"), "--closes", str(file)])
    with pytest.raises(SystemExit) as exited:
        main()
    assert exited.value.code == 2
    assert capsys.readouterr().err == f"error: {file}:2: date: '2025-13-10' is not a date YYYY-MM-DD\n"


def test_a_file_that_cannot_be_decoded_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "closes.csv"
    file.write_bytes(b"date,market,close\n\xff\n")
    assert refusal(str(tmp_path / "day.jsonl"), "--closes", str(file)).startswith(f"{file}: not a CSV file in UTF-8: ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("day.txt",), "Invalid value for OUT: day.txt does not end in .jsonl, .jsonl.zst, .parquet"),
        (("day.jsonl", "--mix", "trade=1"), "'trade' is not one of trades, orders, cash, marks, venue"),
        (("day.jsonl", "--mix", "trades=x"), "the weight of trades is not a whole number up to 999999"),
        (("day.jsonl", "--mix", "trades=0"), "all weights are zero"),
        (("day.jsonl", "--volatility", "1e-3"), "'1e-3' is not a decimal of at most 8 digits after the point"),
        (("day.jsonl", "--volatility", "1.5"), "1.5 is outside 0 to 1"),
        (("day.jsonl", "--jump-mean", "-1.5"), "-1.5 is outside -1 to 1"),
        (("day.jsonl", "--accounts", "1"), "1 is not in the range 2<=x<=1000000"),
        (
            ("day.jsonl", "--accounts", "10", "--markets", "3", "--events", "26"),
            "Invalid value for --events: 26 events are fewer than the 27 that open 3 markets and 10 accounts",
        ),
        (
            ("day.jsonl", "--accounts", "10", "--markets", "3", "--events", "28", "--settled", "2"),
            (
                "Invalid value for --events: 28 events are fewer than the 29 that open 3 markets and 10 accounts and "
                "settle 2"
            ),
        ),
        (
            ("day.jsonl", "--markets", "3", "--settled", "4"),
            "Invalid value for --settled: 4 are more than the 3 markets",
        ),
    ],
)
def test_wrong_usage_is_told(arguments: tuple[str, ...], message: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.output


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    out = tmp_path / "missing" / "day.jsonl"
    told = refusal(str(out), "--accounts", "5", "--events", "60")
    assert told.startswith(f"{out}: ")
