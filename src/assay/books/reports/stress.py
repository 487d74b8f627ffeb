"""Charts of a stress: the paths of the shocks, and what each strike took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from assay.books.reports.charts import (
    BLUE,
    GOLD,
    GREEN,
    INK,
    MUTED,
    RED,
    Floats,
    Size,
    drawing,
    is_wide,
    place_legend,
    single_plot,
    to_svg,
    write_tick,
)
from assay.books.reports.page import Chart

WIDE, NARROW = Size(11.0, 4.4), Size(4.0, 4.4)
COLOURS = (RED, BLUE, GOLD, GREEN, INK)
JITTER = 0.16
Paths = Mapping[str, tuple[Floats, Floats]]
"""By shock: minutes since the strike, and the move in percent."""


def draw_paths(paths: Paths) -> Chart:
    """Return the path of each shock."""
    return Chart(
        name="paths", heading="The shocks",
        says="The move of the struck pair beside its level before, over hours. The first step is a "
        "gap. Paths are stylised after public reports.",
        wide=_draw_paths(paths, WIDE), narrow=_draw_paths(paths, NARROW),
    )  # fmt: skip


def _draw_paths(paths: Paths, size: Size) -> str:
    with drawing("paths", size):
        figure, axes = single_plot(size)
        for (name, (minutes, moves)), colour in zip(paths.items(), COLOURS, strict=False):
            hours = np.concatenate([[-0.5, 0.0], minutes / 60])
            axes.plot(hours, [0.0, 0.0, *moves], color=colour, linewidth=1.8, label=name)
        axes.axhline(0.0, color=MUTED, linewidth=0.8)
        axes.set_xlabel("Hours since", color=MUTED)
        axes.set_title("Move, %", loc="left", color=INK, pad=8)
        axes.yaxis.set_major_formatter(write_tick)
        place_legend(figure, 4 if is_wide(size) else 2)
        return to_svg(figure)


def draw_damages(damages: Mapping[str, Sequence[float]]) -> Chart:
    """Return what each strike took, in percent of equity, by shock."""
    return Chart(
        name="damages", heading="What each strike took",
        says="A dot a strike: the equity that is missing some days later beside the run without "
        "it, in percent of equity before. Below 0 the shock helped. The line is the median.",
        wide=_draw_damages(damages, WIDE), narrow=_draw_damages(damages, NARROW),
    )  # fmt: skip


def _draw_damages(damages: Mapping[str, Sequence[float]], size: Size) -> str:
    with drawing("damages", size):
        figure, axes = single_plot(size)
        for place, ((name, taken), colour) in enumerate(
            zip(damages.items(), COLOURS, strict=False)
        ):
            # Spread by their order, so that dots of one height stay apart.
            across = place + JITTER * np.linspace(-1, 1, len(taken))
            axes.scatter(across, taken, s=26, color=colour, alpha=0.7, label=name)
            middle = float(np.median(taken))
            axes.plot([place - 0.25, place + 0.25], [middle, middle], color=INK, linewidth=1.6)
        axes.axhline(0.0, color=MUTED, linewidth=0.8)
        axes.set_xticks(range(len(damages)), list(damages))
        axes.set_xlim(-0.6, len(damages) - 0.4)
        axes.set_title("Taken, % of equity", loc="left", color=INK, pad=8)
        axes.yaxis.set_major_formatter(write_tick)
        return to_svg(figure)
