"""Stops and targets at the distance that a broker keeps."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from assay.trading.brokers.mt5.ports import OrderCommand
from assay.trading.brokers.mt5.structures import SymbolInfo, Tick
from assay.trading.brokers.mt5.units import exact, price_of, to_grid


class Denial(msgspec.Struct, frozen=True):
    """Hold why a command is not sent."""

    reason: str
    text: str


class FittedStops(msgspec.Struct, frozen=True):
    """Hold prices as the broker takes them, 0 for none.

    `widened` is how far the stop moved away, and `share` the part of the volume that then risks
    no more money at the stop than was decided.
    """

    stop: Decimal
    target: Decimal
    widened: Decimal
    share: Decimal


class Room(msgspec.Struct, frozen=True):
    """Hold what a stop must keep its distance from.

    `entry` is where the order would open, None for an open position. A market order's distance
    counts from the price that would close it, a resting order's from its own. A level of 0 means
    none, or one that floats with the spread: the server's first answer tells.
    """

    info: SymbolInfo
    tick: Tick
    side: int
    entry: Decimal | None = None
    is_resting: bool = False
    floats: bool = False

    @property
    def market(self) -> Decimal:
        """Return the price that closes what the order opens."""
        return exact(self.tick.bid if self.side > 0 else self.tick.ask)

    @property
    def least(self) -> Decimal:
        """Return the distance that a stop must keep."""
        if self.floats:
            return exact(self.tick.ask) - exact(self.tick.bid) + exact(self.info.point)
        return self.info.trade_stops_level * exact(self.info.point)


def fit_stops(command: OrderCommand, room: Room) -> FittedStops | Denial:
    """Move stop and target to the least distance."""
    none, side, entry, least = Decimal(0), room.side, room.entry, room.least
    anchor = entry if room.is_resting and entry is not None else room.market
    limit = room.market if entry is None else entry
    stop = target = widened = none
    share = Decimal(1)
    if command.stop:
        wished = price_of(command.stop, command.digits)
        if (wished - limit) * side >= 0:
            return Denial("stop_on_wrong_side", f"stop {wished}, opening at {limit}")
        farthest = anchor - side * least
        stop = to_grid(min(wished * side, farthest * side) * side, room.info, -side)
        widened = max((wished - stop) * side, none)
        if entry is not None:
            share = (entry - wished) / (entry - stop)
    if command.target:
        wished = price_of(command.target, command.digits)
        if (wished - limit) * side <= 0:
            return Denial("target_on_wrong_side", f"target {wished}, opening at {limit}")
        target = to_grid(max(wished * side, (anchor + side * least) * side) * side, room.info, side)
    return FittedStops(stop, target, widened, share)
