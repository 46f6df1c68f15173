"""What every request must be, and what every answer says: readers on this machine only, who change nothing.

A page of another site, open in the same browser, can send requests here. It gets no answer that it could read: it
cannot name this host as its own (the check of Host), frame a page, or load anything of it as a resource of its own.
Nor does it have this machine work for nothing: a browser tells what another site asks for (Sec-Fetch-Site), and that is
refused before any page is made, links among it.
"""

import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

METHODS = ("GET", "HEAD")
OWN_SITES = ("same-origin", "none")
"""What a browser says of a request that a page of ours, or the reader's own hand, made."""
FOREIGN = "Asked by another site. Put the address into the browser's address bar.\n"
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Stand in every answer, errors among them."""


def is_loopback(host: str) -> bool:
    """Whether a host, as an address or a name, is this machine and nobody else; no name is looked up."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def names_us(stated: str, port: int) -> bool:
    """Whether a Host header names a loopback address or localhost, with our port."""
    try:
        parts = urlsplit(f"//{stated}")
        host, stated_port = parts.hostname, parts.port
    except ValueError:
        return False
    return parts.netloc == stated and "@" not in stated and is_loopback(host or "") and (stated_port or 80) == port


class Guard:
    """Answers what may not be asked, and adds the headers to every answer."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._app, self._port = app, port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                # What is kept by a browser is asked for again, so that it is of the version that runs.
                headers.setdefault("Cache-Control", "no-cache")
            await send(message)

        app = self._refusal(scope["method"], Headers(scope=scope)) or self._app
        await app(scope, receive, send_with_headers)

    def _refusal(self, method: str, headers: Headers) -> ASGIApp | None:
        """The answer to a request that may not be made, if it is one."""
        named = headers.getlist("host")
        if len(named) != 1 or not names_us(named[0], self._port):
            return PlainTextResponse(f"Not asked as localhost on port {self._port}.\n", 421)
        if any(site not in OWN_SITES for site in headers.getlist("sec-fetch-site")):
            return PlainTextResponse(FOREIGN, 403)
        if method not in METHODS:
            return PlainTextResponse(
                f"Only {' and '.join(METHODS)} are answered.\n", 405, {"Allow": ", ".join(METHODS)}
            )
        return None
