"""The bench: its figures for people and for programs; that it runs, not how fast."""

import json

from click.testing import CliRunner

from marginspec_tools.bench import Measured, command, plain_lines


def test_the_command_measures_each_size() -> None:
    result = CliRunner().invoke(command, ["--accounts", "50", "--accounts", "100", "--events", "200", "--json"])
    assert result.exit_code == 0
    lines = [json.loads(line) for line in result.output.splitlines()]
    assert [(line["accounts"], line["events"]) for line in lines] == [(50, 200), (100, 200)]
    assert all(line["events_per_s"] > 0 and line["times_reference"] > 0 for line in lines)
    assert lines[0]["times_first_size"] == 1


def test_people_read_rates_and_ratios() -> None:
    measured = [Measured(1_000, 5_000, 1.0, 0.1), Measured(10_000, 5_000, 1.1, 0.1)]
    assert list(plain_lines(measured)) == [
        "Replay by the specification: reading, rules, receipts and hash, in processor time of one core.",
        "  1,000 accounts: 5,000 events/s, 10.0 times the reference loop's time",
        " 10,000 accounts: 4,545 events/s, 11.0 times the reference loop's time",
        "Cost of an event at 10,000 accounts: 1.10 times that at 1,000.",
        "Reference loop: parse each line with json, write it canonically, chain it with SHA-256.",
    ]
