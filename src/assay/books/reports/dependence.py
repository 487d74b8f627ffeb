"""Charts of correlations: heat map, rolling correlations with alerts, dependency graph."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from assay.books.reports.charts import (
    BLUE,
    GRID,
    INK,
    MUTED,
    RED,
    Floats,
    Integers,
    Size,
    drawing,
    quieten,
    thin,
    to_svg,
)

SIDE = 0.62
"""Inches of one cell of a heat map."""
COLUMNS = 3
AIR = 0.2
"""Least room above and below a pair's correlations over time."""


class HeatMap(NamedTuple):
    """Hold correlations [n, n] of the symbols, NaN where one does not move, and a title."""

    title: str
    symbols: tuple[str, ...]
    correlation: Floats


class Way(NamedTuple):
    """Hold one pair's correlation over time (ns UTC), its interval, and its alerts.

    `low` and `high` are NaN where there was no interval; an alert is (start, end, what it became),
    the end None where it lasts.
    """

    title: str
    times: Integers
    correlation: Floats
    low: Floats
    high: Floats
    alerts: tuple[tuple[int, int | None, float], ...]


class Network(NamedTuple):
    """Hold the nodes, edges (from, to, strength -1 to 1), the tree's branches, and correlations."""

    title: str
    symbols: tuple[str, ...]
    edges: tuple[tuple[str, str, float], ...]
    tree: tuple[tuple[str, str], ...]
    correlation: Floats


def draw_heatmap(found: HeatMap) -> str:
    """Return the matrix with its numbers as SVG; blue goes together, red against each other."""
    from matplotlib.figure import Figure

    count = len(found.symbols)
    size = Size(max(4.6, SIDE * count + 2.2), max(3.8, SIDE * count + 1.3))
    with drawing("heatmap", size):
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots()
        mesh = axes.pcolormesh(
            found.correlation, cmap="RdBu", vmin=-1, vmax=1, edgecolors="white", linewidth=1.2
        )
        for (row, column), value in np.ndenumerate(found.correlation):
            text = "–" if np.isnan(value) else f"{value:.2f}".replace("-", "−")
            colour = "white" if abs(value) > 0.6 else INK
            axes.text(
                column + 0.5, row + 0.5, text, ha="center", va="center", color=colour, fontsize=9
            )
        places = np.arange(count) + 0.5
        axes.set_xticks(places, found.symbols, rotation=45, ha="right", rotation_mode="anchor")
        axes.set_yticks(places, found.symbols)
        axes.tick_params(colors=INK, length=0)
        axes.invert_yaxis()
        axes.set_aspect("equal")
        axes.spines[:].set_visible(False)
        bar = figure.colorbar(mesh, ax=axes, shrink=0.8)
        bar.outline.set_visible(False)
        bar.ax.tick_params(colors=MUTED, length=0)
        bar.ax.yaxis.set_major_formatter(_signed)
        axes.set_title(found.title, loc="left", color=INK, pad=10)
        return to_svg(figure)


def draw_ways(title: str, ways: tuple[Way, ...]) -> str:
    """Return a small chart a pair as SVG: correlation, its interval, and alerts marked."""
    from matplotlib.figure import Figure

    rows = -(-len(ways) // COLUMNS)
    columns = min(COLUMNS, len(ways))
    size = Size(max(7.0, 3.9 * columns), 2.1 * rows + 0.9)
    with drawing("ways", size):
        figure = Figure(figsize=size, layout="constrained")
        grid = figure.subplots(rows, columns, squeeze=False, sharex=True)
        for axes in grid.flat[len(ways) :]:
            axes.set_visible(False)
        for axes, way in zip(grid.flat, ways, strict=False):
            _draw_way(axes, way)
        handles: dict[str, Any] = {}
        for axes in grid.flat[: len(ways)]:
            lines, labels = axes.get_legend_handles_labels()
            handles |= dict(zip(labels, lines, strict=True))
        figure.legend(
            handles.values(), handles.keys(), loc="outside upper right", ncols=4, frameon=False,
            borderpad=0, handlelength=1.3, labelcolor=INK,
        )  # fmt: skip
        figure.suptitle(title, x=0.01, ha="left", color=INK, fontsize=10.5)
        return to_svg(figure)


def _draw_way(axes: Any, way: Way) -> None:  # Any: Matplotlib's own types
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    quieten(axes)
    kept = thin(way.correlation, 400)
    moments = _moments(way.times)
    axes.fill_between(
        moments[kept], way.low[kept], way.high[kept], color=BLUE, alpha=0.13, linewidth=0,
        label="Its own interval",
    )  # fmt: skip
    axes.plot(moments[kept], way.correlation[kept], color=BLUE, linewidth=1.1, label="Correlation")
    for start, end, became in way.alerts:
        until = int(way.times[-1]) if end is None else end
        ends = _moments(np.array([start, until]))
        axes.axvspan(*ends, color=RED, alpha=0.12, linewidth=0)
        axes.plot(ends[:1], [became], "v", color=RED, markersize=5, label="Alert begins")
    axes.axhline(0, color=MUTED, linewidth=0.8)
    axes.set_title(way.title, loc="left", color=INK, pad=5)
    axes.yaxis.set_major_formatter(_signed)
    locator = AutoDateLocator(minticks=3, maxticks=5, tz="UTC")
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz="UTC"))
    axes.margins(x=0.01)
    axes.set_ylim(*_limits(way.correlation))


