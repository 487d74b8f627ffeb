"""Charts of a judged model: reliability, risk and coverage, expected value."""

from __future__ import annotations

from typing import Any

import numpy as np

from assay.books.reports.charts import (
    BLUE,
    GOLD,
    GREEN,
    GRID,
    INK,
    MUTED,
    Size,
    drawing,
    is_wide,
    place_legend,
    quieten,
    single_plot,
    to_svg,
)
from assay.books.reports.judged import Floats, Reliability, RiskCoverage

EXPECTED_BINS = 60
TAILS = (0.5, 99.5)
"""Percentiles between which expected values are drawn; the few beyond would flatten the rest."""
AIR = 0.06


def draw_reliability(found: Reliability, size: Size) -> str:
    """Return how often came what was forecast, with bounds, above the rows of each bin, as SVG."""
    with drawing("reliability", size):
        figure, (above, below) = _pair(size)
        _diagonal(above, found)
        above.errorbar(
            found.forecast, found.came,
            yerr=np.abs(np.stack([found.came - found.lower, found.upper - found.came])),
            fmt="o", markersize=5 if is_wide(size) else 6, color=BLUE, ecolor=BLUE, elinewidth=1.4,
            capsize=3, label="Came true (95 % bars)",
        )  # fmt: skip
        place_legend(figure, 4 if is_wide(size) else 2, handle=1.3)
        above.set_title("How often the mid was higher", loc="left", color=INK, pad=8)
        _percents(above)
        width = 0.7 * _narrowest(found.forecast)
        below.bar(found.forecast, found.rows, width=width, color=BLUE, alpha=0.35)
        below.set_title("Bars in each bin", loc="left", color=INK, pad=8)
        below.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        below.xaxis.set_major_formatter(_percent)
        below.set_xlabel("Forecast: the mid will be higher", color=MUTED)
        return to_svg(figure)


def _diagonal(axes: Any, found: Reliability) -> None:
    ends = np.concatenate([found.forecast, found.lower, found.upper])
    low, high = float(ends.min()), float(ends.max())
    air = max(AIR * (high - low), 0.005)
    axes.plot(
        [low - air, high + air], [low - air, high + air], color=MUTED, linewidth=1,
        linestyle=(0, (4, 3)), label="Perfect",
    )  # fmt: skip
    axes.set_ylim(low - air, high + air)


def _narrowest(values: Floats) -> float:
    gaps = np.diff(np.sort(values))
    gaps = gaps[gaps > 1e-9]
    if not len(gaps):
        return 0.01
    return float(max(gaps.min(), (values.max() - values.min()) / 60))


def draw_coverage(found: RiskCoverage, size: Size) -> str:
    """Return accuracy by the share of the surest bars, with base rate and break-even, as SVG."""
    with drawing("coverage", size):
        figure, axes = _single(size)
        share = 100 * found.share
        axes.fill_between(share, found.lower, found.upper, color=BLUE, alpha=0.14, linewidth=0)
        dot = "o" if len(share) == 1 else None
        axes.plot(
            share, found.right, color=BLUE, linewidth=1.8, marker=dot,
            label="Direction right (95 %)",
        )  # fmt: skip
        axes.plot(
            share, found.paid, color=GOLD, linewidth=1.6, marker=dot, label="Earned after costs"
        )
        axes.axhline(
            found.base_rate, color=BLUE, linewidth=1, linestyle=(0, (4, 3)), label="Base rate"
        )
        if found.break_even is not None:
            axes.axhline(
                found.break_even, color=GOLD, linewidth=1.3, linestyle=(0, (1, 1.5)),
                label="Break-even",
            )  # fmt: skip
        place_legend(figure, 4 if is_wide(size) else 2, handle=1.3)
        axes.set_xlim(0, 100)
        _percents(axes)
        axes.set_xlabel("The surest … % of all bars", color=MUTED)
        return to_svg(figure)


def draw_expected(expected: Floats, currency: str, size: Size) -> str:
    """Return the distribution of the expected value a lot; what is above 0 is taken, as SVG."""
    with drawing("expected", size):
        figure, axes = _single(size)
        low, high = np.percentile(expected, TAILS)
        low, high = min(float(low), 0.0), max(float(high), 0.0)
        step = (high - low) / EXPECTED_BINS or 1.0
        first, last = int(np.floor(low / step)), int(np.ceil(high / step))
        edges = np.arange(first, last + 1) * step
        counts, edges = np.histogram(np.clip(expected, edges[0], edges[-1]), edges)
        taken = edges[:-1] >= -1e-9
        for chosen, colour, label in (
            (~taken, GRID, "Abstained"), (taken, GREEN, "Taken"),
        ):  # fmt: skip
            axes.bar(
                edges[:-1][chosen], counts[chosen], width=step, align="edge", color=colour,
                edgecolor=MUTED, linewidth=0.3, label=label,
            )  # fmt: skip
        axes.axvline(0, color=INK, linewidth=1)
        place_legend(figure, 4 if is_wide(size) else 2, handle=1.3)
        axes.set_title("Bars", loc="left", color=INK, pad=8)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.10g}".replace("-", "−"))
        axes.set_xlabel(f"{currency} a lot after costs", color=MUTED)
        return to_svg(figure)


def _pair(size: Size) -> tuple[Any, Any]:  # Any: Matplotlib's own types
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    pair = figure.subplots(2, sharex=True, height_ratios=(5, 2))
    for axes in pair:
        quieten(axes)
        _locate(axes, size)
    return figure, pair


def _single(size: Size) -> tuple[Any, Any]:
    figure, axes = single_plot(size)
    _locate(axes, size)
    return figure, axes


def _locate(axes: Any, size: Size) -> None:
    from matplotlib.ticker import MaxNLocator

    steps = [1, 2, 2.5, 5, 10]
    axes.xaxis.set_major_locator(MaxNLocator(10 if is_wide(size) else 4, steps=steps))
    axes.yaxis.set_major_locator(MaxNLocator(6 if is_wide(size) else 4, steps=steps))


def _percent(value: float, _: int) -> str:
    return f"{100 * value:.3g} %"


def _percents(axes: Any) -> None:
    axes.yaxis.set_major_formatter(_percent)
