"""Small engines that fail in one way each, by the name in the first argument; run as a process by the tests."""

import json
import os
import signal
import sys
from typing import Any, NoReturn

HELLO: dict[str, Any] = {
    "answer": "hello",
    "protocol": 1,
    "name": "toy",
    "version": "1",
    "language": "Python",
    "rulebook": "2",
    "level": 2,
    "capabilities": ["batch"],
}


def read() -> Any:
    line = sys.stdin.readline()
    return json.loads(line) if line else sys.exit(0)


def say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def answer(request: Any, **fields: Any) -> None:
    say(json.dumps({"id": request["id"], **fields}) + "\n")


def block() -> NoReturn:
    while True:
        signal.pause()


def greet(**fields: Any) -> None:
    answer(read(), **{**HELLO, **fields})


def crash(code: int = 3) -> NoReturn:
    sys.stderr.write("cannot open \x1b[31mbooks.db\n")
    sys.stderr.flush()
    os._exit(code)


def at_start() -> None:
    crash()


def slow_start() -> None:
    say("loading\n")
    block()


def exit_code() -> None:
    greet()
    read()
    crash()


def killed() -> None:
    greet()
    read()
    os.kill(os.getpid(), signal.SIGSEGV)


def hang() -> None:
    greet()
    read()
    block()


def hang_in_line() -> None:
    greet()
    read()
    say('{"id": 2, "an')
    block()


def garbage() -> None:
    greet()
    read()
    say("[INFO] \x1b[31mready\n")
    block()


def not_utf8() -> None:
    greet()
    read()
    sys.stdout.buffer.write(b'{"id":2,"answer":"\xff"}\n')
    sys.stdout.buffer.flush()
    read()
    os._exit(0)


def oversized() -> None:
    greet()
    read()
    while True:
        say("x" * 65536)


def partial() -> None:
    greet()
    read()
    say('{"id": 2, "an')
    os._exit(0)


def exited() -> None:
    greet()
    read()
    os._exit(0)


def closed() -> None:
    greet()
    read()
    os.close(1)
    block()


def wrong_id() -> None:
    greet()
    read()
    answer({"id": 7}, answer="ok")
    block()


def endless_noise() -> None:
    while True:
        say("loading\n")


def noise() -> None:
    say("loading books\n\x1b[31mred\nnull\n")
    greet()
    answer(read(), answer="ok")
    answer(read(), answer="ok")


def flood() -> None:
    """Writes more to standard error than a pipe holds before each answer, then crashes."""
    greet()
    sys.stderr.write("a" * 1_000_000)
    answer(read(), answer="ok")
    sys.stderr.write("b" * 100_000 + "last words")
    sys.stderr.flush()
    os._exit(1)


def slow_reader() -> None:
    """Answers a batch, of more bytes than pipes hold, by as many before it has read the request to its end."""
    greet()
    os.read(0, 10)
    say('{"id": 2, "answer": "errored", "message": "' + "m" * 1_000_000 + '"}\n')
    lines = 0
    while lines < 2:
        lines += os.read(0, 1 << 20).count(b"\n")
    answer({"id": 3}, answer="ok")


def stays() -> None:
    """Answers `stop` and does not end."""
    greet()
    answer(read(), answer="ok")
    block()


def children() -> None:
    """Has a child, which holds a pipe that the test reads until it is closed."""
    held = os.open(sys.argv[2], os.O_WRONLY)
    if os.fork() == 0:
        block()
    greet()
    read()
    os.close(held)
    os._exit(4)


def other_rulebook() -> None:
    greet(rulebook="1")
    block()


globals()[sys.argv[1]]()
