"""Positions by columns: each answer is that of `calc` for the same domain, and ranks are those of the rulebook."""

import json
import os
from collections.abc import Iterable
from decimal import Decimal
from functools import cmp_to_key
from itertools import product
from pathlib import Path
from random import Random
from typing import Any, get_args

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from marginspec.margin.bands import Exposure, PriceView, band_end, health_at, highest_price
from marginspec.margin.margin import domain_margin, is_healthy, maintenance_margin, notional_of
from marginspec.model.account import PositionKey
from marginspec.model.market import FeeTerms, Market, Tier, TierTable
from marginspec.model.state import Ranking
from marginspec.model.units import Money, Price, Rate
from marginspec.settlement.deleveraging import Ranked, compare_ranked
from marginspec.settlement.rankings import RANKINGS
from marginspec_engine.batches.portfolios import NO_PRICE, Portfolio, market_columns
from marginspec_engine.memory.python_words import Words64
from marginspec_engine.numba.portfolios import PositionColumns
from marginspec_journal import InputError
from marginspec_journal.strict_json import parse_document
from marginspec_tools import cli
from marginspec_tools.calculate.calc import answer, market_of, read_questions

AMOUNT = pa.decimal128(38, 8)
DOMAINS = 120
SEEDS = (1, 2, 3)


def market(mark: str, price_decimals: int, quantity_decimals: int, *tiers: tuple[str, int, str]) -> dict[str, Any]:
    """A market as `calc` reads it."""
    rows = [{"floor": floor, "max_leverage": most, "maintenance_rate": rate} for floor, most, rate in tiers]
    decimals = {"price_decimals": price_decimals, "quantity_decimals": quantity_decimals}
    return {"asset": "USDT", **decimals, "mark": mark, "tiers": rows}


MARKETS = {
    "AAA": market("100.00", 2, 3, ("0", 100, "0.005"), ("5000", 50, "0.01"), ("20000", 20, "0.025")),
    "BBB": market("0.0375", 4, 1, ("0", 10, "0.05")),
    "CCC": market("61234.5", 1, 4, ("0", 125, "0.004"), ("50000.00000001", 100, "0.005"), ("600000", 3, "0.15")),
}
"""Markets with few units and many, and one whose deductions are finer than a quantum."""


def holdings(chance: Random) -> list[dict[str, str]]:
    """Positions of one domain, one-way or hedged, with costs near what they are worth."""
    sides: tuple[tuple[str, ...], ...] = (("BOTH",),) if chance.random() < 0.7 else (("LONG", "SHORT"), ("LONG",))
    found = []
    for name in chance.sample(sorted(MARKETS), chance.randint(1, 3)):
        for side in chance.choice(sides):
            terms = MARKETS[name]
            lots = chance.choice((1, chance.randint(1, 100), chance.randint(1, 200_000)))
            sign = {"BOTH": chance.choice((-1, 1)), "LONG": 1, "SHORT": -1}[side]
            quantity = Decimal(sign * lots).scaleb(-terms["quantity_decimals"])
            cost = (quantity * Decimal(terms["mark"]) * chance.randint(800, 1200) / 1000).quantize(Decimal("1e-8"))
            found.append({"market": name, "side": side, "quantity": f"{quantity:f}", "cost": f"{cost:f}"})
    return [row for row in found if Decimal(row["cost"]) != 0]


def written(folder: Path, rows: list[dict[str, Any]], **changes: Any) -> tuple[Path, Path]:
    """A file of positions and one of markets."""
    columns = {
        "domain": pa.array([row["domain"] for row in rows], pa.string()),
        "cash": pa.array([Decimal(row["cash"]) for row in rows], AMOUNT),
        "market": pa.array([row["market"] for row in rows], pa.string()),
        "side": pa.array([row["side"] for row in rows], pa.string()),
        "quantity": pa.array([Decimal(row["quantity"]) for row in rows], AMOUNT),
        "cost": pa.array([Decimal(row["cost"]) for row in rows], AMOUNT),
        **changes,
    }
    positions, markets = folder / "positions.parquet", folder / "markets.json"
    pq.write_table(pa.table({name: column for name, column in columns.items() if column is not None}), positions)
    markets.write_text(json.dumps({"calc": 1, "rulebook": "2", "markets": MARKETS}))
    return positions, markets


