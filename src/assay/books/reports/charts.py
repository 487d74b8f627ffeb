"""Charts of long series as SVG text, thinned without losing a peak."""

from __future__ import annotations

from io import StringIO
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

INK, MUTED, GRID = "#1c1f23", "#555c66", "#dfe2e6"
BLUE, GOLD, RED = "#17477e", "#9a6a00", "#a3242b"
BUCKETS = 900

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Size(NamedTuple):
    """Hold width and height of a chart in inches of 72 SVG points."""

    width: float
    height: float


WIDE_EQUITY, NARROW_EQUITY = Size(11.0, 3.7), Size(4.2, 3.0)
WIDE_DRAWDOWN, NARROW_DRAWDOWN = Size(11.0, 2.1), Size(4.2, 2.0)


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


def draw_equity(
    times: Integers, equity: Floats, balance: Floats, *, start: float, size: Size
) -> str:
    """Return the equity and balance curves as SVG; values in whole currency."""
    figure, axes = _prepare(size)
    for values, colour, label, width in (
        (balance, GOLD, "Balance", 1.0),
        (equity, BLUE, "Equity", 1.4),
    ):
        kept = thin(values)
        axes.plot(_moments(times[kept]), values[kept], color=colour, linewidth=width, label=label)
    axes.axhline(start, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)), label="Start")
    axes.legend(
        loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3, frameon=False, borderaxespad=0.2,
        handlelength=1.6, columnspacing=1.4,
    )  # fmt: skip
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}".replace("-", "−"))
    return _to_svg(figure)


def draw_drawdown(times: Integers, falls: Floats, *, size: Size) -> str:
    """Return the drawdown below zero as SVG; `falls` are fractions of the peak, >= 0."""
    figure, axes = _prepare(size)
    kept = thin(falls)
    moments, depth = _moments(times[kept]), -100.0 * falls[kept]
    axes.fill_between(moments, depth, 0.0, color=RED, alpha=0.18, linewidth=0)
    axes.plot(moments, depth, color=RED, linewidth=1.1)
    axes.set_ylim(top=0.0)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.3g} %".replace("-", "−"))
    return _to_svg(figure)


def _moments(times: Integers) -> npt.NDArray[np.datetime64]:
    return times.astype("datetime64[ns]").astype("datetime64[us]")


def _prepare(size: Size) -> tuple[Any, Any]:  # Any: Matplotlib's own types
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    axes = figure.add_subplot()
    locator = AutoDateLocator(minticks=3, maxticks=9 if size.width > 6 else 5, tz="UTC")
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz="UTC"))
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(MUTED)
    axes.tick_params(colors=MUTED, labelsize=9, length=3)
    axes.grid(axis="y", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.margins(x=0.005)
    return figure, axes


def _to_svg(figure: Any) -> str:
    import matplotlib as mpl

    # Text stays text (small, searchable) and ids come from a fixed salt (equal runs, equal bytes).
    style = {"svg.fonttype": "none", "svg.hashsalt": "assay", "font.family": "sans-serif"}
    buffer = StringIO()
    with mpl.rc_context(style):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]
