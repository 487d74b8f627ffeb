"""`assay models metrics`: how a model did on the bars that a run let it forecast, and how fast."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from assay.apps.config import Config
from assay.apps.lab.champions.recorded import Heard, Voice, hear_run
from assay.apps.lab.evaluation.guard import judge_guard
from assay.apps.lab.evaluation.judging import Judged, pool_judged, score
from assay.apps.lab.models.labelling import label_instrument
from assay.apps.lab.trial import Look, enter_look, span_of
from assay.apps.paper.view.timing import read_times
from assay.books.trials import TrialLedger
from assay.kernel.records import FORECAST_STATES
from assay.model.time import format_time
from assay.runtime.home import Home
from assay.signals.calibration import ONE
from assay.signals.labels import Bracket
from assay.signals.prediction import Artifact, read_artifact

SUREST = 0.3
"""Share of the labelled bars that accuracy is told of apart."""
LEVELS = {"confidence_p10": 0.1, "confidence_p50": 0.5, "confidence_p90": 0.9}


def monitor_model(home: Home, model: str, config: Config, trials: TrialLedger) -> dict[str, Any]:
    """Return what the newest run recorded of a model, as champion or challenger, as far as it is.

    Forecasts by state; confidence, accuracy and calibration of those whose label is known, made
    before it was; what the last forecasts took. Counted as a look, for it tells outcomes. Raises
    UsageError and DataError where no run let it forecast.
    """
    artifact, _ = read_artifact(home.path / "models" / model)
    heard = [each for each in hear_run(home, [Voice(model)], config) if each.begins is not None]
    series = [each.series for each in heard]
    start, end = span_of(series)
    look = Look(
        kind="metrics", series=series, start=start, end=end, strategy="promotion", parameters=model
    )
    enter_look(trials, look)
    times = read_times(home).get(model)
    return {
        "model": model, **_count(heard), **judge_heard(heard, artifact),
        "latency_us": msgspec.to_builtins(times) if times else None,
    }  # fmt: skip


def _count(heard: Sequence[Heard]) -> dict[str, Any]:
    """Return how many bars were forecast from when to when, by state."""
    opened = np.concatenate([each.series.ts_open[each.said > 0] for each in heard])
    states = np.concatenate([each.forecasts["state"][0][each.said > 0] for each in heard])
    told = Counter(FORECAST_STATES[state] for state in states.tolist())
    return {
        "forecasts": len(opened), "from": format_time(int(opened.min())),
        "to": format_time(int(opened.max())), "states": dict(told),
    }  # fmt: skip


def judge_heard(heard: Sequence[Heard], artifact: Artifact) -> dict[str, Any]:
    """Return the figures of the labelled bars; of none, only that there are none."""
    taught, parts = artifact.taught, []
    bracket = Bracket(horizon=taught.horizon, stop=taught.stop, target=taught.target)
    for number, one in enumerate(heard):
        rows = label_instrument(one.instrument, bracket, number=number, stride=1)
        fair = rows.time - taught.timeframe >= artifact.spans.ready_from
        parts.append(one.judge(0, rows.take(one.said_in_time(rows) & fair)))
    judged = pool_judged(parts)
    if not len(judged):
        return {"n": 0}
    names = [one.series.symbol for one in heard]
    guard = judge_guard(judged, taught, names)
    return {**score(judged), **_confidence(judged), **guard}


def _confidence(judged: Judged) -> dict[str, Any]:
    """Return how sure it was (probability of the likelier side), and accuracy where it was most."""
    p = judged.forecasts["p_up"] / ONE
    sure = np.maximum(p, 1 - p)
    right = (p >= 0.5) == judged.up
    surest = np.argsort(-sure, kind="stable")[: max(1, round(SUREST * len(sure)))]
    return {
        **{name: float(np.quantile(sure, level)) for name, level in LEVELS.items()},
        "confidence": float(sure.mean()), "surest_accuracy": float(right[surest].mean()),
    }  # fmt: skip
