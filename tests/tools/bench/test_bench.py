"""The bench: its figures for people and for programs, and its plots; that it runs, not how fast."""

import json
import subprocess
import sys
from pathlib import Path

import attrs
import msgspec
import pytest
from click.testing import CliRunner

from marginspec_journal import InputError
from marginspec_tools.bench import engine as measuring
from marginspec_tools.bench.command import ReplayCost, command, drawing, plain_lines
from marginspec_tools.bench.crashes import PUBLISHED as CRASH_PUBLISHED
from marginspec_tools.bench.crashes import our_crash
from marginspec_tools.bench.exchanges import crashing_exchange
from marginspec_tools.bench.measurements import Measured, Measurement, growth
from marginspec_tools.bench.mixed import SHARES, Columns, Mixed
from marginspec_tools.bench.plots import PLOTS, write_plot, write_plots
from marginspec_tools.bench.replays import LAUNCHER, START_ROW, Sample, Taken, linearity, part_of, sized
from marginspec_tools.bench.ticks import worst_ticks


def test_the_command_measures_each_size() -> None:
    result = CliRunner().invoke(command, ["--accounts", "50", "--accounts", "100", "--events", "200", "--json"])
    assert result.exit_code == 0
    lines = [json.loads(line) for line in result.output.splitlines()]
    assert [(line["accounts"], line["events"]) for line in lines] == [(50, 200), (100, 200)]
    assert all(line["events_per_s"] > 0 and line["times_reference"] > 0 for line in lines)
    assert lines[0]["times_first_size"] == 1


def test_people_read_rates_and_ratios() -> None:
    measured = [ReplayCost(1_000, 5_000, 1.0, 0.1), ReplayCost(10_000, 5_000, 1.1, 0.1)]
    assert list(plain_lines(measured)) == [
        "Replay by the specification: reading, rules, receipts and hash, in processor time of one core.",
        "  1,000 accounts: 5,000 events/s, 10.0 times the reference loop's time",
        " 10,000 accounts: 4,545 events/s, 11.0 times the reference loop's time",
        "Cost of an event at 10,000 accounts: 1.10 times that at 1,000.",
        "Reference loop: parse each line with json, write it canonically, chain it with SHA-256.",
    ]


# ----------------------------------------------------------------- the optimized engine


FASTER = Measurement("crash", "crash of 100 accounts", 100, 0.5, "lrvx", 60.0, 40, "by its engine")
SLOWER = attrs.evolve(FASTER, ours_us=2.0, note="")
ALONE = Measurement("isolated ticks", "mark", 10_000, 0.5)
GROWN = attrs.evolve(ALONE, size=1_000_000, ours_us=1.25)


def test_a_figure_says_what_is_needed_and_whether_it_is_reached() -> None:
    assert FASTER.plain() == (
        "crash of 100 accounts: 0.500 us, 120 times faster than lrvx (60.000 us); needed 40: reached (by its engine)"
    )
    assert SLOWER.plain() == (
        "crash of 100 accounts: 2.000 us, 30 times faster than lrvx (60.000 us); needed 40: NOT REACHED"
    )
    assert ALONE.plain() == "mark: 0.500 us"
    assert (FASTER.is_reached, SLOWER.is_reached, ALONE.is_reached) == (True, False, None)


def test_programs_read_ratios_and_what_is_reached() -> None:
    line = json.loads(msgspec.json.encode(FASTER.fields()))
    assert (line["kind"], line["ratio"], line["needed"], line["reached"]) == ("figure", 120, 40, True)
    line = json.loads(msgspec.json.encode(ALONE.fields()))
    assert (line["ratio"], line["needed"], line["reached"]) == (None, None, None)


def test_growth_is_bounded_from_the_smallest_to_the_largest_size() -> None:
    (bound,) = growth([ALONE, GROWN], smallest=10_000, largest=1_000_000, at_most=2)
    assert bound.plain() == (
        "isolated ticks: cost at 1,000,000 accounts over that at 10,000: 2.50 times; needed at most 2: NOT REACHED"
    )
    assert bound.fields()["reached"] is False
    assert list(growth([ALONE], smallest=10_000, largest=1_000_000, at_most=2)) == []


def test_the_largest_mixed_journal_is_that_of_the_bar_and_smaller_ones_have_as_many_positions_in_a_market() -> None:
    assert sized(10**6) == Mixed(437_000, 624, 3_200_000, 7)
    assert part_of(sized(10**6), 4) == Mixed(109_250, 156, 800_000, 7)
    assert sum(SHARES.values()) == pytest.approx(1)
    assert SHARES["mark_price"] == 0.099


def test_both_sides_of_a_trade_hold_positions_in_the_same_markets() -> None:
    columns = Columns(Mixed(437, 6, 5_000, 7))
    trades = columns.buyer >= 0
    assert (columns.buyer[trades] != columns.seller[trades]).all()
    assert len({*zip(columns.seller[trades], columns.market[trades], strict=True)}) <= 2 * 437


