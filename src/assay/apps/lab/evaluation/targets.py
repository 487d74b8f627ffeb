"""`assay evaluate` of a model whose label is no trade: how often it was right, and no money."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from assay.apps.lab.evaluation.judging import EvaluationRequest, check_bars, enter_evaluation, until
from assay.apps.lab.evaluation.verdict import SEED, blocks_of, reliability_of
from assay.apps.lab.models.forecasting import check_features
from assay.apps.lab.models.labelling import (
    Instrument,
    check_feed,
    mark_instrument,
    read_instrument,
    told_by_leaders,
)
from assay.apps.lab.models.training import read_series
from assay.apps.lab.trial import count_before
from assay.model.errors import DataError
from assay.model.time import format_time
from assay.runtime.clock import Stopwatch
from assay.runtime.ids import seeded_generator
from assay.signals.calibration import ONE
from assay.signals.calibration.scoring import log_losses, score_probabilities
from assay.signals.evidence import Mean, Stretches, bound_means, calibration_band
from assay.signals.guard import track_sets
from assay.signals.labels import BRACKET, LONG, NEITHER, Label, find_label
from assay.signals.prediction import Artifact, Forecaster, read_artifact
from assay.signals.training import Rows, cut_windows

SCORES, BAND = 41, 42
"""Streams of chance, one each."""
BINS = 15
SUREST = 0.3
NO, YES = 0, 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """Hold one row a judged bar, pooled over instruments in the order of time.

    `time` is the bar's open, `known` when the outcome was; `p` with its bounds is the chance of
    LONG in ten-thousandths, `held` [n, 2] whether the prediction set held no and yes.
    """

    time: np.ndarray
    known: np.ndarray
    symbol: np.ndarray
    p: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    outcome: np.ndarray
    held: np.ndarray

    def __len__(self) -> int:
        return len(self.time)

    @property
    def came(self) -> np.ndarray:
        """Return whether the answer was yes, which is LONG."""
        return self.outcome == LONG

    @property
    def chance(self) -> np.ndarray:
        """Return the probability of yes as a share."""
        return self.p / ONE


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetEvaluation:
    """Hold an evaluation without a trade: its figures, every judged bar, the model."""

    figures: dict[str, Any]
    answered: Answered
    artifact: Artifact
    symbols: Sequence[str]


def is_traded(model: Path) -> bool:
    """Say whether a model is one of brackets, which `evaluate_model` judges with its trades."""
    artifact, _ = read_artifact(model)
    return artifact.taught.foretells == BRACKET


def evaluate_target(
    request: EvaluationRequest, on_stage: Callable[[str, float], None] | None = None
) -> TargetEvaluation:
    """Judge a model on the outcome that it foretells, on bars after its calibration.

    Bars whose outcome is NEITHER are counted and not judged. Raises DataError for a span that is
    not after the calibration, or that holds no bar to judge.
    """
    tell, watch = on_stage or (lambda _stage, _share: None), Stopwatch()
    artifact, graphs = read_artifact(request.model)
    ready = artifact.spans.ready_from
    if request.start < ready:
        raise DataError(
            f"--from {format_time(request.start)} is before {format_time(ready)}, when the "
            f"calibration of {artifact.id} ended and one horizon had passed; begin there or later"
        )
    label, forecaster = find_label(artifact.taught.foretells), Forecaster(artifact, graphs)
    shown = [until(one, request.end) for one in read_series(request.data, ())]
    check_bars(shown, artifact)
    symbols = [one.symbol for one in shown]
    check_features(artifact, symbols)
    features, parts, neither = artifact.taught.feature_set, [], 0
    check_feed(features, shown)
    trial = enter_evaluation(request, shown, artifact)
    told = told_by_leaders(shown, features, request.config)
    for number, one in enumerate(shown):
        tell(f"judging {one.symbol}", number / len(shown))
        instrument = read_instrument(one, features, request.config, request.costs, told)
        rows = mark_instrument(instrument, label, artifact.taught.horizon, number=number, stride=1)
        rows = rows.take(rows.time - artifact.taught.timeframe >= request.start)
        neither += int((rows.outcome == NEITHER).sum())
        parts.append(answer_rows(instrument, forecaster, rows.take(rows.outcome != NEITHER)))
    answered = pool_answered(parts)
    if not len(answered):
        raise DataError(
            f"no bar from {format_time(request.start)} on has both settled features and a known "
            f"outcome of label {label.name}; give more data"
        )
    tell("resampling", 1.0)
    figures = {
        "verdict": "", "label": label.name, **score_answers(answered, artifact, label),
        "neither_rate": neither / (neither + len(answered)),
        "trials_before": count_before(request.ledger, trial), "seconds": round(watch.elapsed(), 2),
    }  # fmt: skip
    return TargetEvaluation(figures=figures, answered=answered, artifact=artifact, symbols=symbols)


def answer_rows(instrument: Instrument, forecaster: Forecaster, rows: Rows) -> Answered:
    """Return what a model says of marked bars of one instrument, and what came.

    Rows whose window is not whole are left out.
    """
    artifact = forecaster.artifact
    if forecaster.window > 1:
        everywhere = [instrument.bars] * (int(rows.symbol.max(initial=0)) + 1)
        rows = cut_windows(rows, everywhere, forecaster.window)
    p, lower, upper = artifact.up.look_up(forecaster.score(rows.features))
    held = track_sets(
        p, rows.outcome == LONG, np.searchsorted(rows.time, rows.end),
        reach=artifact.watch.reach, horizon=artifact.taught.horizon,
    )  # fmt: skip
    return Answered(
        time=rows.time - artifact.taught.timeframe, known=rows.end, symbol=rows.symbol, p=p,
        lower=lower, upper=upper, outcome=rows.outcome, held=held,
    )  # fmt: skip


def pool_answered(parts: Sequence[Answered]) -> Answered:
    """Return the judged bars of all parts in the order of time, then instrument."""
    names = [each.name for each in fields(Answered)]
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    order = np.lexsort((joined["symbol"], joined["time"]))
    return Answered(**{name: column[order] for name, column in joined.items()})


def score_answers(answered: Answered, artifact: Artifact, label: Label) -> dict[str, Any]:
    """Return the figures of the probabilities, each score beside that of the base rate.

    The base rate is the share of yes on the judged span itself, which nobody knew before: to be
    better than always saying it is more than any constant can. A skill is the share of its score
    that the model spares; `log_loss_gain` is the difference, with its 95 % interval by stretches
    of two horizons.
    """
    p, came, taught = answered.chance, answered.came, artifact.taught
    block = blocks_of(answered.time, taught.horizon * taught.timeframe)
    rate = np.full(len(answered), came.mean())
    scores, usual = score_probabilities(p, came), score_probabilities(rate, came)
    right, sure = (p >= 0.5) == came, surest(p)
    gain = _bound(log_losses(rate, came) - log_losses(p, came), block)
    band = calibration_band(p, came, block, seeded_generator(SEED, BAND))
    figures = {
        "n": len(answered), "base_rate": float(rate[0]), "accuracy": float(right.mean()),
        "accuracy_surest": float(right[sure].mean()), "auc": scores.auc,
        "log_loss": scores.log_loss, "log_loss_base": usual.log_loss,
        "log_loss_skill": _spared(scores.log_loss, usual.log_loss),
        "log_loss_gain": gain.mean, "log_loss_gain_lower": gain.lower,
        "log_loss_gain_upper": gain.upper, "brier": scores.brier, "brier_base": usual.brier,
        "brier_skill": _spared(scores.brier, usual.brier), "ece": scores.ece,
        "ece_band_lower": band.lower, "ece_band_upper": band.upper, "ece_p": band.p,
        **_judge_sets(answered), "skilled": artifact.is_skilled,
        "reliability": _tell_reliability(p, came, block),
    }  # fmt: skip
    return {"verdict": word_target(gain, label), **figures}


def surest(p: np.ndarray, share: float = SUREST) -> np.ndarray:
    """Return the rows that are furthest from one half, that share of them; the first of equals."""
    most = max(1, int(share * len(p)))
    return np.argsort(-np.abs(p - 0.5), kind="stable")[:most]


def word_target(gain: Mean, label: Label) -> str:
    """Return the first line of an evaluation that no money was part of."""
    close = f"; label {label.name} is no trade, so no profit is claimed"
    if gain.lower is None or gain.upper is None:
        return (
            f"No skill shown: the bars lie in {gain.stretches} independent stretches of time, too "
            f"few to tell{close}"
        )
    head, place = "No skill shown", "includes 0"
    if gain.lower > 0:
        head, place = "Skill shown", "is above 0"
    elif gain.upper < 0:
        head, place = "Worse than the base rate", "is below 0"
    return (
        f"{head}: the 95 % interval of the log loss spared beside always saying the base rate, "
        f"[{gain.lower:.4f}, {gain.upper:.4f}], {place}{close}"
    )


def _bound(values: np.ndarray, block: np.ndarray) -> Mean:
    stretches, rows = Stretches.of(block), np.zeros(len(values), np.int64)
    counts = stretches.add_up(values, rows, 1)
    ((found,),) = bound_means([counts], seeded_generator(SEED, SCORES))
    return found


def _spared(loss: float | None, usual: float | None) -> float | None:
    return None if loss is None or not usual else 1 - loss / usual


def _judge_sets(answered: Answered) -> dict[str, float | None]:
    """Return how often the answer was in the prediction set, and what sets of one answer say."""
    came = answered.came.astype(np.int64)
    right = answered.held[np.arange(len(came)), came]
    size = answered.held.sum(axis=1)
    single = size == 1
    return {
        "set_coverage": float(right.mean()), "set_single_share": float(single.mean()),
        "set_single_accuracy": float(right[single].mean()) if single.any() else None,
        "set_empty_share": float((size == 0).mean()),
    }  # fmt: skip


def _tell_reliability(p: np.ndarray, came: np.ndarray, block: np.ndarray) -> list[dict[str, Any]]:
    columns = reliability_of(p, came, block, BINS)
    names = ("forecast", "came", "lower", "upper", "n")
    return [
        dict(zip(names, [float(value) for value in row[:-1]] + [int(row[-1])], strict=True))
        for row in zip(*columns, strict=True)
    ]


def write_answers(evaluation: TargetEvaluation, path: Path) -> None:
    """Write one row a judged bar as Parquet: beside, then into place."""
    import msgspec
    import pyarrow as pa
    import pyarrow.parquet as pq

    found, label = evaluation.answered, find_label(evaluation.artifact.taught.foretells)
    names = np.array(evaluation.symbols)
    columns: dict[str, Any] = {
        "time": pa.array(found.time // 1000, pa.timestamp("us", tz="UTC")),
        "known": pa.array(found.known // 1000, pa.timestamp("us", tz="UTC")),
        "symbol": names[found.symbol], "p": found.chance, "p_lower": found.lower / ONE,
        "p_upper": found.upper / ONE, "came": found.came,
        "outcome": np.array(label.outcomes)[found.outcome],
        "set_no": found.held[:, NO], "set_yes": found.held[:, YES],
    }  # fmt: skip
    about = {"model": evaluation.artifact.id, "label": label.name, "yes": label.outcomes[LONG]}
    table = pa.table(columns).replace_schema_metadata({"assay": msgspec.json.encode(about)})
    beside = path.with_name(f".{path.name}")
    pq.write_table(table, beside)
    beside.replace(path)
