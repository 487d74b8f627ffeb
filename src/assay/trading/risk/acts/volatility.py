"""Stops that trail by the true range, and profits taken in parts at multiples of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from assay.model.messages import BarClosed, Message
from assay.trading.risk.acts.judge import AccountView, Halt, Holding, Reduce, Release, Tighten, Wish

PARTS = 100
"""Multiples are given in hundredths of the average true range."""


class Target(NamedTuple):
    """Say what share of a position (percent) goes once it is so many ranges (x 100) ahead."""

    ranges: int
    percent: int


class VolatilityTerms(NamedTuple):
    """Say over how many bars the range is averaged, how far the stop trails, where parts go.

    `trail` is in hundredths of the range, 0 for no stop.
    """

    bars: int
    trail: int
    targets: tuple[Target, ...] = ()


class _Range(msgspec.Struct):
    """Hold the true ranges of an instrument's last bars (points), and its last close."""

    close: int = 0
    ranges: list[int] = []
    is_fresh: bool = False


class _Entry(msgspec.Struct):
    """Hold what a position was when its targets were set: side, units, range, and targets met."""

    side: int
    units: int
    range: int
    met: int = 0
    stop: int = 0


class VolatilityJudge:
    """Trail each position's stop by a multiple of the average true range; take profits in parts.

    On a hedging account it does so for each ticket. Until the range of an instrument is known
    nothing is opened in it. A position at a venue, whose stops are not ours to move, is closed once
    the stop is passed.
    """

    source = "volatility"

    def __init__(self, terms: VolatilityTerms, symbols: Sequence[str], *, at_venue: bool) -> None:
        self._terms, self._at_venue = terms, at_venue
        self._ranges = {symbol: _Range() for symbol in symbols}
        self._entries: dict[str, dict[int, _Entry]] = {symbol: {} for symbol in symbols}

    def hear(self, message: Message) -> None:
        """Take a bar's true range."""
        if not isinstance(message, BarClosed):
            return
        seen = self._ranges[message.symbol]
        high, low = message.high, message.low
        if seen.close:
            high, low = max(high, seen.close), min(low, seen.close)
        seen.close, seen.is_fresh = message.close, True
        seen.ranges.append(high - low)
        del seen.ranges[: -self._terms.bars]

    def average_range(self, symbol: str) -> int:
        """Return the average true range in points; 0 where it is not known yet."""
        ranges = self._ranges[symbol].ranges
        return sum(ranges) // len(ranges) if len(ranges) == self._terms.bars else 0

    def look(self, view: AccountView) -> list[Wish]:
        """Wish stops nearer, parts sold, and no entry where the range is not known."""
        found: list[Wish] = []
        for symbol in self._ranges:
            size = self.average_range(symbol)
            known = Release("the range is known", symbol)
            found.append(known if size else Halt("the average true range is not known yet", symbol))
            held = view.tickets.get(symbol) or ([view.held[symbol]] if symbol in view.held else [])
            self._forget(symbol, held)
            for holding in held if size else ():
                entry = self._enter(symbol, holding, size)
                found += self._trail(symbol, holding, entry, size)
                found += self._take_parts(symbol, holding, entry)
            self._ranges[symbol].is_fresh = False
        return found

    def _forget(self, symbol: str, held: Sequence[Holding]) -> None:
        entries, open_now = self._entries[symbol], {one.ticket for one in held}
        for ticket in [each for each in entries if each not in open_now]:
            del entries[ticket]

    def _enter(self, symbol: str, holding: Holding, size: int) -> _Entry:
        entries, units = self._entries[symbol], abs(holding.quantity)
        entry = entries.get(holding.ticket)
        if entry is None or entry.side != holding.side:
            entry = entries[holding.ticket] = _Entry(holding.side, units, size)
        entry.units = max(entry.units, units)
        return entry

    def _trail(self, symbol: str, holding: Holding, entry: _Entry, size: int) -> list[Wish]:
        if not self._terms.trail:
            return []
        side = holding.side
        if self._ranges[symbol].is_fresh or not entry.stop:
            stop = holding.price - side * max(size * self._terms.trail // PARTS, 1)
            entry.stop = max(entry.stop * side, stop * side) * side if entry.stop else stop
        reason = f"{self._terms.trail / PARTS:g} average true ranges behind the price"
        if self._at_venue:
            is_passed = (holding.price - entry.stop) * side <= 0
            told = f"the stop is passed, {reason}"
            return [Reduce(symbol, 0, told, ticket=holding.ticket)] if is_passed else []
        if holding.stop and (entry.stop - holding.stop) * side <= 0:
            return []
        return [Tighten(symbol, entry.stop, reason, holding.ticket)]

    def _take_parts(self, symbol: str, holding: Holding, entry: _Entry) -> list[Wish]:
        units, targets = abs(holding.quantity), self._terms.targets
        gained = (holding.quantity * holding.price - holding.cost) * PARTS
        while (
            entry.met < len(targets) and gained >= targets[entry.met].ranges * entry.range * units
        ):
            entry.met += 1
        left = 100 - sum(target.percent for target in targets[: entry.met])
        keep = entry.units * left // 100
        if not entry.met or keep >= units:
            return []
        reached = targets[entry.met - 1].ranges / PARTS
        reason = f"{reached:g} average true ranges ahead, {left} % is kept"
        return [Reduce(symbol, keep, reason, ticket=holding.ticket)]

    def snapshot(self) -> bytes:
        """Return ranges and entries."""
        return msgspec.msgpack.encode((self._ranges, self._entries))

    def restore(self, state: bytes) -> None:
        """Take up a snapshot."""
        kinds = tuple[dict[str, _Range], dict[str, dict[int, _Entry]]]
        self._ranges, self._entries = msgspec.msgpack.decode(state, type=kinds)
