"""What the server's midnight charges: swap, threefold on the day that stands for a weekend."""

from __future__ import annotations

from fractions import Fraction

from assay.trading.terminal.desk import Desk
from assay.trading.terminal.records import LOT, Position
from assay.trading.terminal.wallclock import weekday

_WEEKEND = (0, 6)
_YEAR = 360


def nights_of(day: int, triple: int) -> int:
    """Return how many nights the end of a server day charges, `triple` a weekday (Sunday 0).

    >>> [nights_of(day, 3) for day in range(4, 11)]
    [1, 1, 3, 1, 1, 0, 0]
    """
    named = weekday(day)
    if named in _WEEKEND:
        return 0
    return 3 if named == triple else 1


def charge_night(desk: Desk, day: int) -> None:
    """Add the swap of the night that ends a server day to every open position."""
    for position in desk.book.positions.values():
        terms = desk.market.symbols[position.symbol].terms
        nights = nights_of(day, terms.swap_triple_day)
        if nights and terms.swap_mode != "disabled":
            position.swap += swap_of(desk, position, nights)
    desk.touch()


def swap_of(desk: Desk, position: Position, nights: int) -> int:
    """Return the swap of some nights in minor units, negative as a cost."""
    symbol = desk.market.symbols[position.symbol]
    terms = symbol.terms
    quoted = terms.swap_long if position.side > 0 else terms.swap_short
    rate, lots = Fraction(quoted) * nights, Fraction(position.volume, LOT)
    if terms.swap_mode == "points":
        amount, currency = rate * lots * symbol.contract / symbol.scale, terms.currency_profit
    elif terms.swap_mode == "interest":
        value = Fraction(position.cost, symbol.scale * LOT) * symbol.contract
        amount, currency = value * rate / 100 / _YEAR, terms.currency_profit
    else:
        currency = {
            "symbol": terms.currency_base, "margin": terms.margin_currency,
            "deposit": desk.account.currency,
        }[terms.swap_mode]  # fmt: skip
        amount = rate * lots
    converted = desk.market.rate(currency, desk.account.currency, gain=amount >= 0)
    return 0 if converted is None else round(amount * converted * 10**desk.account.currency_digits)