def some_domains(chance: Random) -> list[list[dict[str, Any]]]:
    """Domains whose cash is near what they need, some with too little; names in no order."""
    domains = []
    for number in range(DOMAINS):
        rows = holdings(chance)
        values = (abs(Decimal(row["quantity"]) * Decimal(MARKETS[row["market"]]["mark"])) for row in rows)
        notional = sum(values, Decimal(0))
        cash = (notional * chance.choice((1, 3, 20, 60, 150)) / 100).quantize(Decimal("1e-8"))
        name = f"d{chance.randint(0, 9)}-é{number}"
        domains.append([{**row, "domain": name, "cash": f"{cash:f}"} for row in rows])
    return [rows for rows in domains if rows]


def asked(rows: list[dict[str, Any]], kind: str, place: int) -> dict[str, Any]:
    """A question of `calc` about one position of a domain."""
    fields = ("market", "side", "quantity", "cost")
    positions = [{**{name: row[name] for name in fields}, "leverage": 1} for row in rows]
    domain = {"cash": rows[0]["cash"], "positions": positions}
    name = rows[place]["market"]
    return {
        "id": f"{kind}-{rows[0]['domain']}-{place}",
        "kind": kind,
        "markets": MARKETS,
        "domain": domain,
        "market": name,
    }


def expected_rows(domains: list[list[dict[str, Any]]], folder: Path, ranking: Ranking) -> list[dict[str, Any]]:
    """The answers of `calc`, one question at a time, and ranks by the rulebook's own comparison."""
    questions = [
        asked(rows, kind, place)
        for rows in domains
        for place in range(len(rows))
        for kind in ("maintenance", "tier", "band", "bankruptcy")
    ]
    path = folder / "questions.json"
    path.write_text(json.dumps({"calc": 1, "rulebook": "2", "questions": questions}))
    found = {question.id: question for question in read_questions(path)}
    queues: dict[tuple[str, bool], list[Ranked]] = {}
    expected: dict[PositionKey, dict[str, Any]] = {}
    for rows in domains:
        for place, row in enumerate(rows):
            ids = {kind: f"{kind}-{row['domain']}-{place}" for kind in ("maintenance", "tier", "band", "bankruptcy")}
            answers = {kind: answer(found[name]) for kind, name in ids.items()}
            question = found[ids["band"]]
            margin = domain_margin(question.state, question.domain)
            position = next(
                one for one in margin.positions if (one.key.market, one.key.side) == (row["market"], row["side"])
            )
            tier = next(one for one in answers["tier"]["positions"] if one["side"] == row["side"])
            key = PositionKey(row["domain"], row["market"], row["side"])
            expected[key] = {
                "domain": row["domain"],
                "market": row["market"],
                "side": row["side"],
                "notional": Decimal(tier["notional"]),
                "unrealised": Decimal(position.unrealised).scaleb(-8),
                "maintenance": Decimal(position.maintenance).scaleb(-8),
                "equity": Decimal(margin.equity).scaleb(-8),
                "domain_maintenance": Decimal(answers["maintenance"]["maintenance"]),
                "healthy": is_healthy(margin),
                "liquidation_price_below": price(answers["band"]["liquidation_price_below"]),
                "liquidation_price_above": price(answers["band"]["liquidation_price_above"]),
                "bankruptcy_price": price(answers["bankruptcy"]["bankruptcy_price"]),
                "adl_rank": None,
            }
            if is_healthy(margin):
                score = RANKINGS[ranking](position, margin, 10**8)
                queues.setdefault((row["market"], Decimal(row["quantity"]) > 0), []).append(Ranked(key, score))
    for queue in queues.values():
        for rank, ranked in enumerate(sorted(queue, key=cmp_to_key(compare_ranked)), start=1):
            expected[ranked.key]["adl_rank"] = rank
    return list(expected.values())


def price(text: str | None) -> Decimal | None:
    """A price of an answer."""
    return None if text is None else Decimal(text)


def calc(*arguments: object) -> Any:
    """What the command comes to."""
    return CliRunner().invoke(cli.marginspec, ["calc", *(str(one) for one in arguments)])


