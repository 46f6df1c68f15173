"""The library vibe-trading-ai, asked for the margins that `backtest.perpetual_risk` computes of a cross account."""

import sys

import pandas as pd
from asking import Calculator, Held, Market, Question, calculated, text_of
from backtest.perpetual_risk import (
    AccountState,
    CrossMarginRiskModel,
    MaintenanceBracket,
    MaintenanceSchedule,
    MarketRiskFrame,
    PositionState,
    RiskSnapshot,
)
from engine_protocol import Object, serve, unsupported

NOW = pd.Timestamp("2026-01-01")


def schedule_of(market: Market) -> MaintenanceSchedule:
    """A market's tiers as the library has them: by their upper ends, the last one without any."""
    caps = [*(float(one.floor) for one in market.tiers[1:]), sys.float_info.max]
    brackets = tuple(
        MaintenanceBracket(number, cap, float(tier.rate), float(tier.deduction))
        for number, (tier, cap) in enumerate(zip(market.tiers, caps, strict=True))
    )
    return MaintenanceSchedule(market.name, "asked", brackets)


def frame_of(market: Market) -> MarketRiskFrame:
    """A market at its mark."""
    return MarketRiskFrame(NOW, *4 * (float(market.mark),), None, None, schedule_of(market), "asked")


def position_of(held: Held) -> PositionState:
    """A position as the library has it."""
    return PositionState(held.market.name, float(held.quantity), float(held.entry), float(held.leverage), 0.0, None)


def evaluated(question: Question) -> RiskSnapshot:
    """What the library says of the account."""
    account = AccountState(float(question.cash), tuple(map(position_of, question.held)), "cross")
    frames = {one.market.name: frame_of(one.market) for one in question.held}
    return CrossMarginRiskModel().evaluate(account, frames, "mark_close")


class Vibe(Calculator):
    """Margins of accounts with one position in a market."""

    library = "vibe-trading-ai"

    def ask_maintenance(self, question: Question) -> Object:
        """Maintenance margin."""
        return self._margin(question, "maintenance_margin", "maintenance")

    def ask_initial(self, question: Question) -> Object:
        """Initial margin."""
        return self._margin(question, "initial_margin", "initial")

    def _margin(self, question: Question, figure: str, field: str) -> Object:
        if question.lacking(cross=True):
            return unsupported(question.lacking(cross=True))
        return calculated(**{field: text_of(getattr(evaluated(question), figure))})


if __name__ == "__main__":
    serve(Vibe())
