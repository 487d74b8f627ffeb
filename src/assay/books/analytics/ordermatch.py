"""The orders of two runs, one against the other: what is missing, what is extra, what differs."""

from __future__ import annotations

from bisect import insort
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from assay.books.analytics.execution import OrderQuality
from assay.model.time import SECOND

WINDOW = 60 * SECOND
EQUAL = 1e-9
POINTS_A_PIP = 10


class OrderPair(NamedTuple):
    """Hold an order of either side, or of both; `by` is key, window, or empty where alone."""

    first: OrderQuality | None
    second: OrderQuality | None
    by: str

    @property
    def told(self) -> OrderQuality:
        """Return the order of whichever side has it."""
        found = self.first or self.second
        assert found is not None
        return found


class OrderGap(NamedTuple):
    """Hold one difference of a pair: `what` in a word, and what either side has."""

    pair: OrderPair
    what: str
    first: str
    second: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDiff:
    """Hold every pair and every difference, in order of time.

    `price_points` is the mean of what the second side paid more (negative: less), by the points of
    its symbol, over orders that both filled; `fill_seconds` how much later it filled.
    """

    pairs: list[OrderPair]
    gaps: list[OrderGap]
    price_points: float | None
    fill_seconds: float | None

    @property
    def counts(self) -> dict[str, int]:
        """Return how many orders are equal, and how often each difference came."""
        found = {
            "first": sum(pair.first is not None for pair in self.pairs),
            "second": sum(pair.second is not None for pair in self.pairs),
            "by_key": sum(pair.by == "key" for pair in self.pairs),
            "by_window": sum(pair.by == "window" for pair in self.pairs),
            "equal": len(self.pairs) - len({id(gap.pair) for gap in self.gaps}),
        }
        for gap in self.gaps:
            found[gap.what] = found.get(gap.what, 0) + 1
        return found


def diff_orders(
    first: Sequence[OrderQuality],
    second: Sequence[OrderQuality],
    pips: Mapping[str, float],
    *,
    window: int = WINDOW,
) -> OrderDiff:
    """Return how the orders of the second side differ from those of the first.

    Orders are one where their keys are; of the rest where symbol, side and type are and their times
    lie within `window` (ns), the nearest first come, first served.
    """
    pairs = sorted(match_orders(first, second, window), key=lambda pair: pair.told.time)
    gaps = [gap for pair in pairs for gap in _differ(pair, pips)]
    both = [
        (a, b, 1.0 if a.side == "buy" else -1.0)
        for a, b, _ in pairs
        if a and b and a.price is not None and b.price is not None
    ]
    paid = [
        sign * ((b.price or 0.0) - (a.price or 0.0)) / _point(pips, a.symbol) for a, b, sign in both
    ]
    late = [(_filled_at(b) - _filled_at(a)) / SECOND for a, b, _ in both]
    return OrderDiff(
        pairs=pairs, gaps=gaps, price_points=sum(paid) / len(paid) if paid else None,
        fill_seconds=sum(late) / len(late) if late else None,
    )  # fmt: skip


def match_orders(
    first: Iterable[OrderQuality], second: Iterable[OrderQuality], window: int
) -> list[OrderPair]:
    """Return every order of both sides once."""
    known = {order.key: order for order in second}
    pairs, alone = [], []
    for order in first:
        twin = known.pop(order.key, None)
        if twin is None:
            alone.append(order)
        else:
            pairs.append(OrderPair(order, twin, "key"))
    waiting: dict[tuple[str, str, str], list[tuple[int, int]]] = defaultdict(list)
    for order in known.values():
        insort(waiting[order.symbol, order.side, order.kind], (order.time, order.key))
    for order in sorted(alone, key=lambda each: each.time):
        queue = waiting[order.symbol, order.side, order.kind]
        near = min(queue, key=lambda each: abs(each[0] - order.time), default=None)
        if near is None or abs(near[0] - order.time) > window:
            pairs.append(OrderPair(order, None, ""))
            continue
        queue.remove(near)
        pairs.append(OrderPair(order, known.pop(near[1]), "window"))
    return [*pairs, *(OrderPair(None, order, "") for order in known.values())]


def _differ(pair: OrderPair, pips: Mapping[str, float]) -> Iterable[OrderGap]:
    a, b = pair.first, pair.second
    if a is None or b is None:
        whole = pair.told
        shown = f"{whole.kind} {whole.quantity:g} {whole.state}"
        yield OrderGap(pair, "extra" if a is None else "missing", shown if a else "",
                       "" if a else shown)  # fmt: skip
        return
    for what in ("kind", "state", "denied"):
        ours, theirs = getattr(a, what), getattr(b, what)
        if ours != theirs:
            yield OrderGap(pair, what, ours or "no", theirs or "no")
    for what in ("quantity", "filled"):
        mine, other = getattr(a, what), getattr(b, what)
        if abs(mine - other) > EQUAL * max(abs(mine), 1.0):
            yield OrderGap(pair, what, f"{mine:g}", f"{other:g}")
    if a.time != b.time:
        yield OrderGap(pair, "time", "", f"{(b.time - a.time) / SECOND:+.3f} s")
    if a.price is None or b.price is None:
        return
    points = (b.price - a.price) / _point(pips, a.symbol)
    if abs(points) > 1e-6:
        yield OrderGap(pair, "price", f"{a.price:.10g}", f"{b.price:.10g} ({points:+.1f} points)")
    late = _filled_at(b) - _filled_at(a) - (b.time - a.time)
    if late:
        yield OrderGap(pair, "fill time", "", f"{late / SECOND:+.3f} s")


def _filled_at(order: OrderQuality) -> int:
    return order.time + (order.waited or 0)


def _point(pips: Mapping[str, float], symbol: str) -> float:
    return pips.get(symbol, POINTS_A_PIP) / POINTS_A_PIP
