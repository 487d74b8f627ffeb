"""What may come of a funded account, as charts: how paths end, and the money they make."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from assay.books.reports.charts import (
    BLUE,
    GOLD,
    GREEN,
    INK,
    MUTED,
    RED,
    Size,
    drawing,
    is_wide,
    quieten,
    to_svg,
)

WIDE, NARROW = Size(11.0, 5.6), Size(4.0, 9.0)
WORDS = {
    "passed": ("Passed", GREEN),
    "daily_loss": ("Daily loss", RED),
    "maximum_loss": ("Maximum loss", RED),
    "held": ("Held by our stop", GOLD),
    "late": ("Not in time", MUTED),
}


class Fate(NamedTuple):
    """Hold what became of one way to trade: its figures, and quantiles of money made by day."""

    name: str
    told: dict[str, Any]  # the figures of a report
    fan: npt.NDArray[np.float64]
    quantiles: Sequence[float]


def write_fate(fates: Sequence[Fate], folder: Path) -> list[str]:
    """Write the charts as SVG files, for a wide and a narrow screen; return their names."""
    names = []
    for name, size in (("prop.svg", WIDE), ("prop-narrow.svg", NARROW)):
        (folder / name).write_text(draw_fate(fates, size), encoding="utf-8")
        names.append(name)
    return names


def draw_fate(fates: Sequence[Fate], size: Size) -> str:
    """Return the ends of all paths above the fan of money made, a column a way to trade."""
    from matplotlib.figure import Figure

    with drawing("prop", size):
        figure = Figure(figsize=size, layout="constrained")
        shape = (2, len(fates)) if is_wide(size) else (2 * len(fates), 1)
        grid = figure.subplots(*shape, squeeze=False)
        cells = grid.T.reshape(-1, 2) if is_wide(size) else grid.reshape(-1, 2)
        for fate, (above, below) in zip(fates, cells, strict=True):
            _draw_ends(above, fate)
            _draw_fan(below, fate)
        return to_svg(figure)


def _draw_ends(axes: Any, fate: Fate) -> None:  # Any: Matplotlib's own types
    chances, intervals = fate.told["chances"], fate.told["intervals"]
    for place, (name, (word, colour)) in enumerate(reversed(WORDS.items())):
        chance, (low, high) = 100 * chances[name], intervals[name]
        axes.barh(place, chance, color=colour, alpha=0.75, height=0.62)
        axes.plot([100 * low, 100 * high], [place, place], color=INK, linewidth=1.2)
        axes.text(
            max(chance, 100 * high) + 1.5, place, f"{word}  {chance:.1f} %", va="center", color=INK
        )
    quieten(axes)
    axes.grid(visible=False, axis="y")
    axes.set_yticks([])
    axes.set_xlim(0, 142 if axes.figure.get_size_inches()[0] > 6 else 190)
    axes.set_xticks([0, 50, 100], ["0", "50", "100 %"])
    axes.set_title(f"{fate.name.capitalize()}: how it ends", loc="left", color=INK, pad=8)


def _draw_fan(axes: Any, fate: Fate) -> None:
    days, fan = np.arange(len(fate.fan)), 100 * fate.fan
    middle = len(fate.quantiles) // 2
    for depth in range(middle):
        axes.fill_between(
            days, fan[:, depth], fan[:, -1 - depth], color=BLUE, alpha=0.13, linewidth=0
        )
    axes.plot(days, fan[:, middle], color=BLUE, linewidth=1.5)
    axes.axhline(0, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
    quieten(axes)
    axes.margins(x=0.005)
    axes.set_title("Made by trading day, % of the start", loc="left", color=INK, pad=8)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.3g}".replace("-", "−"))
