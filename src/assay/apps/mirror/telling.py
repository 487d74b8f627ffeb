"""Trainings, evaluations, walks and promotions as runs of MLflow."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from math import isfinite
from pathlib import Path
from typing import Any

from assay.apps.mirror.outbox import Entry, Registration
from assay.books.governance import Act, Scope
from assay.model.time import format_time
from assay.signals.prediction import Artifact, Ensemble, Tuned, read_artifact
from assay.signals.prediction.artifact import DESCRIPTION

TRAIN, EVALUATE, WALK = "train", "evaluate", "walk-forward"


def tell_training(folder: Path, at: int, until: int) -> Entry:
    """Tell of the model in a folder; the same model trained again adds to the same run."""
    artifact, _ = read_artifact(folder)
    taught, spans = artifact.taught, artifact.spans
    params = {
        "family": artifact.family, "seed": str(artifact.seed), "symbols": ",".join(taught.symbols),
        "bar_s": str(taught.timeframe // 10**9), "horizon": str(taught.horizon),
        "stop": f"{taught.stop:g}", "target": f"{taught.target:g}",
        "members": ",".join(artifact.families), "calibration": artifact.calibrated_by.method,
        "features_sha256": taught.features_digest, "fit_from": format_time(spans.fit_from),
        "fit_until": format_time(spans.fit_until), "ready_from": format_time(spans.ready_from),
    }  # fmt: skip
    metrics = {
        "rows": taught.rows, "calibration_rows": taught.calibration_rows, "slope": artifact.slope,
        "slope_bound": artifact.slope_bound, "gain": artifact.gain, "loss": artifact.loss,
        **numbers_of(artifact.facts),
    }  # fmt: skip
    if isinstance(artifact.ensemble, Ensemble):
        for member in artifact.ensemble.members:
            metrics[f"{member.family}.held_out_loss"] = member.held_out_loss
    tags = {"skilled": str(artifact.is_skilled).lower(), **_digests(folder, artifact)}
    if isinstance(artifact.tuned, Tuned):
        tags["study"] = artifact.tuned.study
        params |= _settings(artifact.tuned.settings)
    return Entry(
        key=f"{TRAIN} {artifact.id}", name=artifact.id, kind=TRAIN, at=at, until=until,
        params=params, metrics=metrics, tags=tags, registration=_register(artifact),
    )  # fmt: skip


def tell_evaluation(
    folder: Path, figures: Mapping[str, Any], asked: Mapping[str, str], span: tuple[int, int]
) -> Entry:
    """Tell what an evaluation of the model in a folder came to; every evaluation is a run."""
    artifact, _ = read_artifact(folder)
    at, until = span
    return Entry(
        key=f"{EVALUATE} {artifact.id} {at}", name=f"{EVALUATE} {artifact.id}", kind=EVALUATE,
        at=at, until=until, params={"model": artifact.id, **asked}, metrics=numbers_of(figures),
        tags={"verdict": str(figures["verdict"]), **_digests(folder, artifact)},
    )  # fmt: skip


def tell_walk(figures: Mapping[str, Any], at: int, until: int) -> Entry:
    """Tell what a walk forward came to, pooled over its folds."""
    params = {
        name: str(figures[name])
        for name in ("family", "scheme", "horizon", "stop", "target", "seed")
    }
    params |= {"symbols": ",".join(figures["symbols"]), "folds": str(len(figures["folds"]))}
    models = ",".join(fold["model"] for fold in figures["folds"])
    return Entry(
        key=f"{WALK} {at}", name=f"{WALK} {params['family']}", kind=WALK, at=at, until=until,
        params=params, metrics=numbers_of(figures["pooled"]),
        tags={"verdict": str(figures["verdict"]), "models": models},
    )  # fmt: skip


def tell_act(folder: Path, act: Act) -> Entry:
    """Tell who made the model in a folder champion; the governance log is what holds."""
    artifact, _ = read_artifact(folder)
    tags = {
        "who": act.who, "scope": str(act.scope), "before": act.before, "evidence": act.evidence,
        "override": act.override, "reason": act.reason, "line": act.hash,
        **_digests(folder, artifact),
    }  # fmt: skip
    return Entry(
        key=f"{act.act} {act.hash}", name=f"{act.act} {act.model}", kind=act.act, at=act.at,
        until=act.at, params={"model": act.model}, tags={n: v for n, v in tags.items() if v},
        registration=_register(artifact, act.scope),
    )  # fmt: skip


def _register(artifact: Artifact, champion_of: Scope | None = None) -> Registration:
    taught = artifact.taught
    scope = champion_of or Scope(tuple(sorted(taught.symbols)), taught.timeframe)
    # MLflow takes neither slashes nor colons in a name.
    name = f"assay {scope}".replace("/", "-").replace(":", "-")
    return Registration(name=name, model=artifact.id, is_champion=champion_of is not None)


def _digests(folder: Path, artifact: Artifact) -> dict[str, str]:
    return {
        "model": artifact.id, "graph_sha256": artifact.graph_sha256,
        "description_sha256": sha256((folder / DESCRIPTION).read_bytes()).hexdigest(),
    }  # fmt: skip


def _settings(settings: Mapping[str, Mapping[str, float]]) -> dict[str, str]:
    return {
        f"{family}.{name}": f"{value:.10g}"
        for family, of in settings.items()
        for name, value in of.items()
    }


def numbers_of(figures: Mapping[str, Any]) -> dict[str, float]:
    """Return what of the figures is a finite number."""
    return {
        name: float(value)
        for name, value in figures.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
    }
