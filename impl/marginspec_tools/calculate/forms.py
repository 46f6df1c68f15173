"""What questions state: the fields of a market, of a position and of a domain, from which reader and schema follow."""

from typing import Literal, get_args

import attrs

from marginspec.model.account import PositionSide
from marginspec.model.fields import AssetName, MarketName, StatedMoney, StatedPrice, StatedQuantity, StatedRate
from marginspec.model.market import TierTerms
from marginspec_journal.records import RecordForm

Kind = Literal["tier", "maintenance", "initial", "band", "bankruptcy", "adl_score"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@attrs.frozen
class AskedMarket:
    """The fields of list_market, and the mark. Tick, fees and limits have no part in the answers and may be absent."""

    asset: AssetName
    price_decimals: int
    quantity_decimals: int
    tiers: tuple[TierTerms, ...]
    mark: StatedPrice
    tick: StatedPrice | None = None
    taker_fee: StatedRate | None = None
    maker_fee: StatedRate | None = None
    insurance_fee_share: StatedRate | None = None
    clearance_fee: StatedRate | None = None
    price_band: StatedRate | None = None
    fill_band: StatedRate | None = None
    funding_cap: StatedRate | None = None
    position_limit: StatedMoney | None = None


@attrs.frozen
class AskedPosition:
    """An open position of the domain, its quantity signed: positive is long.

    Either its open cost, signed like the quantity, or its average entry price: the cost is that times the quantity.
    """

    market: MarketName
    side: PositionSide
    quantity: StatedQuantity
    leverage: int
    cost: StatedMoney | None = None
    entry: StatedPrice | None = None


@attrs.frozen
class AskedDomain:
    """A margin domain: its cash and its positions, all settled in one asset."""

    cash: StatedMoney
    positions: tuple[AskedPosition, ...]


MARKET, POSITION, DOMAIN = RecordForm(AskedMarket), RecordForm(AskedPosition), RecordForm(AskedDomain)
