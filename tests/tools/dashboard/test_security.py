"""Who may ask what, and what every answer says."""

import socket

import httpx
import pytest

from marginspec_tools.dashboard.security import HEADERS, is_loopback, names_us
from worlds.served import Served

PAGES = ["/overview", "/market?market=BTCUSDT", "/liquidations", "/invariants", "/theorems"]
OTHERS = ["/", "/changed", "/overview?at=x", "/overview/markets.csv", "/overview/markets.json", "/static/style.css"]


@pytest.mark.parametrize("path", [*PAGES, *OTHERS])
def test_every_answer_has_the_headers(day: Served, path: str) -> None:
    headers = day.get(path).headers
    assert {name: headers[name] for name in HEADERS} == HEADERS
    assert "set-cookie" not in headers
    assert headers["cache-control"] in ("no-store", "no-cache")
    assert "server" not in headers


def test_the_policy_allows_nothing_but_our_own() -> None:
    assert HEADERS["Content-Security-Policy"].split("; ") == [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_nothing_is_answered_but_get_and_head(day: Served, method: str) -> None:
    answer = httpx.request(method, f"{day.url}/overview")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
    assert answer.text == "Only GET and HEAD are answered.\n"


@pytest.mark.parametrize("path", PAGES)
def test_head_has_the_headers_of_get_and_no_content(day: Served, path: str) -> None:
    head = httpx.head(f"{day.url}{path}")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(day.get(path).content))


@pytest.mark.parametrize(
    "host",
    [
        "example.com",
        "example.com:{port}",
        "127.0.0.1",
        "127.0.0.1:1",
        "localhost.example.com:{port}",
        "a@127.0.0.1:{port}",
        "",
    ],
)
def test_who_asks_under_another_name_gets_nothing(day: Served, host: str) -> None:
    port = day.host.partition(":")[2]
    answer = day.get("/overview", Host=host.format(port=port))
    assert (answer.status_code, answer.text) == (421, f"Not asked as localhost on port {port}.\n")


@pytest.mark.parametrize("site", ["cross-site", "same-site", "anything"])
@pytest.mark.parametrize("path", ["/whatif?sweep=all", "/overview", "/changes", "/static/style.css"])
def test_another_site_has_nothing_made_for_it(day: Served, path: str, site: str) -> None:
    answer = day.get(path, **{"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"})
    said = "Asked by another site. Put the address into the browser's address bar.\n"
    assert (answer.status_code, answer.text) == (403, said)


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_our_own_pages_and_the_address_bar_are_answered(day: Served, site: str) -> None:
    assert day.get("/theorems", **{"Sec-Fetch-Site": site}).status_code == 200


def test_two_hosts_are_none(day: Served) -> None:
    address, _, port = day.host.partition(":")
    with socket.create_connection((address, int(port))) as connection:
        named = f"Host: {day.host}\r\n"
        connection.sendall(f"GET /overview HTTP/1.1\r\n{named}{named}Connection: close\r\n\r\n".encode())
        assert connection.makefile("rb").readline() == b"HTTP/1.1 400 Bad Request\r\n"


@pytest.mark.parametrize("host", ["localhost:8765", "LOCALHOST:8765", "127.0.0.1:8765", "127.1.2.3:8765", "[::1]:8765"])
def test_names_of_this_machine(host: str) -> None:
    assert names_us(host, 8765)


def test_port_80_need_not_be_named() -> None:
    assert names_us("localhost", 80)
    assert not names_us("localhost", 8765)


@pytest.mark.parametrize(
    "host", ["", "0.0.0.0", "::", "192.168.0.1", "example.com", "127.0.0.1.example.com", "localhost."]
)
def test_names_of_others(host: str) -> None:
    assert not is_loopback(host)
    assert not names_us(f"{host}:8765", 8765)
