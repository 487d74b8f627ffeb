"""The picture of patterns: the last bars with what they showed, the hit rate of each below."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from assay.books.reports.charts import (
    BLUE,
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
    quieten,
    to_svg,
    with_paper,
)
from assay.model.errors import UsageError

WIDE, NARROW = Size(11.0, 9.6), Size(4.0, 13.5)
NARROW_BARS = 80
COLOURS = {"confirmed": BLUE, "not confirmed": "#9aa2ad", "unknown": "#d9b45a"}
RATE_LEAST = 30
"""Outcomes below which a hit rate is not drawn: its interval would fill the picture."""
APART = 0.035
"""Between a bar and its mark, and between marks of one bar, in heights of the picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Hold one pattern: its last bar (place in the picture), side 1 or -1, bars it covers."""

    bar: int
    side: int
    covered: int
    name: str
    is_chart: bool
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenPatterns:
    """Hold bars in order: closes (ns UTC) and prices, the marks on them, and a hit rate a pattern.

    rates: rows with pattern, side, count, hit_rate, low, high, chance. Raises UsageError where
    lengths do not fit or there are fewer than two bars.
    """

    symbol: str
    timeframe: str
    times: Integers
    high: Floats
    low: Floats
    close: Floats
    marks: tuple[Mark, ...]
    rates: tuple[Mapping[str, Any], ...]

    def __post_init__(self) -> None:
        lengths = {len(self.times), len(self.high), len(self.low), len(self.close)}
        if len(lengths) > 1 or len(self.times) < 2:
            raise UsageError(f"columns of {sorted(lengths)} bars are no picture; give 2 or more")


def write_patterns(seen: SeenPatterns, figures: Mapping[str, Any], folder: Path) -> None:
    """Write patterns.svg, patterns-narrow.svg and the figures as patterns.json into a folder."""
    for name, size in (("patterns", WIDE), ("patterns-narrow", NARROW)):
        svg = with_paper(draw_patterns(seen, size))
        (folder / f"{name}.svg").write_text(svg, encoding="utf-8")
    text = msgspec.json.format(msgspec.json.encode(figures), indent=2)
    (folder / "patterns.json").write_bytes(text + b"\n")


def draw_patterns(seen: SeenPatterns, size: Size) -> str:
    """Return the last bars with their patterns above the hit rates of all bars, as SVG text."""
    from matplotlib.figure import Figure

    with drawing("patterns", size):
        figure = Figure(figsize=size, layout="constrained")
        above, below = figure.subplots(2, height_ratios=(5, 4.6) if is_wide(size) else (4, 9))
        first = 0 if is_wide(size) else max(0, len(seen.times) - NARROW_BARS)
        _plot_bars(above, seen, first, wide=is_wide(size))
        _plot_rates(below, seen, wide=is_wide(size))
        handles, labels = above.get_legend_handles_labels()
        figure.legend(
            handles, labels, loc="outside upper left", ncols=3 if is_wide(size) else 2,
            frameon=False, borderpad=0, handlelength=1.0, columnspacing=1.0, labelcolor=INK,
        )  # fmt: skip
        return to_svg(figure)


def _plot_bars(axes: Any, seen: SeenPatterns, first: int, *, wide: bool) -> None:
    quieten(axes)
    places = np.arange(first, len(seen.times))
    axes.vlines(places, seen.low[first:], seen.high[first:], color=MUTED, linewidth=1.0, alpha=0.6)
    axes.plot(places, seen.close[first:], color=INK, linewidth=0.7)
    for mark in seen.marks:
        if mark.is_chart and mark.bar + 1 - mark.covered >= first:
            _plot_cover(axes, seen, mark)
    _plot_marks(axes, seen, first)
    axes.margins(x=0.01, y=0.06)
    ticks = np.linspace(first, len(seen.times) - 1, 6 if wide else 2).astype(int)
    labels = [str(each)[:16].replace("T", "\n") for each in moments_of(seen.times[ticks])]
    axes.set_xticks(ticks, labels)
    between = ", " if wide else ",\n"
    axes.set_title(
        f"{seen.symbol} {seen.timeframe}, bid, UTC{between}an arrow points where its pattern does",
        loc="left", color=INK, pad=8,
    )  # fmt: skip
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.6g}")


def _plot_cover(axes: Any, seen: SeenPatterns, mark: Mark) -> None:
    begin = mark.bar + 1 - mark.covered
    inside = slice(begin, mark.bar + 1)
    low, high = float(seen.low[inside].min()), float(seen.high[inside].max())
    colour = COLOURS[mark.verdict]
    axes.fill_between([begin, mark.bar], low, high, color=colour, alpha=0.13, linewidth=0)
    axes.annotate(
        _words(mark.name), (begin, high if mark.side > 0 else low), xytext=(2, 2 * mark.side),
        textcoords="offset points", va="bottom" if mark.side > 0 else "top", color=INK,
        fontsize="small",
    )  # fmt: skip


def _plot_marks(axes: Any, seen: SeenPatterns, first: int) -> None:
    step = APART * float(seen.high[first:].max() - seen.low[first:].min())
    stacked: dict[tuple[int, int], int] = {}
    points: dict[str, list[tuple[int, float, int]]] = {verdict: [] for verdict in COLOURS}
    for mark in seen.marks:
        if mark.bar < first:
            continue
        number = stacked[mark.bar, mark.side] = stacked.get((mark.bar, mark.side), 0) + 1
        edge = seen.low[mark.bar] if mark.side > 0 else seen.high[mark.bar]
        points[mark.verdict].append((mark.bar, edge - mark.side * number * step, mark.side))
    for verdict, colour in COLOURS.items():
        for side, shape in ((1, "^"), (-1, "v")):
            chosen = [point for point in points[verdict] if point[2] == side]
            axes.scatter(
                [point[0] for point in chosen], [point[1] for point in chosen], marker=shape,
                color=colour, s=20, zorder=3, linewidths=0,
                label=verdict.capitalize() if side > 0 else None,
            )  # fmt: skip


def _plot_rates(axes: Any, seen: SeenPatterns, *, wide: bool) -> None:
    quieten(axes)
    rows = [row for row in seen.rates if row["count"] >= RATE_LEAST]
    rows.sort(key=lambda row: row["hit_rate"] - row["chance"])
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", color=GRID, linewidth=0.8)
    for place, row in enumerate(rows):
        axes.plot([100 * row["low"], 100 * row["high"]], [place] * 2, color=BLUE, linewidth=2.2)
        axes.plot(100 * row["hit_rate"], place, "o", color=BLUE, markersize=4.5)
        axes.plot(100 * row["chance"], place, "|", color=RED, markersize=11, markeredgewidth=1.8)
    labels = [f"{_words(row['pattern'])} {row['side']}, {row['count']:,}" for row in rows]
    if wide:
        axes.set_yticks(range(len(rows)), labels, fontsize="small")
    else:  # beside the lines there is no room for words
        axes.set_yticks([])
        for place, label in enumerate(labels):
            axes.text(
                0.0, place + 0.2, label, transform=axes.get_yaxis_transform(), color=INK,
                fontsize="x-small", va="bottom",
            )  # fmt: skip
    between = ", " if wide else ",\n"
    title = f"Hits, % of outcomes that share no bar{between}with 95 %; red: after any bar"
    if not rows:
        title = f"No pattern has {RATE_LEAST} outcomes yet"
    axes.set_title(title, loc="left", color=INK, pad=8)


def _words(name: str) -> str:
    return name.replace("_", " ")
