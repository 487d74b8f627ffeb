"""The picture of told regimes: the price in the colour of each, their probabilities below."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from assay.books.reports.charts import (
    INK,
    MUTED,
    Floats,
    Integers,
    Size,
    drawing,
    is_wide,
    quieten,
    thin,
    to_svg,
    with_paper,
)
from assay.model.errors import UsageError
from assay.model.regimes import Regime

WIDE, NARROW = Size(11.0, 6.6), Size(4.0, 7.4)
COLOURS = {
    Regime.STRONG_BULL: "#0b6642", Regime.WEAK_BULL: "#7cbf9b", Regime.BREAKOUT_UP: "#00a86b",
    Regime.REVERSAL_UP: "#a8c545", Regime.STRONG_BEAR: "#a3242b", Regime.WEAK_BEAR: "#e29a92",
    Regime.BREAKOUT_DOWN: "#e0453a", Regime.REVERSAL_DOWN: "#e08a3c",
    Regime.QUIET: "#c9ced6", Regime.LOW_VOLATILITY_RANGE: "#8b97a8",
    Regime.HIGH_VOLATILITY_RANGE: "#4f6fa8", Regime.VOLATILE_CRISIS: "#5b2a86",
}  # fmt: skip
"""Greens rise, reds fall, greys and blues go nowhere; the order of the stack."""
BUCKETS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldRegimes:
    """Hold bars in order: opens (ns UTC), price, confirmed regime, probability of each [n, 12].

    Raises UsageError where lengths do not fit or there are fewer than two bars.
    """

    symbol: str
    times: Integers
    price: Floats
    regime: Integers
    posterior: Floats

    def __post_init__(self) -> None:
        lengths = {len(self.times), len(self.price), len(self.regime), len(self.posterior)}
        if len(lengths) > 1 or len(self.times) < 2:
            raise UsageError(f"columns of {sorted(lengths)} bars are no picture; give 2 or more")


def write_regimes(told: ToldRegimes, figures: Mapping[str, Any], folder: Path) -> None:
    """Write regimes.svg, regimes-narrow.svg and the figures as regimes.json into a folder."""
    for name, size in (("regimes", WIDE), ("regimes-narrow", NARROW)):
        (folder / f"{name}.svg").write_text(with_paper(draw_regimes(told, size)), encoding="utf-8")
    text = msgspec.json.format(msgspec.json.encode(figures), indent=2)
    (folder / "regimes.json").write_bytes(text + b"\n")


def draw_regimes(told: ToldRegimes, size: Size) -> str:
    """Return the price coloured by confirmed regime above the probabilities, as SVG text."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.figure import Figure

    with drawing("regimes", size):
        figure = Figure(figsize=size, layout="constrained")
        above, below = figure.subplots(2, sharex=True, height_ratios=(5, 4))
        wide = is_wide(size)
        _plot_price(above, told)
        _plot_posterior(below, told, BUCKETS if wide else BUCKETS // 3)
        locator = AutoDateLocator(minticks=5 if wide else 3, maxticks=9 if wide else 5, tz="UTC")
        below.xaxis.set_major_locator(locator)
        below.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz="UTC"))
        figure.legend(
            loc="outside lower left", ncols=6 if wide else 2, frameon=False, labelcolor=INK,
            handlelength=1.1, columnspacing=1.1, fontsize=8.5 if wide else 10,
        )  # fmt: skip
        return to_svg(figure)


def _plot_price(axes: Any, told: ToldRegimes) -> None:
    quieten(axes)
    axes.margins(x=0.005)
    kept = thin(told.price)
    moments, price, regime = _moments(told.times[kept]), told.price[kept], told.regime[kept]
    for each, colour in COLOURS.items():
        # A point belongs to the piece before it too, so that pieces meet.
        inside = regime == each
        inside[:-1] |= inside[1:]
        axes.plot(
            moments, np.where(inside, price, np.nan), color=colour, linewidth=1.3,
            label=each.label.capitalize(),
        )  # fmt: skip
    axes.set_title(f"{told.symbol}, mid at the close, by regime", loc="left", color=INK, pad=8)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.6g}")


def _plot_posterior(axes: Any, told: ToldRegimes, buckets: int) -> None:
    quieten(axes)
    length = max(1, -(-len(told.times) // buckets))
    starts = np.arange(0, len(told.times), length)
    counts = np.diff(np.append(starts, len(told.times)))
    mean = np.add.reduceat(told.posterior, starts, axis=0) / counts[:, None]
    order = list(COLOURS)
    axes.stackplot(
        _moments(told.times[starts]), *(100.0 * mean[:, each] for each in order),
        colors=[COLOURS[each] for each in order], linewidth=0,
    )  # fmt: skip
    axes.set_ylim(0, 100)
    axes.set_title("Probability of each, %", loc="left", color=INK, pad=8)
    axes.tick_params(colors=MUTED)


def _moments(times: Integers) -> np.ndarray:
    return times.astype("datetime64[ns]").astype("datetime64[us]")
