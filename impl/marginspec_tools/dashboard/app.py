"""The application: addresses, pages, tables as files, word of new events, and errors as plain pages with a reason."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from marginspec import RULEBOOK_VERSION
from marginspec_journal import InputError
from marginspec_journal.decimals import decimal_text
from marginspec_tools.audit import title_of
from marginspec_tools.dashboard import charts, numbers
from marginspec_tools.dashboard.index import Index, NotThere
from marginspec_tools.dashboard.index.answers import Head
from marginspec_tools.dashboard.pages import PAGES
from marginspec_tools.dashboard.security import Guard
from marginspec_tools.dashboard.tables import csv_lines, json_lines
from marginspec_tools.dashboard.view import CHART, FROM, Kept, Page, Source, Unanswerable, View

FOLDER = Path(__file__).parent
LOOK_EVERY_S, SAY_EVERY_S = 0.5, 15.0
"""How often new events are looked for, and how often a reader is told that nothing is new."""
MEDIA = {"csv": "text/csv", "json": "application/json"}


class Dashboard:
    """The pages of one journal."""

    def __init__(self, index: Index, source: Source, pages: Sequence[Page] = PAGES) -> None:
        self._index, self._source = index, source
        self.pages = {page.name: page for page in pages if page.is_there(source)}
        self.is_closing = False
        self._kept = Kept()
        self._templates = templates(self.pages)

    def application(self, port: int) -> ASGIApp:
        """What a server on a port of this machine runs."""
        routes = [
            Route("/", self._first_page),
            Mount("/static", StaticFiles(directory=FOLDER / "static")),
            Route("/changes", self._changes),
            Route("/{page}", self._page),
            Route("/{page}/charts.json", self._series),
            Route("/{page}/{table}.{suffix}", self._table),
        ]
        handlers: Any = {
            HTTPException: self._not_found,
            Unanswerable: self._unanswerable,
            NotThere: self._not_there,
            InputError: self._unreadable,
            sqlite3.Error: self._unreadable,
            Exception: self._failed,
        }
        return Guard(Starlette(routes=routes, exception_handlers=handlers), port)

    # ------------------------------------------------------------- answers

    def _first_page(self, request: Request) -> Response:  # noqa: ARG002 - as routes call it
        return RedirectResponse(f"/{next(iter(self.pages))}")

    def _page(self, request: Request) -> Response:
        view = self._view(request)
        content = view.page.content(view)
        template = self._templates.get_template(view.page.template)
        return HTMLResponse(template.render({"view": view, **content}), headers={"Cache-Control": "no-store"})

    def _table(self, request: Request) -> Response:
        view, name, suffix = (
            self._view(request, is_file=True),
            request.path_params["table"],
            request.path_params["suffix"],
        )
        if name not in view.page.tables or suffix not in MEDIA:
            known = ", ".join(f"{one}.{suffix}" for one in view.page.tables for suffix in MEDIA)
            raise Unanswerable(404, "No such table", f"The page {view.page.name} has {known or 'no tables'}.")
        table = view.table(name)
        lines: Any = csv_lines(table) if suffix == "csv" else json_lines(table)
        file = f"{view.page.name}-{name}-{view.at}.{suffix}"
        headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{file}"'}
        return StreamingResponse(lines, media_type=MEDIA[suffix], headers=headers)

    def _series(self, request: Request) -> Response:
        """A chart's lines, for who looks into a stretch of them; amounts as exact decimals."""
        view = self._view(request, (CHART, FROM))
        found = next((one for one in view.page.charts(view) if one.id == view.parameters.get(CHART)), None)
        if found is None:
            raise Unanswerable(404, "No such chart", f"The page {view.page.name} has no chart of that name.")
        return JSONResponse(charts.series_of(found), headers={"Cache-Control": "no-store"})

    def _view(self, request: Request, more: tuple[str, ...] = (), *, is_file: bool = False) -> View:
        name = request.path_params["page"]
        if name not in self.pages:
            raise Unanswerable(404, "No such page", f"There are the pages {', '.join(self.pages)}.")
        asked = request.query_params.multi_items()
        page = self.pages[name]
        for parameter, _ in asked:
            if not (page.accepts(parameter) or parameter in more) or [one for one, _ in asked].count(parameter) > 1:
                reason = f"The page {name} takes each of its parameters once, and none named {parameter!r}."
                raise Unanswerable(400, "Not understood", reason)
        head = self._index.head()
        return View(page, self.pages, self._index, self._source, dict(asked), head, self._kept, is_file)

    # ------------------------------------------------------------- new events

    async def _changes(self, request: Request) -> Response:
        return StreamingResponse(
            self._ticks(request), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
        )

    async def _ticks(self, request: Request) -> AsyncIterator[str]:
        """What is known of the journal as a mark: at once, and whenever it is another, until reader or server go."""
        head, known, waited = await self._head(), None, 0.0
        while not self.is_closing and not await request.is_disconnected():
            if head.mark != known:
                known, waited = head.mark, 0.0
                yield f"event: tick\ndata: {known}\n\n"
            elif waited >= SAY_EVERY_S:
                waited = 0.0
                yield ": nothing new\n\n"
            await asyncio.sleep(LOOK_EVERY_S)
            head, waited = await self._head(), waited + LOOK_EVERY_S

    async def _head(self) -> Head:
        return await run_in_threadpool(self._index.head)

    # ------------------------------------------------------------- errors

    def _unanswerable(self, request: Request, error: Unanswerable) -> Response:  # noqa: ARG002 - as handlers are called
        return self._error(error.status, error.title, str(error), error.event, error.address)

    def _not_there(self, request: Request, error: NotThere) -> Response:  # noqa: ARG002 - as handlers are called
        return self._error(404, "Not there", f"This is not known here: {error}.")

    def _unreadable(self, request: Request, error: Exception) -> Response:  # noqa: ARG002 - as handlers are called
        reason = f"The index cannot be read: {error}. Start marginspec again; it is built anew if it is gone."
        return self._error(503, "No index", reason)

    def _not_found(self, request: Request, error: HTTPException) -> Response:
        reason = f"Nothing stands at {request.url.path}."
        return self._error(error.status_code, HTTPStatus(error.status_code).phrase, reason)

    def _failed(self, request: Request, error: Exception) -> Response:  # noqa: ARG002 - as handlers are called
        reason = f"marginspec failed at this page: {type(error).__name__}. The terminal it runs in says more."
        return self._error(500, "Internal error", reason)

    def _error(self, status: int, title: str, reason: str, event: int = 0, address: str = "") -> Response:
        """A plain page that says what is wrong, and leads to where it would not be."""
        told = {"title": title, "reason": reason, "status": status, "event": event, "address": address}
        text = self._templates.get_template("error.html").render(told)
        return HTMLResponse(text, status, {"Cache-Control": "no-store"})


def templates(pages: Mapping[str, Page]) -> Environment:
    """The templates: what is put into them is text, unless it was made as markup here; a missing name is an error."""
    made = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(number=numbers.number, count=numbers.count, short=numbers.short)
    made.globals.update(
        navigation=[page for page in pages.values() if page.in_navigation],
        draw=charts.draw,
        share_bar=charts.share_bar,
        stacked_bar=charts.stacked_bar,
        decimal_text=decimal_text,
        title_of=title_of,
        rulebook=RULEBOOK_VERSION,
    )
    return made
