"""`assay walk-forward`: a model a fold, each judged on the bars that follow, and all of it pooled.

Source: R. Pardo, The Evaluation and Optimization of Trading Strategies, 2008, chapter 11.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from shutil import rmtree
from typing import Any

import msgspec
import numpy as np

from assay.apps.lab.evaluation.judging import (
    EvaluationRequest,
    Judged,
    judge_edge,
    judge_series,
    pool_judged,
    score,
)
from assay.apps.lab.models.leakchecks import check_experiment, read_experiment, score_line
from assay.apps.lab.models.training import TrainingRequest, digest_training, train_model
from assay.apps.lab.provenance import digest_series
from assay.books.analytics.performance import max_drawdown, sharpe_ratio
from assay.market.series import BarSeries
from assay.model.accounts import AccountSpec
from assay.model.errors import DataError
from assay.model.time import format_time
from assay.runtime.program import program_digest
from assay.signals.models import widest_window
from assay.signals.prediction import Taught, read_artifact
from assay.signals.training.folds import ANCHORED, ROLLING, Fold, walk_forward
from assay.signals.training.leaks import check_overlap

WALKS, PLAN = ".walks", "plan.json"
BEFORE = 16
"""Bars before those that features settle on, so that a leader has as many as its follower."""
PLAN_SHARE, TRAIN_SHARE = 0.1, 0.6
MEASURES = (
    "n", "taken", "coverage", "accuracy", "base_rate", "direction_accuracy_all", "up_rate", "brier",
    "log_loss", "ece", "auc", "net_mean", "net_lower", "net_upper", "trades", "net_return",
    "sharpe", "max_drawdown", "verdict",
)  # fmt: skip
Tell = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkRequest:
    """Say what to train in each fold, how many there are, and the span to judge (ns UTC).

    `training.until` is the end of that span; its start of None is the middle of the labels.
    """

    training: TrainingRequest
    folds: int = 5
    scheme: str = ANCHORED
    start: int | None = None
    end: int | None = None
    risk: str | None = None


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the times of a fold (ns UTC): what it learns from, and the bars that it judges."""

    name: str
    fit_from: int
    fit_until: int
    start: int
    end: int


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the folds, the figures of the leak checks, and how a straight line does."""

    steps: list[Step]
    embargo: int
    leaks: dict[str, int | float]
    line: dict[str, list[float | None]]


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what a fold came to, beside its judged bars; all that a later start needs of it."""

    model: str
    skilled: bool
    taught: Taught
    account: AccountSpec
    figures: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """Hold a walk: what is written of it, the pooled bars, and the joined equity (minor units)."""

    found: dict[str, Any]
    steps: Sequence[Step]
    judged: Judged
    symbols: Sequence[str]
    account: AccountSpec
    times: np.ndarray
    equity: np.ndarray


def walk(request: WalkRequest, on_stage: Tell | None = None) -> Walked:
    """Train and judge fold after fold; one that was done before an interrupt is not done again.

    Raises DataError where a leak check fails or a fold is too small, naming it.
    """
    tell = on_stage or (lambda _stage, _share: None)
    work = request.training.models / WALKS / _digest(request)
    work.mkdir(parents=True, exist_ok=True)
    plan = _plan(request, work, tell)
    judged, found, curves = [], [], []
    for number, step in enumerate(plan.steps):
        judgement, rows, equity = _take(request, plan, number, (work, tell))
        found.append({**_told(step, judgement), **_measures(judgement.figures)})
        judged.append(rows)
        curves.append(equity)
    pooled, last = pool_judged(judged), judgement
    times, equity = _join(curves, last.account.cash)
    summary = _pool_figures(pooled, found, last, (times, equity))
    return Walked(
        found={"verdict": summary["verdict"], **_about(request, plan), "folds": found,
               "pooled": summary},
        steps=plan.steps, judged=pooled, symbols=[s.symbol for s in request.training.series],
        account=last.account, times=times, equity=equity,
    )  # fmt: skip


def forget_walk(request: WalkRequest) -> None:
    """Remove what a later start would go on from; the models stay."""
    rmtree(request.training.models / WALKS / _digest(request), ignore_errors=True)


def _digest(request: WalkRequest) -> str:
    training = request.training
    facts = (
        digest_training(training, training.features), program_digest(), request.folds,
        request.scheme, request.start, request.end, request.risk,
    )  # fmt: skip
    return sha256(repr(facts).encode()).hexdigest()[:16]


def _plan(request: WalkRequest, work: Path, tell: Tell) -> Plan:
    kept = work / PLAN
    if not kept.exists():
        _write(kept, msgspec.json.encode(_make_plan(request, tell)))
    return msgspec.json.decode(kept.read_bytes(), type=Plan)


def _make_plan(request: WalkRequest, tell: Tell) -> Plan:
    def began(stage: str, share: float) -> None:
        tell(stage, PLAN_SHARE * share)

    experiment = read_experiment(request.training, began)
    folds = walk_forward(
        experiment.labels, folds=request.folds, scheme=request.scheme,
        over=(request.start, request.end),
    )  # fmt: skip
    for fold in folds:
        check_overlap(experiment.labels, fold.fit, fold.test, embargo=fold.embargo, name=fold.name)
    leaks = {"overlap": len(folds), **check_experiment(experiment, began)}
    return Plan(
        steps=[_step(fold) for fold in folds], embargo=folds[0].embargo, leaks=leaks,
        line=score_line(experiment),
    )  # fmt: skip


