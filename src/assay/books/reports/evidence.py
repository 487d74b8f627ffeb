"""What speaks for and against a judged model: its charts, and its tables as people read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from assay.books.reports.charts import (
    BLUE,
    GRID,
    INK,
    MUTED,
    Size,
    drawing,
    is_wide,
    place_legend,
    single_plot,
    to_svg,
    write_tick,
)
from assay.books.reports.wording import NOTHING, format_number

FEATURES_DRAWN = 15
AIR = 0.04
WORD, COUNT, SHARE, MONEY, COST, SCORE = "word count share money cost score".split()
RULE_NAMES = {
    "model": "the model", "flat": "always flat", "momentum": "momentum", "reversion":
    "mean reversion", "linear": "a straight line", "shuffled": "the line, shuffled labels",
}  # fmt: skip


class Table(NamedTuple):
    """Hold a table: its heading, how to read it, the heads of its columns, and cells in words."""

    heading: str
    says: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Hold the evidence of `assay evaluate --json`, and the currency that its money is in."""

    found: Mapping[str, Any]
    currency: str


def _bounds(row: Mapping[str, Any], name: str) -> str:
    lower, upper = row[f"{name}_lower"], row[f"{name}_upper"]
    if lower is None or upper is None:
        return NOTHING
    return f"{format_number(lower, 2, plus=True)} to {format_number(upper, 2, plus=True)}"


def _cell(row: Mapping[str, Any], name: str, form: str) -> str:
    if form == "bounds":
        return _bounds(row, name)
    value = row[name]
    if value is None:
        return NOTHING
    if form == WORD:
        return RULE_NAMES.get(value, str(value))
    scaled, digits, unit = {
        COUNT: (value, 0, ""), SHARE: (100 * value, 1, " %"), MONEY: (value, 2, ""),
        SCORE: (value, 4, ""), COST: (value, 2, ""),
    }[form]  # fmt: skip
    return format_number(scaled, digits, unit=unit, plus=form == MONEY)


Columns = tuple[tuple[str, str, str], ...]
NET: Columns = (("net_mean", "Net a lot", MONEY), ("net", "95 %", "bounds"))
GROUP: Columns = (
    ("n", "Bars", COUNT), ("taken", "Taken", COUNT), ("accuracy", "Accuracy", SHARE), *NET,
    ("direction_accuracy_all", "Direction, all", SHARE), ("log_loss", "Log loss", SCORE),
)  # fmt: skip
"""Of months and regimes alike."""
TABLES: dict[str, tuple[str, str, Columns]] = {
    "baselines": (
        "Beside simple rules, each by its own decisions",
        "Momentum and mean reversion take every bar, by the sign of the move over the last "
        "horizon. The line is a logistic regression of the same features, taught, calibrated and "
        "deciding by the model's own rules on the model's own spans; once more of labels shuffled "
        "in stretches of two horizons, where there is nothing to learn.",
        (
            ("rule", "Rule", WORD), ("taken", "Taken", COUNT), ("accuracy", "Accuracy", SHARE),
            *NET, ("direction_accuracy_all", "Direction, all", SHARE),
            ("log_loss", "Log loss", SCORE),
        ),
    ),
    "same": (
        "On the bars that the model took",
        "With the side that each rule leans to there, at the same costs. A lead whose interval "
        "includes 0 is none: the rule would have done as well on these bars.",
        (
            ("rule", "Rule", WORD), ("accuracy_same", "Accuracy", SHARE),
            ("net_same", "Net a lot", MONEY), ("lead_mean", "The model leads by", MONEY),
            ("lead", "95 %", "bounds"),
        ),
    ),
    "sides": (
        "Long and short",
        "Of what was taken: compare the accuracy of each side with its own break-even accuracy, "
        "and the cost that was reckoned with (spread, slippage, commission) with the break-even "
        "cost, at which nothing would have been earned.",
        (
            ("side", "Side", WORD), ("taken", "Taken", COUNT), ("accuracy", "Accuracy", SHARE),
            ("break_even_accuracy", "Break-even", SHARE),
            ("direction_accuracy", "Direction", SHARE), *NET, ("cost_mean", "Cost a lot", COST),
            ("break_even_cost", "Break-even cost", COST),
        ),
    ),
    "months": (
        "Month by month",
        "A month with decisions in fewer than 20 stretches of two horizons has no interval.",
        (("month", "Month", WORD), *GROUP),
    ),
    "regimes": (
        "By regime",
        "What the market had been over the last bars when the model decided, by rules fitted "
        "before the judged span; nothing after the decision is looked at.",
        (("regime", "Regime", WORD), *GROUP),
    ),
}  # fmt: skip


