"""The report of a search for settings: one HTML file with what was tried and what it gained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from assay.books.reports.charts import (
    BLUE,
    GOLD,
    GREEN,
    GRID,
    INK,
    MUTED,
    PALE_GOLD,
    RED,
    Floats,
    Integers,
    Size,
    drawing,
    is_wide,
    moments_of,
    place_legend,
    quieten,
    single_plot,
    thin,
    to_svg,
)
from assay.books.reports.rendering import write_judgement

WIDE, NARROW = Size(11.0, 4.6), Size(4.0, 4.6)
JUDGED, PRUNED = "judged", "pruned"
COLUMNS_WIDE, COLUMNS_NARROW = 4, 1
PANEL_HEIGHT = 2.3
AIR = 0.06


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldTrial:
    """Hold one trial: its number, what came of it, its cost (None unless judged), its settings."""

    number: int
    state: str
    cost: float | None
    settings: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldStudy:
    """Hold what the report shows of a study.

    `trials` are in order, the first with the usual settings; `best` is the number of the best.
    `ratios` are the settings drawn by ratio, `importances` shares of 1, `folds` the costs of the
    usual and the best settings. `times` are int64 ns UTC, `gained` what the best saved until then
    (a row); `settings` are name, best, usual and importance in words, `figures` name, value and
    meaning, `cost` what is searched to be low.
    """

    study: str
    families: Sequence[str]
    cost: str
    scope: str
    verdict: str
    shown: bool
    trials: Sequence[ToldTrial]
    best: int
    ratios: frozenset[str]
    importances: Mapping[str, float]
    folds: Sequence[tuple[float, float]]
    times: Integers
    gained: Floats
    settings: Sequence[tuple[str, str, str, str]]
    figures: Sequence[tuple[str, str, str]]
    notes: Sequence[str] = ()


def write_study(told: ToldStudy, folder: Path) -> None:
    """Write report.html and its charts as SVG files into a folder."""
    write_judgement("tuning.html.j2", told, draw_study(told), folder, good=told.shown)


def draw_study(told: ToldStudy) -> dict[str, tuple[str, str]]:
    """Return each chart by name, for wide and for narrow screens; importance only where told."""
    drawers = {"history": _draw_history, "gain": _draw_gain, "slices": _draw_slices}
    if told.importances:
        drawers["importance"] = _draw_importance
    return {name: (draw(told, WIDE), draw(told, NARROW)) for name, draw in drawers.items()}


def _draw_history(told: ToldStudy, size: Size) -> str:
    with drawing("history", size):
        figure, axes = single_plot(size)
        judged = [each for each in told.trials if each.cost is not None]
        numbers = [each.number for each in judged]
        costs = np.array([each.cost for each in judged], dtype=np.float64)
        axes.scatter(numbers, costs, s=26, color=BLUE, alpha=0.75, label="Judged on every fold")
        axes.step(
            numbers, np.minimum.accumulate(costs), where="post", color=GREEN, linewidth=1.6,
            label="Best so far",
        )  # fmt: skip
        axes.axhline(
            costs[0], color=MUTED, linewidth=0.9, linestyle=(0, (4, 3)), label="Usual settings"
        )
        _focus(axes, costs)
        low = axes.get_ylim()[0]
        for state, colour in ((PRUNED, PALE_GOLD), ("failed", RED)):
            ended = [each.number for each in told.trials if each.state == state]
            if ended:
                axes.scatter(
                    ended, np.full(len(ended), low), s=34, color=colour, marker="|",
                    linewidths=2, label=state.capitalize(), clip_on=False,
                )  # fmt: skip
        axes.set_xlabel("Trial", color=MUTED)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.set_title(f"{told.cost}, lower is better", loc="left", color=INK, pad=8)
        axes.yaxis.set_major_formatter(_number)
        place_legend(figure, 5 if is_wide(size) else 2)
        return to_svg(figure)


def _draw_gain(told: ToldStudy, size: Size) -> str:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    with drawing("gain", size):
        figure, axes = single_plot(size)
        kept = thin(told.gained)
        axes.axhline(0.0, color=MUTED, linewidth=0.8)
        axes.plot(moments_of(told.times[kept]), told.gained[kept], color=BLUE, linewidth=1.4)
        axes.set_title("Saved until then, a row", loc="left", color=INK, pad=8)
        axes.yaxis.set_major_formatter(_number)
        wide = is_wide(size)
        locator = AutoDateLocator(minticks=3 if wide else 2, maxticks=9 if wide else 5, tz="UTC")
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz="UTC"))
        return to_svg(figure)


def _draw_importance(told: ToldStudy, size: Size) -> str:
    with drawing("importance", size):
        figure, axes = single_plot(size)
        names = list(told.importances)[::-1]
        shares = [100 * told.importances[name] for name in names]
        axes.barh(names, shares, color=BLUE, height=0.6)
        axes.grid(visible=False, axis="y")
        axes.grid(axis="x", color=GRID, linewidth=0.8)
        axes.set_title("Importance, %", loc="left", color=INK, pad=8)
        return to_svg(figure)


def _draw_slices(told: ToldStudy, size: Size) -> str:
    from matplotlib.figure import Figure

    names = list(told.trials[0].settings)
    columns = min(COLUMNS_WIDE if is_wide(size) else COLUMNS_NARROW, len(names))
    rows = -(-len(names) // columns)
    tall = Size(size.width, PANEL_HEIGHT * rows + 0.5)
    judged = [each for each in told.trials if each.cost is not None]
    costs = np.array([each.cost for each in judged], dtype=np.float64)
    with drawing("slices", tall):
        figure = Figure(figsize=tall, layout="constrained")
        panels = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel()
        for axes, name in zip(panels, names, strict=False):
            quieten(axes)
            values = np.array([each.settings[name] for each in judged])
            axes.scatter(values, costs, s=16, color=BLUE, alpha=0.6)
            for number, colour in ((told.trials[0].number, GOLD), (told.best, GREEN)):
                at = [each.number for each in judged].index(number)
                axes.scatter(values[at : at + 1], costs[at : at + 1], s=46, color=colour, zorder=3)
            if name in told.ratios:
                axes.set_xscale("log")
                _plain_ticks(axes, values)
            axes.set_title(name, loc="left", color=INK, pad=6)
            axes.yaxis.set_major_formatter(_number)
            _focus(axes, costs)
        for axes in panels[len(names) :]:
            axes.set_visible(False)
        return to_svg(figure)


def _plain_ticks(axes: Any, values: Floats) -> None:
    from matplotlib.ticker import FixedLocator, NullLocator

    ends = np.geomspace(values.min(), values.max(), 3) if values.min() < values.max() else values
    axes.xaxis.set_major_locator(FixedLocator([float(f"{value:.2g}") for value in ends]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(_number)


def _focus(axes: Any, costs: npt.NDArray[np.float64]) -> None:
    """Show the better half of the costs in full; a few hopeless ones would flatten the rest."""
    low, usual, middle = float(costs.min()), float(costs[0]), float(np.median(costs))
    high = min(float(costs.max()), max(usual, middle) + 2 * (max(usual, middle) - low))
    air = max(AIR * (high - low), 1e-9)
    axes.set_ylim(low - air, high + air)


def _number(value: float, _: int) -> str:
    return f"{value:,.6g}".replace("-", "−")