def _step(fold: Fold) -> Step:
    (test,) = fold.test_spans
    return Step(
        name=fold.name, fit_from=fold.fit_span.start, fit_until=fold.fit_span.end,
        start=test.start, end=test.end,
    )  # fmt: skip


def _take(
    request: WalkRequest, plan: Plan, number: int, rest: tuple[Path, Tell]
) -> tuple[Judgement, Judged, np.ndarray]:
    work, tell = rest
    arrays, kept = work / f"fold-{number + 1}.npz", work / f"fold-{number + 1}.json"
    if not kept.exists():
        share = (1 - PLAN_SHARE) / len(plan.steps)

        def inner(stage: str, done: float) -> None:
            tell(f"fold {number + 1} of {len(plan.steps)}: {stage}",
                 PLAN_SHARE + share * (number + done))  # fmt: skip

        judgement, judged, equity = _walk_step(request, plan.steps[number], inner)
        columns = {name: getattr(judged, name) for name in Judged.__dataclass_fields__}
        beside = arrays.with_suffix(".part.npz")
        np.savez(beside, equity=equity, **columns)
        beside.replace(arrays)
        _write(kept, msgspec.json.encode(judgement))
    with np.load(arrays) as columns:
        judged = Judged(**{name: columns[name] for name in Judged.__dataclass_fields__})
        return msgspec.json.decode(kept.read_bytes(), type=Judgement), judged, columns["equity"]


def _walk_step(
    request: WalkRequest, step: Step, tell: Tell
) -> tuple[Judgement, Judged, np.ndarray]:
    training = request.training
    window = widest_window(training.families)
    settling = training.features.settling + window - 1 + BEFORE
    begin = step.fit_from if request.scheme == ROLLING else None
    past = [_between(one, begin, step.fit_until, settling) for one in training.series]
    try:
        made = train_model(
            replace(training, series=past, until=step.fit_until),
            lambda stage, share: tell(stage, TRAIN_SHARE * share),
        )
        model = training.models / made["model"]
        found = judge_series(
            EvaluationRequest(model=model, data=(), start=step.start, end=step.end,
                              costs=training.costs, config=training.config, risk=request.risk,
                              ledger=training.ledger),
            [_between(one, step.start, step.end, settling) for one in training.series],
            lambda stage, share: tell(stage, TRAIN_SHARE + (1 - TRAIN_SHARE) * share),
        )  # fmt: skip
    except DataError as error:
        raise DataError(f"{step.name}: {error}") from None
    artifact, _ = read_artifact(model)
    judgement = Judgement(
        model=artifact.id, skilled=artifact.is_skilled, taught=artifact.taught,
        account=found.account, figures=found.figures,
    )  # fmt: skip
    return judgement, found.judged, found.equity


def _between(series: BarSeries, start: int | None, end: int, settling: int) -> BarSeries:
    """Return the bars from a start to an end (ns), and those before that features settle on."""
    opens = series.ts_open
    first = 0 if start is None else int(np.searchsorted(opens, start)) - settling
    last = int(np.searchsorted(opens + int(series.timeframe), end, side="right"))
    return series.select(slice(max(0, first), last))


def _join(curves: Sequence[np.ndarray], cash: int) -> tuple[np.ndarray, np.ndarray]:
    """Return times and equity of all folds, each begun with the cash, their profits added up."""
    times, equity, earned = [], [], 0
    for curve in curves:
        times.append(curve["ts"].astype(np.int64))
        equity.append(curve["equity"].astype(np.int64) + earned)
        earned += int(curve["equity"][-1]) - cash if len(curve) else 0
    return np.concatenate(times), np.concatenate(equity)


def _pool_figures(
    judged: Judged, folds: Sequence[dict[str, Any]], last: Judgement,
    curve: tuple[np.ndarray, np.ndarray],
) -> dict[str, Any]:  # fmt: skip
    (times, equity), account = curve, last.account
    skilled = any(fold["skilled"] for fold in folds)
    figures = {
        **score(judged), **judge_edge(judged, last.taught, account, skilled=skilled),
        "trades": sum(fold["trades"] for fold in folds),
        "net_return": (int(equity[-1]) - account.cash) / account.cash,
        "sharpe": sharpe_ratio(times, equity, initial=account.cash),
        "max_drawdown": max_drawdown(equity, account.cash),
    }  # fmt: skip
    return _measures(figures)


def _measures(figures: dict[str, Any]) -> dict[str, Any]:
    return {name: figures[name] for name in MEASURES}


def _told(step: Step, judgement: Judgement) -> dict[str, Any]:
    return {
        "fit_from": format_time(step.fit_from), "fit_until": format_time(step.fit_until),
        "from": format_time(step.start), "to": format_time(step.end), "model": judgement.model,
        "skilled": judgement.skilled,
    }  # fmt: skip


def _about(request: WalkRequest, plan: Plan) -> dict[str, Any]:
    training = request.training
    return {
        "symbols": [one.symbol for one in training.series], "family": training.family,
        "scheme": request.scheme, "horizon": training.bracket.horizon,
        "stop": training.bracket.stop, "target": training.bracket.target, "seed": training.seed,
        "embargo_minutes": plan.embargo / 6e10, "leaks": plan.leaks, "line": plan.line,
        "data": {one.symbol: digest_series([one]) for one in training.series},
        "program": program_digest(),
    }  # fmt: skip


def _write(path: Path, content: bytes) -> None:
    beside = path.with_name(f".{path.name}")
    beside.write_bytes(content)
    beside.replace(path)
