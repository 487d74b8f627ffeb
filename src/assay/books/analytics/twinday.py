"""What either side of a daily twin did: fills, quotes, and why orders ended without one."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isclose
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from assay.books.ledger.position import FLAT, Position, apply_fill

MANUAL = "manual"
"""Kind of a fill that somebody made by hand."""
EXITS = frozenset(("stop_loss", "take_profit", "stop_out", "time_stop"))
"""Kinds of fills that no order of the strategy asked for."""
RATES_APART = 0.01
"""How far a venue's conversion rate may be from ours and still be called one."""
Integers = npt.NDArray[np.int64]


class DayFill(NamedTuple):
    """Hold one execution: signed units, points, minor units of the account's currency.

    `worth` are minor units that one point of one unit is worth, `decided` is the bar on which its
    order was decided (ns UTC), 0 where none was. `kind` is the order's type, one of EXITS or
    MANUAL. `conversion` is what its profit is beyond that at the rate of the day's end.
    """

    time: int
    symbol: str
    key: int
    decided: int
    kind: str
    quantity: int
    price: int
    worth: float
    commission: int
    profit: int
    conversion: float = 0.0


class Touch(NamedTuple):
    """Hold the mid of a quote and half of its spread, in points."""

    mid: float
    half: float


@dataclass(frozen=True, slots=True)
class TouchLine:
    """Hold the quotes of one symbol, rising in time (ns UTC), in points."""

    times: Integers
    bids: Integers
    asks: Integers

    @classmethod
    def of_rows(cls, rows: Sequence[tuple[int, int, int]]) -> TouchLine:
        """Return rows of time, bid and ask as a line."""
        table = np.array(rows, np.int64).reshape(-1, 3)
        return cls(*np.ascontiguousarray(table.T))

    def at(self, ts: int) -> Touch | None:
        """Return the last quote up to a time; None before the first.

        >>> line = TouchLine.of_rows([(10, 100, 104), (20, 90, 92)])
        >>> line.at(19), line.at(20), line.at(9)
        (Touch(mid=102.0, half=2.0), Touch(mid=91.0, half=1.0), None)
        """
        place = int(np.searchsorted(self.times, ts, side="right")) - 1
        if place < 0:
            return None
        bid, ask = int(self.bids[place]), int(self.asks[place])
        return Touch((bid + ask) / 2, (ask - bid) / 2)

    def next_time(self, ts: int) -> int | None:
        """Return when the first quote from a time on came; None where there is none."""
        place = int(np.searchsorted(self.times, ts, side="left"))
        return int(self.times[place]) if place < len(self.times) else None


class Mark(NamedTuple):
    """Hold what a symbol is worth at the end of a day: bid and ask in points, and a point."""

    bid: int
    ask: int
    worth: float


@dataclass(slots=True)
class DaySide:
    """Hold the fills of a side in order of time, its quotes, and what nights cost, by symbol.

    `cancelled` are the keys of orders that ended without all of their fill.
    """

    fills: list[DayFill] = field(default_factory=list)
    touches: dict[str, TouchLine] = field(default_factory=dict)
    swaps: dict[str, int] = field(default_factory=dict)
    cancelled: set[int] = field(default_factory=set)

    def touch_at(self, fill: DayFill) -> Touch:
        """Return the quote that a fill met, its own price where none is known."""
        line = self.touches.get(fill.symbol)
        found = line.at(fill.time) if line is not None else None
        return found or Touch(float(fill.price), 0.0)


class Ending(NamedTuple):
    """Hold why an order ended without all of its fill, of a symbol and the bar it is of."""

    symbol: str
    decided: int
    reason: str


class HandAct(NamedTuple):
    """Hold what somebody did by hand to an order or a position of ours; `key` may be 0."""

    time: int
    symbol: str
    key: int
    what: str


class ForeignMoney(NamedTuple):
    """Hold what trades of others on the account brought, in minor units."""

    time: int
    symbol: str
    amount: int
    ticket: int


