"""`assay models compare`: champion and challenger side by side over the same bars."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import exp, log
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from assay.apps.config import Config
from assay.apps.lab.champions.recorded import Heard
from assay.apps.lab.champions.serving import LEVEL, digest_pair, keep_evidence, scope_of
from assay.apps.lab.evaluation.judging import Judged, check_bars, judge_rows
from assay.apps.lab.models.drift import DriftPath, Streams, tell_drift, watch_model
from assay.apps.lab.models.forecasting import check_features, check_traded
from assay.apps.lab.models.labelling import (
    Instrument,
    label_instrument,
    read_instrument,
    told_by_leaders,
)
from assay.apps.lab.models.training import read_series
from assay.apps.lab.provenance import digest_series
from assay.apps.lab.runs.setup import Costs
from assay.apps.lab.trial import Look, enter_look, span_of
from assay.books.governance import Comparison, GovernanceLog
from assay.books.trials import TrialLedger
from assay.kernel.records import BASE_BAR
from assay.kernel.rounding import OVERFLOW
from assay.market.series import BarSeries
from assay.model.errors import DataError, UsageError
from assay.model.time import format_time
from assay.runtime.clock import Stopwatch
from assay.runtime.environment import user_name
from assay.runtime.home import Home
from assay.runtime.program import program_digest
from assay.signals.calibration import ONE
from assay.signals.calibration.scoring import log_losses
from assay.signals.drift import read_reference
from assay.signals.models import whole_windows
from assay.signals.prediction import Artifact, Forecaster, read_artifact
from assay.signals.promotion import (
    MARGIN,
    PROFIT_MOST,
    Gains,
    PromotionTest,
    Weighed,
    Windows,
    choose_windows,
    join_gains,
    log_score_gains,
    profit_gains,
)
from assay.signals.training import Rows
from assay.trading.decision.weighing import value_stops

EVEN = log(2)
"""Log loss of one who always says one half: skill is what is below it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChallengeRequest:
    """Say which models to hold against each other on which files between which times (ns UTC).

    Without a start it is the first moment fair to both. `trials` counts the look. In the place of
    files may stand what a run `heard` of both.
    """

    champion: str
    challenger: str
    data: Sequence[Path]
    home: Home
    start: int | None = None
    end: int | None = None
    market: str = ""
    costs: Costs = field(default_factory=Costs)
    config: Config = field(default_factory=Config)
    trials: TrialLedger | None = None
    heard: Sequence[Heard] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """Hold what came of a comparison: figures, and after each label what the test had come to.

    `time` is when each label was known (ns UTC), `gained` the summed gain in log score, `bar` the
    log e-value that is asked of both; `drift` is the champion's, empty where it has no reference,
    told after each forecast, which was `known` then.
    """

    figures: dict[str, Any]
    time: np.ndarray
    weighed: Weighed
    gained: np.ndarray
    bar: float
    drift: list[DriftPath]
    known: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True)
class _Model:
    artifact: Artifact
    forecaster: Forecaster


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """Hold what models said of labelled bars: `p`, `taken`, `earned` [n, models]."""

    time: np.ndarray
    end: np.ndarray
    symbol: np.ndarray
    up: np.ndarray
    features: np.ndarray
    p: np.ndarray
    taken: np.ndarray
    earned: np.ndarray

    def take(self, order: np.ndarray) -> _Rows:
        return _Rows(**{name: getattr(self, name)[order] for name in self.__dataclass_fields__})