SOURCES = {"same": "baselines"}
"""Where a table's rows come from, if they are not named as it is."""


def tabulate_evidence(evidence: Evidence) -> dict[str, Table]:
    """Return the tables that have a row, by name."""
    found = {}
    for name, (heading, says, columns) in TABLES.items():
        rows = evidence.found[SOURCES.get(name, name)]
        if rows and (name != "same" or rows[0]["taken"]):
            cells = tuple(tuple(_cell(row, key, form) for key, _, form in columns) for row in rows)
            heads = tuple(head for _, head, _ in columns)
            found[name] = Table(heading, says, heads, cells)
    return found


def word_superiority(evidence: Evidence | None) -> str:
    """Return what Hansen's test says of the model against the rules; empty where nothing."""
    told = {} if evidence is None else evidence.found["superiority"]
    if not told or told["beats_all"] is None:
        return ""
    return (
        "By what each earned in all with one lot a decision (Hansen's test, stationary bootstrap "
        f"of stretches of two horizons): chance alone would let the model lead as far before the "
        f"best of these rules in {100 * told['beats_all']:.1f} % of such spans, and some rule as "
        f"far before the model in {100 * told['beaten']:.1f} %."
    )


def word_calibration(figures: Mapping[str, Any]) -> str:
    """Return the calibration error beside what chance alone would make it; empty without."""
    if figures.get("ece_p") is None:
        return ""
    low, high = figures["ece_band_lower"], figures["ece_band_upper"]
    means = "more than chance" if figures["ece"] > high else "no more than chance makes"
    return (
        f"The calibration error is {figures['ece']:.4f}; were every probability true, it would lie "
        f"between {low:.4f} and {high:.4f} in 95 % of such spans, so it is {means}."
    )


def word_importance(evidence: Evidence | None) -> str:
    """Return how the chart of features is to be read, and on what it was measured."""
    told = {} if evidence is None else evidence.found["importance"]
    if not told or not told["features"]:
        return ""
    return (
        f"By how much the forecasts get worse where one feature is taken from another time "
        f"({told['rows']:,} bars in {told['stretches']:,} stretches, whole stretches exchanged); "
        "of features that repeat each other each seems worth little. Where a bar includes 0, "
        "chance may have made it."
    )


def draw_evidence(evidence: Evidence) -> dict[str, Any]:
    """Return what draws each chart, by name; one without data is absent."""
    found, money = evidence.found, evidence.currency
    painters: dict[str, Any] = {}
    if any(row["net_mean"] is not None for row in found["baselines"]):
        painters["rules"] = lambda size: draw_rules(found["baselines"], money, size)
    if found["deciles"]:
        painters["promises"] = lambda size: draw_promises(found["deciles"], money, size)
    if found["importance"]["features"]:
        painters["importance"] = lambda size: draw_importance(found["importance"], size)
    if found["importance"]["shap"]:
        painters["shapley"] = lambda size: draw_shapley(found["importance"], size)
    return painters


def draw_promises(rows: Sequence[Mapping[str, Any]], currency: str, size: Size) -> str:
    """Return what deciles of the promise earned beside what was promised, with bounds, as SVG."""
    with drawing("promises", size):
        figure, axes = _single(size)
        promised = np.array([row["promised"] for row in rows])
        realised, reach = _values(rows, "realised")
        low, high = min(promised.min(), 0.0), max(promised.max(), 0.0)
        air = AIR * (high - low) or 1.0
        ends = np.array([low - air, high + air])
        axes.axhline(0, color=INK, linewidth=0.8)
        axes.axvline(0, color=INK, linewidth=0.8)
        axes.plot(ends, ends, color=MUTED, linewidth=1, linestyle=(0, (4, 3)), label="As promised")
        axes.errorbar(
            promised, realised, yerr=reach, fmt="o", markersize=6, color=BLUE, elinewidth=1.4,
            capsize=3, label="Earned (95 % bars)",
        )  # fmt: skip
        axes.set_xlim(*ends)
        _number(axes.xaxis)
        _number(axes.yaxis)
        axes.set_title(f"Earned on average, {currency} a lot", loc="left", color=INK, pad=8)
        axes.set_xlabel(f"Promised at the lower bound, {currency} a lot", color=MUTED)
        place_legend(figure, 2, handle=1.3)
        return to_svg(figure)


