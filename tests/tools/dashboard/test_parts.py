"""What pages are put together from: figures, tables in order and in pages, charts, and the bands of a market."""

import json
from collections.abc import Callable, Iterable

import attrs
import pytest
from markupsafe import Markup

from marginspec.handlers.guards import check_band, check_fill_band
from marginspec.model.market import Limits
from marginspec.model.rejections import Rejected
from marginspec.model.units import Price, Rate
from marginspec_tools.dashboard.charts import Chart, Line, Scale, draw, label_text, path, share_bar, span_of, ticks
from marginspec_tools.dashboard.explanations import Entry, entries
from marginspec_tools.dashboard.index.answers import Point
from marginspec_tools.dashboard.numbers import number, ratio_text, short
from marginspec_tools.dashboard.pages.market import allowed_prices
from marginspec_tools.dashboard.tables import Column, Order, Read, Row, Table, csv_lines, json_lines, order_of
from worlds.states import minimal

# ----------------------------------------------------------------- figures


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("0", '<span class="number zero">0</span>'),
        ("0.00", '<span class="number zero">0<i>.00</i></span>'),
        ("12", '<span class="number">12</span>'),
        ("1234567.8900", '<span class="number">1<b>234</b><b>567</b>.89<i>00</i></span>'),
        ("-123456.00", '<span class="number">-123<b>456</b><i>.00</i></span>'),
        ("0.00000556", '<span class="number">0.00000556</span>'),
        ("<b>", "&lt;b&gt;"),
        ("\u0661", "\u0661"),
        ("", ""),
    ],
)
def test_a_figure_is_copied_as_it_is_written(text: str, shown: str) -> None:
    assert number(text) == shown
    assert Markup(number(text)).striptags() == text


def test_short_decimals_and_ratios() -> None:
    assert [short(one) for one in ("1.50", "1.00", "100", "0.00")] == ["1.5", "1", "100", "0"]
    assert [ratio_text(*one) for one in ((2, 3), (0, 5), (10**30, 1))] == ["0.66", "0.00", f"1{'0' * 30}.00"]


# ----------------------------------------------------------------- tables

COLUMNS = (Column("name", "name", "name"), Column("amount", "amount", "number"))
ROWS = [
    Row(key, (key, amount)) for key, amount in (("a", "9"), ("b", "-10.5"), ("c", None), ("d", "10"), ("e", "9.00"))
]
TABLE = Table("some", "Some", COLUMNS, Order("name"), ROWS)


def keys(rows: Iterable[Row]) -> str:
    return "".join(row.key for row in rows)


def test_rows_stand_in_the_order_asked_for() -> None:
    orders = {"": "abcde", "name": "abcde", "-name": "edcba", "amount": "baedc", "-amount": "daebc"}
    for text, expected in orders.items():
        order = order_of(TABLE, text)
        assert order is not None
        assert keys(TABLE.sorted_rows(order)) == expected
    assert [order_of(TABLE, text) for text in ("other", "--name", "-")] == [None, None, None]


def test_numbers_wider_than_floats_are_told_apart() -> None:
    wide = [Row(str(one), (str(one), f"{10**30 + one}.00000001")) for one in (3, 1, 2)]
    assert keys(attrs.evolve(TABLE, rows=wide).sorted_rows(Order("amount"))) == "123"


def test_pages_go_on_behind_a_key() -> None:
    first = TABLE.page(Order("name"), "", 2)
    second = TABLE.page(Order("name"), first.more, 2)
    third = TABLE.page(Order("name"), second.more, 2)
    assert [keys(one.rows) for one in (first, second, third)] == ["ab", "cd", "e"]
    assert [(one.is_later, one.more) for one in (first, second, third)] == [(False, "b"), (True, "d"), (True, "")]
    gone = TABLE.page(Order("name"), "gone", 2)
    assert (keys(gone.rows), gone.is_later) == ("ab", False)


def test_a_click_sorts_numbers_from_the_highest_and_names_from_the_first() -> None:
    sheet = TABLE.page(Order("name"), "")
    assert [str(sheet.order_by(column)) for column in COLUMNS] == ["-name", "-amount"]


def test_what_is_read_is_read_to_its_end_for_a_file() -> None:
    asked: list[str] = []

    def read(after: str, most: int) -> Read:
        asked.append(after)
        at = int(after or 0)
        # A page may have no rows and still go on.
        return Read([] if at == 2 else [Row(str(at), (str(at), "1"))], str(at + 1) if at < 4 else "")

    table = Table("some", "Some", COLUMNS, Order("name", True), read=read)
    assert [record["name"] for record in table.records()] == ["0", "1", "3", "4"]
    assert asked == ["", "1", "2", "3", "4"]
    assert table.orders() == []
    assert order_of(table, "name") is None


def test_files() -> None:
    quoted = attrs.evolve(TABLE, rows=[Row("x", ('a"b,c', None))])
    assert list(csv_lines(quoted)) == ["name,amount\r\n", '"a""b,c",\r\n']
    assert json.loads(b"".join(json_lines(quoted))) == [{"name": 'a"b,c', "amount": None}]


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+1", "-1.0", "@SUM(1)"])
def test_no_name_is_a_formula_in_a_spreadsheet(name: str) -> None:
    named = attrs.evolve(TABLE, rows=[Row("x", (name, "-2.50"))])
    assert list(csv_lines(named)) == ["name,amount\r\n", f"'{name},-2.50\r\n"]
    assert json.loads(b"".join(json_lines(named))) == [{"name": name, "amount": "-2.50"}]
    assert json.loads(b"".join(json_lines(TABLE)))[1] == {"name": "b", "amount": "-10.5"}
    assert b"".join(json_lines(attrs.evolve(TABLE, rows=[]))) == b"[]\n"


