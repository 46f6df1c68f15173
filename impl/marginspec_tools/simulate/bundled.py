"""Files that come with the package: market parameters of a real venue, and the stress day."""

from pathlib import Path

FOLDER = Path(__file__).parent / "venue_data"


def market_parameters_path() -> Path:
    """Tiers and start prices of markets, as JSON."""
    return FOLDER / "binance_usdm.json"


def stress_day_path() -> Path:
    """The journal of the stress day, which `python -m marginspec_tools.simulate.stress_day` writes."""
    return FOLDER / "stress_day.jsonl.zst"
