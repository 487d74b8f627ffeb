"""From a challenge to its report: the figures in words that people read."""

from __future__ import annotations

from math import exp
from pathlib import Path
from typing import Any

import numpy as np

from assay.apps.lab.champions.comparison import Challenge
from assay.apps.lab.models.drift import worst_of
from assay.apps.lab.output import appearing_together
from assay.books.reports.challenge import ToldChallenge, write_challenge
from assay.books.reports.wording import NOTHING, format_number
from assay.signals.drift import LOSS, SCORE

FIGURES = (
    ("labels", "Labels", 0, "Stretches of time that do not overlap, one label each: what counts."),
    ("rows", "Forecasts", 0, "Of all instruments in those stretches; their gains are averaged."),
    ("champion_log_loss", "Champion's log loss", 5, "Mean surprise a forecast: 0.69315 is saying "
     "50 % always, lower is better."),
    ("challenger_log_loss", "Challenger's log loss", 5, "The same."),
    ("gain", "Gain in log score", 5, "How much less surprised the challenger was, nats a label."),
    ("gain_share", "Gain over the champion's skill", 3, "0.2 is a fifth more than the champion "
     "is better than saying 50 %; a dash where it is not."),
    ("gain_lower", "Lower bound of the gain", 5, "Holds at all times together with 95 %; above 0 "
     "where the e-value is above 20."),
    ("profit", "Challenger's extra profit", 4, "Stop distances a label, all costs paid; what "
     "differs by more than 2 is taken for 2."),
    ("profit_lower", "Its lower bound", 4, "Likewise for all times; it must be above the margin "
     "below 0."),
    ("margin", "Margin", 3, "Stop distances a label that it may earn less."),
    ("champion_taken", "Taken by the champion", 4, "Share of those forecasts that it would have "
     "traded."),
    ("challenger_taken", "Taken by the challenger", 4, "The same."),
    ("profit_clipped", "Profits clipped", 5, "Share of forecasts whose profits differed by more "
     "than 2 stop distances."),
    ("tries", "Tries against this champion", 0, "Challengers and starts until now; the e-values "
     "asked are 20 times as many."),
)  # fmt: skip
"""Every figure: its name in --json, label, digits, and how to read it."""


def write_challenge_report(found: Challenge, folder: Path) -> None:
    """Write report.html and its charts; they appear together once all are whole."""
    told = describe_challenge(found)
    with appearing_together(folder) as place:
        write_challenge(told, place)


def describe_challenge(found: Challenge) -> ToldChallenge:
    """Return what the report shows."""
    figures = found.figures
    shown = [(label, _format(figures[name], digits), how) for name, label, digits, how in FIGURES]
    for name, label in (("log_e_score", "E-value of the log score"),
                        ("log_e_profit", "E-value of the profit")):  # fmt: skip
        value = f"{exp(min(figures[name], 50.0)):,.3g}"
        shown.append((label, value, "At the end of the time looked at."))
    return ToldChallenge(
        champion=figures["champion"], challenger=figures["challenger"], scope=figures["scope"],
        verdict=figures["verdict"], proven=figures["proven"], times=found.time,
        score=found.weighed.score, profit=found.weighed.profit, bar=found.bar,
        gained=found.gained, drift=_lines(found), figures=shown, notes=_notes(figures),
    )  # fmt: skip


def _lines(found: Challenge) -> dict[str, np.ndarray]:
    """Return the statistics to draw, at the labels: a detector's features by the worst alone."""
    lines = {}
    ends = np.searchsorted(found.known, found.time, side="right") - 1
    for detector in dict.fromkeys(path.detector for path in found.drift):
        mine = [path for path in found.drift if path.detector == detector]
        features = [path for path in mine if path.stream not in (SCORE, LOSS)]
        for path in [one for one in mine if one not in features] + worst_of(features):
            of = path.stream if path.stream not in (SCORE, LOSS) else {
                SCORE: "forecasts", LOSS: "losses"
            }[path.stream]  # fmt: skip
            lines[f"{detector}: {of}"] = path.statistic[ends]
    return lines


def _notes(figures: dict[str, Any]) -> list[str]:
    told = [
        f"Drift: {one['detector']} of {one['stream']} told first on {one['first_alarm'][:10]}"
        + (f", and of {one['alarmed']} of {one['of']} features in all." if one["of"] > 1 else ".")
        for one in figures["drift"]
        if one["first_alarm"]
    ]
    if not figures["drift"]:
        told.append("Drift cannot be told: the champion was taught before references were kept.")
    return told


def _format(value: float | None, digits: int) -> str:
    return NOTHING if value is None else format_number(value, digits)
