"""The charts of a tear sheet, each on axes of Matplotlib: for a page of the web, or of paper."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from assay.books.analytics.attribution import Part
from assay.books.analytics.excursions import Excursion
from assay.books.analytics.periods import Rolling
from assay.books.reports import charts

BINS_MOST = 60
POINTS_MOST = 3_000
Axes = Any  # Matplotlib's own types

FLAT, FLAT_NARROW = charts.Size(11.0, 3.6), charts.Size(4.0, 3.6)


def draw(name: str, plot: Callable[[Axes], None], size: charts.Size) -> str:
    """Return one chart as SVG text."""
    with charts.drawing(f"assay-{name}", size):
        figure, axes = charts.single_plot(size)
        plot(axes)
        return charts.to_svg(figure)


def draw_rolling(rolling: Rolling, size: charts.Size) -> str:
    """Return the Sharpe ratio above the volatility, on one axis of time, as SVG text."""
    with charts.drawing("assay-rolling", size):
        figure, (above, below) = charts.date_pair(size)
        plot_rolling(above, below, rolling)
        return charts.to_svg(figure)


def plot_rolling(above: Axes, below: Axes, rolling: Rolling) -> None:
    """Draw a moving window's Sharpe ratio and volatility."""
    moments = charts.moments_of(rolling.times)
    above.axhline(0.0, color=charts.MUTED, linewidth=0.8)
    above.plot(moments, rolling.sharpe, color=charts.BLUE, linewidth=1.2)
    above.set_title("Sharpe ratio of the last 63 days, a year", loc="left", color=charts.INK, pad=8)
    below.plot(moments, 100.0 * rolling.volatility, color=charts.PALE_GOLD, linewidth=1.4)
    below.set_ylim(bottom=0.0)
    below.set_title("Volatility, % a year", loc="left", color=charts.INK, pad=8)
    for axes in (above, below):
        axes.yaxis.set_major_formatter(_plain)


def plot_results(axes: Axes, results: Sequence[float], unit: str) -> None:
    """Draw how often trades ended with which result, losses and gains apart."""
    values = np.asarray(results, np.float64)
    low, high = np.quantile(values, (0.005, 0.995))
    width = ((high - low) or 1.0) / min(BINS_MOST, 12 + len(values) // 8)
    # A bar holds gains or losses alone, so that 0 is an edge.
    edges = width * np.arange(np.floor(min(low, 0) / width), np.ceil(max(high, 0) / width) + 2)
    shown = np.clip(values, edges[0], edges[-1])
    for part, colour in ((shown[values < 0], charts.RED), (shown[values >= 0], charts.GREEN)):
        axes.hist(part, bins=edges, color=colour, alpha=0.75, linewidth=0)
    axes.axvline(float(values.mean()), color=charts.INK, linewidth=1.2, linestyle=(0, (4, 3)))
    axes.set_title(f"Trades by net result, {unit}", loc="left", color=charts.INK, pad=8)
    axes.xaxis.set_major_formatter(_grouped)
    axes.yaxis.get_major_locator().set_params(integer=True)


def plot_excursions(
    axes: Axes, excursions: Sequence[Excursion], *, adverse: bool = True
) -> None:  # fmt: skip
    """Draw how far each trade went against its holder, or for him, beside how it ended."""
    known = [each for each in excursions if each.adverse is not None]
    step = -(-len(known) // POINTS_MOST) or 1
    far = [each.adverse if adverse else each.favourable for each in known[::step]]
    points = np.array([*zip(far, (each.result for each in known[::step]), strict=True)], np.float64)
    colours = np.where(points[:, 1] >= 0, charts.GREEN, charts.RED)
    axes.scatter(1e4 * points[:, 0], 1e4 * points[:, 1], s=12, c=colours, alpha=0.55, linewidths=0)
    axes.axhline(0.0, color=charts.MUTED, linewidth=0.8)
    # A point at 0 is seen whole.
    axes.set_xlim(left=-0.01 * max(1.0, 1e4 * float(points[:, 0].max(initial=0.0))))
    where = "against" if adverse else "in favour"
    axes.set_xlabel(f"furthest {where}, basis points", color=charts.MUTED)
    axes.set_title("End of each trade, basis points", loc="left", color=charts.INK, pad=8)
    axes.xaxis.set_major_formatter(_plain)
    axes.yaxis.set_major_formatter(_plain)


def plot_parts(axes: Axes, parts: Sequence[Part], title: str) -> None:
    """Draw the net result of each part as a bar."""
    values = [part.net for part in parts]
    colours = [charts.GREEN if value >= 0 else charts.RED for value in values]
    axes.bar(range(len(parts)), values, color=colours, alpha=0.75, linewidth=0)
    axes.axhline(0.0, color=charts.MUTED, linewidth=0.8)
    every = 3 if len(parts) > 12 else 1
    places = range(0, len(parts), every)
    axes.set_xticks(list(places), [parts[place].name for place in places])
    axes.set_title(title, loc="left", color=charts.INK, pad=8)
    axes.yaxis.set_major_formatter(_grouped)


def _plain(value: float, _: object) -> str:
    return f"{value:.4g}".replace("-", "−")


def _grouped(value: float, _: object) -> str:
    return f"{value:,.10g}".replace("-", "−")
