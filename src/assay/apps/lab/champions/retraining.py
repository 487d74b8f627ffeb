"""`assay models retrain`: a challenger when it is time for one, and its promotion on evidence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assay.apps.config import Config
from assay.apps.lab.champions.comparison import ChallengeRequest, compare_models, find_drift
from assay.apps.lab.champions.serving import find_serving, promote_model, record_fallback
from assay.apps.lab.models.membership import ENSEMBLE, Membership
from assay.apps.lab.models.training import TrainingRequest, read_series, train_model
from assay.apps.lab.trial import Look, enter_look, span_of
from assay.books.governance import Act, GovernanceLog, Retraining, Scope, find_contender
from assay.books.trials import TrialLedger
from assay.market.series import BarSeries
from assay.model.errors import UsageError
from assay.model.time import DAY, format_time
from assay.runtime.environment import user_name
from assay.runtime.home import Home
from assay.signals.calibration import AUTO
from assay.signals.drift import LOSS, SCORE
from assay.signals.labels import Bracket
from assay.signals.prediction import Artifact, read_artifact

PROMOTED, COMPARED, WAITING, TRAINED, CONTENT = (
    "promoted", "compared", "waiting", "trained", "content",
)  # fmt: skip
Tell = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrainingRequest:
    """Say on which bars a champion is looked after, and how patiently.

    A challenger is trained where the champion's calibration ended `every` days before the bars do,
    or its forecasts or losses have drifted; one that has not shown itself better after `patience`
    days gives way to the next.
    """

    home: Home
    data: Sequence[Path]
    every: int = 30
    patience: int = 90
    market: str = ""
    config: Config = field(default_factory=Config)


def retrain(
    request: RetrainingRequest, on_stage: Tell | None = None,
    on_promoted: Callable[[Act], None] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Do the next step for the champion of these bars, and say what it was and why.

    The step is one of PROMOTED, COMPARED, WAITING (for labels), TRAINED and CONTENT. Run again as
    bars come: a contender is held to the champion from one start on, which may be looked at as
    often as one likes. Raises UsageError where these bars have no champion.
    """
    tell = on_stage or (lambda _stage, _share: None)
    series = read_series(request.data, ())
    end = span_of(series)[1]
    scope = Scope(
        tuple(sorted(one.symbol for one in series)), int(series[0].timeframe), request.market
    )
    champion = _find_champion(request.home, scope)
    told: dict[str, Any] = {"scope": str(scope), "champion": champion}
    contender = find_contender(GovernanceLog(request.home).lines(), scope)
    if contender is not None and contender.champion == champion:
        told |= {"challenger": contender.challenger}
        step = _contend(request, contender, end, (tell, on_promoted))
        if step is not None:
            return told | step
    reasons = _find_reasons(request, champion, series, tell)
    if not reasons:
        return told | {"step": CONTENT, "reasons": []}
    return told | _challenge(request, scope, champion, series, reasons, tell)


def _find_champion(home: Home, scope: Scope) -> str:
    serving = find_serving(home, scope)
    if serving is None:
        raise UsageError(
            f"nobody is champion of {scope}; `assay train` a model and `assay models promote` it"
        )
    if serving.refused:
        record_fallback(home, serving)
    if not serving.model:
        raise UsageError(f"no champion of {scope} can be loaded; bring them back, or promote one")
    return serving.model


def _contend(
    request: RetrainingRequest, contender: Retraining, end: int,
    listening: tuple[Tell, Callable[[Act], None] | None],
) -> dict[str, Any] | None:  # fmt: skip
    """Hold a contender to the champion; None once it has had its time."""
    tell, on_promoted = listening
    ready, _ = read_artifact(request.home.path / "models" / contender.challenger)
    since = ready.spans.ready_from
    if end <= since + ready.taught.horizon * ready.taught.timeframe:
        return {"step": WAITING, "reasons": [f"no label since {format_time(since)} is known yet"]}
    found = compare_models(
        ChallengeRequest(
            champion=contender.champion, challenger=contender.challenger, data=request.data,
            home=request.home, market=request.market, config=request.config,
            trials=TrialLedger(request.home),
        ),
        tell,
    ).figures  # fmt: skip
    if found["proven"]:
        act = promote_model(request.home, contender.challenger, market=request.market)
        if on_promoted is not None:
            on_promoted(act)
        return {"step": PROMOTED, "reasons": [found["verdict"]]}
    if end - since >= request.patience * DAY:
        return None
    return {"step": COMPARED, "reasons": [found["verdict"]]}


def _find_reasons(
    request: RetrainingRequest, champion: str, series: Sequence[BarSeries], tell: Tell
) -> list[str]:
    """Return in words why it is time for a challenger; nothing where it is not.

    Alarms of single features are none: they hang together in time, so that some alarm is usual.
    """
    folder = request.home.path / "models" / champion
    artifact, _ = read_artifact(folder)
    start, end = artifact.spans.ready_from, span_of(series)[1]
    reasons = []
    age = (end - artifact.spans.calibrate_until) // DAY
    if age >= request.every:
        reasons.append(f"{age} days since its calibration, {request.every} are allowed")
    since = [one.select(one.ts_open >= start) for one in series]
    if end <= start + artifact.taught.horizon * artifact.taught.timeframe:
        return reasons
    look = Look(
        kind="compare", series=since, start=start, end=end, strategy="drift",
        parameters=(champion,),
    )  # fmt: skip
    enter_look(TrialLedger(request.home), look)
    return reasons + [
        f"{one['detector']} of {one['stream']} told drift on {one['first_alarm'][:10]}"
        for one in find_drift(folder, series, request.config, tell)
        if one["stream"] in (SCORE, LOSS) and one["first_alarm"]
    ]


def _challenge(
    request: RetrainingRequest, scope: Scope, champion: str, series: Sequence[BarSeries],
    reasons: list[str], tell: Tell,
) -> dict[str, Any]:  # fmt: skip
    """Train a challenger as the champion was, on all bars there are, and enter it in the log."""
    artifact, _ = read_artifact(request.home.path / "models" / champion)
    until = span_of(series)[1]
    found = train_model(same_lesson(request, artifact, series, until), tell)
    challenger = found["model"]
    if challenger == champion:
        return {"step": CONTENT, "reasons": ["these bars teach the champion itself again"]}
    GovernanceLog(request.home).enter(
        Retraining(
            at=request.home.clock.now_ns(), who=user_name(), scope=scope, champion=champion,
            challenger=challenger, until=until, reason="; ".join(reasons),
        )
    )  # fmt: skip
    return {
        "step": TRAINED, "challenger": challenger, "reasons": reasons,
        "skilled": found["skilled"], "compare_from": found["evaluate_from"],
    }  # fmt: skip


def same_lesson(
    request: RetrainingRequest, taught: Artifact, series: Sequence[BarSeries], until: int
) -> TrainingRequest:
    """Return the training of another model like this one; leaders are sought anew."""
    chosen, joined, lesson = taught.calibrated_by, taught.ensemble, taught.taught
    membership = joined and Membership(
        tuple(each.family for each in joined.members), joined.quorum, AUTO
    )
    return TrainingRequest(
        series=series, until=until, models=request.home.folder("models"),
        family=ENSEMBLE if joined else taught.family, membership=membership, seed=taught.seed,
        bracket=Bracket(horizon=lesson.horizon, stop=lesson.stop, target=lesson.target),
        calibration=AUTO if chosen.losses else chosen.method, config=request.config,
        ledger=TrialLedger(request.home), tuned=taught.tuned, recipe=lesson.own_features,
        augment=next((each.method for each in taught.augmentations.values()), None),
    )  # fmt: skip
