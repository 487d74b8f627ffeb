"""From an evaluation to its report: the one place where signals' words become books' arrays."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from assay.apps.lab.evaluation.guard import picture_vigil
from assay.apps.lab.evaluation.judging import Evaluation, break_even
from assay.apps.lab.evaluation.verdict import blocks_of, coverage_of, reliability_of
from assay.apps.lab.models.card import list_facts
from assay.apps.lab.output import appearing_together
from assay.books.reports import JudgedModel, Reliability, RiskCoverage, write_evaluation
from assay.books.reports.evidence import Evidence
from assay.kernel.records import FORECAST_STATES, READY
from assay.signals.calibration import ONE

BINS = 15
REASONS = {
    "warming": "features that had not settled", "unskilled": "a calibration that showed no skill",
    "hindsight": "bars the model was taught by",
    "silenced": "skill that it had lost, as its guard found",
    "inquorate": "too few members that answered",
}  # fmt: skip


def write_report(evaluation: Evaluation, folder: Path) -> None:
    """Write report.html and the charts; they appear together once all are whole."""
    result = describe_evaluation(evaluation)
    with appearing_together(folder) as place:
        write_evaluation(result, place)


def describe_evaluation(evaluation: Evaluation) -> JudgedModel:
    """Return what the report shows."""
    judged, account = evaluation.judged, evaluation.account
    money = 10**account.currency_digits
    ready = judged.forecasts["state"] == READY
    equity = evaluation.equity
    return JudgedModel(
        model=evaluation.artifact.id, symbols=evaluation.symbols,
        verdict=evaluation.figures["verdict"], figures=evaluation.figures,
        reliability=_reliability(evaluation), coverage=_coverage(evaluation),
        expected=judged.choice["expected"][ready] / money, currency=account.currency,
        currency_digits=account.currency_digits, cash=account.cash, times=equity["ts"],
        balance=equity["balance"], equity=equity["equity"], first=int(judged.time[0]),
        last=int(judged.time[-1]), facts=list_facts(evaluation.artifact), notes=_notes(evaluation),
        vigil=picture_vigil(judged, evaluation.artifact.taught), evidence=_evidence(evaluation),
    )  # fmt: skip


def _evidence(evaluation: Evaluation) -> Evidence | None:
    found = evaluation.figures.get("evidence")
    return None if found is None else Evidence(found=found, currency=evaluation.account.currency)


def _blocks(evaluation: Evaluation) -> np.ndarray:
    taught = evaluation.artifact.taught
    return blocks_of(evaluation.judged.time, taught.horizon * taught.timeframe)


def _reliability(evaluation: Evaluation) -> Reliability:
    judged = evaluation.judged
    p = judged.forecasts["p_up"] / ONE
    return Reliability(*reliability_of(p, judged.up, _blocks(evaluation), BINS))


def _coverage(evaluation: Evaluation) -> RiskCoverage:
    judged = evaluation.judged
    p = judged.forecasts["p_up"] / ONE
    net = np.where(p >= 0.5, judged.long_net, judged.short_net)
    columns = coverage_of(np.abs(p - 0.5), (p >= 0.5) == judged.up, net > 0, _blocks(evaluation))
    rises = float(judged.up.mean())
    return RiskCoverage(*columns, base_rate=max(rises, 1 - rises), break_even=break_even(net))


def _notes(evaluation: Evaluation) -> list[str]:
    states = evaluation.judged.forecasts["state"]
    held = np.bincount(states, minlength=len(FORECAST_STATES))
    told = [
        f"The model abstained on {count / len(states):.1%} of the bars for {REASONS[name]}."
        for name, count in zip(FORECAST_STATES, held, strict=True) if name in REASONS and count
    ]  # fmt: skip
    if len(evaluation.symbols) > 1:
        told.append(
            "Results a lot are means over instruments whose lots differ in worth; figures of one "
            "instrument need an evaluation of its file alone."
        )
    gathered = evaluation.figures.get("evidence") or {"absent": []}
    return [*told, *(f"Not measured: {each}." for each in gathered["absent"])]
