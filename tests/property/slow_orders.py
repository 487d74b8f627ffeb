"""What the slow broker is asked for and keeps: events, wishes, orders, positions; and rollovers.

It follows docs/orders.md and the design's section 2, and shares no code with the engine.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

MARKET, LIMIT, STOP, STOP_LOSS, TAKE_PROFIT, STOP_OUT, TIME_STOP = 1, 2, 3, 4, 5, 6, 7
STOP_LIMIT, TRAILING_STOP, TWAP, VWAP, ICEBERG, CLOSE_BY = 16, 17, 18, 19, 20, 21
IN_PARTS = (TWAP, VWAP, ICEBERG)
HOLD, GO_TO, PLACE_LIMIT, PLACE_STOP, CANCEL = 0, 1, 2, 3, 4
PLACE_STOP_LIMIT, PLACE_TRAILING, CANCEL_ONE, MODIFY, PROTECT = 5, 6, 7, 8, 9
PLACE_TWAP, PLACE_VWAP, PLACE_ICEBERG, PLACE_MARKET, PLACE_CLOSE_BY = 10, 11, 12, 13, 14
OLDEST, OLDEST_FIRST = -1, -2
PROTECTION, REMOVE = 32, -1
GTC, GTD, DAY, IOC, FOK = 0, 1, 2, 3, 4
CANCELLED, EXPIRED, OTHER_FILLED, UNFILLED, WORKED = 1, 11, 12, 13, 14
TYPES = {
    GO_TO: MARKET, PLACE_LIMIT: LIMIT, PLACE_STOP: STOP, PLACE_STOP_LIMIT: STOP_LIMIT,
    PLACE_TRAILING: TRAILING_STOP, PLACE_TWAP: TWAP, PLACE_VWAP: VWAP, PLACE_ICEBERG: ICEBERG,
    PLACE_MARKET: MARKET, PLACE_CLOSE_BY: CLOSE_BY,
}  # fmt: skip
SLOTS = 8
HOUR = 3_600 * 10**9
NEW_YORK = ZoneInfo("America/New_York")


BUY, SELL = 1, -1


class Corner(NamedTuple):
    """Hold bid and ask at one point of a bar's path."""

    bid: int
    ask: int


class Event(NamedTuple):
    """Hold one bar, or one tick (all corners equal, no length) with the units it quotes."""

    instrument: int
    ts: int
    ts_open: int
    open: Corner
    high: Corner
    low: Corner
    close: Corner
    is_tick: bool = False
    bid_units: int = 0
    ask_units: int = 0


class Wish(NamedTuple):
    """Hold what the script asks for after a bar."""

    action: int = HOLD
    quantity: int = 0
    price: int = 0
    stop: int = 0
    target: int = 0
    limit: int = 0
    time_in_force: int = GTC
    expires: int = 0
    group: int = 0
    distance: int = 0
    trail: int = 0
    break_after: int = 0
    break_keep: int = 0
    hold: int = 0
    slices: int = 0
    every: int = 0
    shown: int = 0
    order: int = 0
    ticket: int = 0


@dataclass(eq=False)
class Order:
    """Hold one waiting order, and the wish that it came of."""

    kind: int
    quantity: int
    price: int
    wish: Wish
    ts: int
    number: int
    expires: int
    reduces: bool = False
    is_triggered: bool = False
    group: int = 0
    limit: int = 0
    stop: int = 0
    target: int = 0
    parent: Order | None = None
    slices: int = 0
    due: int = 0
    ticket: int = 0
    by: int = 0

    def __post_init__(self) -> None:
        wish = self.wish
        self.ticket, self.by = wish.ticket, wish.order if self.kind == CLOSE_BY else 0
        self.group, self.limit = wish.group, wish.limit
        self.stop, self.target, self.slices = wish.stop, wish.target, wish.slices

    @property
    def is_for_now(self) -> bool:
        """Say whether it meets the next price alone."""
        return self.kind in (MARKET, CLOSE_BY) or self.wish.time_in_force in (IOC, FOK)

    @property
    def waits_for_better(self) -> bool:
        """Say whether it fills at its price or better, as a limit does."""
        return self.kind == LIMIT or self.is_triggered


@dataclass(eq=False)
class Held:
    """Hold what is open and what protects it; cost is quantity x price, summed."""

    quantity: int = 0
    cost: int = 0
    stop: int = 0
    target: int = 0
    trail: int = 0
    break_after: int = 0
    break_keep: int = 0
    close_at: int = 0


@dataclass(eq=False)
class Position(Held):
    """Hold the net position of one instrument."""

    last_group: int = 0
    margin: int = 0
    worth: int = 0
    slots: list[Order | None] = field(default_factory=lambda: [None] * SLOTS)
    quote: Corner = field(default_factory=lambda: Corner(0, 0))
    rate: int = 0
    asked: int = 0
    turned: int = -(2**63)


@dataclass(eq=False)
class Ticket(Held):
    """Hold one position of a hedging account, by the number of the order that opened it."""

    number: int = 0
    is_new: bool = False
    """Whether an order on the path of the present bar made or enlarged it."""
    slots: tuple[Order, ...] = ()


def waiting_of(held: Position) -> int:
    """Return by how much the orders for the next price alone move a position."""
    return sum(
        one.quantity for one in held.slots if one and one.is_for_now and one.kind != CLOSE_BY
    )


def sign(number: int) -> int:
    return (number > 0) - (number < 0)


def last_rollover_before(ts: int) -> datetime:
    moment = datetime.fromtimestamp(ts // 10**9, NEW_YORK)
    turn = moment.replace(hour=17, minute=0, second=0, microsecond=0)
    return turn if turn <= moment else turn - timedelta(days=1)


def next_rollover(ts: int) -> int:
    return int((last_rollover_before(ts) + timedelta(days=1)).timestamp()) * 10**9


def rollovers_in(after: int, until: int) -> list[tuple[int, int]]:
    """Return (ns, weekday it ends) of each 17:00 in New York in (after, until]."""
    turn, found = last_rollover_before(until), []
    while (ns := int(turn.timestamp()) * 10**9) > after:
        found.append((ns, turn.weekday()))
        turn -= timedelta(days=1)
    return found[::-1]