def compare_models(
    request: ChallengeRequest, on_stage: Callable[[str, float], None] | None = None
) -> Challenge:
    """Hold a challenger against a champion, keep what came of it, and enter it in the log.

    Both forecast the same bars by the code that `assay evaluate` judges with; only labels that do
    not overlap count. Raises DataError where the models or the span cannot be compared.
    """
    tell, watch = on_stage or (lambda _stage, _share: None), Stopwatch()
    models = request.home.path / "models"
    pair = [_read_model(models / name) for name in (request.champion, request.challenger)]
    found = [one.series for one in request.heard] or read_series(request.data, ())
    series = [_until(one, request.end) for one in found]
    start = _check(request, [one.artifact for one in pair], series)
    _enter(request, series, start)
    if request.heard:
        tell("reading what was said", 0.5)
        rows = _pool(_hear(pair, request, start), start)
    else:
        priced = request.config, request.costs
        rows = _pool(_observe(pair, series, start, priced, tell), start)
    tell("weighing", 1.0)
    windows = choose_windows(rows.time, rows.end)
    rows = rows.take(windows.rows)
    windows = replace(windows, rows=np.arange(len(rows.time)))
    score = join_gains(log_score_gains(rows.p[:, 0], rows.p[:, 1], rows.up), windows)
    profit = join_gains(profit_gains(rows.earned[:, 0], rows.earned[:, 1], MARGIN), windows)
    test = PromotionTest()
    told = test.take(score, profit)
    weighed = Weighed(told.score[0], told.profit[0])
    drift = _watch(models / request.champion, pair[0].artifact, rows)
    figures = {
        **_figures(rows, windows, score, profit),
        "gain_lower": float(test.score.lower_bound(LEVEL)[0]),
        "profit_lower": float(test.profit.lower_bound(LEVEL)[0]) - MARGIN,
        "log_e_score": float(weighed.score[-1]), "log_e_profit": float(weighed.profit[-1]),
        "drift": tell_drift(drift, windows.end[windows.owner]),
    }  # fmt: skip
    line, figures = _conclude(request, figures, (start, series), weighed, windows)
    return Challenge(
        figures={**figures, "evidence": line.evidence, "seconds": round(watch.elapsed(), 2)},
        time=windows.end, weighed=weighed, gained=np.cumsum(score.gain),
        bar=log(line.tries / LEVEL), drift=drift,
        known=windows.end[windows.owner],
    )  # fmt: skip


