"""The accounts by name; one that is asked for by its whole name has a page of its own."""

from collections.abc import Mapping
from typing import Any

from marginspec_tools.dashboard.tables import Column, Order, Read, Row, Table
from marginspec_tools.dashboard.view import Page, View


def content(view: View) -> Mapping[str, Any]:
    """What is looked for."""
    return {"prefix": view.parameters.get("prefix", ""), "accounts": view.head.accounts}


def accounts_table(view: View) -> Table:
    """The accounts whose names begin so, in the order of their names."""
    prefix = view.parameters.get("prefix", "")

    def read(after: str, most: int) -> Read:
        """Some accounts."""
        names = view.index.accounts(view.at, prefix, after, most)
        rows = [Row(name, (name,), {"account": view.to("account", account=name)}) for name in names]
        return Read(rows, names[-1] if len(names) == most else "")

    return Table("accounts", "Accounts", ACCOUNTS, Order("account"), read=read)


ACCOUNTS = (Column("account", "account", "name"),)

PAGE = Page("accounts", "Accounts", "accounts.html", content, {"accounts": accounts_table}, parameters=("prefix",))
