"""Series as engine events: bid points and spreads, merged in the total order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from assay.apps.lab.feeds.brokerage import HourlySpreads
from assay.kernel.records import BASE_BAR, DEPTH, EVENT, MATCHED_ON_TICKS, TICK
from assay.market.bars import ticks_to_bars
from assay.market.bars.flow import to_message
from assay.market.news import Release
from assay.market.series import BarSeries, Float64s, Int64s, TickSeries, rescale
from assay.market.spreads import spread_points
from assay.model.errors import UsageError
from assay.model.instruments import Instrument
from assay.model.messages import QuoteFlow
from assay.model.time import SECOND, Timeframe

DIGITS_FINER = 3
TICK_BARS = Timeframe.M1
"""Strategies decide on bars of this length where the data are ticks."""
CORNERS = ("open", "high", "low", "close")


@dataclass(frozen=True, slots=True)
class Flow:
    """Hold the flow [bars, 7] of an instrument's bars by their closes (ns UTC)."""

    ts_close: Int64s
    rows: Int64s

    def at(self, closes: Int64s) -> Int64s:
        """Return the flow of the bars that closed then; each must be among them."""
        return self.rows[np.searchsorted(self.ts_close, closes)]

    def tell(self, close: int) -> QuoteFlow:
        """Return the flow of the bar that closed then, as its message carries it."""
        return to_message(self.rows[np.searchsorted(self.ts_close, close)])


def flow_of(series: BarSeries | TickSeries, pricing: Pricing) -> Flow | None:
    """Return what the quotes inside a series' bars did, at the digits that it is traded with."""
    bars = series if isinstance(series, BarSeries) else ticks_to_bars(series, TICK_BARS)
    bars = rescale(bars, pricing.digits)
    if bars.flow is None:
        return None
    return Flow(bars.ts_open + int(bars.timeframe), bars.flow)


@dataclass(frozen=True, slots=True)
class Pricing:
    """Say how a series' prices become bid and ask: its engine digits, and the spread (points).

    A spread of None is the series' own (real ask columns) or the table's, wider near `releases`;
    where a broker was `measured`, its hours stand in the table's place.
    """

    digits: int
    spread: int | None
    is_mid: bool
    highest: int
    releases: Sequence[Release] = ()
    measured: HourlySpreads | None = None


def choose_pricing(
    series: BarSeries | TickSeries,
    spec: Instrument,
    spread_pips: Decimal | None,
    releases: Sequence[Release] = (),
    measured: HourlySpreads | None = None,
) -> Pricing:
    """Return the pricing of a series; a given spread makes the file's prices mids.

    The digits grow until half the spread is a whole number of points.
    """
    prices = series.ask if isinstance(series, TickSeries) else series.high
    if not len(prices):
        raise UsageError(f"{series.symbol} has no rows; give another file or span")
    highest = int(prices.max())
    if isinstance(series, TickSeries) or spread_pips is None:
        return Pricing(series.digits, None, series.side == "mid", highest, releases, measured)
    for digits in range(series.digits, series.digits + DIGITS_FINER):
        points = spread_pips * spec.pip_points * Decimal(10) ** (digits - spec.digits)
        if points >= 0 and points % 2 == 0:
            return Pricing(digits, int(points), True, highest * 10 ** (digits - series.digits))
    raise UsageError(f"--spread-pips {spread_pips} is negative or finer than the price grid")


def merge_events(
    series: Sequence[BarSeries | TickSeries],
    pricing: Sequence[Pricing],
    instruments: Sequence[Instrument],
) -> np.ndarray:
    """Return the events of all series, ordered by end, class, instrument and sequence."""
    blocks = [
        block
        for index, (one, price, spec) in enumerate(zip(series, pricing, instruments, strict=True))
        for block in _events_of(one, price, spec, index)
        if len(block)
    ]
    if len(blocks) <= 1:
        return blocks[0] if blocks else np.zeros(0, EVENT)
    # A block is of one kind and instrument and in order of time: a stable sort merges them so.
    blocks.sort(key=lambda block: (int(block["kind"][0]), int(block["instrument"][0])))
    merged = np.concatenate(blocks)
    return merged[np.argsort(merged["ts"], kind="stable")]


def quoted_sizes(series: Sequence[BarSeries | TickSeries], events: np.ndarray) -> Float64s:
    """Return the sizes [events, 2] (bid, ask) that the quotes of each event told, 0 for none."""
    found = np.zeros((len(events), 2))
    for index, one in enumerate(series):
        if not isinstance(one, TickSeries) or one.bid_size is None or one.ask_size is None:
            continue
        # Ticks of one instrument stay in their order when series are merged.
        own = (events["kind"] == TICK) & (events["instrument"] == index)
        if not own.any():  # these events were chosen, and its quotes are not among them
            continue
        found[own] = np.column_stack((one.bid_size, one.ask_size))
    return np.nan_to_num(found)


def depths_of(sizes: Float64s, units: Int64s) -> np.ndarray:
    """Return quoted sizes [n, 2] as DEPTH, for so many units [n] in a size of 1."""
    found = np.zeros(len(sizes), DEPTH)
    found["bid"], found["ask"] = np.rint(sizes * units[:, None]).astype(np.int64).T
    return found


def _events_of(
    series: BarSeries | TickSeries, pricing: Pricing, spec: Instrument, index: int
) -> list[np.ndarray]:
    """Return a series' events; ticks bring the bars that strategies decide on."""
    if isinstance(series, BarSeries):
        return [_bar_events(series, pricing, spec, index)]
    bars = _bar_events(ticks_to_bars(series, TICK_BARS), pricing, spec, index)
    bars["flags"] = MATCHED_ON_TICKS
    return [_tick_events(series, index), bars]


def _tick_events(series: TickSeries, index: int) -> np.ndarray:
    events = np.zeros(len(series.ts), EVENT)
    events["ts"] = series.ts
    for corner in CORNERS:
        events[corner] = series.bid
        events[f"spread_{corner}"] = series.ask - series.bid
    events["instrument"], events["kind"] = index, TICK
    return events


def _bar_events(series: BarSeries, pricing: Pricing, spec: Instrument, index: int) -> np.ndarray:
    events = np.zeros(len(series.ts_open), EVENT)
    events["ts"] = series.ts_open + int(series.timeframe)
    finer = 10 ** (pricing.digits - series.digits)
    modelled = None
    if pricing.spread is None and series.side != "quote":
        hours, releases = pricing.measured, tuple(pricing.releases)
        modelled = (
            hours.over(series, spec, releases) if hours else spread_points(series, spec, releases)
        )
    for corner in CORNERS:
        prices = getattr(series, corner) * finer
        if pricing.spread is not None:
            events[corner] = prices - pricing.spread // 2
            events[f"spread_{corner}"] = pricing.spread
        elif modelled is None:
            events[corner] = prices
            events[f"spread_{corner}"] = getattr(series, f"ask_{corner}") - prices
        else:
            below = {"bid": 0, "ask": 1}.get(series.side)
            shift = modelled // 2 if below is None else modelled * below
            events[corner] = prices - shift
            events[f"spread_{corner}"] = modelled
    events["instrument"], events["kind"] = index, BASE_BAR
    events["seconds"] = int(series.timeframe) // SECOND
    return events
