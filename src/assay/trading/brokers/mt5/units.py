"""Between our integers and the terminal's doubles."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

import msgspec

from assay.model.instruments import UNDESCRIBED_DIGITS
from assay.model.values import round_to_scale
from assay.trading.brokers.mt5.structures import SymbolInfo
from assay.trading.brokers.mt5.symbols import SymbolLink

UNMAPPED_DIGITS = UNDESCRIBED_DIGITS
"""Volumes of a symbol that nobody has mapped are told like those of one nobody has described."""


class Scale(msgspec.Struct, frozen=True):
    """Hold what turns a symbol's doubles into integers."""

    digits: int
    contract_size: float


def exact(value: float) -> Decimal:
    """Return the decimal that a terminal's double stands for.

    >>> exact(0.1)
    Decimal('0.1')
    """
    return Decimal(repr(value))


def lots_of(units: int, link: SymbolLink, info: SymbolInfo) -> Decimal:
    """Return how many lots some units are, without sign and not yet on the broker's step."""
    return Decimal(abs(units)).scaleb(-link.quantity_digits) / exact(info.trade_contract_size)


def units_of(lots: float | Decimal, link: SymbolLink | None, contract_size: float) -> int:
    """Return the units of a volume in lots."""
    volume = lots if isinstance(lots, Decimal) else exact(lots)
    digits = link.quantity_digits if link else UNMAPPED_DIGITS
    return round_to_scale(volume * exact(contract_size), digits)


def floor_to_step(lots: Decimal, step: float) -> Decimal:
    """Return the largest volume on the step that is not above.

    >>> floor_to_step(Decimal("0.17999"), 0.01)
    Decimal('0.17')
    """
    grid = exact(step)
    return (lots / grid).to_integral_value(rounding=ROUND_FLOOR) * grid


def price_of(points: int, digits: int) -> Decimal:
    """Return the decimal price of integer points."""
    return Decimal(points).scaleb(-digits)


def to_grid(price: Decimal, info: SymbolInfo, side: int = 0) -> Decimal:
    """Return the nearest price that the broker quotes; not above for side -1, not below for 1."""
    grid = exact(info.trade_tick_size) if info.trade_tick_size > 0 else exact(info.point)
    rounding = {-1: ROUND_FLOOR, 0: ROUND_HALF_EVEN, 1: ROUND_CEILING}[side]
    return (price / grid).to_integral_value(rounding=rounding) * grid


def points_of(price: float | Decimal, digits: int) -> int:
    """Return integer points of a price; what is finer than a point is rounded half-even."""
    return round_to_scale(price, digits)


def minor_of(amount: float, digits: int) -> int:
    """Return minor units of an amount of money."""
    return round_to_scale(amount, digits)
