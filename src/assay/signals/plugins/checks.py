"""What every indicator is held to, the program's own and a tenant's; each check names its breach.

They raise DataError that begins with the name of the check.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from msgspec import UNSET

from assay.kernel.flow import ABSENT
from assay.model.errors import DataError
from assay.model.messages import BarClosed, QuoteFlow
from assay.model.time import MINUTE
from assay.runtime.clock import Stopwatch
from assay.signals.streams.columns import BarColumns, Float64s, Int64s
from assay.signals.streams.plan import Use
from assay.signals.streams.stream import IndicatorStream, compute_indicators

TOLERANCE = 1e-9
CUTS = (0, 1, 2, 15, 60, 333, -1)
STARTS = (1, 37, 402)
HOLE = slice(100, 110)
TIMED_BARS, TIMED_ROUNDS = 2_000, 3


def distance(values: Float64s, wanted: Float64s, chosen: Use, bars: BarColumns) -> float:
    """Return the largest difference relative to max(|wanted|, scale); infinite where NaN differ."""
    if not values.size:
        return 0.0
    scale = chosen.indicator.scale
    floor = np.abs(bars.close)[:, None].astype(np.float64) if scale is None else scale
    if not np.array_equal(np.isnan(values), np.isnan(wanted)):
        return np.inf
    error = np.abs(values - wanted) / np.maximum(np.maximum(np.abs(wanted), floor), 1e-300)
    return float(np.nan_to_num(error).max())


def check_warm_up(chosen: Use, bars: BarColumns) -> None:
    """Hold an indicator to the bar at which it says that its first value comes."""
    values = compute_indicators([chosen], bars)
    begin = chosen.indicator.warm_up(chosen.values) - 1
    early = np.flatnonzero(~np.isnan(values[:begin]).all(axis=1))
    if len(early):
        raise DataError(
            f"warm-up: {chosen.label} has a value at bar {early[0] + 1} and says {begin + 1}; say "
            "less in `warm_up`, or write nothing before"
        )
    late = np.flatnonzero(~np.isfinite(values[begin:]).all(axis=1))
    if len(late):
        raise DataError(
            f"warm-up: {chosen.label} has no finite value at bar {begin + late[0] + 1} and says "
            f"that it has from bar {begin + 1} on; say more in `warm_up`, or write every output"
        )


def check_settling(chosen: Use, bars: BarColumns) -> None:
    """Hold an indicator to the bar after which it says that its start no longer shows."""
    indicator = chosen.indicator
    settling, warm = indicator.settling(chosen.values), indicator.warm_up(chosen.values)
    if settling < warm:
        raise DataError(f"settling: {chosen.label} settles at {settling}, warm at {warm}; say more")
    whole = compute_indicators([chosen], bars)
    for start in STARTS:
        later = bars.cut(slice(start, None))
        values = compute_indicators([chosen], later)[settling - 1 :]
        gap = distance(
            values, whole[start + settling - 1 :], chosen, later.cut(slice(settling - 1, None))
        )
        if not gap < TOLERANCE:
            raise DataError(
                f"settling: {chosen.label} says that after {settling} bars its start no longer "
                f"shows, and begun {start} bars later it differs by {gap:.1e} of its scale, at "
                f"most {TOLERANCE:.0e}; say more in `settling`"
            )


def check_future(uses: Sequence[Use], bars: BarColumns) -> None:
    """Hold indicators to what they said of past bars when those that follow are cut."""
    whole = compute_indicators(uses, bars)
    for cut in CUTS:
        length = cut if cut >= 0 else len(bars) - 1
        known = compute_indicators(uses, bars.cut(slice(0, length)))
        if known.tobytes() != whole[:length].tobytes():
            raise DataError(
                f"future: {_differing(uses, known, whole[:length])} changes when the bars after "
                f"{length} are cut; read the bar that is given, and the state, alone"
            )


def check_stream(uses: Sequence[Use], bars: BarColumns) -> None:
    """Hold indicators to the same bits bar by bar as over whole columns, stopped at any bar."""
    whole, stream = compute_indicators(uses, bars), IndicatorStream(uses)
    rows = np.array([stream.push(message_of(bars, row)) for row in range(len(bars))])
    if rows.tobytes() != whole.tobytes():
        raise DataError(
            f"stream: {_differing(uses, rows, whole)} is another bar by bar than over whole "
            "columns; keep all it remembers in its state"
        )


def check_snapshot(uses: Sequence[Use], bars: BarColumns) -> None:
    """Hold indicators to going on from a snapshot of their state as if nothing had happened."""
    wanted, stream = compute_indicators(uses, bars), IndicatorStream(uses)
    for row in range(len(bars)):
        state = stream.snapshot()
        stream = IndicatorStream(uses)
        stream.restore(state)
        found = stream.push(message_of(bars, row))
        if found.tobytes() != wanted[row].tobytes():
            raise DataError(
                f"snapshot: {_differing(uses, found[None], wanted[row : row + 1])} is another "
                f"after a restart at bar {row + 1}; keep all it remembers in its state"
            )


def check_finite(chosen: Use, bars: BarColumns) -> None:
    """Hold an indicator to finite values from its warm-up on, whatever the market does."""
    values = compute_indicators([chosen], bars)
    begin = chosen.indicator.warm_up(chosen.values) - 1
    wrong = np.flatnonzero(~np.isfinite(values[begin:]).all(axis=1))
    if len(wrong):
        raise DataError(
            f"finite: {chosen.label} is {values[begin + wrong[0]].tolist()} at bar "
            f"{begin + wrong[0] + 1} of an odd market; write a number, such as 0, where it divides "
            "by nothing"
        )


def check_absence(chosen: Use, bars: BarColumns) -> None:
    """Hold an indicator to telling nothing infinite without volume, and to getting over a gap."""
    assert bars.volume is not None
    holed = bars.volume.copy()
    holed[HOLE] = np.nan
    for volume in (None, holed):
        values = compute_indicators([chosen], replace(bars, volume=volume))
        if np.isinf(values).any():
            raise DataError(
                f"absence: {chosen.label} is infinite where volume is absent; write nothing there"
            )
    after = values[HOLE.stop + chosen.indicator.settling(chosen.values) :]
    if not np.isfinite(after).all():
        raise DataError(
            f"absence: {chosen.label} has no value once volume is back and it has settled; begin "
            "afresh where volume is not a number"
        )


def measure_bar(chosen: Use, bars: BarColumns) -> float:
    """Return what a bar takes at the 99th percentile, the least of some rounds, in microseconds."""
    messages = [message_of(bars, row) for row in range(min(TIMED_BARS, len(bars)))]
    found, watch = [], Stopwatch()
    for _ in range(TIMED_ROUNDS):
        stream, taken = IndicatorStream([chosen]), []
        for message in messages:
            watch.restart()
            stream.push(message)
            taken.append(watch.elapsed_ns())
        found.append(float(np.quantile(taken, 0.99)) / 1_000)
    return min(found)


def check_time(chosen: Use, bars: BarColumns, most: float) -> float:
    """Hold an indicator to a time a bar (microseconds); return what it takes."""
    taken = measure_bar(chosen, bars)
    if taken > most:
        raise DataError(
            f"time: {chosen.label} takes {taken:,.0f} us a bar at the 99th percentile, at most "
            f"{most:,.0f}; keep running sums instead of going over past bars"
        )
    return taken


def message_of(columns: BarColumns, row: int, symbol: str = "EURUSD") -> BarClosed:
    """Return the message that carries one bar live."""
    spread = int(columns.spread[row])
    close = int(columns.ts_close[row])
    volume = None if columns.volume is None else float(columns.volume[row])
    return BarClosed(
        id=row + 1, ts_event=close, ts_init=close, symbol=symbol, timeframe=MINUTE,
        ts_open=close - MINUTE, open=int(columns.open[row]), high=int(columns.high[row]),
        low=int(columns.low[row]), close=int(columns.close[row]), spread_open=spread + 1,
        spread_high=spread + 2, spread_low=spread + 3, spread_close=spread, volume=volume,
        flow=UNSET if columns.flow is None else _flow_of(columns.flow[row]),
    )  # fmt: skip


def _flow_of(told: Int64s) -> QuoteFlow:
    return QuoteFlow(*(None if value == ABSENT else value for value in told.tolist()))


def _differing(uses: Sequence[Use], one: Float64s, other: Float64s) -> str:
    """Return the name of the first output that differs."""
    differs = (one.view(np.uint64) != other.view(np.uint64)).any(axis=0)
    return IndicatorStream(uses).names[int(np.argmax(differs))]
