"""Charts of a sweep: the objective over one parameter or two, and how it is spread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assay.books.reports.charts import (
    BLUE,
    GREEN,
    INK,
    MUTED,
    PALE_GOLD,
    RED,
    Floats,
    Size,
    drawing,
    is_wide,
    place_legend,
    single_plot,
    to_svg,
)
from assay.books.reports.page import Chart

WIDE, NARROW = Size(11.0, 5.6), Size(4.0, 4.6)
BINS = 40
TICKS_WIDE, TICKS_NARROW = 16, 6


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepShape:
    """Hold what is drawn: the searched values and the objective of each variant, NaN for none.

    `values` has a row a variant and a column for each of `names`; `best` is the place of the best.
    `luck` is the highest objective that luck alone would give, NaN where that is not known.
    """

    names: Sequence[str]
    values: np.ndarray
    figures: Floats
    best: int
    objective: str
    luck: float = float("nan")


def draw_sweep(shape: SweepShape) -> list[Chart]:
    """Return the charts of a sweep: a map where two parameters were searched or more."""
    charts = []
    if len(shape.names) >= 2:
        across = "" if len(shape.names) == 2 else (
            " Each cell is the median over the other parameters."
        )  # fmt: skip
        charts.append(
            Chart(
                name="map", heading=f"{shape.objective} by {shape.names[0]} and {shape.names[1]}",
                says="Green is above zero, red below, a white cell was not measured or never "
                "traded, the frame marks the best. A broad field of one colour speaks for a rule, "
                f"a lone bright cell for luck.{across}",
                wide=_draw_map(shape, WIDE), narrow=_draw_map(shape, NARROW),
            )
        )  # fmt: skip
    else:
        charts.append(
            Chart(
                name="line", heading=f"{shape.objective} by {shape.names[0]}",
                says="A broad hill speaks for a rule, a lone spike for luck.",
                wide=_draw_line(shape, WIDE), narrow=_draw_line(shape, NARROW),
            )
        )  # fmt: skip
    charts.append(
        Chart(
            name="spread", heading="All variants together",
            says="Where the best lies among all. Variants without a trade are left out. The gold "
            "line is the highest figure to expect of so many variants without any skill.",
            wide=_draw_spread(shape, WIDE), narrow=_draw_spread(shape, NARROW),
        )
    )  # fmt: skip
    return charts


def _cells(shape: SweepShape) -> tuple[np.ndarray, np.ndarray, Floats]:
    """Return the values across and up, and the median figure of each cell [up, across]."""
    across, up = np.unique(shape.values[:, 0]), np.unique(shape.values[:, 1])
    column = np.searchsorted(across, shape.values[:, 0])
    row = np.searchsorted(up, shape.values[:, 1])
    cell = row * len(across) + column
    found = np.full(len(up) * len(across), np.nan)
    known = np.isfinite(shape.figures)
    for place in np.unique(cell[known]):
        found[place] = np.median(shape.figures[known & (cell == place)])
    return across, up, found.reshape(len(up), len(across))


def _draw_map(shape: SweepShape, size: Size) -> str:
    from matplotlib.colors import LinearSegmentedColormap, TwoSlopeNorm
    from matplotlib.patches import Rectangle

    across, up, cells = _cells(shape)
    reach = float(np.nanmax(np.abs(cells))) if np.isfinite(cells).any() else 1.0
    colours = LinearSegmentedColormap.from_list("skill", [RED, "#f6f5f1", GREEN])
    with drawing("map", size):
        figure, axes = single_plot(size)
        axes.grid(visible=False)
        drawn = axes.pcolormesh(
            np.arange(len(across) + 1), np.arange(len(up) + 1), np.ma.masked_invalid(cells),
            cmap=colours, norm=TwoSlopeNorm(0.0, -(reach or 1.0), reach or 1.0), rasterized=False,
        )  # fmt: skip
        at = shape.values[shape.best]
        corner = np.searchsorted(across, at[0]), np.searchsorted(up, at[1])
        axes.add_patch(Rectangle(corner, 1, 1, fill=False, edgecolor=INK, linewidth=2))
        most = TICKS_WIDE if is_wide(size) else TICKS_NARROW
        for axis, values in ((axes.xaxis, across), (axes.yaxis, up)):
            step = -(-len(values) // most)
            axis.set_ticks(np.arange(0, len(values), step) + 0.5, [str(v) for v in values[::step]])
        axes.set_xlabel(shape.names[0], color=MUTED)
        axes.set_ylabel(shape.names[1], color=MUTED)
        bar = figure.colorbar(drawn, ax=axes, fraction=0.05, pad=0.02, format=_number)
        bar.outline.set_visible(False)
        bar.ax.tick_params(colors=MUTED, length=3)
        return to_svg(figure)


def _draw_line(shape: SweepShape, size: Size) -> str:
    with drawing("line", size):
        figure, axes = single_plot(size)
        order = np.argsort(shape.values[:, 0])
        axes.axhline(0.0, color=MUTED, linewidth=0.8)
        axes.plot(
            shape.values[order, 0], shape.figures[order], color=BLUE, linewidth=1.4, marker="o",
            markersize=3,
        )  # fmt: skip
        at = shape.values[shape.best, 0], shape.figures[shape.best]
        axes.plot(*at, "o", color=GREEN, markersize=8)
        axes.set_xlabel(shape.names[0], color=MUTED)
        axes.yaxis.set_major_formatter(_number)
        return to_svg(figure)


def _draw_spread(shape: SweepShape, size: Size) -> str:
    with drawing("spread", size):
        figure, axes = single_plot(size)
        known = shape.figures[np.isfinite(shape.figures)]
        axes.hist(known, bins=min(BINS, max(5, len(known) // 3)), color=BLUE, alpha=0.75)
        axes.axvline(0.0, color=MUTED, linewidth=0.8)
        marks = [(shape.figures[shape.best], GREEN, "Best"),
                 (float(np.median(known)), INK, "Median")]  # fmt: skip
        if np.isfinite(shape.luck):
            marks.append((shape.luck, PALE_GOLD, "Luck alone"))
        for value, colour, label in marks:
            axes.axvline(value, color=colour, linewidth=2, label=label)
        place_legend(figure, 3)
        axes.set_ylabel("Variants", color=MUTED)
        axes.set_xlabel(shape.objective, color=MUTED)
        axes.xaxis.set_major_formatter(_number)
        return to_svg(figure)


def _number(value: float, _: int | None = None) -> str:
    return f"{value:,.6g}".replace("-", "−")
