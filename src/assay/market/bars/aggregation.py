"""Group rows by the bar they fall in; a bar exists only where there was a row."""

from __future__ import annotations

import numpy as np

from assay.market.bars.flow import flow_of_bars, flow_of_ticks
from assay.market.series import ASK_COLUMNS, BID_COLUMNS, BarSeries, Int64s, TickSeries
from assay.model.calendar import NEW_YORK_CLOSE, Rollover, bar_open
from assay.model.errors import UsageError
from assay.model.time import Timeframe


def ticks_to_bars(
    ticks: TickSeries, timeframe: Timeframe, rollover: Rollover = NEW_YORK_CLOSE
) -> BarSeries:
    """Return quote bars of the ticks, with their flow; volume is their number.

    Bars above H1 count from rollover.
    """
    opens = bar_open(ticks.ts, timeframe, rollover)
    first, last = _groups(opens)
    prices = _fold_columns(first, last, dict.fromkeys(BID_COLUMNS, ticks.bid))
    prices |= _fold_columns(first, last, dict.fromkeys(ASK_COLUMNS, ticks.ask))
    return BarSeries(
        symbol=ticks.symbol, timeframe=timeframe, side="quote", source=ticks.source,
        digits=ticks.digits, ts_open=opens[first], fold=_any(ticks.fold, first),
        volume=(last - first + 1).astype(np.float64), flow=flow_of_ticks(ticks, last + 1), **prices,
    )  # fmt: skip


def bars_to_bars(
    bars: BarSeries, timeframe: Timeframe, rollover: Rollover = NEW_YORK_CLOSE
) -> BarSeries:
    """Return longer bars; raise UsageError when `timeframe` is no multiple of the bars' own."""
    if timeframe < bars.timeframe or timeframe % bars.timeframe:
        raise UsageError(f"{bars.timeframe.name} bars do not make {timeframe.name} bars")
    opens = bar_open(bars.ts_open, timeframe, rollover)
    first, last = _groups(opens)
    names = BID_COLUMNS + (ASK_COLUMNS if bars.ask_open is not None else ())
    volume = None
    if bars.volume is not None:
        volume = np.add.reduceat(bars.volume, first) if len(first) else bars.volume
    flow = None if bars.flow is None else flow_of_bars(bars.flow, last + 1)
    return BarSeries(
        symbol=bars.symbol, timeframe=timeframe, side=bars.side, source=bars.source,
        digits=bars.digits, ts_open=opens[first], fold=_any(bars.fold, first), volume=volume,
        flow=flow, **_fold_columns(first, last, {name: getattr(bars, name) for name in names}),
    )  # fmt: skip


def _groups(opens: Int64s) -> tuple[Int64s, Int64s]:
    """Return the positions of each bar's first and last row; `opens` must not go back."""
    if len(opens) == 0:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    first = np.flatnonzero(np.diff(opens, prepend=opens[0] - 1))
    return first, np.append(first[1:], len(opens)) - 1


def _fold_columns(first: Int64s, last: Int64s, columns: dict[str, Int64s]) -> dict[str, Int64s]:
    folded = {}
    for name, column in columns.items():
        kind = name.removeprefix("ask_")
        if len(first) == 0:
            folded[name] = column[:0]
        elif kind == "high":
            folded[name] = np.maximum.reduceat(column, first)
        elif kind == "low":
            folded[name] = np.minimum.reduceat(column, first)
        else:
            folded[name] = column[first if kind == "open" else last]
    return folded


def _any(marks: np.ndarray, first: Int64s) -> np.ndarray:
    return np.logical_or.reduceat(marks, first) if len(first) else marks[:0]
