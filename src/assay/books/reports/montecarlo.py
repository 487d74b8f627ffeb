"""Charts of redrawn histories: the fan of equity, where it ends, how far it falls, and stress."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from assay.books.analytics.fans import Fan
from assay.books.reports.charts import (
    BLUE,
    GOLD,
    GREEN,
    GRID,
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
    single_plot,
    to_svg,
    write_tick,
)
from assay.books.reports.page import Chart

WIDE, NARROW = Size(11.0, 4.8), Size(4.0, 4.6)
BINS = 40
TAILS = (0.5, 99.5)
"""Percentiles between which a distribution is drawn; the few beyond would flatten the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldFan:
    """Hold a fan with its name and words; `times` (ns UTC) where its steps are days.

    `came` is what did come, at every step of it, empty where it has other steps.
    """

    name: str
    heading: str
    says: str
    fan: Fan
    currency: str
    times: Integers | None = None
    came: Floats | None = None


def draw_fan(told: ToldFan) -> Chart:
    """Return the bands of equity over time or trades."""
    return Chart(
        name=told.name, heading=told.heading, says=told.says, wide=_draw_bands(told, WIDE),
        narrow=_draw_bands(told, NARROW),
    )  # fmt: skip


def _draw_bands(told: ToldFan, size: Size) -> str:
    fan = told.fan
    with drawing(told.name, size):
        figure, axes = single_plot(size)
        across = _steps_of(told, axes, size)
        for low, high, strength, label in ((0, 4, 0.14, "5 to 95 %"), (1, 3, 0.26, "25 to 75 %")):
            axes.fill_between(
                across, fan.bands[low], fan.bands[high], color=BLUE, alpha=strength, linewidth=0,
                label=label,
            )  # fmt: skip
        axes.plot(across, fan.bands[2], color=BLUE, linewidth=1.4, label="Median")
        if told.came is not None:
            equity = np.concatenate([[fan.start], told.came])[fan.places]
            axes.plot(across, equity, color=GOLD, linewidth=1.4, label="What came")
        axes.axhline(fan.start, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
        axes.set_title(f"Equity, {told.currency}".rstrip(", "), loc="left", color=INK, pad=8)
        axes.yaxis.set_major_formatter(write_tick)
        place_legend(figure, 4 if is_wide(size) else 2)
        return to_svg(figure)


def _steps_of(told: ToldFan, axes: Any, size: Size) -> Any:  # Any: times or numbers
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    if told.times is None:
        axes.set_xlabel("Trades", color=MUTED)
        return told.fan.places
    wide = is_wide(size)
    locator = AutoDateLocator(minticks=3 if wide else 2, maxticks=9 if wide else 5, tz="UTC")
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz="UTC"))
    # The start has no time of its own: it is drawn where the first day ends.
    return moments_of(told.times[np.maximum(told.fan.places - 1, 0)])


def draw_ends(fan: Fan, currency: str) -> list[Chart]:
    """Return the distributions of final equity and of the deepest drawdown."""
    return [
        Chart(
            name="final", heading="Where redrawn histories end",
            says="Green ends above the start, red below.",
            wide=_draw_finals(fan, currency, WIDE), narrow=_draw_finals(fan, currency, NARROW),
        ),
        Chart(
            name="falls", heading="How far they fall",
            says="The deepest fall from a peak in each history; the lines are the median and the "
            "worst of twenty.",
            wide=_draw_falls(fan, WIDE), narrow=_draw_falls(fan, NARROW),
        ),
    ]  # fmt: skip


def _draw_finals(fan: Fan, currency: str, size: Size) -> str:
    with drawing("final", size):
        figure, axes = single_plot(size)
        low, high = np.percentile(fan.finals, TAILS)
        low, high = min(low, fan.start), max(high, fan.start)
        step = (high - low) / BINS or 1.0
        below, above = (np.ceil((fan.start - low) / step), np.ceil((high - fan.start) / step))
        edges = fan.start + step * np.arange(-below, above + 1)
        if len(edges) < 2:
            edges = np.array([fan.start - step, fan.start, fan.start + step])
        counts, edges = np.histogram(np.clip(fan.finals, edges[0], edges[-1]), edges)
        colours = [GREEN if edge >= fan.start - 1e-9 else RED for edge in edges[:-1]]
        axes.bar(edges[:-1], counts, width=step, align="edge", color=colours, alpha=0.8)
        axes.axvline(fan.start, color=INK, linewidth=1)
        axes.set_title("Histories", loc="left", color=INK, pad=8)
        axes.set_xlabel(f"Final equity, {currency}".rstrip(", "), color=MUTED)
        _few_ticks(axes, size)
        axes.xaxis.set_major_formatter(write_tick)
        return to_svg(figure)


def _draw_falls(fan: Fan, size: Size) -> str:
    with drawing("falls", size):
        figure, axes = single_plot(size)
        falls = 100 * fan.drawdowns
        axes.hist(falls, bins=BINS, color=RED, alpha=0.55)
        for level, colour, label in ((50, INK, "Median"), (95, GOLD, "Worst of twenty")):
            axes.axvline(np.percentile(falls, level), color=colour, linewidth=2, label=label)
        axes.set_title("Histories", loc="left", color=INK, pad=8)
        axes.set_xlabel("Deepest drawdown, %", color=MUTED)
        _few_ticks(axes, size)
        place_legend(figure, 4 if is_wide(size) else 2)
        return to_svg(figure)


def draw_stress(rows: Sequence[tuple[str, float]], currency: str) -> Chart:
    """Return the net of each scenario, the plain run first."""
    return Chart(
        name="stress", heading="Under worse conditions",
        says="The same rule on the same bars, with one thing made worse at a time. What turns red "
        "lives on conditions that no broker promises.",
        wide=_draw_bars(rows, currency, WIDE), narrow=_draw_bars(rows, currency, NARROW),
    )  # fmt: skip


def _draw_bars(rows: Sequence[tuple[str, float]], currency: str, size: Size) -> str:
    with drawing("stress", size):
        figure, axes = single_plot(size)
        names = [_short(name, size) for name, _ in rows][::-1]
        nets = [net for _, net in rows][::-1]
        colours = [GREEN if net > 0 else RED for net in nets]
        axes.barh(range(len(names)), nets, color=colours, alpha=0.8, height=0.66)
        axes.set_yticks(range(len(names)), names)
        axes.grid(visible=False, axis="y")
        axes.grid(axis="x", color=GRID, linewidth=0.8)
        axes.axvline(0.0, color=INK, linewidth=1)
        axes.set_title(f"Net, {currency}".rstrip(", "), loc="left", color=INK, pad=8)
        _few_ticks(axes, size)
        axes.xaxis.set_major_formatter(write_tick)
        return to_svg(figure)


def _short(name: str, size: Size) -> str:
    if is_wide(size):
        return name
    return name.partition(":")[0].replace("fills one bar or tick", "fills")


def _few_ticks(axes: Any, size: Size) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(9 if is_wide(size) else 3, steps=[1, 2, 2.5, 5, 10]))
