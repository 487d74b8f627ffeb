"""Orders that bring an account to its targets with the least turnover."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import NamedTuple

from assay.model.accounts import AccountSpec
from assay.model.errors import DataError
from assay.model.instruments import Instrument
from assay.trading.portfolio.chains import Chains

ROUNDING = 6
"""Digits of a unit below which a float only seems to be less than a whole one."""


class Order(NamedTuple):
    """Hold signed units to trade of a symbol, and what is held of it before.

    Weights are shares of equity: of now, of the target, and of afterwards.
    """

    symbol: str
    units: int
    held: int
    weight: float
    target: float
    after: float


class Book(NamedTuple):
    """Hold what an account has to work with: its equity in minor units, and signed units held."""

    spec: AccountSpec
    equity: int
    held: Mapping[str, int]


def rebalance(
    book: Book, targets: Mapping[str, float], chains: Chains, band: float = 0.0
) -> list[Order]:
    """Return an order for each symbol further from its target than `band` (a share of equity).

    Such a symbol is brought to the nearer edge of the band, which trades least; with a target of 0
    it is closed. Volumes are floored to the step, never up, and never cross a position's zero by
    rounding; less than the least volume is not traded. Raises DataError where nothing quoted
    values a symbol, or equity is not positive.
    """
    if book.equity <= 0:
        raise DataError(f"equity is {book.equity}; there is nothing to share out")
    found = []
    for symbol in dict.fromkeys((*targets, *book.held)):
        order = _order(book, symbol, targets.get(symbol, 0.0), (chains, band))
        if order.units:
            found.append(order)
    return found


def _order(book: Book, symbol: str, target: float, terms: tuple[Chains, float]) -> Order:
    chains, band = terms
    instrument, held = chains.instruments[symbol], book.held.get(symbol, 0)
    worth = _unit_worth(instrument, chains, book)
    weight = float(held * worth)
    aim = _aim(weight, target, band)
    if aim == weight:
        units = 0
    elif target == 0.0:
        units = -held
    else:
        units = _floor(instrument, held, (aim - weight) / float(worth))
    return Order(symbol, units, held, weight, target, float((held + units) * worth))


def _aim(weight: float, target: float, band: float) -> float:
    if abs(weight - target) <= band:
        return weight
    if target == 0.0:
        return 0.0
    return target + band if weight > target else target - band


def _unit_worth(instrument: Instrument, chains: Chains, book: Book) -> Fraction:
    """Return what one unit is of equity, at the price that buying its base costs."""
    rate = chains.rate(instrument.base, book.spec.currency, buys=True)
    if rate is None:
        raise DataError(
            f"no quoted chain leads from {instrument.base} to {book.spec.currency}; give data of "
            "a symbol that does"
        )
    minor = rate * 10**book.spec.currency_digits / 10**instrument.quantity_digits
    return Fraction(minor / book.equity)


def _floor(instrument: Instrument, held: int, wanted: float) -> int:
    """Return units that are at most what is wanted, and leave nothing that cannot be traded."""
    sign = 1 if wanted > 0 else -1
    whole = int(round(abs(wanted), ROUNDING))
    units = sign * (whole // instrument.volume_step * instrument.volume_step)
    if abs(units) < instrument.volume_min:
        return 0
    left = held + units
    if 0 < abs(left) < instrument.volume_min:
        return 0
    return units
