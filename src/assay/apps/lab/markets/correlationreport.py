"""From correlations to their charts and files: signals' words become books' arrays here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from assay.apps.lab.markets.correlations import Correlations, describe_correlations, describe_graph
from assay.apps.lab.output import appearing_together
from assay.books.reports.charts import with_paper
from assay.books.reports.dependence import (
    HeatMap,
    Network,
    Way,
    draw_heatmap,
    draw_network,
    draw_ways,
)
from assay.signals.correlation import Analysis, list_pairs, to_correlation

WAYS_MOST = 12
"""Pairs drawn over time: those with alerts first, then the strongest."""


def write_correlation_report(found: Sequence[Correlations], folder: Path) -> list[str]:
    """Write correlations.json and, by timeframe, graph.json and three charts; return the paths.

    All files appear together once they are whole.
    """
    with appearing_together(folder) as place:
        whole = {"timeframes": [describe_correlations(each) for each in found]}
        (place / "correlations.json").write_bytes(msgspec.json.encode(whole))
        for each in found:
            name = each.timeframe.name.lower()
            graph = msgspec.json.encode(describe_graph(each.analysis))
            (place / f"graph_{name}.json").write_bytes(graph)
            for chart, svg in draw_charts(each).items():
                (place / f"{chart}_{name}.svg").write_text(with_paper(svg), encoding="utf-8")
        names = sorted(path.name for path in place.iterdir())
    return [str(folder / name) for name in names]


def draw_charts(found: Correlations) -> dict[str, str]:
    """Return heat map, rolling correlations and graph as SVG by name."""
    analysis, name = found.analysis, found.timeframe.name
    estimator = analysis.estimator
    length = (
        f"half-life {estimator.half_life:g}"
        if estimator.method == "ewm"
        else f"window {estimator.window:,}"
    )
    symbols = analysis.returns.symbols
    whole = to_correlation(np.cov(analysis.returns.values.T))
    return {
        "heatmap": draw_heatmap(
            HeatMap(
                f"{name}, {estimator.method}, {length} bars", symbols, analysis.matrix.correlation
            )
        ),
        "rolling": draw_ways(f"{name}, {length} bars", _ways(analysis)),
        "graph": draw_network(
            _network(f"{name}, {len(analysis.returns):,} returns", analysis, whole)
        ),
    }


def _network(title: str, analysis: Analysis, whole: np.ndarray) -> Network:
    graph = analysis.graph
    edges = tuple((*each.pair, each.partial) for each in graph.edges if each.holds)
    tree = tuple(each.pair for each in graph.tree)
    return Network(title, analysis.returns.symbols, edges, tree, whole)


def _ways(analysis: Analysis) -> tuple[Way, ...]:
    pairs = list_pairs(analysis.returns.symbols)
    alerted = {alert.pair for alert in analysis.alerts}
    order = sorted(
        range(len(pairs)),
        key=lambda i: (pairs[i] not in alerted, -abs(analysis.stability[i].whole.correlation)),
    )
    return tuple(_way(analysis, i, pairs[i]) for i in sorted(order[:WAYS_MOST]))


def _way(analysis: Analysis, column: int, pair: tuple[str, str]) -> Way:
    centre, half = analysis.watch.centre[:, column], analysis.watch.half[:, column]
    alerts = tuple(
        (alert.start, alert.end, alert.became) for alert in analysis.alerts if alert.pair == pair
    )
    return Way(
        f"{pair[0]} and {pair[1]}", analysis.path_times, analysis.path[:, column],
        np.tanh(centre - half), np.tanh(centre + half), alerts,
    )  # fmt: skip
