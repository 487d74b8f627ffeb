"""The report of a challenge: one HTML file with the paths of the evidence and of drift."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import Any

import numpy as np

from assay.books.reports.charts import (
    BLUE,
    GOLD,
    GREEN,
    INK,
    MUTED,
    RED,
    Floats,
    Integers,
    Size,
    drawing,
    is_wide,
    moments_of,
    place_legend,
    quieten,
    thin,
    to_svg,
    write_tick,
)
from assay.books.reports.rendering import write_judgement

HUES = (BLUE, GREEN, GOLD, RED, MUTED)
WIDE, NARROW = Size(11.0, 5.4), Size(4.0, 5.2)
LOWEST, HIGHEST = -4.0, 6.0
"""Log10 of the e-values beyond which their paths are cut off: how far beyond tells nothing."""

MOST_ALARMS = 3.0
"""Likewise of the statistics of drift."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldChallenge:
    """Hold what the report shows of a challenge.

    `times` are int64 ns UTC at which each label was known, `score` and `profit` the log e-values
    then, `bar` what is asked of both, `gained` the summed gain in log score (nats). `drift` has a
    name and a statistic [n] for each line drawn, 1 being an alarm; `figures` are name, value and
    meaning, `notes` sentences above them.
    """

    champion: str
    challenger: str
    scope: str
    verdict: str
    proven: bool
    times: Integers
    score: Floats
    profit: Floats
    bar: float
    gained: Floats
    drift: Mapping[str, Floats]
    figures: Sequence[tuple[str, str, str]]
    notes: Sequence[str] = ()


def write_challenge(told: ToldChallenge, folder: Path) -> None:
    """Write report.html and its charts as SVG files into a folder."""
    write_judgement("challenge.html.j2", told, draw_challenge(told), folder, good=told.proven)


def draw_challenge(told: ToldChallenge) -> dict[str, tuple[str, str]]:
    """Return each chart by name, for wide and for narrow screens; drift only where it is told."""
    found = {"evidence": (_draw_evidence(told, WIDE), _draw_evidence(told, NARROW))}
    if told.drift:
        found["drift"] = (_draw_drift(told, WIDE), _draw_drift(told, NARROW))
    return found


def _draw_evidence(told: ToldChallenge, size: Size) -> str:
    with drawing("evidence", size):
        figure, (above, below) = _prepare(size, rows=2)
        for values, colour, label in (
            (told.score, BLUE, "Log score"), (told.profit, GREEN, "Profit not lower"),
        ):  # fmt: skip
            shown = np.clip(values / log(10), LOWEST, HIGHEST)
            kept = thin(shown)
            above.plot(
                moments_of(told.times[kept]), shown[kept], color=colour, linewidth=1.3, label=label
            )
        above.axhline(
            told.bar / log(10), color=RED, linewidth=1.0, linestyle=(0, (4, 3)),
            label="Asked of both",
        )  # fmt: skip
        above.set_title("E-value: what a fair bet has become", loc="left", color=INK, pad=8)
        above.yaxis.get_major_locator().set_params(integer=True)
        above.yaxis.set_major_formatter(_power)
        place_legend(figure, 3 if is_wide(size) else 1)
        kept = thin(told.gained)
        below.axhline(0.0, color=MUTED, linewidth=0.8)
        below.plot(moments_of(told.times[kept]), told.gained[kept], color=BLUE, linewidth=1.3)
        below.set_title("Summed gain in log score, nats", loc="left", color=INK, pad=8)
        below.yaxis.set_major_formatter(write_tick)
        return to_svg(figure)


def _draw_drift(told: ToldChallenge, size: Size) -> str:
    with drawing("drift", size):
        figure, (axes,) = _prepare(size, rows=1)
        for (label, values), colour in zip(told.drift.items(), HUES, strict=False):
            shown = np.minimum(values, MOST_ALARMS)
            kept = thin(shown)
            axes.plot(
                moments_of(told.times[kept]), shown[kept], color=colour, linewidth=1.2, label=label
            )
        axes.axhline(1.0, color=RED, linewidth=1.0, linestyle=(0, (4, 3)), label="Alarm")
        axes.set_ylim(bottom=0.0)
        axes.set_title("Statistic of each detector, in alarms", loc="left", color=INK, pad=8)
        axes.yaxis.set_major_formatter(write_tick)
        place_legend(figure, 3 if is_wide(size) else 1)
        return to_svg(figure)


def _prepare(size: Size, *, rows: int) -> tuple[Any, Any]:  # Any: Matplotlib's own types
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.figure import Figure

    wide = is_wide(size)
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(rows, sharex=True, squeeze=False)[:, 0]
    locator = AutoDateLocator(minticks=5 if wide else 3, maxticks=9 if wide else 5, tz="UTC")
    for axes in panels:
        quieten(axes)
        axes.margins(x=0.005)
    panels[-1].xaxis.set_major_locator(locator)
    panels[-1].xaxis.set_major_formatter(ConciseDateFormatter(locator, tz="UTC"))
    return figure, panels


def _power(value: float, _: int) -> str:
    if value >= 0:
        return f"{10**value:,.0f}" + ("+" if value >= HIGHEST else "")
    return f"{10**value:.10g}"