@pytest.mark.parametrize("seed", SEEDS)
def test_positions_alone_answer_as_questions_do(tmp_path: Path, seed: int) -> None:
    rows = [row for rows in some_domains(Random(seed)) for row in rows]
    domains = [[{**row, "domain": f"{row['domain']}-{place}"}] for place, row in enumerate(rows)]
    positions, markets = written(tmp_path, [row for rows in domains for row in rows])
    output = tmp_path / "answers.parquet"
    outcome = calc(positions, "--markets", markets, "--output", output)
    assert outcome.exit_code == 0, outcome.output
    expected = expected_rows(domains, tmp_path, "binance")
    assert pq.read_table(output).to_pylist() == expected
    prices = [(row["liquidation_price_below"], row["liquidation_price_above"]) for row in expected if row["healthy"]]
    assert {(below is None, above is None) for below, above in prices} == {(True, True), (True, False), (False, True)}
    assert 20 < sum(not row["healthy"] for row in expected) < len(expected) - 20


@pytest.mark.parametrize("ranking", get_args(Ranking))
@pytest.mark.parametrize("seed", SEEDS)
def test_columns_answer_as_questions_do(tmp_path: Path, seed: int, ranking: Ranking) -> None:
    domains = some_domains(Random(seed))
    positions, markets = written(tmp_path, [row for rows in domains for row in rows])
    output = tmp_path / "answers.parquet"
    outcome = calc(positions, "--markets", markets, "--output", output, "--ranking", ranking)
    assert outcome.exit_code == 0, outcome.output
    expected = expected_rows(domains, tmp_path, ranking)
    assert pq.read_table(output).to_pylist() == expected
    unhealthy = [row for row in expected if not row["healthy"]]
    hedged = [row for row in expected if row["side"] != "BOTH" and row["healthy"]]
    assert len(unhealthy) > 20
    assert len(hedged) > 20
    assert json.loads(outcome.stdout) == {
        "calc": 1,
        "rulebook": "2",
        "positions": len(expected),
        "domains": len(domains),
        "positions_of_unhealthy_domains": len(unhealthy),
        "notional": f"{sum(row['notional'] for row in expected):f}",
        "maintenance": f"{sum(row['maintenance'] for row in expected):f}",
    }


ROW = {"domain": "d", "cash": "100", "market": "AAA", "side": "BOTH", "quantity": "1", "cost": "100"}


def amounts(*texts: str) -> Any:
    """A column of decimals."""
    return pa.array([Decimal(text) for text in texts], AMOUNT)


def changed(**changes: str) -> list[dict[str, str]]:
    """Two rows of which the second is changed."""
    return [{**ROW, "domain": "a"}, {**ROW, **changes}]


MALFORMED: list[tuple[str, list[dict[str, str]], dict[str, Any], str]] = [
    ("quantity of zero", changed(quantity="0"), {}, "2: quantity: must not be zero"),
    ("cost of the other sign", changed(cost="-1"), {}, "2: cost: expected a cost with the sign of the quantity"),
    ("unknown market", changed(market="ZZZ"), {}, "2: market: unknown market"),
    ("too many digits", changed(quantity="0.0001"), {}, "2: quantity: has more digits than its market allows"),
    ("unknown side", changed(side="both"), {}, "2: side: expected BOTH, LONG or SHORT"),
    ("side of the other sign", changed(side="SHORT"), {}, "2: quantity: LONG must be positive, SHORT negative"),
    ("position twice", changed(domain="a"), {}, "2: market: repeated position of the domain"),
    ("modes mixed", changed(domain="a", side="LONG"), {}, "2: side: BOTH cannot be mixed with LONG or SHORT"),
    (
        "two cashes",
        changed(domain="a", cash="99", market="BBB"),
        {},
        "2: cash: must be the same in all rows of the domain",
    ),
    ("domain apart", [*changed(), {**ROW, "domain": "a"}], {}, "3: domain: the rows of a domain must be adjacent"),
    ("quantity too large", changed(quantity="99999999999999"), {}, "2: quantity: too large"),
    ("cash too large", changed(cash="99999999999999"), {}, "2: cash: too large"),
    ("cash beyond 64 bits", changed(cash="9999999999999999999999"), {}, "2: cash: too large"),
    ("value too large", changed(quantity="999999999"), {}, "2: quantity: its value is too large"),
    (
        "domain too large",
        changed(quantity="120000000"),
        {},
        "2: domain: cash, costs or values of the domain exceed 2^60 quanta: ask about it in a JSON file of questions",
    ),
    ("floats", changed(), {"cash": pa.array([1.0, 2.0])}, " cash: expected decimal128, not double"),
    ("no cost", changed(), {"cost": None}, " cost: expected this column once"),
    ("another column", changed(), {"entry": amounts("1", "1")}, " entry: unknown column"),
    ("null", changed(), {"market": pa.array(["AAA", None])}, "2: market: missing"),
    ("numbers for names", changed(), {"domain": pa.array([1, 2])}, " domain: expected texts, not int64"),
    (
        "finer than the wire",
        changed(),
        {"cost": pa.array([Decimal("1.000000001")] * 2, pa.decimal128(38, 9))},
        " cost: has decimals of more than 8 digits after the point or 30 before",
    ),
]


