"""What the quotes inside bars did, quote by quote in plain Python from the definitions."""

from __future__ import annotations

from fractions import Fraction
from itertools import groupby, pairwise

from assay.market.series import TickSeries
from assay.model.calendar import bar_open
from assay.model.time import Timeframe

Quote = tuple[int, int, int | None, int | None]
"""Bid, ask and their sizes in millionths; None where absent."""


def plain_flow(ticks: TickSeries, timeframe: Timeframe) -> list[list[int | None]]:
    """Return the seven columns of each bar; None is absent."""
    quotes = list(_quotes(ticks))
    events = [(0, None if quotes[0][2] is None else 0)]
    events += [_event(before, now) for before, now in pairwise(quotes)]
    opens = bar_open(ticks.ts, timeframe).tolist()
    rows = []
    for _, places in groupby(range(len(quotes)), lambda place: opens[place]):
        inside = list(places)
        squares, flows = zip(*(events[place] for place in inside), strict=True)
        bids, asks = ([quotes[place][side] for place in inside] for side in (2, 3))
        depths = (bids[-1], asks[-1], _total(bids), _total(asks))
        rows.append([len(inside), sum(squares), _total(flows), *depths])
    return rows


def _quotes(ticks: TickSeries) -> list[Quote]:
    nothing = [0.0] * len(ticks)
    sizes = [
        nothing if column is None else column.tolist()
        for column in (ticks.bid_size, ticks.ask_size)
    ]
    found = []
    for bid, ask, *pair in zip(ticks.bid.tolist(), ticks.ask.tolist(), *sizes, strict=True):
        units = [round(Fraction(size) * 10**6) if size > 0 else 0 for size in pair]
        told = units if all(units) else [None, None]
        found.append((bid, ask, told[0], told[1]))
    return found


def _event(before: Quote, now: Quote) -> tuple[int, int | None]:
    """Return the squared move of bid plus ask, and what the quote did to the order flow."""
    square = (now[0] + now[1] - before[0] - before[1]) ** 2
    if now[2] is None or now[3] is None or before[2] is None or before[3] is None:
        return square, None
    if now[0] > before[0]:
        bids = now[2]
    elif now[0] < before[0]:
        bids = -before[2]
    else:
        bids = now[2] - before[2]
    if now[1] < before[1]:
        asks = now[3]
    elif now[1] > before[1]:
        asks = -before[3]
    else:
        asks = now[3] - before[3]
    return square, bids - asks


def _total(parts: object) -> int | None:
    known = list(parts)  # type: ignore[call-overload]
    return None if None in known else sum(known)
