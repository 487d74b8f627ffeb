"""The page of a daily twin: from what the twin earned, cause by cause, to what was earned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from assay.books.reports.charts import (
    BLUE,
    GREEN,
    GRID,
    INK,
    MUTED,
    RED,
    Size,
    drawing,
    is_wide,
    quieten,
    to_svg,
)
from assay.books.reports.page import Chart, Page, Table
from assay.books.reports.wording import format_number

WIDE, NARROW = Size(11.0, 4.6), Size(4.0, 5.4)
SHOWN = 200
HEADROOM = 0.16
"""Room at either end of the axis, for figures beside their bars."""
READINGS = {
    "spread": "half of the spread at the moment of the live fill, beyond that of the twin's",
    "slippage": "the fill beyond the quote of its moment, beyond that of the twin",
    "latency": "how far the mid moved between the twin's fill and the live one",
    "missed tick": "what followed from quotes or bars that only one side saw",
    "reject": "what followed from an order denied, rejected, expired or filled in part",
    "manual": "what followed from acts by hand, and what others earned on the account",
    "commission": "fees of orders that both sides filled, beyond the twin's",
    "swap": "nights, as the venue charged them, beyond the twin's",
    "conversion": "profits turned at another rate than the day's last, beyond the twin's",
    "unexplained": "what is left, rounding included",
}


class Step(NamedTuple):
    """Hold one bar of the waterfall: what it is of, where it begins, and how far it goes."""

    name: str
    start: float
    change: float


def list_steps(told: Mapping[str, Any]) -> list[Step]:
    """Return the steps from the twin's profit to the live one; causes of nothing are left out.

    >>> list_steps({"twin": 5.0, "live": 3.0, "causes": [{"cause": "reject", "amount": -2.0}]})
    [Step(name='twin', start=0.0, change=5.0), Step(name='reject', start=5.0, change=-2.0), \
Step(name='live', start=0.0, change=3.0)]
    """
    steps, level = [Step("twin", 0.0, told["twin"])], told["twin"]
    for one in told["causes"]:
        if one["amount"]:
            steps.append(Step(one["cause"], level, one["amount"]))
            level += one["amount"]
    return [*steps, Step("live", 0.0, told["live"])]


def draw_waterfall(told: Mapping[str, Any]) -> Chart:
    """Return the waterfall of a day."""
    steps = list_steps(told)
    return Chart(
        name="waterfall", heading="From the twin to the account",
        says=f"Profit of the day in {told['currency']}: the twin's, then what each cause took or "
        "gave, then the account's.",
        wide=_draw(steps, WIDE), narrow=_draw(steps, NARROW),
    )  # fmt: skip


def _draw(steps: Sequence[Step], size: Size) -> str:
    from matplotlib.figure import Figure

    with drawing("waterfall", size):
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots()
        quieten(axes)
        axes.grid(visible=False, axis="y")
        axes.grid(axis="x", color=GRID, linewidth=0.8)
        _draw_bars(axes, steps)
        ends = [end for step in steps for end in (step.start, step.start + step.change)]
        low, high = min(*ends, 0.0), max(*ends, 0.0)
        room = HEADROOM * ((high - low) or 1.0) * (1 if is_wide(size) else 2)
        axes.set_xlim(low - room, high + room)
        axes.set_yticks(range(len(steps)), [step.name.capitalize() for step in steps])
        axes.tick_params(axis="y", length=0, labelcolor=INK)
        axes.invert_yaxis()
        axes.axvline(0.0, color=MUTED, linewidth=0.8)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.10g}".replace("-", "−"))
        axes.locator_params(axis="x", nbins=8 if is_wide(size) else 4)
        return to_svg(figure)


def _draw_bars(axes: Any, steps: Sequence[Step]) -> None:  # Any: Matplotlib's own types
    last = len(steps) - 1
    for place, step in enumerate(steps):
        is_total = place in (0, last)
        colour = BLUE if is_total else GREEN if step.change > 0 else RED
        axes.barh(place, step.change, left=step.start, height=0.62, color=colour)
        end = step.start + step.change
        if place < last:
            axes.plot([end, end], [place, place + 1], color=MUTED, linewidth=0.8, zorder=0)
        is_right = step.change >= 0
        axes.annotate(
            format_number(step.change, 2, plus=not is_total), (end, place),
            xytext=(5 if is_right else -5, 0), textcoords="offset points", color=INK,
            ha="left" if is_right else "right", va="center",
        )  # fmt: skip


def describe_twin(told: Mapping[str, Any]) -> Page:
    """Return the page of a day."""
    currency, gap = told["currency"], format_number(told["gap"], 2, plus=True)
    verdict = (
        "Above the bound"
        if told["above"]
        else "As its twin"
        if not told["gap"]
        else "Within the bound"
    )
    so_far = "" if told["is_over"] else " The day goes on yet."
    return Page(
        kind="Assay daily twin", title=f"{told['account']} on {told['day']}",
        verdict=f"{verdict}: {gap} {currency} beside the same day run again, "
        f"{100 * told['share']:.3g} % of the equity it began with; the bound is "
        f"{100 * told['bound']:.3g} %.",
        shown=not told["above"],
        lead=f"Strategy {told['strategy']} on {', '.join(told['symbols'])}, run {told['run']}: the "
        "same start, settings and decisions, filled by the engine without delay." + so_far,
        tiles=(
            ("Earned", format_number(told["live"], 2, plus=True)),
            ("Its twin", format_number(told["twin"], 2, plus=True)),
            ("Gap", gap),
            ("Unexplained", format_number(100 * told["unexplained"], 2, unit=" %")),
        ),
        charts=[draw_waterfall(told)], tables=[_tabulate(told)],
        figures=[
            (one["cause"].capitalize(), format_number(one["amount"], 2, plus=True),
             f"{one['orders']:,} orders; {READINGS[one['cause']]}")
            for one in told["causes"]
        ],
    )  # fmt: skip


def _tabulate(told: Mapping[str, Any]) -> Table:
    items = sorted(told["items"], key=lambda item: -abs(item["amount"]))
    cut = f"The {SHOWN} largest of {len(items):,}." if len(items) > SHOWN else ""
    return Table(
        name="items", heading="Every difference, the largest first",
        columns=["When (UTC)", "Symbol", "Cause", f"{told['currency']}", "What"],
        rows=[
            [item["time"][:19].replace("T", " "), item["symbol"], item["cause"],
             format_number(item["amount"], 2, plus=True), item["what"]]
            for item in items[:SHOWN]
        ],
        says=cut,
    )  # fmt: skip