def find_drift(
    folder: Path, series: Sequence[BarSeries], config: Config,
    on_stage: Callable[[str, float], None] | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """Return what each detector tells of a model since its calibration; see `tell_drift`.

    Empty where the model was taught before references were kept. Raises DataError where no label
    has come since.
    """
    model = _read_model(folder)
    start = model.artifact.spans.ready_from
    tell = on_stage or (lambda _stage, _share: None)
    rows = _pool(_observe([model], series, start, (config, Costs()), tell), start)
    windows = choose_windows(rows.time, rows.end)
    rows = rows.take(windows.rows)
    return tell_drift(_watch(folder, model.artifact, rows), windows.end[windows.owner])


def _read_model(folder: Path) -> _Model:
    artifact, graphs = read_artifact(folder)
    return _Model(artifact=artifact, forecaster=Forecaster(artifact, graphs))


def _until(series: BarSeries, end: int | None) -> BarSeries:
    return series if end is None else series.select(series.ts_open < end)


def _check(request: ChallengeRequest, pair: Sequence[Artifact], series: Sequence[BarSeries]) -> int:
    """Return the first bar that is fair to both; raise where the models cannot be compared."""
    champion, challenger = pair
    if champion.id == challenger.id:
        raise UsageError(f"{champion.id} cannot challenge itself; name another model")
    for one in pair:
        check_traded(one)
    labels = [(one.taught.horizon, one.taught.stop, one.taught.target) for one in pair]
    if labels[0] != labels[1]:
        raise DataError(
            f"{champion.id} foretells brackets of (horizon, stop, target) {labels[0]} and "
            f"{challenger.id} {labels[1]}, so their log scores are of different outcomes; train "
            "the challenger on the same"
        )
    for one in pair:
        check_bars(series, one)
        check_features(one, [each.symbol for each in series])
        if sorted(one.taught.symbols) != sorted(each.symbol for each in series):
            raise DataError(
                f"{one.id} was taught {', '.join(one.taught.symbols)}, the files hold "
                f"{', '.join(each.symbol for each in series)}; give those that it was taught"
            )
    ready = max(one.spans.ready_from for one in pair)
    heard = min((one.begins for one in request.heard if one.begins is not None), default=ready)
    start = max(ready, heard) if request.start is None else request.start
    if start < ready:
        raise DataError(
            f"--from {format_time(start)} is before {format_time(ready)}, when both models had "
            "been calibrated and one horizon had passed; begin there or later"
        )
    return start


def _enter(request: ChallengeRequest, series: Sequence[BarSeries], start: int) -> None:
    span = [one.select(one.ts_open >= start) for one in series]
    if not any(map(len, span)):
        raise DataError(f"no bar opens from {format_time(start)} on; give more data")
    look = Look(
        kind="compare", series=span, start=start, end=span_of(span)[1], strategy="promotion",
        parameters=(request.champion, request.challenger, request.config.decisive()),
    )  # fmt: skip
    enter_look(request.trials, look)


def _observe(
    pair: Sequence[_Model], series: Sequence[BarSeries], start: int,
    priced: tuple[Config, Costs], tell: Callable[[str, float], None],
) -> list[_Rows]:  # fmt: skip
    """Return what the models say of the labelled bars of each series."""
    config, costs = priced
    parts = []
    sets = {one.digest: one for one in (each.artifact.taught.feature_set for each in pair)}
    told = {digest: told_by_leaders(series, one, config) for digest, one in sets.items()}
    for number, one in enumerate(series):
        tell(f"judging {one.symbol}", number / len(series))
        seen = {
            digest: read_instrument(one, features, config, costs, told[digest])
            for digest, features in sets.items()
        }
        shown = [seen[each.artifact.taught.features_digest] for each in pair]
        parts.append(_observe_one(pair, shown, number, start))
    return parts


def _hear(pair: Sequence[_Model], request: ChallengeRequest, start: int) -> list[_Rows]:
    """Return what both models said of the labelled bars of each instrument of a run, in time."""
    parts, end = [], request.end
    for number, one in enumerate(request.heard):
        rows = label_instrument(
            one.instrument, pair[0].forecaster.bracket, number=number, stride=1
        )  # fmt: skip
        opened = rows.time - pair[0].artifact.taught.timeframe
        fair = one.said_in_time(rows) & (opened >= start)
        rows = rows.take(fair if end is None else fair & (rows.end <= end))
        judged = [one.judge(which, rows) for which in range(2)]
        parts.append(_join([one.instrument] * 2, judged, rows))
    return parts


def _pool(parts: Sequence[_Rows], start: int) -> _Rows:
    """Return the rows of all instruments in the order of time, then instrument."""
    joined = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in _Rows.__dataclass_fields__
    }
    if not len(joined["time"]):
        raise DataError(
            f"no bar from {format_time(start)} on has settled features and a known outcome; give "
            "more data"
        )
    return _Rows(**joined).take(np.lexsort((joined["symbol"], joined["time"])))


def _observe_one(
    pair: Sequence[_Model], shown: Sequence[Instrument], number: int, start: int
) -> _Rows:
    bracket = pair[0].forecaster.bracket
    rows = label_instrument(shown[0], bracket, number=number, stride=1)
    at = np.searchsorted(shown[0].bars.close_time, rows.time)
    fair = rows.time - pair[0].artifact.taught.timeframe >= start
    for model, instrument in zip(pair, shown, strict=True):
        fair &= whole_windows(instrument.bars.settled, model.forecaster.window)[at]
    rows = rows.take(fair)
    judged = [
        judge_rows(instrument, model.forecaster, rows)
        for model, instrument in zip(pair, shown, strict=True)
    ]
    return _join(shown, judged, rows)


def _join(shown: Sequence[Instrument], judged: Sequence[Judged], rows: Rows) -> _Rows:
    return _Rows(
        time=rows.time, end=rows.end, symbol=rows.symbol, up=rows.up == 1, features=rows.features,
        p=np.stack([one.forecasts["p_up"] / ONE for one in judged], axis=1),
        taken=np.stack([one.taken for one in judged], axis=1),
        earned=np.stack([_earn(shown[0], one, rows) for one in judged], axis=1),
    )  # fmt: skip


def _earn(instrument: Instrument, judged: Judged, rows: Rows) -> np.ndarray:
    """Return what each decision earned in stop distances, 0 where the model abstained."""
    events = instrument.events[instrument.events["kind"] == BASE_BAR]
    at = np.searchsorted(instrument.bars.close_time, rows.time)
    worth = value_stops(events[at], judged.forecasts, instrument.setup.terms[0])
    counts = judged.taken & (worth > 0) & (worth != OVERFLOW)
    net = np.where(counts, judged.side_net, 0).astype(np.float64)
    return net / np.where(counts, worth, 1)


