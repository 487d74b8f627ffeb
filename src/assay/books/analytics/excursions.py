"""How far a trade went against its holder, and for him, while it was open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from assay.books.analytics.quotes import Quotes
from assay.books.analytics.trades import ClosedTrade


class Excursion(NamedTuple):
    """Hold the furthest a trade went, as fractions of its entry price, both >= 0, and its end.

    Whole bars count, also those in which it was opened or closed, so both are upper bounds. Source:
    Sweeney, "Maximum Adverse Excursion", 1996.
    """

    adverse: float | None
    favourable: float | None
    result: float


def measure_excursions(
    trades: Iterable[ClosedTrade], quotes: Mapping[str, Quotes]
) -> list[Excursion]:
    """Return one excursion a trade; None where no bar of its symbol overlaps it."""
    return [_measure(trade, quotes.get(trade.symbol)) for trade in trades]


def _measure(trade: ClosedTrade, quotes: Quotes | None) -> Excursion:
    sign = 1.0 if trade.side == "long" else -1.0
    result = sign * (trade.exit / trade.entry - 1.0)
    # What fills inside a bar is booked at its close; a market order at the close before its bar.
    inside = trade.opened_by not in ("", "market")
    found = (
        quotes.extremes(trade.side, trade.opened, trade.closed, inside=inside) if quotes else None
    )
    if found is None:
        return Excursion(None, None, result)
    low, high = min(found[0], trade.exit), max(found[1], trade.exit)
    worst, best = (low, high) if sign > 0 else (high, low)
    return Excursion(
        max(sign * (1.0 - worst / trade.entry), 0.0), max(sign * (best / trade.entry - 1.0), 0.0),
        result,
    )  # fmt: skip
