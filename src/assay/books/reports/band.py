"""A live record and its band as a chart: equity above, the evidence that it fell below."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from assay.books.analytics.band import FLAT, LEVEL, SCALE_SHARE, Band
from assay.books.reports.charts import (
    BLUE,
    GOLD,
    INK,
    MUTED,
    NARROW,
    RED,
    WIDE,
    Size,
    date_pair,
    drawing,
    is_wide,
    moments_of,
    place_legend,
    to_svg,
)


class Told(NamedTuple):
    """Hold days (ns UTC), sums of profit, their band, e-values, and sizes with their times."""

    times: npt.NDArray[np.int64]
    sums: npt.NDArray[np.float64]
    band: Band
    e_values: npt.NDArray[np.float64]
    verdicts: Sequence[tuple[int, float]]


def write_band(told: Told, folder: Path) -> list[str]:
    """Write the chart as SVG files, for a wide and a narrow screen; return their names."""
    names = []
    for name, size in (("band.svg", WIDE), ("band-narrow.svg", NARROW)):
        (folder / name).write_text(draw_chart(told, size), encoding="utf-8")
        names.append(name)
    return names


def draw_chart(told: Told, size: Size) -> str:
    """Return profit in its band above the e-value, on one axis of time, as SVG text."""
    with drawing("band", size):
        figure, (above, below) = date_pair(size)
        _draw_profit(above, told)
        _draw_evidence(below, told)
        place_legend(figure, 5 if is_wide(size) else 2, handle=1.3)
        return to_svg(figure)


def _draw_profit(axes: Any, told: Told) -> None:  # Any: Matplotlib's own types
    times, band = moments_of(told.times), told.band
    axes.fill_between(
        times, band.lower, band.upper, color=BLUE, alpha=0.12, linewidth=0, label="Band"
    )
    axes.plot(times, band.centre, color=MUTED, linewidth=1, linestyle=(0, (4, 3)), label="Expected")
    axes.plot(times, told.sums, color=BLUE, linewidth=1.5, label="Profit")
    for at, size in told.verdicts:
        colour, word = (RED, "Flat") if size == FLAT else (GOLD, "Half size")
        axes.axvline(moments_of(np.array([at]))[0], color=colour, linewidth=1.2, label=word)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.10g}".replace("-", "−"))


def _draw_evidence(axes: Any, told: Told) -> None:
    shown = np.log10(np.maximum(told.e_values, 1e-3))
    bound = -np.log10(LEVEL * (1 - SCALE_SHARE))
    axes.plot(moments_of(told.times), shown, color=RED, linewidth=1.2)
    axes.axhline(bound, color=INK, linewidth=1, linestyle=(0, (1, 1.5)))
    axes.axhline(0, color=MUTED, linewidth=0.8)
    axes.set_title(
        f"Evidence that the mean fell, powers of ten; {bound:.2g} halves", loc="left", color=INK,
        pad=8,
    )  # fmt: skip
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.3g}".replace("-", "−"))
