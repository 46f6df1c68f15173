"""Between marginspec and your engine: `python3 adapter.py`."""

from engine_protocol import Engine, Object, accepted, ok, rejected, serve, unsupported  # noqa: F401 - to begin with


class Adapter(Engine):
    """Fill in one type of event after another. Amounts are texts: make `Decimal` or `int` of them, never `float`."""

    def hello(self) -> Object:
        """What the engine says of itself."""
        return {
            "answer": "hello",
            "protocol": 1,
            "name": "my engine",
            "version": "0.1",
            "language": "Python",
            "rulebook": "2",
            "level": 2,
            "capabilities": ["batch"],
        }

    def reset(self, state: Object | None) -> Object:
        """Make an exchange without markets, accounts and money."""
        return ok() if state is None else unsupported("reset_state")

    def step(self, event: Object, want: str) -> Object:
        """Answer `accepted(liquidated=[], deleveraged=[], levied=[])` or `rejected("UNKNOWN_MARKET")`."""
        match event["type"]:
            case other:
                return unsupported(other)


if __name__ == "__main__":
    serve(Adapter())