@pytest.mark.parametrize(
    ("rows", "changes", "said"), [case[1:] for case in MALFORMED], ids=[case[0] for case in MALFORMED]
)
def test_malformed_positions_are_refused(
    tmp_path: Path, rows: list[dict[str, str]], changes: dict[str, Any], said: str
) -> None:
    positions, markets = written(tmp_path, rows, **changes)
    output = tmp_path / "answers.parquet"
    outcome = calc(positions, "--markets", markets, "--output", output)
    assert isinstance(outcome.exception, InputError)
    assert (str(outcome.exception), outcome.stdout) == (f"{positions}:{said}", "")
    assert files_in(tmp_path) == ["markets.json", "positions.parquet"]


def files_in(folder: Path) -> Iterable[str]:
    """Names of files."""
    return sorted(path.name for path in folder.iterdir())


def test_no_positions_have_no_answers(tmp_path: Path) -> None:
    positions, markets = written(tmp_path, [])
    output = tmp_path / "answers.parquet"
    outcome = calc(positions, "--markets", markets, "--output", output)
    assert json.loads(outcome.stdout)["positions"] == 0
    assert pq.read_table(output).num_rows == 0


def test_what_is_no_parquet_is_refused(tmp_path: Path) -> None:
    positions, markets = written(tmp_path, changed())
    positions.write_bytes(b"PAR1")
    outcome = calc(positions, "--markets", markets, "--output", tmp_path / "answers.parquet")
    assert str(outcome.exception).startswith(f"{positions}: not Parquet: ")
    assert files_in(tmp_path) == ["markets.json", "positions.parquet"]


def test_a_flipped_bit_of_a_page_with_a_checksum_is_noticed(tmp_path: Path) -> None:
    positions, markets = written(tmp_path, changed())
    plain = {"compression": "none", "use_dictionary": False, "write_page_checksum": True}
    pq.write_table(pq.read_table(positions), positions, **plain)
    content = bytearray(positions.read_bytes())
    costs = pq.read_metadata(positions).row_group(0).column(5)
    # The last byte of the last cost: its lowest bit is one of 1e-8.
    content[costs.data_page_offset + costs.total_compressed_size - 1] ^= 1
    positions.write_bytes(content)
    outcome = calc(positions, "--markets", markets, "--output", tmp_path / "answers.parquet")
    said = "not Parquet: could not verify page integrity, CRC checksum verification failed for page_ordinal 0"
    assert str(outcome.exception) == f"{positions}: {said}"
    assert files_in(tmp_path) == ["markets.json", "positions.parquet"]


def test_positions_are_no_more_than_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from marginspec_tools.calculate import columns

    positions, markets = written(tmp_path, changed())
    monkeypatch.setattr(columns, "TABLE_ROWS", 1)
    outcome = calc(positions, "--markets", markets, "--output", tmp_path / "answers.parquet")
    assert str(outcome.exception) == f"{positions}: 2 rows, more than the limit of 1"


def test_positions_are_one_regular_file(tmp_path: Path) -> None:
    positions, markets = written(tmp_path, changed())
    folder, pipe = tmp_path / "folder.parquet", tmp_path / "pipe.parquet"
    folder.mkdir()
    positions.rename(folder / "part.parquet")
    os.mkfifo(pipe)
    for refused in (folder, pipe):
        outcome = calc(refused, "--markets", markets, "--output", tmp_path / "answers.parquet")
        assert str(outcome.exception) == f"{refused}: cannot be read: not a regular file"