def _limits(correlation: Floats) -> tuple[float, float]:
    """Return limits that show how a pair moves; a wide interval may reach beyond them."""
    known = correlation[np.isfinite(correlation)]
    if not len(known):
        return -1.03, 1.03
    low, high = float(known.min()), float(known.max())
    air = max(AIR, 0.4 * (high - low))
    return max(-1.03, low - air), min(1.03, high + air)


def draw_network(found: Network) -> str:
    """Return the graph as SVG: near neighbours beside each other, edges as wide as strong."""
    from matplotlib.figure import Figure

    size = Size(7.4, 6.4)
    with drawing("network", size):
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots()
        place = dict(zip(found.symbols, _circle(found.correlation), strict=True))
        for one, other in found.tree:
            axes.plot(
                *np.array([place[one], place[other]]).T, color=GRID, linewidth=9,
                solid_capstyle="round", zorder=1, label="Nearest neighbours (tree)",
            )  # fmt: skip
        for one, other, strength in found.edges:
            _draw_edge(axes, place[one], place[other], strength)
        for symbol, (x, y) in place.items():
            axes.text(
                x, y, symbol, ha="center", va="center", color=INK, zorder=4,
                bbox={"boxstyle": "round,pad=0.4", "facecolor": "white", "edgecolor": MUTED},
            )  # fmt: skip
        lines, labels = axes.get_legend_handles_labels()
        unique = dict(zip(labels, lines, strict=True))
        figure.legend(
            unique.values(), unique.keys(), loc="outside lower left", ncols=3, frameon=False,
            handlelength=1.3, labelcolor=INK,
        )  # fmt: skip
        axes.set_xlim(-1.3, 1.3)
        axes.set_ylim(-1.2, 1.2)
        axes.set_aspect("equal")
        axes.axis("off")
        axes.set_title(found.title, loc="left", color=INK, pad=8)
        return to_svg(figure)


def _draw_edge(
    axes: Any, one: tuple[float, float], other: tuple[float, float], strength: float
) -> None:
    colour = BLUE if strength > 0 else RED
    axes.plot(
        *np.array([one, other]).T, color=colour, linewidth=0.8 + 5 * abs(strength), alpha=0.75,
        zorder=2, label=f"Partial correlation {'above' if strength > 0 else 'below'} 0",
    )  # fmt: skip
    # Off the middle, where edges of opposite nodes would write over each other.
    x, y = (0.62 * np.array(one) + 0.38 * np.array(other)).tolist()
    axes.text(
        x, y, f"{strength:.2f}".replace("-", "−"), ha="center", va="center", color=colour,
        fontsize=8, zorder=3,
        bbox={"boxstyle": "round,pad=0.12", "facecolor": "white", "edgecolor": "none"},
    )  # fmt: skip


def _circle(correlation: Floats) -> list[tuple[float, float]]:
    """Return places on a circle, in the order of the angle by which instruments load alike."""
    count = len(correlation)
    _, vectors = np.linalg.eigh(np.nan_to_num(correlation))
    angles = np.arctan2(vectors[:, -2], vectors[:, -1])
    turn = 2 * math.pi / count
    places = [(0.0, 0.0)] * count
    for order, node in enumerate(np.argsort(angles, kind="stable")):
        places[int(node)] = (math.cos(order * turn + 0.3), math.sin(order * turn + 0.3))
    return places


def _moments(times: npt.NDArray[np.int64]) -> npt.NDArray[np.datetime64]:
    return times.astype("datetime64[ns]").astype("datetime64[us]")


def _signed(value: float, _: object) -> str:
    return f"{value:.2g}".replace("-", "−")
