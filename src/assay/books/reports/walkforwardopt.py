"""Charts of a walk-forward optimisation: the joined account, what was kept, and the choices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assay.books.reports.charts import (
    BLUE,
    GREEN,
    INK,
    MUTED,
    PALE_GOLD,
    RED,
    Floats,
    Integers,
    Size,
    date_pair,
    drawing,
    is_wide,
    moments_of,
    place_legend,
    quieten,
    single_plot,
    thin,
    to_svg,
    write_tick,
)
from assay.books.reports.page import Chart

WIDE, NARROW = Size(11.0, 5.6), Size(4.0, 5.0)
PANEL_HEIGHT = 1.7


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkedChoices:
    """Hold what is drawn: the account at each day's end, and of each window when it begins.

    `falls` are fractions of the peak, `starts` and `ends` ns UTC; `inside` and `outside` are the
    Sharpe ratios a year, NaN for none. `chosen` has a row a window and a column a name, `searched`
    the lowest and highest value of each name.
    """

    times: Integers
    equity: Floats
    falls: Floats
    cash: float
    starts: Integers
    ends: Integers
    inside: Floats
    outside: Floats
    names: Sequence[str]
    chosen: np.ndarray
    searched: Sequence[tuple[int, int]]
    currency: str


def draw_choices(walked: WalkedChoices) -> list[Chart]:
    """Return the charts of a walk-forward optimisation."""
    return [
        Chart(
            name="equity", heading="The account outside, all windows in a row",
            says="One account that traded each window with what was chosen before it. The dotted "
            "lines are where the parameters change.",
            wide=_draw_equity(walked, WIDE), narrow=_draw_equity(walked, NARROW),
        ),
        Chart(
            name="kept", heading="What was promised inside, and what came outside",
            says="The Sharpe ratio of the chosen variant on the bars that it was chosen on, beside "
            "that of the window after. Gold without blue beside it is a promise that was not kept.",
            wide=_draw_kept(walked, WIDE), narrow=_draw_kept(walked, NARROW),
        ),
        Chart(
            name="choices", heading="What was chosen",
            says="One step a window, over the whole range that was searched. Parameters that leap "
            "from end to end follow noise.",
            wide=_draw_steps(walked, WIDE), narrow=_draw_steps(walked, NARROW),
        ),
    ]  # fmt: skip


def _draw_equity(walked: WalkedChoices, size: Size) -> str:
    with drawing("equity", size):
        figure, (above, below) = date_pair(size)
        kept = thin(walked.equity)
        above.plot(moments_of(walked.times[kept]), walked.equity[kept], color=BLUE, linewidth=1.3)
        above.axhline(walked.cash, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
        above.set_title(f"Equity, {walked.currency}", loc="left", color=INK, pad=8)
        above.yaxis.set_major_formatter(write_tick)
        kept = thin(walked.falls)
        depth = -100 * walked.falls[kept]
        below.fill_between(
            moments_of(walked.times[kept]), depth, 0.0, color=RED, alpha=0.18, linewidth=0
        )
        below.plot(moments_of(walked.times[kept]), depth, color=RED, linewidth=1.1)
        below.set_title("Drawdown, % of the peak", loc="left", color=INK, pad=8)
        for axes in (above, below):
            for start in moments_of(walked.starts):
                axes.axvline(start, color=MUTED, linewidth=0.7, linestyle=(0, (1, 2)))
        return to_svg(figure)


def _draw_kept(walked: WalkedChoices, size: Size) -> str:
    with drawing("kept", size):
        figure, axes = single_plot(Size(size.width, 3.8))
        places = np.arange(1, len(walked.starts) + 1)
        axes.axhline(0.0, color=INK, linewidth=0.9)
        axes.bar(places - 0.2, walked.inside, width=0.38, color=PALE_GOLD, label="Inside, promised")
        axes.bar(places + 0.2, walked.outside, width=0.38, color=BLUE, label="Outside, came")
        axes.set_xlabel("Window", color=MUTED)
        axes.set_title("Sharpe ratio a year", loc="left", color=INK, pad=8)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.yaxis.set_major_formatter(write_tick)
        place_legend(figure, 2)
        return to_svg(figure)


def _draw_steps(walked: WalkedChoices, size: Size) -> str:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.figure import Figure

    tall = Size(size.width, PANEL_HEIGHT * len(walked.names) + 0.4)
    with drawing("choices", tall):
        figure = Figure(figsize=tall, layout="constrained")
        panels = figure.subplots(len(walked.names), 1, sharex=True, squeeze=False)[:, 0]
        edges = moments_of(np.append(walked.starts, walked.ends[-1:]))
        for axes, name, values, (low, high) in zip(
            panels, walked.names, walked.chosen.T, walked.searched, strict=True
        ):
            quieten(axes)
            axes.stairs(values, edges, color=GREEN, linewidth=2, baseline=None)
            air = max(0.08 * (high - low), 0.5)
            axes.set_ylim(low - air, high + air)
            axes.set_title(name, loc="left", color=INK, pad=6)
            axes.yaxis.get_major_locator().set_params(integer=True)
        wide = is_wide(size)
        locator = AutoDateLocator(minticks=3 if wide else 2, maxticks=9 if wide else 5, tz="UTC")
        panels[-1].xaxis.set_major_locator(locator)
        panels[-1].xaxis.set_major_formatter(ConciseDateFormatter(locator, tz="UTC"))
        return to_svg(figure)
