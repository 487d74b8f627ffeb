"""Files of bars to what the correlation engine finds in them, one timeframe after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assay.market.bars import bars_to_bars
from assay.market.series import BarSeries
from assay.market.sources.parquet.reading import read_parquet
from assay.model.calendar import bar_close
from assay.model.errors import UsageError
from assay.model.time import Timeframe, format_time
from assay.signals.correlation import (
    Alert,
    Analysis,
    Closes,
    Estimator,
    align_returns,
    analyse,
    list_pairs,
    proxy_weights,
)

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrelationRequest:
    """Hold what is asked: files, how to estimate, and the bars that close in [start, end)."""

    data: Sequence[Path]
    estimator: Estimator
    timeframes: Sequence[Timeframe] = ()
    lags: int = 5
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class Correlations:
    """Hold the findings of one timeframe.

    `early` counts by symbol the bars whose last part closed before they did: their price is older
    than their close.
    """

    timeframe: Timeframe
    analysis: Analysis
    early: Mapping[str, int]


def find_correlations(
    request: CorrelationRequest, on_stage: Tell = lambda _: None
) -> list[Correlations]:
    """Return the findings of each timeframe asked for, else of the files' own.

    Raises UsageError where files do not go together.
    """
    on_stage("reading")
    series = [_read(path) for path in request.data]
    found = []
    for timeframe in _choose_timeframes(series, request.timeframes):
        closes, early = [], {}
        for one in series:
            mine, early[one.symbol] = _close_bars(one, timeframe, request)
            closes.append(mine)
        returns = align_returns(closes, int(timeframe))

        def tell(stage: str, name: str = timeframe.name) -> None:
            on_stage(f"{name} {stage}")

        found.append(
            Correlations(timeframe, analyse(returns, request.estimator, request.lags, tell), early)
        )
    return found


def _read(path: Path) -> BarSeries:
    series = read_parquet(path)
    if not isinstance(series, BarSeries):
        raise UsageError(f"{path} holds ticks; correlations are of bars, give a file of bars")
    return series


def _choose_timeframes(
    series: Sequence[BarSeries], asked: Sequence[Timeframe]
) -> tuple[Timeframe, ...]:
    if asked:
        return tuple(dict.fromkeys(asked))
    lengths = sorted({one.timeframe for one in series})
    if len(lengths) > 1:
        names = ", ".join(each.name for each in lengths)
        raise UsageError(f"the files hold bars of {names}; name one length with --timeframe")
    return tuple(lengths)


def _close_bars(
    series: BarSeries, timeframe: Timeframe, request: CorrelationRequest
) -> tuple[Closes, int]:
    """Return the closes of bars of a timeframe, of mids where there are asks, and the early."""
    bars = bars_to_bars(series, timeframe)
    times = bar_close(bars.ts_open, timeframe)
    parts = bar_close(series.ts_open, series.timeframe)
    last = parts[np.searchsorted(series.ts_open, times, side="left") - 1]
    prices = bars.close.astype(np.float64)
    if bars.ask_close is not None:
        prices = (prices + bars.ask_close) / 2
    inside = np.ones(len(times), dtype=bool)
    if request.start is not None:
        inside &= times >= request.start
    if request.end is not None:
        inside &= times < request.end
    closes = Closes(series.symbol, times[inside], prices[inside] / 10**bars.digits)
    return closes, int((last < times)[inside].sum())


def describe_correlations(found: Correlations) -> dict[str, Any]:
    """Return the findings as one JSON object; times in UTC, lags in bars."""
    analysis = found.analysis
    returns, matrix, estimator = analysis.returns, analysis.matrix, analysis.estimator
    pairs = list_pairs(returns.symbols)
    return {
        "timeframe": found.timeframe.name,
        "symbols": list(returns.symbols),
        "dollar": _describe_dollar(analysis),
        "first": format_time(int(returns.times[0])),
        "last": format_time(int(returns.times[-1])),
        "returns": len(returns),
        "coverage": _describe_coverage(found),
        "method": estimator.method,
        **_describe_length(estimator),
        "effective_rows": matrix.effective_rows,
        "shrinkage_intensity": matrix.intensity,
        "correlation": _plain(matrix.correlation),
        "covariance": _plain(matrix.covariance),
        "pairs": [
            {"pair": list(pair), "correlation": each.correlation, "low": each.low,
             "high": each.high, "effective_n": each.effective_n}
            for pair, each in zip(pairs, matrix.pairs, strict=True)
        ],
        "exposures": [_fields(each) for each in analysis.exposures],
        "lead_lag": {
            "rows": analysis.leads.rows, "lags": analysis.leads.lags,
            "tests": [_fields(each) for each in analysis.leads.tests],
        },
        "stability": [_describe_stability(each) for each in analysis.stability],
        "watched_from": _watched_from(analysis),
        "alerts": [describe_alert(each) for each in analysis.alerts],
        "graph": describe_graph(analysis),
    }  # fmt: skip


def describe_graph(analysis: Analysis) -> dict[str, Any]:
    """Return nodes, edges and the tree as one JSON object."""
    graph = analysis.graph
    return {
        "nodes": list(analysis.returns.symbols),
        "edges": [_fields(each) for each in graph.edges],
        "tree": [_fields(each) for each in graph.tree],
        "edges_leave_out": list(graph.without),
        "collinear": graph.collinear,
    }


def describe_alert(alert: Alert) -> dict[str, Any]:
    """Return an alert; its outcome is lasts, returned or settled."""
    outcome = "lasts" if alert.end is None else "returned" if alert.returned else "settled"
    end = None if alert.end is None else format_time(alert.end)
    told = {name: value for name, value in _fields(alert).items() if name != "returned"}
    return {**told, "start": format_time(alert.start), "end": end, "outcome": outcome}


def _watched_from(analysis: Analysis) -> str | None:
    """Return when the first interval of any pair was known."""
    known = np.flatnonzero(np.isfinite(analysis.watch.half).any(axis=1))
    return format_time(int(analysis.path_times[known[0]])) if len(known) else None


def _describe_dollar(analysis: Analysis) -> dict[str, Any]:
    dollar = analysis.dollar
    weights = proxy_weights() if dollar.kind == "proxy" else None
    return {
        "kind": dollar.kind, "symbol": dollar.symbol, "weights": weights,
        "absent": list(dollar.absent),
    }  # fmt: skip


def _describe_coverage(found: Correlations) -> dict[str, Any]:
    coverage = found.analysis.returns.coverage
    return {**_fields(coverage), "early": dict(found.early)}


def _describe_length(estimator: Estimator) -> dict[str, Any]:
    if estimator.method == "ewm":
        return {"half_life": estimator.half_life}
    if estimator.method == "shrinkage":
        return {"window": estimator.window, "target": estimator.target}
    return {"window": estimator.window}


def _describe_stability(each: Any) -> dict[str, Any]:
    told = _fields(each)
    return told | {name: _fields(told[name]) for name in ("whole", "first", "second")}


def _fields(record: Any) -> dict[str, Any]:  # Any: a slotted dataclass of any kind
    values = {name: getattr(record, name) for name in record.__slots__}
    return {name: None if _is_nothing(value) else value for name, value in values.items()}


def _is_nothing(value: object) -> bool:
    return isinstance(value, float) and not np.isfinite(value)


def _plain(matrix: np.ndarray) -> list[list[float | None]]:
    return [[None if np.isnan(value) else float(value) for value in row] for row in matrix]
