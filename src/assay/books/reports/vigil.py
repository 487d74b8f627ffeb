"""The chart of a model's guard: acted-on accuracy as it rolled, evidence, and silence."""

from __future__ import annotations

from typing import Any

import numpy as np

from assay.books.reports.charts import (
    BLUE,
    GOLD,
    GREEN,
    INK,
    MUTED,
    RED,
    Size,
    date_pair,
    drawing,
    is_wide,
    moments_of,
    place_legend,
    thin,
    to_svg,
)
from assay.books.reports.judged import Floats, Integers, Vigil


def draw_vigil(found: Vigil, size: Size) -> str:
    """Return rolling accuracy with its bound above the evidence, silences shaded, as SVG."""
    with drawing("vigil", size):
        figure, (above, below) = date_pair(size)
        _draw_accuracy(above, found)
        _draw_evidence(below, found)
        for number, (first, last) in enumerate(moments_of(found.silences)):
            above.axvspan(
                first, last, color=RED, alpha=0.12, linewidth=0,
                label=None if number else "Silenced",
            )  # fmt: skip
            below.axvspan(first, last, color=RED, alpha=0.12, linewidth=0)
        place_legend(figure, 4 if is_wide(size) else 2, handle=1.3)
        return to_svg(figure)


def _draw_accuracy(axes: Any, found: Vigil) -> None:  # Any: Matplotlib's own types
    times = moments_of(found.times)
    axes.fill_between(times, found.lower, found.right, color=BLUE, alpha=0.14, linewidth=0)
    axes.plot(times, found.right, color=BLUE, linewidth=1.6, label="Right (95 % bound)")
    axes.plot(times, found.promised, color=GREEN, linewidth=1.2, label="Promised")
    axes.axhline(0.5, color=MUTED, linewidth=1, linestyle=(0, (4, 3)), label="One half")
    axes.set_title("Direction of acted-on bars, rolling", loc="left", color=INK, pad=8)
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.3g} %")


def _draw_evidence(axes: Any, found: Vigil) -> None:
    for values, colour, label in (
        (found.against, RED, "Against skill"), (found.back, GOLD, "For its return"),
    ):  # fmt: skip
        if values.any():
            times, shown = _thinned(found.moments, values)
            axes.plot(moments_of(times), shown, color=colour, linewidth=1.1, label=label)
    axes.axhline(found.level, color=INK, linewidth=1, linestyle=(0, (1, 1.5)))
    axes.set_yticks(range(round(found.level) + 1))
    axes.set_ylim(0, 1.12 * found.level)
    axes.set_title(f"Evidence, powers of ten; {found.level:g} acts", loc="left", color=INK, pad=8)


def _thinned(times: Integers, values: Floats) -> tuple[Integers, Floats]:
    kept = thin(values)
    return times[kept], np.asarray(values[kept])