def test_options_go_with_the_kind_of_file(tmp_path: Path) -> None:
    positions, markets = written(tmp_path, changed())
    assert calc(positions).output.splitlines()[-1] == "Error: a FILE that is Parquet needs --markets and --output"
    said = "Error: --markets is only for a FILE that is Parquet"
    assert calc(markets, "--markets", markets).output.splitlines()[-1] == said
    said = "Error: --ranking is only for a FILE that is Parquet"
    assert calc(markets, "--ranking", "bitmex").output.splitlines()[-1] == said


def many(chance: np.random.Generator, sizes: Words64, threads: int) -> Portfolio:
    """Domains of so many positions each, in markets of the example."""
    markets = market_columns(
        [market_of(name, parse_document(json.dumps(MARKETS[name]).encode(), "example")) for name in sorted(MARKETS)]
    )
    count = int(sizes.sum())
    chosen = chance.integers(0, len(MARKETS), count)
    quantities = chance.integers(1, 10**6, count) * chance.choice(np.array([-1, 1]), count)
    costs = quantities * markets.unit_values[chosen]
    first = np.append(0, np.cumsum(sizes)).astype(np.int64)
    cash = chance.integers(0, 10**14, len(sizes))
    return Portfolio(markets, PositionColumns(cash, first, chosen, quantities, costs), threads)


@pytest.mark.parametrize("threads", [1, 3])
def test_blocks_and_threads_make_no_difference(threads: int) -> None:
    chance = np.random.default_rng(5)
    sizes = np.array([0, 1, 3, 511, 512, 513, 2000, 0, *chance.integers(0, 9, 1500), 700])
    portfolio = many(chance, sizes, threads)
    seen, domains = portfolio.position_figures(), portfolio.domain_figures()
    positions = portfolio.positions
    gains, starts = seen.values - positions.costs, positions.first
    expected = [
        (int(cash) + int(gains[begin:end].sum()), int(seen.maintenance[begin:end].sum()))
        for cash, begin, end in zip(positions.cash, starts[:-1], starts[1:], strict=True)
    ]
    assert list(zip(domains.equity.tolist(), domains.maintenance.tolist(), strict=True)) == expected


@pytest.mark.parametrize("threads", [1, 3])
def test_bands_of_positions_alone_are_those_among_others(threads: int) -> None:
    """Where one domain has two positions, all are searched as those of any domain are."""
    chance = np.random.default_rng(7)
    among = many(chance, np.array([*np.ones(1300, np.int64), 2]), threads)
    shifted = among.positions.costs + chance.integers(-(10**12), 10**12, among.count)
    cash = chance.integers(0, 10**13, among.domains)
    among = attrs.evolve(among, positions=among.positions._replace(costs=shifted, cash=cash))
    columns = among.positions
    only = PositionColumns(
        cash[:-1], columns.first[:-1], columns.markets[:-2], columns.quantities[:-2], columns.costs[:-2]
    )
    alone = attrs.evolve(among, positions=only)
    expected = [prices[:-2].tolist() for prices in among.bands()]
    assert [prices.tolist() for prices in alone.bands()] == expected
    marks = among.markets.marks[only.markets].tolist()
    unhealthy = sum(below == mark for below, mark in zip(expected[0], marks, strict=True))
    assert 100 < unhealthy < 1200


def market_with(name: str, mark: int, *rows: tuple[int, int]) -> Market:
    """A market whose lots are worth a quantum a price unit, with tiers by floor and rate, of any rates."""
    tiers: tuple[Tier, ...] = ()
    for floor, rate in rows:
        below = tiers[-1] if tiers else Tier(Money(0), 1, Rate(0), 0)
        tiers = (*tiers, Tier(Money(floor), 1, Rate(rate), below.deduction + floor * (rate - below.maintenance_rate)))
    return Market(name, "USDT", 0, 0, 1, Price(1), TierTable(tiers), FeeTerms(*(Rate(0),) * 4), Price(mark))


def hedged_markets(chance: Random) -> list[Market]:
    """Markets of few prices and many tiers, with round rates, which make plateaus, and others; and of the extremes."""
    few = []
    for number in range(40):
        count = chance.randint(1, 5)
        floors = (0, *sorted(chance.sample(range(1, 2000), count - 1)))
        some = [tenth * 10**7 for tenth in range(1, 10)] if number % 2 else range(1, 10**8)
        rates = sorted(chance.sample(some, count))
        few.append(market_with(f"few {number}", chance.randint(1, 150), *zip(floors, rates, strict=True)))
    plateau = ((0, 2 * 10**7), (10**13 + 2, 6 * 10**7))
    return [
        *few,
        *(market_with(f"plateau {mark}", mark, *plateau) for mark in (3_333_333_333_334, 5 * 10**12, 10**13 + 2)),
        *(market_with(f"extreme {mark}", mark, (0, 10**7), (2**40, 99_999_999)) for mark in (1, 2, 2**50, 2**53)),
    ]


