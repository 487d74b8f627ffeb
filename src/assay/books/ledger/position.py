"""An open position and its cost, kept exactly."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from assay.books.ledger.arithmetic import half_even
from assay.books.ledger.marks import Mark


class Position(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Hold a signed quantity and what it cost.

    `quantity` is in integer units (positive is long); `cost` is the sum of signed quantity x price
    over the open part, in units of 10^-(quantity_digits + price_digits) quote currency.
    """

    quantity: int = 0
    cost: int = 0
    price_digits: int = 0

    def refine(self, price_digits: int) -> Position:
        """Return the same position on a price grid at least as fine as asked; exact."""
        if price_digits <= self.price_digits:
            return self
        factor = 10 ** (price_digits - self.price_digits)
        return Position(self.quantity, self.cost * factor, price_digits)


FLAT = Position()


class Change(NamedTuple):
    """Hold a position after a fill and the raw profit that the fill realised."""

    position: Position
    raw_profit: int


def apply_fill(held: Position, quantity: int, *, price: int, price_digits: int) -> Change:
    """Return the position after a fill of signed `quantity` at `price` (10^-price_digits).

    Closing a part k of q realises k x price - half_even(c x k / q); the rest of the cost c stays.
    A fill beyond the position closes it whole and opens the remainder at the fill's price. The
    raw profit is on the grid of the returned position.

    >>> opened = apply_fill(Position(), 300, price=100, price_digits=2).position
    >>> apply_fill(opened, -400, price=110, price_digits=2)
    Change(position=Position(quantity=-100, cost=-11000, price_digits=2), raw_profit=3000)
    """
    if held.price_digits != price_digits:
        held = held.refine(price_digits)
        price *= 10 ** (held.price_digits - price_digits)
    if held.quantity * quantity >= 0:
        grown = Position(held.quantity + quantity, held.cost + quantity * price, held.price_digits)
        return Change(grown, 0)
    if abs(quantity) <= abs(held.quantity):
        closed, opened = -quantity, 0
    else:
        closed, opened = held.quantity, held.quantity + quantity
    released = half_even(held.cost * closed, held.quantity)
    rest = held.quantity - closed
    cost = opened * price if opened else held.cost - released
    return Change(Position(rest + opened, cost, held.price_digits), closed * price - released)


class Valuation:
    """Value one position at marks of one price grid; all but price and rate is worked out once.

    Unrealised profit in minor units = (units x price - cost) x numerator / denominator x rate.
    """

    __slots__ = ("cost", "denominator", "digits", "held", "numerator", "units")

    def __init__(
        self, held: Position, digits: int, quantity_digits: int, currency_digits: int
    ) -> None:
        fine = held if held.price_digits == digits else held.refine(digits)
        self.held, self.digits = held, digits
        self.cost = fine.cost
        self.units = fine.quantity * 10 ** (fine.price_digits - digits)
        finer = quantity_digits + fine.price_digits - currency_digits
        self.numerator: int = 10 ** max(-finer, 0)
        self.denominator: int = 10 ** max(finer, 0)

    def at(self, mark: Mark) -> int:
        """Return the unrealised profit at a mark in minor units, half-even."""
        raw = self.units * mark.price - self.cost
        num, den = mark.rates.of(raw)
        return half_even(raw * num * self.numerator, den * self.denominator)
