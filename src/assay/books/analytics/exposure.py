"""How long positions were held, and on which side."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from assay.books.analytics.trades import Fill


class Exposure(NamedTuple):
    """Hold shares of a span, 0 to 1, in which something was held, something long, something short.

    With several symbols, long and short may be held at once and then count on both sides.
    """

    held: float
    long: float
    short: float


def share_of_time(fills: Iterable[Fill], first: int, last: int) -> Exposure | None:
    """Return how much of the span from `first` to `last` (ns) was spent in the market.

    >>> buy = Fill(10, "EURUSD", 1.0, 1.1, 0.0, 0.0, 0.0)
    >>> share_of_time([buy, buy._replace(time=30, quantity=-1.0)], 0, 40)
    Exposure(held=0.5, long=0.5, short=0.0)
    """
    if last <= first:
        return None
    held: dict[str, float] = {}
    spent, since = [0, 0, 0], first
    for fill in fills:
        now = min(max(fill.time, first), last)
        _spend(spent, held, now - since)
        since = now
        quantity = held.pop(fill.symbol, 0.0) + fill.quantity
        if abs(quantity) > 1e-9:
            held[fill.symbol] = quantity
    _spend(spent, held, last - since)
    whole = last - first
    return Exposure(spent[0] / whole, spent[1] / whole, spent[2] / whole)


def _spend(spent: list[int], held: dict[str, float], length: int) -> None:
    signs = [quantity > 0 for quantity in held.values()]
    for place, counts in enumerate((bool(signs), any(signs), not all(signs))):
        spent[place] += length if counts else 0