@dataclass(slots=True)
class LiveFacts:
    """Hold what the journal of the live side says besides its fills.

    `sent` are the keys of its orders, `endings` are by the key of the order. Of quotes and of bars
    that only one side saw there are the times, rising, by symbol. `steps` are the closes of bars,
    rising, and whether the strategy remembered then on both sides the same. `widened` are the
    orders whose stops the venue moved. `unheard` are spans in which a fill of a symbol was made and
    not known yet.
    """

    sent: set[int] = field(default_factory=set)
    endings: dict[int, Ending] = field(default_factory=dict)
    acts: list[HandAct] = field(default_factory=list)
    foreign: list[ForeignMoney] = field(default_factory=list)
    unseen_quotes: Mapping[str, Sequence[int]] = field(default_factory=dict)
    unseen_bars: Mapping[str, Sequence[int]] = field(default_factory=dict)
    steps: Mapping[str, Sequence[tuple[int, bool]]] = field(default_factory=dict)
    widened: set[int] = field(default_factory=set)
    unheard: list[tuple[str, int, int]] = field(default_factory=list)

    def missed_quote(self, symbol: str, ts: int) -> bool:
        """Say whether a quote of that very time is one that only one side saw."""
        return _holds(self.unseen_quotes.get(symbol, ()), ts)

    def missed_bar(self, symbol: str, ts: int) -> bool:
        """Say whether a bar that closed at that very time is one that only one side saw."""
        return _holds(self.unseen_bars.get(symbol, ()), ts)

    def apart_since(self, symbol: str, decided: int) -> tuple[int, int] | None:
        """Return the last bar after which both sides remembered the same, and the first after it.

        None where they did when they came to a decision.
        """
        steps = self.steps.get(symbol, ())
        place = bisect_left(steps, (decided, False))
        if place == 0 or steps[place - 1][1]:
            return None
        while place > 0 and not steps[place - 1][1]:
            place -= 1
        return (steps[place - 1][0] if place else 0), steps[place][0]

    def touched(self, symbol: str, since: int, until: int) -> HandAct | None:
        """Return the last act by hand on the stops of a position held between two times."""
        found = None
        for act in self.acts:
            about_stops = act.what.startswith("stop")
            if act.symbol == symbol and about_stops and since <= act.time <= until:
                found = act
        return found

    def order_act(self, key: int) -> HandAct | None:
        """Return the last act by hand on an order of ours."""
        return next((act for act in reversed(self.acts) if key and act.key == key), None)


def _holds(times: Sequence[int], ts: int) -> bool:
    place = bisect_left(times, ts)
    return place < len(times) and times[place] == ts


def weigh_conversion(
    fills: Iterable[DayFill], opening: Mapping[str, Position], marks: Mapping[str, Mark]
) -> Iterator[DayFill]:
    """Yield fills with what the rate of their moment made of their profit.

    A venue converts at a rate of its own: what that is beyond ours, up to a hundredth, is of the
    rate, too. An account that hedges books another ticket's profit than that of the mean price; of
    that the rate of the fill alone is told.
    """
    held = dict(opening)
    for fill in fills:
        change = apply_fill(held.get(fill.symbol, FLAT), fill.quantity, price=fill.price,
                            price_digits=0)  # fmt: skip
        held[fill.symbol] = change.position
        end, usual = marks[fill.symbol].worth, change.raw_profit * fill.worth
        if isclose(fill.worth, end, rel_tol=1e-12) or not fill.worth:
            yield fill
        elif abs(fill.profit - usual) <= abs(usual) * RATES_APART + 1:
            yield fill._replace(conversion=fill.profit - change.raw_profit * end)
        else:
            yield fill._replace(conversion=fill.profit * (1 - end / fill.worth))


class Held(NamedTuple):
    """Hold since when a position has been held, and the order that opened it."""

    since: int
    opener: int


def trace_positions(
    fills: Iterable[DayFill], opening: Mapping[str, Position]
) -> tuple[list[Held], dict[str, Position]]:
    """Return what each fill found open, and what is open after all of them."""
    held = dict(opening)
    roots: dict[str, Held] = dict.fromkeys(opening, Held(0, 0))
    found = []
    for fill in fills:
        before = held.get(fill.symbol, FLAT)
        found.append(roots.get(fill.symbol, Held(fill.time, fill.key)))
        after = apply_fill(before, fill.quantity, price=fill.price, price_digits=0).position
        if before.quantity * after.quantity <= 0:
            roots[fill.symbol] = Held(fill.time, fill.key)
        held[fill.symbol] = after
    return found, held


def float_worth(held: Position, mark: Mark, *, at_mid: bool) -> float:
    """Return what an open position is worth at a mark beyond its cost, in minor units."""
    return (held.quantity * mark_price(held.quantity, mark, at_mid=at_mid) - held.cost) * mark.worth


def mark_price(quantity: int, mark: Mark, *, at_mid: bool) -> float:
    """Return the price that a position is marked at: the one that closes it, or the mid."""
    if at_mid:
        return (mark.bid + mark.ask) / 2
    return mark.bid if quantity > 0 else mark.ask
