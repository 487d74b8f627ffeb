"""The chart of a broker exam: the spread of each hour of the week."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assay.books.reports.charts import BLUE, INK, MUTED, Floats, Size, drawing, is_wide, to_svg
from assay.books.reports.page import Chart

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
WIDE, NARROW = Size(11.0, 3.9), Size(4.0, 6.4)
PALE = "#f3f1ea"
ABSENT = "#ffffff"
_LONG = 99.5
"""Numbers beyond this are written without a decimal, so that they fit their cell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadWeek:
    """Hold the spread of each hour [168] of a server's week in points, NaN for one never seen.

    `seen` are the quotes behind each that was.
    """

    symbol: str
    spreads: Floats
    seen: Sequence[int]


def draw_spread_week(week: SpreadWeek) -> Chart:
    """Return the heat map of a symbol's spread by day and hour of the server's clock."""
    known = int(np.isfinite(week.spreads).sum())
    name = "".join(letter if letter.isalnum() else "-" for letter in week.symbol)
    return Chart(
        name=f"spread-{name}", heading=f"Spread of {week.symbol} by hour of the server's week",
        says=f"In points, each quote counted for as long as it stood; the darker, the dearer. "
        f"{known} of 168 hours were seen, by {min(week.seen):,} to {max(week.seen):,} quotes each, "
        "the white ones never.",
        wide=_draw(week, name, WIDE), narrow=_draw(week, name, NARROW),
    )  # fmt: skip


def _draw(week: SpreadWeek, name: str, size: Size) -> str:
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure

    colours = LinearSegmentedColormap.from_list("spread", [PALE, BLUE]).with_extremes(bad=ABSENT)
    wide = is_wide(size)
    cells = week.spreads.reshape(7, 24)
    drawn = cells if wide else cells.T
    with drawing(f"spread-{name}", size):
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots()
        mesh = axes.pcolormesh(
            np.ma.masked_invalid(drawn), cmap=colours, edgecolors="white", linewidth=0.8,
            vmin=float(np.nanmin(cells)) * 0.9, vmax=float(np.nanmax(cells)),
        )  # fmt: skip
        hours, days = (axes.xaxis, axes.yaxis) if wide else (axes.yaxis, axes.xaxis)
        step = 1 if wide else 2
        hours.set_ticks(np.arange(0, 24, step) + 0.5, [f"{h:02d}" for h in range(0, 24, step)])
        days.set_ticks(np.arange(7) + 0.5, [day if wide else day[:2] for day in DAYS])
        axes.invert_yaxis()
        for spine in axes.spines.values():
            spine.set_visible(False)
        axes.tick_params(colors=MUTED, length=0)
        (axes.set_xlabel if wide else axes.set_ylabel)("hour of the server's clock", color=MUTED)
        if wide:
            _write_values(axes, cells)
        bar = figure.colorbar(mesh, ax=axes, fraction=0.04, pad=0.02)
        bar.outline.set_visible(False)
        bar.ax.tick_params(colors=MUTED, length=3)
        bar.set_label("points", color=MUTED)
        return to_svg(figure)


def _write_values(axes: object, cells: Floats) -> None:
    low, high = float(np.nanmin(cells)), float(np.nanmax(cells))
    for day, hour in np.argwhere(np.isfinite(cells)):
        value = float(cells[day, hour])
        is_dark = value > low + 0.45 * (high - low)
        axes.text(  # type: ignore[attr-defined]
            hour + 0.5, day + 0.5, f"{value:.0f}" if high > _LONG else f"{value:.1f}",
            ha="center", va="center", fontsize=6.5, color="white" if is_dark else INK,
        )  # fmt: skip
