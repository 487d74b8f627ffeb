"""Everything the correlation engine finds in one table of returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from assay.model.errors import UsageError
from assay.signals.correlation.alignment import Returns
from assay.signals.correlation.breakdown import Alert, Watch, find_alerts, watch_path
from assay.signals.correlation.dollar import (
    Dollar,
    Exposure,
    add_dollar,
    find_dollar,
    measure_exposures,
)
from assay.signals.correlation.graph import DependencyGraph, build_graph
from assay.signals.correlation.leadlag import LeadLags, measure_leads
from assay.signals.correlation.stability import Stability, compare_halves, list_pairs
from assay.signals.correlation.stream import (
    CorrelationStream,
    Estimator,
    sample_rows,
    to_correlation,
)
from assay.signals.correlation.uncertainty import Pair, judge_pair

Float64s = NDArray[np.float64]
Int64s = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Hold covariance and correlation [n, n] at the last row, and what they are worth.

    `pairs` judge the correlations before shrinkage, in the order of `list_pairs`; `intensity` is
    that of shrinkage, None without.
    """

    covariance: Float64s
    correlation: Float64s
    effective_rows: float
    intensity: float | None
    pairs: tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class Analysis:
    """Hold what was found; `path` [samples, pairs] are correlations at `path_times` (ns UTC).

    Matrix and exposures are of the last rows, as the estimator weighs them; leads, stability and
    graph are of all rows.
    """

    returns: Returns
    dollar: Dollar
    estimator: Estimator
    matrix: Matrix
    path: Float64s
    path_times: Int64s
    watch: Watch
    alerts: tuple[Alert, ...]
    exposures: tuple[Exposure, ...]
    leads: LeadLags
    stability: tuple[Stability, ...]
    graph: DependencyGraph


def analyse(
    returns: Returns,
    estimator: Estimator,
    lags: int,
    on_stage: Callable[[str], None] = lambda _: None,
) -> Analysis:
    """Return all findings; raise UsageError for fewer rows than the estimator looks back on."""
    if len(returns) < estimator.length:
        raise UsageError(
            f"{len(returns):,} returns are shared, {estimator.method} looks back on "
            f"{estimator.length:,}; give more bars or a shorter --window or --half-life"
        )
    dollar = find_dollar(returns.symbols)
    returns = add_dollar(returns, dollar)
    on_stage("correlations")
    stream = CorrelationStream(len(returns.symbols), estimator)
    path = stream.load(returns.values)
    times = returns.times[sample_rows(len(returns), estimator)]
    weights = estimator.weigh(len(returns))
    matrix = _read_matrix(stream, returns, weights)
    watch = watch_path(path, estimator)
    alerts = find_alerts(watch, path, times, list_pairs(returns.symbols))
    exposures = measure_exposures(returns, dollar, weights)
    on_stage("lead and lag")
    leads = measure_leads(returns, lags)
    on_stage("stability")
    stability = compare_halves(returns, path, estimator)
    on_stage("dependencies")
    without = (dollar.symbol,) if dollar.kind == "proxy" and dollar.symbol else ()
    graph = build_graph(returns, without)
    return Analysis(
        returns=returns, dollar=dollar, estimator=estimator, matrix=matrix, path=path,
        path_times=times, watch=watch, alerts=alerts, exposures=exposures, leads=leads,
        stability=stability, graph=graph,
    )  # fmt: skip


def _read_matrix(stream: CorrelationStream, returns: Returns, weights: Float64s) -> Matrix:
    covariance, correlation, intensity = stream.covariance, stream.correlation, None
    if stream.estimator.method == "shrinkage":
        shrunk = stream.shrink()
        covariance, intensity = shrunk.covariance, shrunk.intensity
        correlation = to_correlation(covariance)
    rows = returns.values[len(returns) - len(weights) :]
    columns = combinations(range(len(returns.symbols)), 2)
    pairs = tuple(judge_pair(rows[:, i], rows[:, j], weights) for i, j in columns)
    return Matrix(covariance, correlation, stream.effective_rows, intensity, pairs)
