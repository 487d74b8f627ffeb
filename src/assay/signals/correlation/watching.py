"""Correlations of several instruments while their bars close, and the message of each alert."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from assay.model.messages import (
    BarClosed,
    CorrelationBroke,
    CorrelationReturned,
    CorrelationsMeasured,
)
from assay.signals.correlation.alignment import Coverage, Returns, ReturnStream
from assay.signals.correlation.breakdown import LEAST, Alert, AlertStream, find_alerts
from assay.signals.correlation.dollar import add_dollar, find_dollar
from assay.signals.correlation.graph import build_graph
from assay.signals.correlation.stability import list_pairs
from assay.signals.correlation.stream import CorrelationStream, Estimator
from assay.signals.correlation.uncertainty import judge_pair

Float64s = NDArray[np.float64]
TEN_THOUSAND = 10_000
Told = CorrelationBroke | CorrelationReturned | CorrelationsMeasured


class PairNow(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the correlation of two instruments with its 95 % interval; None where one stood still.

    `broke_since` is when it left the interval of its own past (ns UTC), None while it is inside.
    """

    pair: tuple[str, str]
    correlation: float | None
    low: float
    high: float
    effective_n: float
    broke_since: int | None


class EdgeNow(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the correlation of two instruments beside all others; it `holds` where not 0."""

    pair: tuple[str, str]
    partial: float
    low: float
    high: float
    holds: bool


class BranchNow(msgspec.Struct, frozen=True, kw_only=True):
    """Hold a branch of the tree of nearest neighbours."""

    pair: tuple[str, str]
    correlation: float
    distance: float


class CorrelationsNow(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the matrix, its pairs and what hangs on what over the last `window` returns.

    `alerts_after` is how many `returns` it takes until a pair has a past of its own. The matrix has
    None where something stood still; `graph` leaves out `edges_leave_out`, and is `collinear` and
    without edges where one instrument is a sum of others.
    """

    timeframe: int
    symbols: tuple[str, ...]
    dollar: str
    time: int
    returns: int
    window: int
    alerts_after: int
    matrix: tuple[tuple[float | None, ...], ...] = ()
    pairs: tuple[PairNow, ...] = ()
    edges: tuple[EdgeNow, ...] = ()
    tree: tuple[BranchNow, ...] = ()
    edges_leave_out: tuple[str, ...] = ()
    collinear: bool = False


class CorrelationWatch:
    """Tell when a pair leaves the interval of its own past, when that is over, and each window.

    Rows, samples and alerts are those of `assay correlations` over the same bars, by the same
    compiled steps. `digits` are the prices', by symbol.
    """

    def __init__(
        self, digits: Mapping[str, int], timeframe: int, estimator: Estimator
    ) -> None:  # fmt: skip
        self.symbols, self.timeframe, self._estimator = tuple(digits), timeframe, estimator
        self._scale = {symbol: 10.0**places for symbol, places in digits.items()}
        self._closes = ReturnStream(self.symbols, timeframe)
        self._dollar = find_dollar(self.symbols)
        named = add_dollar(self._returns([], np.empty((0, len(digits)))), self._dollar).symbols
        self._named, self._pairs = named, list_pairs(named)
        self._stream = CorrelationStream(len(named), estimator)
        self._alerts = AlertStream(len(self._pairs), estimator)
        self._path, self._times = list[Float64s](), list[int]()
        self._broken: dict[tuple[str, str], int] = {}
        self._last = 0

    def _returns(self, times: Sequence[int], values: Float64s) -> Returns:
        places = np.arange(len(times))
        nothing = Coverage(len(times), len(times), {}, 0, 0)
        return Returns(self.symbols, np.array(times, np.int64), places, values, nothing)

    def take(self, bars: Sequence[BarClosed]) -> list[Told]:
        """Take finished bars of the symbols, in order of time; return what is to be told."""
        ends, rows = list[BarClosed](), list[Float64s]()
        for bar in bars:
            mid = (bar.close + 0.5 * bar.spread_close) / self._scale[bar.symbol]
            row = self._closes.push(bar.symbol, bar.ts_event, mid)
            if row is not None:
                ends.append(bar)
                rows.append(row)
        if not rows:
            return []
        self._last = ends[-1].ts_event
        returns = add_dollar(
            self._returns([end.ts_event for end in ends], np.array(rows)), self._dollar
        )
        before = self._stream.rows
        path = self._stream.load(returns.values)
        ends_sampled = [
            (row, end) for row, end in enumerate(ends, before + 1) if self._is_sampled(row)
        ]
        return [
            told
            for (row, end), sample in zip(ends_sampled, path, strict=True)
            for told in [*self._judge(sample, end), *self._measure(row, sample, end)]
        ]

    def _is_sampled(self, row: int) -> bool:
        after = row - self._estimator.length
        return after >= 0 and after % self._estimator.every == 0

    def _measure(self, row: int, sample: Float64s, end: BarClosed) -> list[Told]:
        """Return the matrix where a window ends that shares no row with the one told before."""
        if (row - self._estimator.length) % (self._estimator.apart * self._estimator.every):
            return []
        correlations = tuple(
            None if np.isnan(value) else _whole(value) for value in sample.tolist()
        )
        return [
            CorrelationsMeasured(
                id=0, cause=end.id, ts_event=end.ts_event, ts_init=end.ts_init,
                symbols=self._named, timeframe=self.timeframe, returns=row,
                correlations=correlations,
            )
        ]  # fmt: skip

    def _judge(self, sample: Float64s, end: BarClosed) -> list[Told]:
        self._path.append(sample.copy())
        self._times.append(end.ts_event)
        if not self._alerts.load(sample[None, :]).any():
            return []
        found = find_alerts(
            self._alerts.watch, np.array(self._path), np.array(self._times), self._pairs
        )
        now = dict(zip(self._pairs, sample.tolist(), strict=True))
        told: list[Told] = []
        for alert in found:
            if alert.start == end.ts_event:
                self._broken[alert.pair] = alert.start
                told.append(self._broke(alert, now[alert.pair], end))
            elif alert.end == end.ts_event:
                self._broken.pop(alert.pair, None)
                told.append(self._returned(alert, now[alert.pair], end))
        return told

    def _broke(self, alert: Alert, correlation: float, end: BarClosed) -> CorrelationBroke:
        return CorrelationBroke(
            id=0, cause=end.id, ts_event=end.ts_event, ts_init=end.ts_init, pair=alert.pair,
            timeframe=self.timeframe, correlation=_whole(correlation), usual=_whole(alert.usual),
            low=_whole(alert.low), high=_whole(alert.high),
        )  # fmt: skip

    def _returned(self, alert: Alert, correlation: float, end: BarClosed) -> CorrelationReturned:
        return CorrelationReturned(
            id=0, cause=end.id, ts_event=end.ts_event, ts_init=end.ts_init, pair=alert.pair,
            timeframe=self.timeframe, since=alert.start,
            outcome="returned" if alert.returned else "settled", correlation=_whole(correlation),
            usual=_whole(alert.usual), furthest=_whole(alert.became),
        )  # fmt: skip

    @property
    def now(self) -> CorrelationsNow:
        """Return what is known after the last row; no matrix before the window is full."""
        estimator, rows = self._estimator, self._stream.rows
        found = CorrelationsNow(
            timeframe=self.timeframe, symbols=self._named, dollar=self._dollar.kind,
            time=self._last, returns=rows, window=estimator.length,
            alerts_after=(LEAST + 1) * estimator.length,
        )  # fmt: skip
        if rows < estimator.length:
            return found
        kept = self._stream.kept()
        without = (self._dollar.symbol,) if self._dollar.kind == "proxy" else ()
        held = Returns(
            self._named, np.arange(len(kept)), np.arange(len(kept)), kept,
            Coverage(len(kept), len(kept), {}, 0, 0),
        )  # fmt: skip
        graph = build_graph(held, tuple(filter(None, without)))
        return msgspec.structs.replace(
            found, matrix=_plain(self._stream.correlation), pairs=self._judge_pairs(kept),
            edges=tuple(
                EdgeNow(pair=each.pair, partial=each.partial, low=each.low, high=each.high,
                        holds=each.holds)
                for each in graph.edges
            ),
            tree=tuple(
                BranchNow(pair=each.pair, correlation=each.correlation, distance=each.distance)
                for each in graph.tree
            ),
            edges_leave_out=graph.without, collinear=graph.collinear,
        )  # fmt: skip

    def _judge_pairs(self, kept: Float64s) -> tuple[PairNow, ...]:
        weights = np.full(len(kept), 1 / len(kept))
        found = []
        for pair in self._pairs:
            one, other = (self._named.index(symbol) for symbol in pair)
            judged = judge_pair(kept[:, one], kept[:, other], weights)
            found.append(
                PairNow(
                    pair=pair, correlation=_known(judged.correlation), low=judged.low,
                    high=judged.high, effective_n=judged.effective_n,
                    broke_since=self._broken.get(pair),
                )
            )  # fmt: skip
        return tuple(found)


def _whole(correlation: float) -> int:
    return round(TEN_THOUSAND * correlation)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value


def _plain(matrix: Float64s) -> tuple[tuple[float | None, ...], ...]:
    return tuple(tuple(_known(value) for value in row) for row in matrix.tolist())
