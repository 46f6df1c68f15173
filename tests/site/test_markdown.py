"""Pieces of Markdown: what is written reads the same, and tables are read as they stand."""

from pathlib import Path

from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from rulebook_site.markdown import Row, code_block, fold, plain, quoted, rows_in, table

TEXTS = st.text(st.sampled_from("ab12 `*_[]()<>#|{}~$&\\-"), min_size=1, max_size=20).map(str.strip).filter(bool)


def rendered(text: str) -> BeautifulSoup:
    return BeautifulSoup(MarkdownIt("commonmark").enable("table").render(text), "html.parser")


@given(TEXTS)
def test_a_plain_text_reads_the_same_in_a_table(text: str) -> None:
    (cell,) = rendered(table(("said",), [(plain(text),)])).find_all("td")
    assert " ".join(cell.get_text().split()) == " ".join(text.split())
    assert cell.find(True) is None


@given(TEXTS.filter(lambda text: "``" not in text and "\\" not in text))
def test_a_quoted_text_reads_the_same_in_a_table(text: str) -> None:
    (code,) = rendered(table(("said",), [(quoted(text),)])).find_all("code")
    assert code.get_text() == text


def test_numbers_stand_in_the_last_columns() -> None:
    assert table(("name", "count"), [("a|b", 2)], numbers=1) == "| name | count |\n| --- | --: |\n| a\\|b | 2 |\n"


def test_a_fold_holds_markdown_and_its_title_no_markup() -> None:
    shown = rendered(fold("Code", "<3 lines>", code_block("python", "a = 1\n"), is_open=True))
    assert [one.get_text() for one in shown.select("details[open] > summary")] == ["Code <3 lines>"]
    assert [one.get_text() for one in shown.select("details code")] == ["a = 1\n"]
    assert rendered(fold("Code", "", "")).select("details[open]") == []


def test_rows_know_the_heading_above_their_table(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One\n\n| a | b |\n|---|---|\n| `x|` | y |\n\n## Two\n\n| c |\n|---|\n| z\\|z |\n", "utf-8")
    assert rows_in(page)[-1] == Row("Two", ("z|z",))
    assert [row.heading for row in rows_in(page)] == ["One", "Two"]