def test_the_specification_is_weighed_by_the_shares_of_types_not_by_their_counts() -> None:
    sample = Sample()
    sample.add({"read_s": 1.0, "seconds": {"trade": 2.0, "mark_price": 9.0}, "counts": {"trade": 1, "mark_price": 9}})
    shares = SHARES["trade"], SHARES["mark_price"]
    assert sample.seconds_an_event(SHARES) == pytest.approx(0.1 + (2 * shares[0] + shares[1]) / sum(shares))
    assert sample.seconds_an_event(["trade"]) == pytest.approx(2.1)


def test_a_launched_process_reports_its_own_memory_not_that_of_who_launched_it() -> None:
    ballast = bytearray(400_000_000)
    ballast[::4096] = b"\1" * len(ballast[::4096])
    launched = subprocess.run(
        [sys.executable, str(LAUNCHER), sys.executable, "-c", "print('not shown')"], capture_output=True, check=True
    )
    took = Taken(**json.loads(launched.stdout))
    assert 0 < took.peak_bytes < 200_000_000
    assert took.processor_s > 0
    assert took.seconds > 0


def test_nothing_is_said_of_growth_where_the_start_is_most_of_what_a_replay_takes() -> None:
    short, long = Taken(2.0, 3.0, 1), Taken(12.0, 12.0, 1)
    assert list(linearity(2.0, (100, short), (400, long))) == []
    (bound,) = linearity(1.0, (100, short), (400, long))
    assert bound.amount == pytest.approx(11 / 400 / (2 / 100))


def test_a_crash_of_ours_liquidates_and_deleverages() -> None:
    taken = our_crash(crashing_exchange(200))
    assert 0 < taken.deleveragings <= taken.liquidations < 100
    assert taken.effects == taken.liquidations + taken.deleveragings


def test_worst_paths_trigger_nothing() -> None:
    assert [one.size for one in worst_ticks(200, None)] == [200, 200, 200]


# ----------------------------------------------------------------- plots


def drawable() -> list[Measured]:
    """A figure of each row that is drawn, at two sizes."""
    rows = {(line.row, line.peer) for plot in PLOTS for line in plot.lines if line.peer is not None}
    measurements = [
        Measurement(row, "", size, 0.5, peer, size / 10, 40) for row, peer in sorted(rows) for size in (1_000, 10_000)
    ]
    return [*measurements, Measurement(CRASH_PUBLISHED, "", 1_000, 2.0), Measurement(START_ROW, "", 100, 10_000.0)]


def test_plots_are_small_and_the_same_each_time(tmp_path: Path) -> None:
    for folder in (tmp_path / "one", tmp_path / "two"):
        folder.mkdir()
        write_plots(drawable(), folder)
    drawn = sorted((tmp_path / "one").iterdir())
    assert [path.name for path in drawn] == sorted([*(f"{plot.name}.svg" for plot in PLOTS), "mixed-seconds.svg"])
    for path in drawn:
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()
        assert len(path.read_bytes()) < 50_000
        assert b"<dc:date>" not in path.read_bytes()


def test_a_plot_that_cannot_be_drawn_leaves_nothing_of_it(tmp_path: Path) -> None:
    def fail(axes: object) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_plot(tmp_path / "plot.svg", fail)
    assert list(tmp_path.iterdir()) == []


def test_the_command_measures_the_fast_engine_and_draws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "measured", lambda *_: iter(drawable()))
    options = ["--fast", "1000", "--json", "--plots", str(tmp_path / "new"), "--environments", str(tmp_path)]
    outcome = CliRunner().invoke(command, options)
    assert outcome.exit_code == 0
    assert {json.loads(line)["bench"] for line in outcome.output.splitlines()} == {4}
    assert len(list((tmp_path / "new").iterdir())) == len(PLOTS) + 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--plots", "folder"], "--plots needs --fast"),
        (["--plots", "folder", "--setup"], "--plots has no effect with --setup"),
        (["--environments", "folder"], "--environments needs --fast"),
        (["--setup", "--fast", "1000"], "--fast has no effect with --setup"),
        (["--fast", "1000", "--repeats", "3"], "--repeats has no effect with --fast"),
        (["--fast", "1000", "--accounts", "50"], "--accounts has no effect with --fast"),
        (["--setup", "--events", "100"], "--events has no effect with --setup"),
        (["--fast", "10"], "not in the range"),
        (["--fast", "1000", "--plots", __file__], "is a file"),
    ],
)
def test_options_that_do_not_fit_are_refused(options: list[str], said: str) -> None:
    outcome = CliRunner().invoke(command, options)
    assert outcome.exit_code == 2
    assert said in outcome.output


def test_a_folder_that_cannot_be_made_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        drawing(tmp_path / "file" / "folder")
