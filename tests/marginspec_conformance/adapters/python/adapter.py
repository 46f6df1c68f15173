"""Between marginspec and your engine: `python3 adapter.py`."""

from engine_protocol import Engine, Object, about, leaving_out, serve, unsupported


class Adapter(Engine):
    """Fill in one type of event after another. Amounts are texts: `units` makes whole numbers of them."""

    def hello(self) -> Object:
        """What the engine says of itself. What is left out is not asked; leave out less as your engine has more."""
        return leaving_out(about("my engine", "0.1", 2, ["batch"]), "input_checks", "several_assets")

    def start(self) -> None:
        """Make an exchange without markets, accounts and money."""

    def step(self, event: Object, want: str) -> Object:
        """Answer `accepted(liquidated=["alice:USDT"])` or `rejected("UNKNOWN_MARKET")`."""
        match event["type"]:
            case other:
                return unsupported(other)


if __name__ == "__main__":
    serve(Adapter())
