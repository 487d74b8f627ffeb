"""Train a model: fit on the first span, stop on the second, calibrate on the third."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assay.model.errors import InvariantError
from assay.signals.calibration import FEWEST_PARTS
from assay.signals.features import FeatureSet
from assay.signals.labels import Bracket
from assay.signals.models import FitRequest, Fitted, OnnxClassifier, find_family
from assay.signals.prediction.artifact import Artifact, Spans, Taught
from assay.signals.training.calibrating import calibrate, measure_promise
from assay.signals.training.rows import Bars, Rows
from assay.signals.training.sequences import cut_windows, sample_rows
from assay.signals.training.splits import Split, split_rows

STOP_PART = 10
"""Where rows are sampled, those to stop by are this part of those to fit on, or fewer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """Say what to teach: family, instruments, bars, features, bracket, calibration, seed."""

    family: str
    symbols: tuple[str, ...]
    timeframe: int
    features: FeatureSet
    bracket: Bracket
    seed: int = 1
    calibration: str = FEWEST_PARTS


def train(
    rows: Rows, lesson: Lesson, checkpoint: Path,
    on_progress: Callable[[int, int], None] | None = None, *, bars: Sequence[Bars] = (),
) -> tuple[Artifact, bytes]:  # fmt: skip
    """Return the trained model and its graph; equal rows and lessons give equal ones.

    `bars` are those of each instrument, by its number, which a family of several bars reads.
    Raises DataError where the rows are too few to fit, to stop or to calibrate on.
    """
    family = find_family(lesson.family)
    if family.window > 1:
        rows = cut_windows(rows, bars, family.window)
    split = split_rows(rows)
    fit, stop = rows.take(split.fit), rows.take(split.stop)
    if family.rows_most is not None:
        fit = sample_rows(fit, bars, family.rows_most)
        stop = sample_rows(stop, bars, family.rows_most // STOP_PART)
    fitted = family.fit(
        FitRequest(
            fit=fit.examples(), stop=stop.examples(), seed=lesson.seed, checkpoint=checkpoint,
            on_progress=on_progress,
        )
    )  # fmt: skip
    held = rows.take(split.calibrate)
    probabilities = OnnxClassifier(fitted.onnx).predict(held.features)
    parity = _check_parity(fitted, held, probabilities)
    found = calibrate(
        held, probabilities, horizon=lesson.bracket.horizon * lesson.timeframe,
        method=lesson.calibration, seed=lesson.seed,
    )  # fmt: skip
    gain, loss = _payoffs(held)
    graph_digest = sha256(fitted.onnx).hexdigest()
    artifact = Artifact(
        id="", family=lesson.family, graph_sha256=graph_digest, seed=lesson.seed,
        taught=_taught(rows, held, lesson), spans=_spans(rows, held, split, lesson),
        up=found.up, long=found.long, short=found.short, calibrated_by=found.choice,
        slope=found.slope.value, slope_bound=found.slope.bound, gain=gain, loss=loss,
        facts={**fitted.facts, "onnx_parity": parity},
        watch=measure_promise(
            held, probabilities, found, bars=lesson.bracket.horizon, length=lesson.timeframe,
            seed=lesson.seed,
        ),
    )  # fmt: skip
    return _named(artifact), fitted.onnx


def _named(artifact: Artifact) -> Artifact:
    import msgspec

    digest = sha256(msgspec.json.encode(artifact)).hexdigest()[:10]
    return msgspec.structs.replace(artifact, id=f"{artifact.family}-{digest}")


def _check_parity(fitted: Fitted, held: Rows, served: NDArray[np.float32]) -> float:
    gap = float(np.abs(fitted.predict(held.features) - served).max())
    if gap > fitted.parity_most:
        raise InvariantError(
            f"the ONNX graph differs from the fitted model by {gap:.1e}, at most "
            f"{fitted.parity_most:.0e} is borne"
        )
    return gap


def _payoffs(held: Rows) -> tuple[float, float]:
    """Return what a bracket gains before costs where its side was right, and loses where not.

    Given the direction, not the net result: whether costs were earned depends on volatility, and
    payoffs given that would promise an edge wherever the market is merely lively.
    """
    shares = np.concatenate([held.long_points, held.short_points]) / np.tile(held.stop, 2)
    right = np.concatenate([held.up == 1, held.up == 0])
    gain = float(shares[right].mean()) if right.any() else 0.0
    loss = float(-shares[~right].mean()) if not right.all() else 0.0
    return max(gain, 0.0), max(loss, 0.0)


def _taught(rows: Rows, held: Rows, lesson: Lesson) -> Taught:
    return Taught(
        symbols=lesson.symbols, timeframe=lesson.timeframe, features=lesson.features.names,
        features_digest=lesson.features.digest, leaders=lesson.features.leaders,
        horizon=lesson.bracket.horizon,
        stop=lesson.bracket.stop, target=lesson.bracket.target, rows=len(rows),
        calibration_rows=len(held),
    )  # fmt: skip


def _spans(rows: Rows, held: Rows, split: Split, lesson: Lesson) -> Spans:
    until = int(rows.end.max())
    return Spans(
        fit_from=int(rows.time.min()), fit_until=int(rows.end[split.fit | split.stop].max()),
        calibrate_from=int(held.time.min()), calibrate_until=until,
        ready_from=until + lesson.bracket.horizon * lesson.timeframe,
    )  # fmt: skip
