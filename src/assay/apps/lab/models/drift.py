"""Drift of a model: what its calibration span was like, and how far what is watched is from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from assay.model.time import format_time
from assay.signals.calibration import ONE
from assay.signals.calibration.scoring import log_losses
from assay.signals.drift import (
    FEATURE,
    LOSS,
    SCORE,
    ModelReference,
    Reference,
    detector_names,
    find_detector,
    measure_reference,
)
from assay.signals.models import narrow_windows
from assay.signals.prediction import Artifact, Forecaster, Graphs
from assay.signals.training import Bars, Rows, cut_windows


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftPath:
    """Hold what one detector made of one stream: its statistic [n], 1 being the alarm."""

    detector: str
    title: str
    stream: str
    statistic: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True)
class Streams:
    """Hold what is watched of a model at labels that do not overlap [n], features by name."""

    score: np.ndarray
    loss: np.ndarray
    features: Mapping[str, np.ndarray]


def measure_model(
    artifact: Artifact, graphs: Graphs, rows: Rows, bars: Sequence[Bars] = ()
) -> ModelReference:
    """Return how features, forecasts and losses lay on the calibration span.

    `bars` are those of each instrument, by its number, which a model of several bars reads.
    """
    held = rows.take(rows.time >= artifact.spans.calibrate_from)
    forecaster = Forecaster(artifact, graphs)
    if forecaster.window > 1:
        held = cut_windows(held, bars, forecaster.window)
    p = artifact.up.look_up(forecaster.score(held.features))[0] / ONE
    features = np.asarray(narrow_windows(held.features, 1))
    return ModelReference(
        model=artifact.id, score=measure_reference(p),
        loss=measure_reference(log_losses(p, held.up == 1)),
        features={
            name: measure_reference(features[:, k].astype(np.float64))
            for k, name in enumerate(artifact.taught.features)
        },
    )  # fmt: skip


def watch_model(reference: ModelReference, streams: Streams) -> list[DriftPath]:
    """Return what every detector made of every stream that it reads; no feature is left out."""
    paths: list[DriftPath] = []
    for name in detector_names():
        detector = find_detector(name)
        for kind in detector.reads:
            for stream, values, held in _streams(kind, reference, streams):
                told = detector.begin(held).take(values).statistic
                paths.append(
                    DriftPath(detector=name, title=detector.title, stream=stream, statistic=told)
                )
    return paths


def _streams(
    kind: str, reference: ModelReference, streams: Streams
) -> list[tuple[str, np.ndarray, Reference]]:
    if kind == FEATURE:
        return [(name, streams.features[name], held) for name, held in reference.features.items()]
    held, values = {
        SCORE: (reference.score, streams.score), LOSS: (reference.loss, streams.loss),
    }[kind]  # fmt: skip
    return [(kind, values, held)]


def tell_drift(paths: list[DriftPath], time: np.ndarray) -> list[dict[str, Any]]:
    """Return of each detector and stream the highest statistic and when it first told drift.

    Of the features only the worst is told, with how many alarmed.
    """
    told: list[dict[str, Any]] = []
    for detector in dict.fromkeys(path.detector for path in paths):
        mine = [path for path in paths if path.detector == detector]
        features = [path for path in mine if path.stream not in (SCORE, LOSS)]
        shown = [path for path in mine if path.stream in (SCORE, LOSS)]
        for path in shown + worst_of(features):
            alarms = np.flatnonzero(path.statistic >= 1)
            told.append(
                {
                    "detector": detector, "stream": path.stream,
                    "highest": float(path.statistic.max(initial=0.0)),
                    "first_alarm": format_time(int(time[alarms[0]])) if len(alarms) else None,
                    "alarmed": sum(bool((one.statistic >= 1).any()) for one in features)
                    if path in features else int(len(alarms) > 0),
                    "of": len(features) if path in features else 1,
                }
            )  # fmt: skip
    return told


def worst_of(paths: list[DriftPath]) -> list[DriftPath]:
    """Return the path that came highest, in a list; none of none."""
    return sorted(paths, key=lambda path: -float(path.statistic.max(initial=0.0)))[:1]
