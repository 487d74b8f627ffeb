"""What a broker's server keeps of an account, in whole numbers.

Prices are points of the symbol, volumes 10^-8 lots, money minor units of the account, times
nanoseconds UTC. Only the terminal's surface turns them into doubles and wall-clock seconds.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import msgspec

LOT_DIGITS = 8
LOT: int = 10**LOT_DIGITS


class Quote(NamedTuple):
    """Hold one quote of a feed; `depth` is the volume at either side, 0 where the profile says."""

    ts: int
    symbol: str
    bid: int
    ask: int
    depth: int = 0


class Position(msgspec.Struct):
    """Hold an open position; `cost` is the sum of price x volume, so that averages lose nothing."""

    ticket: int
    identifier: int
    symbol: str
    side: int
    volume: int
    cost: int
    opened: int
    updated: int
    magic: int
    reason: int
    comment: str
    sl: int = 0
    tp: int = 0
    swap: int = 0

    @property
    def price_open(self) -> int:
        """Return the average price, to the point."""
        return round_ratio(self.cost, self.volume)


class Order(msgspec.Struct):
    """Hold an order, resting or done; `type`, `state` and the like are the package's numbers."""

    ticket: int
    symbol: str
    type: int
    volume: int
    left: int
    created: int
    filling: int
    time_mode: int
    reason: int
    magic: int
    comment: str
    state: int
    price: int = 0
    stoplimit: int = 0
    sl: int = 0
    tp: int = 0
    expires: int = 0
    done: int = 0
    position: int = 0
    position_by: int = 0
    current: int = 0


class Deal(msgspec.Struct, frozen=True):
    """Hold one deal; the balance is the sum of what deals say."""

    ticket: int
    order: int
    ts: int
    type: int
    entry: int
    magic: int
    position: int
    reason: int
    volume: int
    price: int
    commission: int
    swap: int
    profit: int
    fee: int
    symbol: str
    comment: str

    @property
    def amount(self) -> int:
        """Return what the deal did to the balance."""
        return self.profit + self.swap + self.commission + self.fee


class Book(msgspec.Struct):
    """Hold all that one account has: what is open, what rests and what was."""

    login: int
    balance: int = 0
    positions: dict[int, Position] = {}
    orders: dict[int, Order] = {}
    past: list[Order] = []
    deals: list[Deal] = []


def round_ratio(numerator: int, denominator: int) -> int:
    """Divide half-even in unbounded integers.

    >>> round_ratio(5, 2), round_ratio(7, 2), round_ratio(-5, 2)
    (2, 4, -2)
    """
    return round(Fraction(numerator, denominator))