# ----------------------------------------------------------------- charts


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        ((0, 100), [0, 50, 100]),
        ((0, 1), [0, 1]),
        ((-7, 12), [-10, -5, 0, 5, 10, 15]),
        ((0, 10**30), [0, 5 * 10**29, 10**30]),
        ((95, 103), [94, 96, 98, 100, 102, 104]),
    ],
)
def test_ticks_are_round_and_hold_the_span(span: tuple[int, int], expected: list[int]) -> None:
    assert ticks(*span, 4) == expected


def test_labels_are_exact() -> None:
    thin = "\N{NARROW NO-BREAK SPACE}"
    labels = {"0.00": "0", "1500.50": f"1{thin}500.5", "-2000000.00": f"-2{thin}000{thin}000", "-0.50": "-0.5"}
    assert {text: label_text(text) for text in labels} == labels


def point(event: int, value: int) -> Point:
    return Point(event, event, value, value, value)


def test_a_line_goes_in_steps_and_a_stretch_is_a_stroke() -> None:
    scale = Scale(0, 10, 0, 100)
    assert path(Line("a", [point(0, 0), point(5, 50)]), scale) == "M0 1000V1000H1000V500H2000"
    assert path(Line("a", [point(0, 0), Point(5, 9, 10, 90, 50)]), scale) == "M0 1000V1000H1000V900V100V500H2000"
    assert path(Line("a", []), scale) == ""


def test_a_chart_of_nothing_has_a_scale_of_one_unit() -> None:
    chart = Chart("id", "Title", "Told.", "USDT", 2, 0, 0, [Line("a", [point(0, 0)])])
    assert span_of(chart) == (0, 100)
    assert '<title id="id-title">Title</title><desc id="id-told">Told.</desc>' in draw(chart)


def test_giant_values_are_drawn() -> None:
    line = Line("a", [point(0, -(10**40)), point(1, 10**40)])
    drawn = draw(Chart("id", "T", "t", "USDT", 8, 0, 1, [line]))
    assert f"{10**32:,}".replace(",", "\N{NARROW NO-BREAK SPACE}") in drawn


def test_what_a_chart_tells_is_text() -> None:
    chart = Chart('"><script>', "<b>", "</desc><b>", "USDT", 2, 0, 1, [Line("<b>", [point(0, 5)])])
    assert "<b>" not in draw(chart)
    assert "<script>" not in draw(chart)


def test_extremes_are_the_first_of_their_kind() -> None:
    line = Line("a", [point(0, 5), Point(1, 4, 2, 9, 3), point(5, 9), point(6, 2)])
    found = {word: tuple(one) for word, one in line.extremes().items()}
    assert found == {"first": (0, 0, 5), "lowest": (1, 4, 2), "highest": (1, 4, 9), "last": (6, 6, 2)}


@pytest.mark.parametrize(
    ("part", "whole", "width", "is_empty"),
    [(0, 100, "0.00%", False), (1, 3, "33.33%", False), (5, 3, "100.00%", False), (0, 0, "0.00%", True)],
)
def test_a_bar_shows_a_share(part: int, whole: int, width: str, is_empty: bool) -> None:
    bar = share_bar(part, whole)
    assert f'class="part" width="{width}"' in bar
    assert ("empty" in bar) == is_empty


# ----------------------------------------------------------------- explanations, bands


def test_indented_lines_become_a_tree() -> None:
    lines = ["title", "  a: 1", "      with b", "  -> c", "    d", "other"]
    tree = [
        Entry("title", parts=[Entry("a: 1", parts=[Entry("with b")]), Entry("-> c", True, [Entry("d")])]),
        Entry("other"),
    ]
    assert entries(lines) == tree


@pytest.mark.parametrize("mark", [1, 7, 100, 9_999, 10**6 + 1])
@pytest.mark.parametrize("tick", [1, 5, 100])
@pytest.mark.parametrize("band", [1, 10**6, 3_333_333, 10**8])
def test_the_prices_that_bands_allow_are_those_the_rules_allow(mark: int, tick: int, band: int) -> None:
    limits = Limits(price_band=Rate(band), fill_band=Rate(band))
    mark *= tick
    market = attrs.evolve(minimal("A"), mark=Price(mark), tick=Price(tick), limits=limits)
    trades, fills = allowed_prices(market)
    assert (trades.name, fills.name) == ("price_band", "fill_band")
    # Below a tick there is no price.
    for prices in ((trades.low, trades.low - tick), (trades.high, trades.high + tick)):
        away = [abs(price - mark) for price in prices if price > 0]
        assert [is_within(lambda one: check_band(market, one), one) for one in away] == [True, False][: len(away)]
    for prices in ((fills.low, fills.low - tick), (fills.high, fills.high + tick)):
        worse = [(mark - price) * (1 if prices[0] > prices[1] else -1) for price in prices if price > 0]
        assert [is_within(lambda one: check_fill_band(market, one), one) for one in worse] == [True, False][
            : len(worse)
        ]


def is_within(check: Callable[[Price], None], distance: int) -> bool:
    """Whether a check of the rules lets a distance pass."""
    try:
        check(Price(distance))
    except Rejected:
        return False
    return True
