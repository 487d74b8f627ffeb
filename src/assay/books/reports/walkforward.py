"""The chart of a walk-forward: equity with its folds, and what the decisions of each earned."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from assay.books.reports.charts import (
    BLUE,
    GREEN,
    INK,
    MUTED,
    RED,
    Floats,
    Integers,
    Size,
    drawing,
    is_wide,
    quieten,
    thin,
    to_svg,
    write_tick,
)


class WalkCurves(NamedTuple):
    """Hold what is drawn: equity and cash in whole currency, and of each fold when it begins and
    ends (ns UTC), the mean net a lot and its bounds, NaN where there is none."""

    times: Integers
    equity: Floats
    cash: float
    starts: Integers
    ends: Integers
    net: Floats
    lower: Floats
    upper: Floats
    currency: str


def draw_walk(found: WalkCurves, size: Size) -> str:
    """Return the joined equity above the realised net edge of each fold, as SVG text."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.figure import Figure

    with drawing("walk-forward", size):
        figure = Figure(figsize=size, layout="constrained")
        above, below = figure.subplots(2, sharex=True, height_ratios=(5, 4))
        for axes in (above, below):
            quieten(axes)
            axes.margins(x=0.01)
            for start in found.starts:
                axes.axvline(_moment(start), color=MUTED, linewidth=0.7, linestyle=(0, (1, 2)))
        _plot_equity(above, found)
        _plot_edges(below, found)
        wide = is_wide(size)
        locator = AutoDateLocator(minticks=5 if wide else 3, maxticks=9 if wide else 5, tz="UTC")
        below.xaxis.set_major_locator(locator)
        below.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz="UTC"))
        return to_svg(figure)


def _plot_equity(axes: Any, found: WalkCurves) -> None:  # Any: Matplotlib's own types
    kept = thin(found.equity)
    axes.plot(_moment(found.times[kept]), found.equity[kept], color=BLUE, linewidth=1.2)
    axes.axhline(found.cash, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
    axes.set_title(
        f"Equity of all folds, their profits added up, {found.currency}", loc="left", color=INK,
        pad=16,
    )  # fmt: skip
    axes.yaxis.set_major_formatter(write_tick)
    for number, (start, end) in enumerate(zip(found.starts, found.ends, strict=True), 1):
        axes.annotate(
            str(number), (_moment((start + end) // 2), 1.0), xycoords=("data", "axes fraction"),
            ha="center", va="bottom", color=MUTED,
        )  # fmt: skip


def _plot_edges(axes: Any, found: WalkCurves) -> None:
    middle = (found.starts + found.ends) // 2
    axes.axhline(0.0, color=INK, linewidth=0.9)
    for colour, chosen in (
        (GREEN, found.lower > 0), (RED, found.upper < 0),
        (BLUE, ~((found.lower > 0) | (found.upper < 0))),
    ):  # fmt: skip
        shown = chosen & np.isfinite(found.net)
        axes.plot(_moment(middle[shown]), found.net[shown], "o", color=colour, markersize=5)
        bounded = shown & np.isfinite(found.lower)
        axes.vlines(_moment(middle[bounded]), found.lower[bounded], found.upper[bounded],
                    color=colour, linewidth=1.4)  # fmt: skip
    for place in middle[~np.isfinite(found.net)]:
        axes.annotate("nothing taken", (_moment(place), 0.0), textcoords="offset points",
                      xytext=(0, 6), ha="center", color=MUTED)  # fmt: skip
    axes.set_title(
        f"Mean net result of a decision, {found.currency} a lot, with its 95 % interval",
        loc="left", color=INK, pad=8,
    )  # fmt: skip
    axes.yaxis.set_major_formatter(write_tick)


def _moment(time: Any) -> Any:
    return np.asarray(time, dtype=np.int64).astype("datetime64[ns]").astype("datetime64[us]")
