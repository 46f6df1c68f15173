"""Between marginspec and your engine: `python3 adapter.py`."""

from engine_protocol import Engine, Object, about, serve, unsupported


class Adapter(Engine):
    """Fill in one type of event after another. Amounts are texts: `units` makes whole numbers of them."""

    def hello(self) -> Object:
        """What the engine says of itself."""
        return about("my engine", "0.1", 2, ["batch"])

    def start(self) -> None:
        """Make an exchange without markets, accounts and money."""

    def step(self, event: Object, want: str) -> Object:
        """Answer `accepted(liquidated=["alice:USDT"])` or `rejected("UNKNOWN_MARKET")`."""
        match event["type"]:
            case other:
                return unsupported(other)


if __name__ == "__main__":
    serve(Adapter())
