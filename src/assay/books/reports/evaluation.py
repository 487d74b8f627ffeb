"""The report of a judged model: one HTML file that needs neither network nor script."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from assay.books.analytics.performance import drawdowns
from assay.books.reports import charts, evidence, skill, vigil
from assay.books.reports.judged import JudgedModel
from assay.books.reports.rendering import load_templates, split_verdict, write_charts
from assay.books.reports.wording import NOTHING, format_moment, format_number

Draw = Callable[[charts.Size], str]
WIDE, NARROW = charts.Size(11.0, 4.6), charts.Size(4.0, 4.4)
SHARE, COUNT, SCORE, RATIO, MONEY, COST = "share count score ratio money cost".split()
FIGURES = (
    ("n", "Bars judged", COUNT, "Bars with settled features and a known outcome; neighbours "
     "overlap, so they say less than their number."),
    ("taken", "Decisions taken", COUNT, "Bars on which the model would enter, weighed each as if "
     "nothing were open."),
    ("coverage", "Coverage", SHARE, "Taken over judged: a small share is a model that abstains."),
    ("accuracy", "Accuracy of what was taken", SHARE, "How often the side taken earned after all "
     "costs; compare it with the break-even accuracy, not with 50 %."),
    ("break_even_accuracy", "Break-even accuracy", SHARE, "The accuracy at which these gains and "
     "losses would have cancelled out; above it the taken decisions earned."),
    ("accuracy_long", "Accuracy of long", SHARE, "The same for the long side alone."),
    ("accuracy_short", "Accuracy of short", SHARE, "The same for the short side alone."),
    ("net_mean", "Mean net result", MONEY, "What a taken decision earned on average with one lot, "
     "all costs paid."),
    ("net_lower", "Its lower bound", MONEY, "Where this is above 0, luck alone is unlikely to have "
     "earned the mean (95 % interval, blocks of two horizons resampled)."),
    ("net_upper", "Its upper bound", MONEY, "Where this is below 0, the model loses."),
    ("cost_mean", "Mean cost", COST, "Spread, slippage and commission that taken decisions "
     "reckoned with, a lot."),
    ("break_even_cost", "Break-even cost", COST, "The cost at which the mean net result would be "
     "0: the further above the cost, the more room there is."),
    ("accuracy_all", "Accuracy on all bars", SHARE, "How often the side the model leans to was the "
     "outcome, abstentions included; compare it with the base rate."),
    ("base_rate", "Base rate", SHARE, "The share of the commonest outcome (long, short, neither): "
     "what always saying the same would reach."),
    ("neither_rate", "Neither side earned", SHARE, "Bars on which costs ate both sides; nobody can "
     "be right there."),
    ("direction_accuracy", "Direction, taken", SHARE, "How often the mid went the way of the side "
     "taken, costs aside."),
    ("direction_accuracy_all", "Direction, all bars", SHARE, "The same over all bars; compare it "
     "with the share of rises."),
    ("up_rate", "Share of rises", SHARE, "How often the mid was higher a horizon on: 50 % is a "
     "market without drift."),
    ("brier", "Brier score", SCORE, "Mean squared error of the probability: 0.25 is saying 50 % "
     "always, lower is better."),
    ("brier_lower", "Its lower bound", SCORE, "95 % interval, blocks of two horizons resampled."),
    ("brier_upper", "Its upper bound", SCORE, "Where this is below 0.25, the forecasts say more "
     "than 50 % always."),
    ("log_loss", "Log loss", SCORE, "Mean surprise: 0.6931 is saying 50 % always, lower is "
     "better."),
    ("log_loss_lower", "Its lower bound", SCORE, "95 % interval, as above."),
    ("log_loss_upper", "Its upper bound", SCORE, "Where this is below 0.6931, the forecasts say "
     "more than 50 % always."),
    ("ece", "Calibration error", SCORE, "Mean gap between forecast and frequency over 15 bins of "
     "equal mass: 0.02 means two points of a hundred. It is never 0, for outcomes are few."),
    ("ece_band_lower", "By chance, from", SCORE, "Were every probability true, the calibration "
     "error would lie between this and the next, in 95 % of such spans."),
    ("ece_band_upper", "By chance, to", SCORE, "An error above this is more than chance: the "
     "probabilities are not true."),
    ("ece_p", "As large by chance", SHARE, "How often chance alone makes so large a calibration "
     "error."),
    ("auc", "Area under the curve", SCORE, "The chance that a rise was given more than a fall: 0.5 "
     "is no skill, 1 is certainty."),
    ("set_coverage", "Prediction sets hold", SHARE, "How often the direction was in the set: 90 % "
     "is meant, whatever the market does, for sets widen where they miss."),
    ("set_single_share", "Sets of one direction", SHARE, "The rest of the sets hold both, which "
     "says nothing."),
    ("set_single_accuracy", "Right, sets of one", SHARE, "How often that one direction came; below "
     "50 % the signal means the opposite, though the sets hold as many as before."),
    ("acted_accuracy", "Direction, acted on", SHARE, "Like the direction of what was taken, with "
     "the bars on which the guard kept the model silent."),
    ("acted_lower", "Its lower bound", SHARE, "Lower end of the 95 % interval, blocks of two "
     "horizons resampled; above 50 % the skill was there on the whole."),
    ("silenced_share", "Silenced", SHARE, "Bars on which the guard kept the model from trading, "
     "as it had been right less often than it promised."),
    ("trades", "Trades", COUNT, "Round trips of one account that holds one bracket an instrument "
     "at a time."),
    ("net_return", "Net return", SHARE, "What that account gained on its opening deposit."),
    ("sharpe", "Sharpe ratio", RATIO, "Of daily net returns, annualised over 252 days; a dash "
     "where there are too few days."),
    ("sharpe_error", "Its standard error", RATIO, "Robust to days that hang together and to fat "
     "tails: a ratio within two of these of 0 says little."),
    ("trials_before", "Trials before this one", COUNT, "Looks at these instruments over an "
     "overlapping time that this home has counted before: the more, the likelier luck."),
    ("deflated_sharpe", "Deflated Sharpe ratio", SHARE, "The chance that there is skill, were this "
     "the best of all those trials, each independent; 95 % is the usual bar."),
    ("deflated_sharpe_clustered", "The same, alike trials as fewer", SHARE, "Trials whose daily "
     "returns go together say less than their number."),
    ("max_drawdown", "Deepest drawdown", SHARE, "The largest fall of equity from its peak."),
)  # fmt: skip
"""Every figure: its name in `assay evaluate --json`, label, form, and how to read it."""


def write_evaluation(result: JudgedModel, folder: Path) -> None:
    """Write report.html and its charts as SVG files into a folder."""
    drawn = draw_charts(result)
    write_charts(drawn, folder)
    (folder / "report.html").write_text(render_evaluation(result, drawn), encoding="utf-8")


def render_evaluation(
    result: JudgedModel, drawn: dict[str, tuple[str, str]] | None = None
) -> str:  # fmt: skip
    """Return the report as one HTML document; equal results give equal bytes."""
    environment = load_templates()
    environment.filters["moment"] = format_moment
    head, rest = split_verdict(result.verdict)
    gathered = result.evidence
    return environment.get_template("evaluation.html.j2").render(
        result=result,
        verdict=(head, rest),
        tone="good" if head == "Edge shown" else "bad",
        tiles=[
            (_label(name), _format(result, name))
            for name in ("coverage", "accuracy", "break_even_accuracy", "net_mean",
                         "direction_accuracy_all", "ece", "net_return", "max_drawdown")
        ],
        figures=[(label, _format(result, name), how) for name, label, _, how in FIGURES],
        tables={} if gathered is None else evidence.tabulate_evidence(gathered),
        superiority=evidence.word_superiority(gathered),
        calibration_says=evidence.word_calibration(result.figures),
        importance_says=evidence.word_importance(gathered),
        # The charts hold numbers and fixed words only, so their markup is safe as it is.
        charts={
            name: tuple(Markup(svg) for svg in pair)
            for name, pair in (drawn or draw_charts(result)).items()
        },
    )  # fmt: skip


def draw_charts(result: JudgedModel) -> dict[str, tuple[str, str]]:
    """Return each chart by name, for wide and for narrow screens; one without data is absent."""
    painters: dict[str, tuple[Draw, charts.Size]] = {
        "reliability": (lambda size: skill.draw_reliability(result.reliability, size), WIDE),
        "coverage": (lambda size: skill.draw_coverage(result.coverage, size), WIDE),
    }
    if len(result.expected):
        painters["expected"] = (
            lambda size: skill.draw_expected(result.expected, result.currency, size), WIDE,
        )  # fmt: skip
    if len(result.times) > 1:
        curves = _curves(result)
        painters["equity"] = (lambda size: charts.draw_curves(curves, size), charts.WIDE)
    if result.evidence is not None:
        drawn = evidence.draw_evidence(result.evidence)
        painters |= {name: (draw, WIDE) for name, draw in drawn.items()}
    watched = result.vigil
    if watched is not None and len(watched.times):
        painters["vigil"] = (lambda size: vigil.draw_vigil(watched, size), charts.WIDE)
    return {name: (draw(wide), draw(NARROW)) for name, (draw, wide) in painters.items()}


def _curves(result: JudgedModel) -> charts.Curves:
    scale = 10.0**-result.currency_digits
    return charts.Curves(
        result.times, result.equity.astype(np.float64) * scale,
        result.balance.astype(np.float64) * scale, drawdowns(result.equity, result.cash),
        result.cash * scale,
    )  # fmt: skip


def _label(name: str) -> str:
    return next(label for key, label, _, _ in FIGURES if key == name)


def _format(result: JudgedModel, name: str) -> str:
    value: Any = result.figures.get(name)
    if value is None:
        return NOTHING
    form = next(form for key, _, form, _ in FIGURES if key == name)
    scaled, digits, unit = {
        SHARE: (100 * value, 2, " %"), COUNT: (value, 0, ""), SCORE: (value, 4, ""),
        RATIO: (value, 2, ""), MONEY: (value, result.currency_digits, f" {result.currency} a lot"),
        COST: (value, result.currency_digits, f" {result.currency} a lot"),
    }[form]  # fmt: skip
    return format_number(scaled, digits, unit=unit, plus=form == MONEY or name == "net_return")
