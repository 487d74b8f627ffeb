"""What is held over weekends and holidays: nothing, as much as a gap may cost, or all.

A gap passes any stop, so what is kept is sized on the gap that one pause in a hundred exceeds.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from math import ceil
from typing import Literal, NamedTuple

import msgspec

from assay.model.messages import BarClosed, Message, Tick
from assay.trading.risk.acts.judge import AccountView, Halt, Holding, Reduce, Release, Wish

Rule = Literal["flat", "reduce", "hold"]
PAUSE = 24 * 3_600_000_000_000
"""How long a market is shut over a weekend or a holiday at least."""
LEAST_GAPS = 100
"""A quantile of 99 % needs so many."""
MILLION = 1_000_000


class PauseTerms(NamedTuple):
    """Say what is held over a pause, how long before it that is seen to, and what a gap may cost.

    `risk_bp` is the share of equity that all gaps together may cost, `gaps` what is known of them:
    the 99 % quantile in millionths of the price, by symbol.
    """

    rule: Rule
    lead: int
    risk_bp: int
    gaps: Mapping[str, int]


class Span(NamedTuple):
    """Hold when a market shuts for a pause and when it opens again (ns UTC)."""

    shuts: int
    opens: int


def gap_quantile(gaps: Sequence[int]) -> int | None:
    """Return the gap that one pause in a hundred exceeds; None where too few are known.

    Prices that never jump had their gaps taken out, and tell none either.

    >>> gap_quantile([100] * 98 + [700, 900]), gap_quantile([100] * 99), gap_quantile([0] * 100)
    (700, None, None)
    """
    if len(gaps) < LEAST_GAPS:
        return None
    return sorted(gaps)[ceil(len(gaps) * 99 / 100) - 1] or None


class _Seen(msgspec.Struct):
    ts: int = 0
    price: int = 0
    gaps: list[int] = []
    settled: int = 0


class PauseJudge:
    """See to positions before each pause, and measure the gap after it."""

    source = "weekend"

    def __init__(self, terms: PauseTerms, pauses: Mapping[str, Sequence[Span]]) -> None:
        self._terms, self._pauses = terms, pauses
        self._seen = {symbol: _Seen() for symbol in pauses}
        self._reach = 0

    def hear(self, message: Message) -> None:
        """Take a price, and the gap that it opens with after a pause."""
        if isinstance(message, BarClosed):
            self._measure(message.symbol, message.ts_open, message.open)
            self._keep(message.symbol, message.ts_event, message.close)
            # Of a bar that is longer than the lead, the close before the pause would be too late.
            self._reach = 0 if message.has_ticks else message.timeframe
        elif isinstance(message, Tick):
            self._measure(message.symbol, message.ts_event, message.bid)
            self._keep(message.symbol, message.ts_event, message.bid)

    def _measure(self, symbol: str, ts: int, price: int) -> None:
        seen = self._seen[symbol]
        if seen.price and ts - seen.ts >= PAUSE:
            seen.gaps.append(abs(price - seen.price) * MILLION // seen.price)

    def _keep(self, symbol: str, ts: int, price: int) -> None:
        self._seen[symbol].ts, self._seen[symbol].price = ts, price

    def look(self, view: AccountView) -> list[Wish]:
        """Wish what is to be held over the pause that is near, and that nothing is added to it."""
        found: list[Wish] = []
        for symbol in self._pauses:
            near = self._near(symbol, view.ts)
            if near is None or self._terms.rule == "hold":
                found.append(Release("the market is open again", symbol))
                continue
            found.append(Halt("a weekend or holiday is near", symbol))
            if symbol in view.held and self._seen[symbol].settled != near.shuts:
                self._seen[symbol].settled = near.shuts
                found += self._reduce(symbol, view)
        return found

    def _near(self, symbol: str, ts: int) -> Span | None:
        """Return the pause that a market is in, or that begins soon."""
        pauses = self._pauses[symbol]
        place = bisect_left(pauses, ts, key=lambda span: span.opens - 1)
        if place == len(pauses):
            return None
        span = pauses[place]
        return span if span.shuts - max(self._terms.lead, self._reach) <= ts else None

    def _reduce(self, symbol: str, view: AccountView) -> list[Wish]:
        holding, units = view.held[symbol], abs(view.held[symbol].quantity)
        if self._terms.rule == "flat":
            return [Reduce(symbol, 0, "flat over weekends and holidays")]
        gap = self.gap(symbol)
        if gap is None:
            reason = f"the gaps of {symbol} over weekends are not known, so nothing is held"
            return [Reduce(symbol, 0, reason)]
        keep = min(units, self._bearable(holding, view, gap))
        reason = f"a gap of {gap / 10_000:.2f} %, as one in a hundred, may cost no more"
        return [Reduce(symbol, keep, reason)] if keep < units else []

    def _bearable(self, holding: Holding, view: AccountView, gap: int) -> int:
        allowed = max(view.equity, 0) * self._terms.risk_bp // 10_000 // len(view.held)
        lost = holding.worth * gap
        units = abs(holding.quantity)
        return units * allowed * MILLION // lost if lost else units

    def gap(self, symbol: str) -> int | None:
        """Return the 99 % gap of a symbol (millionths): the wider of what is told and was seen."""
        known = [
            each
            for each in (self._terms.gaps.get(symbol), gap_quantile(self._seen[symbol].gaps))
            if each is not None
        ]
        return max(known, default=None)

    def snapshot(self) -> bytes:
        """Return the gaps that were seen."""
        return msgspec.msgpack.encode((self._seen, self._reach))

    def restore(self, state: bytes) -> None:
        """Take up a snapshot."""
        self._seen, self._reach = msgspec.msgpack.decode(state, type=tuple[dict[str, _Seen], int])