def _watch(folder: Path, champion: Artifact, rows: _Rows) -> list[DriftPath]:
    reference = read_reference(folder)
    if reference is None:
        return []
    names = champion.taught.features
    streams = Streams(
        score=rows.p[:, 0], loss=log_losses(rows.p[:, 0], rows.up),
        features={name: rows.features[:, k].astype(np.float64) for k, name in enumerate(names)},
    )  # fmt: skip
    return watch_model(reference, streams)


def _figures(rows: _Rows, windows: Windows, score: Gains, profit: Gains) -> dict[str, Any]:
    loss = [float(log_losses(p, rows.up).mean()) for p in rows.p.T]
    skill = [EVEN - one for one in loss]
    apart = np.abs(rows.earned[:, 1] - rows.earned[:, 0])
    return {
        "labels": len(windows), "rows": len(rows.time),
        "champion_log_loss": loss[0], "challenger_log_loss": loss[1],
        "gain": float(score.gain.mean()),
        "gain_share": (skill[1] - skill[0]) / skill[0] if skill[0] > 0 else None,
        "champion_taken": float(rows.taken[:, 0].mean()),
        "challenger_taken": float(rows.taken[:, 1].mean()),
        "profit": float(profit.gain.mean()) - MARGIN, "margin": MARGIN,
        "profit_clipped": float((apart > PROFIT_MOST).mean()),
    }  # fmt: skip


def _conclude(
    request: ChallengeRequest, figures: dict[str, Any], span: tuple[int, Sequence[BarSeries]],
    weighed: Weighed, windows: Windows,
) -> tuple[Comparison, dict[str, Any]]:  # fmt: skip
    """Write the evidence and the line of the log together, with how many tries there were."""
    (start, series), models = span, request.home.path / "models"
    scope = scope_of(models, request.champion, request.market)
    draft = Comparison(
        at=request.home.clock.now_ns(), who=user_name(), scope=scope, champion=request.champion,
        challenger=request.challenger, start=start, end=int(windows.end[-1]), labels=len(windows),
        log_score=figures["log_e_score"], profit=figures["log_e_profit"], tries=0, proven=False,
        evidence="",
    )  # fmt: skip
    told: dict[str, Any] = {}

    def weigh(tries: int) -> Comparison:
        shown = weighed.proven(LEVEL, tries)
        proven, first = bool(shown[-1]), np.flatnonzero(shown)
        told.update(
            verdict=_word(request, figures, proven=proven, tries=tries), proven=proven,
            first_proven=format_time(int(windows.end[first[0]])) if len(first) else None,
            champion=request.champion, challenger=request.challenger, scope=str(scope),
            **{"from": format_time(start), "to": format_time(draft.end)}, tries=tries,
            log_e_asked=log(tries / LEVEL), **figures, data=digest_series(series),
            program=program_digest(), live=bool(request.heard),
            digests=digest_pair(models, request.champion, request.challenger),
        )  # fmt: skip
        content = msgspec.json.format(msgspec.json.encode(told), indent=1) + b"\n"
        evidence = keep_evidence(models, request.challenger, content)
        return msgspec.structs.replace(draft, tries=tries, proven=proven, evidence=evidence)

    return GovernanceLog(request.home).compare(draft, weigh), told


def _word(request: ChallengeRequest, figures: dict[str, Any], *, proven: bool, tries: int) -> str:
    score, profit = (exp(min(figures[name], 50.0)) for name in ("log_e_score", "log_e_profit"))
    asked = tries / LEVEL
    values = f"e-values {score:,.3g} of the log score and {profit:,.3g} of the profit, {asked:,.3g}"
    if proven:
        return f"Shown to be better: {request.challenger} may be promoted ({values} asked)"
    lacks = [name for name, value in (("log score", score), ("profit", profit)) if value < asked]
    short = " and the ".join(lacks)
    return f"Not shown to be better: too little evidence by the {short} ({values} asked)"