@pytest.mark.rule("MRG-07")
@pytest.mark.parametrize("seed", SEEDS)
def test_bands_of_hedges_are_those_of_the_rulebook(seed: int) -> None:
    """Of domains that are healthy by little, in one or two markets, in either order of their sides."""
    chance, rows = Random(seed), []
    markets = hedged_markets(chance)
    for domain in range(800):
        number, left = chance.randrange(len(markets)), chance.choice((0, 1, 1, 2, 3, 10, 1000))
        most = min(12, 2**59 // markets[number].marked())
        sides = [(number, chance.randint(1, most)), (number, -chance.randint(1, most))]
        others = [(chance.randrange(40), chance.choice((-1, 1)) * chance.randint(1, 9)) for _ in range(domain % 2)]
        held = chance.sample(sides, 2) + [one for one in others if one[0] != number]
        needed = 0
        for market, lots in held:
            value = Money(lots * markets[market].marked())
            needed += maintenance_margin(notional_of(value), markets[market].tiers.holding(notional_of(value)))
        rows.append((needed + left, held))
    columns = PositionColumns(
        np.array([cash for cash, _ in rows], np.int64),
        np.cumsum([0, *(len(held) for _, held in rows)]),
        np.array([market for _, held in rows for market, _ in held], np.int64),
        np.array([lots for _, held in rows for _, lots in held], np.int64),
        np.array([lots * markets[market].marked() for _, held in rows for market, lots in held], np.int64),
    )
    portfolio = Portfolio(market_columns(markets), columns)
    assert portfolio.fits().all()
    found = zip(*(prices.tolist() for prices in portfolio.bands()), strict=True)
    expected = [band_of_rules(markets, cash, held, place) for cash, held in rows for place in range(len(held))]
    assert list(found) == expected
    assert {(below != NO_PRICE, above != NO_PRICE) for below, above in expected} == {*product((False, True), repeat=2)}


def band_of_rules(markets: list[Market], cash: int, held: list[tuple[int, int]], place: int) -> tuple[int, int]:
    """The band of a domain in the market of one of its positions, whose costs are their values at mark."""
    market = markets[held[place][0]]
    equity, maintenance = cash, 0
    exposures: list[Exposure] = []
    for number, lots in held:
        value = Money(lots * markets[number].marked())
        if markets[number] is market:
            equity, exposures = equity - value, [*exposures, Exposure(lots, market.tiers)]
        else:
            maintenance += maintenance_margin(notional_of(value), markets[number].tiers.holding(notional_of(value)))
    view, mark = PriceView(Money(equity), Money(maintenance), tuple(exposures)), market.marked()
    if health_at(view, mark) <= 0:
        return mark, mark
    ends = (band_end(view, mark, Price(1)), band_end(view, mark, highest_price(view)))
    return ends[0] or NO_PRICE, ends[1] or NO_PRICE


@pytest.mark.parametrize("most_lots", [10**6, 8_000])
@pytest.mark.parametrize("threads", [1, 2])
def test_isolated_positions_of_a_market_are_unhealthy_alike(threads: int, most_lots: int) -> None:
    """Of all tiers, and of none but the first."""
    chance = np.random.default_rng(6)
    portfolio = many(chance, np.ones(1300, np.int64), threads)
    lots, cash = portfolio.positions.quantities % most_lots + 1, portfolio.positions.cash % (most_lots * 10**7)
    columns = portfolio.positions._replace(markets=np.full(1300, 2), quantities=lots, cash=cash)
    alike = attrs.evolve(portfolio, positions=columns)
    alike = attrs.evolve(
        alike, positions=alike.positions._replace(costs=alike.positions.quantities * alike.markets.unit_values[2])
    )
    figures = alike.domain_figures()
    expected = figures.equity <= figures.maintenance
    assert alike.unhealthy(2).tolist() == expected.tolist()
    assert 0 < expected.sum() < len(expected)
