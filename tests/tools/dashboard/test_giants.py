"""Figures as large as the rules allow, and losses beyond all funds, break no page, and no link leads to nothing."""

import json
import re
from collections.abc import Callable
from contextlib import closing
from html import unescape
from operator import itemgetter
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from marginspec.model.state import Header, State
from marginspec.transition import SpecificationEngine
from marginspec_conformance.generator.journals import giant_journal, ruin_journal
from marginspec_journal import Record, write_journal
from marginspec_journal.decimals import decimal_text
from marginspec_tools.dashboard.app import Dashboard
from marginspec_tools.dashboard.index import Builder, Index
from marginspec_tools.dashboard.view import Source
from worlds.lines import lines_of_the_day
from worlds.served import answer_of

EVENTS = 400
FOLLOWED = 60
"""Of the links of all pages, so many are followed."""
MAIN, LINK = re.compile("<main.*?</main>", re.DOTALL), re.compile(' href="(/[^"#]*)')
Kind = Callable[[int, int], tuple[Header, Any]]


def written(path: Path, kind: Kind, seed: int) -> State:
    """Write a random journal; gives the state at its end."""
    header, choose = kind(seed, EVENTS)
    engine, records = SpecificationEngine.from_header(header), list[Record]()
    for line in range(2, EVENTS + 2):
        records.append(Record(line, choose(engine.state())))
        engine.apply(records[-1].event)
    write_journal(path, header, records)
    return engine.state()


def links_of(page: str) -> set[str]:
    """Where a page's own part leads to, but for orders of tables."""
    found = {unescape(one) for text in MAIN.findall(page) for one in LINK.findall(text)}
    return {one for one in found if ".sort=" not in one}


@pytest.mark.parametrize(("kind", "seed", "least"), [(giant_journal, 3, 2**59), (ruin_journal, 3, 1)])
def test_every_page_and_what_it_leads_to_is_there(tmp_path: Path, kind: Kind, seed: int, least: int) -> None:
    state = written(tmp_path / "a.jsonl", kind, seed)
    with closing(Builder(tmp_path / "a.jsonl", tmp_path / "a.index")) as builder:
        builder.build()
    with closing(Index(tmp_path / "a.index")) as index:
        dashboard = Dashboard(index, Source(tmp_path / "a.jsonl"))
        paths = ["/overview", "/liquidations", "/invariants", "/events", "/accounts", "/whatif?sweep=all"]
        paths += [f"/{page}?market={quote(name, safe='')}" for name in state.markets for page in ("market", "queue")]
        paths += [f"/account?account={name}" for name in state.accounts]
        shown = {path: answer_of(dashboard, path) for path in paths}
        links = sorted(set[str]().union(*(links_of(answer.text) for answer in shown.values())) - set(paths))
        assert len(links) > FOLLOWED
        shown |= {path: answer_of(dashboard, path) for path in links[:: len(links) // FOLLOWED]}
    assert {path: answer.status_code for path, answer in shown.items() if answer.status_code != 200} == {}
    # The largest figure stands there to the last digit.
    paid_in = [(one.asset, -held) for one, held in state.ledger.items() if one.kind == "external"]
    asset, most = max(paid_in, key=itemgetter(1))
    assert most >= least
    told = f"net deposits: {decimal_text(most, state.header.decimals(asset))}, all that was paid in less all paid out"
    assert told in shown["/overview"].text


def test_an_account_that_a_refused_event_names_has_no_page(tmp_path: Path) -> None:
    journal = tmp_path / "a.jsonl"
    header = lines_of_the_day()[0].decode()
    deposit, withdraw = (
        json.dumps({"type": kind, "account": name, "asset": "USDT", "amount": "1"})
        for kind, name in (("deposit", "alice"), ("withdraw", "bob"))
    )
    journal.write_text(f"{header}{deposit}\n{withdraw}\n", "utf-8")
    with closing(Builder(journal, tmp_path / "a.index")) as builder:
        builder.build()
    with closing(Index(tmp_path / "a.index")) as index:
        pages = [answer_of(Dashboard(index, Source(journal)), f"/event?at={event}").text for event in (1, 2)]
    assert '<p>Accounts: <a href="/account?at=1&amp;account=alice"><bdi>alice</bdi></a>.</p>' in pages[0]
    assert "<p>Accounts: <bdi>bob</bdi>.</p>" in pages[1]