def draw_rules(rows: Sequence[Mapping[str, Any]], currency: str, size: Size) -> str:
    """Return what a decision of each rule earned on average, with bounds, as SVG."""
    with drawing("rules", size):
        figure, axes = _single(size)
        shown = [row for row in rows if row["net_mean"] is not None][::-1]
        net, reach = _values(shown, "net")
        places = np.arange(len(shown))
        colours = [BLUE if row["rule"] == "model" else MUTED for row in shown]
        axes.axvline(0, color=INK, linewidth=1)
        for place, value, span, colour in zip(places, net, reach.T, colours, strict=True):
            axes.errorbar(
                value, place, xerr=span[:, None], fmt="o", markersize=7, color=colour,
                elinewidth=1.8, capsize=4,
            )  # fmt: skip
        names = [RULE_NAMES.get(row["rule"], row["rule"]) for row in shown]
        _name_rows(axes, places, names, size)
        title = f"Net a decision, {currency} a lot" + (" (95 % bars)" if is_wide(size) else "")
        axes.set_title(title, loc="left", color=INK, pad=8)
        _number(axes.xaxis)
        return to_svg(figure)


def draw_importance(found: Mapping[str, Any], size: Size) -> str:
    """Return by how much the log loss rises without each of the first features, as SVG."""
    with drawing("importance", size):
        shown = found["features"][:FEATURES_DRAWN]
        told = "Rise of the log loss, thousandths (95 % bars)"
        figure, axes = _name_bars(shown, told if is_wide(size) else "Log loss, ‰ (95 %)", size)
        axes.barh(
            range(len(shown)), [1_000 * row["rise"] for row in shown[::-1]], height=0.62,
            xerr=[1_960 * row["error"] for row in shown[::-1]], color=GRID, edgecolor=MUTED,
            linewidth=0.4, ecolor=BLUE, capsize=2.5,
        )  # fmt: skip
        return to_svg(figure)


def draw_shapley(found: Mapping[str, Any], size: Size) -> str:
    """Return the mean size of the Shapley values of the features with the largest, as SVG."""
    with drawing("shapley", size):
        shown = sorted(found["features"], key=lambda row: -row["shap"])[:FEATURES_DRAWN]
        told = found["shap"]
        figure, axes = _name_bars(shown, f"Mean size, {told}" if is_wide(size) else told, size)
        axes.barh(
            range(len(shown)), [row["shap"] for row in shown[::-1]], height=0.62, color=BLUE,
            alpha=0.55,
        )  # fmt: skip
        return to_svg(figure)


def _name_bars(shown: Sequence[Mapping[str, Any]], title: str, size: Size) -> tuple[Any, Any]:
    figure, axes = _single(Size(size.width, size.height + 0.8))
    names = [row["feature"].replace("_", " ") for row in shown[::-1]]
    axes.axvline(0, color=INK, linewidth=1)
    _name_rows(axes, np.arange(len(shown)), names, size)
    axes.set_title(title, loc="left", color=INK, pad=8)
    _number(axes.xaxis)
    return figure, axes


def _values(rows: Sequence[Mapping[str, Any]], name: str) -> tuple[Any, Any]:
    """Return means, and how far their bounds are below and above; 0 where there are none."""
    columns = [
        [row[f"{name}_{part}"] if row[f"{name}_{part}"] is not None else np.nan for row in rows]
        for part in ("mean", "lower", "upper")
    ]
    mean, lower, upper = (np.array(column, dtype=np.float64) for column in columns)
    return mean, np.nan_to_num(np.maximum(np.stack([mean - lower, upper - mean]), 0))


def _name_rows(axes: Any, places: Any, names: Sequence[str], size: Size) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_yticks(places, names, color=INK, fontsize=None if is_wide(size) else 10.5)
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    axes.grid(axis="x", color=GRID, linewidth=0.8)
    if not is_wide(size):
        axes.xaxis.set_major_locator(MaxNLocator(3))


def _single(size: Size) -> tuple[Any, Any]:  # Any: Matplotlib's own types
    from matplotlib.ticker import MaxNLocator

    figure, axes = single_plot(size)
    axes.xaxis.set_major_locator(MaxNLocator(9 if is_wide(size) else 4))
    axes.yaxis.set_major_locator(MaxNLocator(6 if is_wide(size) else 5))
    return figure, axes


def _number(axis: Any) -> None:
    axis.set_major_formatter(write_tick)
