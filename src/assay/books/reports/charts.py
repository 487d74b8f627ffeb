"""Charts of long series as SVG text, thinned without losing a peak."""

from __future__ import annotations

from io import StringIO
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

INK, MUTED, GRID = "#1c1f23", "#555c66", "#dfe2e6"
BLUE, PALE_GOLD, RED = "#17477e", "#d9b45a", "#a3242b"
GREEN, GOLD = "#0b6642", "#9a6a00"
BUCKETS = 900

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Size(NamedTuple):
    """Hold width and height of a chart in inches of 72 SVG points."""

    width: float
    height: float


WIDE, NARROW = Size(11.0, 5.6), Size(4.0, 4.8)


def thin(values: npt.NDArray[Any], buckets: int = BUCKETS) -> Integers:
    """Return the places of the lowest and highest value of each bucket, and of both ends.

    >>> thin(np.array([5, 1, 9, 2, 8, 3, 7, 4]), buckets=2).tolist()
    [0, 1, 2, 4, 5, 7]
    """
    count = len(values)
    if count <= 2 * buckets:
        return np.arange(count, dtype=np.int64)
    length = -(-count // buckets)
    padded = np.pad(values, (0, -count % length), mode="edge").reshape(-1, length)
    starts = np.arange(len(padded)) * length
    places = np.concatenate(
        ([0, count - 1], starts + padded.argmin(axis=1), starts + padded.argmax(axis=1))
    )
    return np.unique(np.minimum(places, count - 1)).astype(np.int64)


def is_wide(size: Size) -> bool:
    """Say whether a chart is for a wide screen or paper, not for a telephone."""
    return size.width > 6


class Curves(NamedTuple):
    """Hold what is drawn: equity and balance in whole currency, falls as fractions of the peak."""

    times: Integers
    equity: Floats
    balance: Floats
    falls: Floats
    start: float


def draw_curves(curves: Curves, size: Size) -> str:
    """Return equity and balance above the drawdown, on one time axis, as SVG text."""
    with drawing("assay", size):
        figure, (above, below) = date_pair(size)
        plot_worth(above, curves)
        place_legend(figure, 3)
        plot_falls(below, curves)
        return to_svg(figure)


def plot_worth(axes: Any, curves: Curves) -> None:  # Any: Matplotlib's own types
    """Draw equity and balance with the start."""
    for values, colour, label, width in (
        (curves.balance, PALE_GOLD, "Balance", 2.6),
        (curves.equity, BLUE, "Equity", 1.2),
    ):
        kept = thin(values)
        moments = moments_of(curves.times[kept])
        axes.plot(moments, values[kept], color=colour, linewidth=width, label=label)
    axes.axhline(curves.start, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)), label="Start")
    axes.yaxis.set_major_formatter(write_tick)


def plot_falls(axes: Any, curves: Curves) -> None:  # Any: Matplotlib's own types
    """Draw how far below its peak the equity is."""
    kept = thin(curves.falls)
    moments, depth = moments_of(curves.times[kept]), -100.0 * curves.falls[kept]
    axes.fill_between(moments, depth, 0.0, color=RED, alpha=0.18, linewidth=0)
    axes.plot(moments, depth, color=RED, linewidth=1.1)
    axes.set_ylim(top=0.0)
    axes.set_title("Drawdown, % of the peak", loc="left", color=INK, pad=8)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.3g}".replace("-", "−"))


def moments_of(times: Integers) -> npt.NDArray[np.datetime64]:
    """Return times (ns UTC) as Matplotlib draws them."""
    return times.astype("datetime64[ns]").astype("datetime64[us]")


def write_tick(value: float, _: int | None = None) -> str:
    """Return the number at a tick of an axis.

    >>> write_tick(-12500.0)
    '−12,500'
    """
    return f"{value:,.10g}".replace("-", "−")


def place_legend(figure: Any, columns: int, *, handle: float = 1.1) -> None:
    """Name what a figure draws above its plots; a handle is so many letters long."""
    figure.legend(
        loc="outside upper left", ncols=columns, frameon=False, borderpad=0, handlelength=handle,
        columnspacing=1.1, labelcolor=INK,
    )  # fmt: skip


def single_plot(size: Size) -> tuple[Any, Any]:  # Any: Matplotlib's own types
    """Return a figure and its one plot."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots()
    quieten(axes)
    return figure, axes


def date_pair(size: Size) -> tuple[Any, Any]:  # Any: Matplotlib's own types
    """Return a figure and its two axes, one above the other, on one axis of time."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    pair = figure.subplots(2, sharex=True, height_ratios=(5, 3))
    for axes in pair:
        quieten(axes)
        axes.margins(x=0.005)
    date_axis(pair[1], is_wide=is_wide(size))
    return figure, pair


def date_axis(axes: Any, *, is_wide: bool = True) -> None:  # Any: Matplotlib's own types
    """Let the lower edge of a plot tell dates, as many as there is room for."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    # At most twice as many ticks as at least, and one more: else a span of four days, or of four
    # hours, is too short for the one unit and too long for the next, and no interval suits it.
    least = 4 if is_wide else 2
    locator = AutoDateLocator(minticks=least, maxticks=2 * least + 1, tz="UTC")
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz="UTC"))


def quieten(axes: Any) -> None:  # Any: Matplotlib's own types
    """Leave of a plot's frame only what helps reading: the lower edge and pale rules."""
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(MUTED)
    axes.tick_params(colors=MUTED, length=3)
    axes.grid(axis="y", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)


def drawing(name: str, size: Size) -> Any:  # Any: Matplotlib's context
    """Return the context to draw in; charts of one page have a name each."""
    import matplotlib as mpl

    wide = is_wide(size)
    # Text stays text (small, searchable) and ids come from a fixed salt (equal runs, equal bytes).
    return mpl.rc_context(
        {
            "svg.fonttype": "none",
            "svg.hashsalt": f"{name}-{'wide' if wide else 'narrow'}",
            "font.family": "sans-serif",
            "figure.constrained_layout.h_pad": 0.09,
            "font.size": 9.5 if wide else 12.5,
            "axes.titlesize": 10.5 if wide else 12.5,
        }
    )


def to_svg(figure: Any) -> str:  # Any: Matplotlib's own types
    """Return a figure as SVG text without a prologue, to stand in HTML."""
    buffer = StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]


def with_paper(svg: str) -> str:
    """Return an SVG that stands alone, on white; in HTML the page is its paper."""
    return svg.replace("<svg ", '<svg style="background:#fff" ', 1)
