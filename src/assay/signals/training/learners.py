"""Ways to learn from some rows and score others: a straight line, or a model family.

Leak checks ask them again and again, so they take rows and two masks and return scores alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from assay.signals.calibration.scoring import area_under_curve
from assay.signals.models import (
    FitRequest,
    OnnxClassifier,
    Settings,
    find_family,
    narrow_windows,
)
from assay.signals.training.folds import Bools, Combinations, Fold
from assay.signals.training.rows import Bars, Rows
from assay.signals.training.sequences import choose_examples

Float64s = NDArray[np.float64]
Learner = Callable[[Rows, Bools, Bools], Float64s]
"""Given rows, those to fit on and those to test: the score of each tested row, higher for up."""
Widen = Callable[[FitRequest], FitRequest]
"""Given what is to be fitted: the same with made rows beside those to fit on."""
STOP_SHARE = 0.15
RIDGE = 1e-3
OUTLYING = 5.0
"""Standard deviations that a feature is held within, so that no single bar bends the line."""


def draw_line(rows: Rows, fit: Bools, test: Bools) -> Float64s:
    """Return the scores of a ridge regression of the direction on features scaled by the fit rows.

    Source: A. Hoerl, R. Kennard, Ridge regression, Technometrics, 1970.
    """
    taught = rows.features[fit].astype(np.float64)
    # What an instrument lacks, such as volume, is NaN throughout, and no part of the line.
    known = ~np.isnan(taught).any(axis=0)
    mean, spread = taught[:, known].mean(axis=0), taught[:, known].std(axis=0)
    spread[spread == 0] = 1.0

    def scale(features: Float64s) -> Float64s:
        scaled = np.clip((features[:, known] - mean) / spread, -OUTLYING, OUTLYING)
        return np.asarray(np.nan_to_num(scaled))

    weight = rows.weight[fit]
    scaled, target = scale(taught), rows.up_soon[fit].astype(np.float64)
    target = target - np.average(target, weights=weight)
    # Not by BLAS, whose sums depend on how many threads the machine has to spare.
    normal = np.einsum("ni,nj->ij", scaled * weight[:, None], scaled)
    normal[np.diag_indices_from(normal)] += RIDGE * weight.sum()
    slopes = np.linalg.solve(normal, np.einsum("ni,n->i", scaled, weight * target))
    return np.einsum("ni,i->n", scale(rows.features[test].astype(np.float64)), slopes)


def family_learner(
    name: str, seed: int, bars: Sequence[Bars] = (), settings: Settings | None = None,
    widen: Widen | None = None,
) -> Learner:  # fmt: skip
    """Return what fits a model family, and answers as it is served; the last rows stop it.

    `bars` are as in choose_examples. Nobody who makes rows is shown those that stop it, or those
    that are tested. Raises UsageError for a family that is unknown.
    """
    family = find_family(name, settings)

    def learn(rows: Rows, fit: Bools, test: Bools) -> Float64s:
        known = rows.take(fit)
        edge = int(np.quantile(known.time, 1 - STOP_SHARE, method="nearest"))
        earlier, later = known.take(known.end < edge), known.take(known.time >= edge)
        taught, stop = choose_examples(family, earlier, later, bars)
        with TemporaryDirectory(prefix="assay-leaks-") as folder:
            asked = FitRequest(
                fit=taught, stop=stop, seed=seed, checkpoint=Path(folder) / "checkpoint"
            )
            fitted = family.fit(widen(asked) if widen else asked)
        shown = narrow_windows(rows.features[test], family.window)
        return OnnxClassifier(fitted.onnx).predict(shown).astype(np.float64)

    return learn


def score_folds(learn: Learner, rows: Rows, folds: Sequence[Fold]) -> list[float | None]:
    """Return the area under the curve of the direction on the tested rows of each fold."""
    return [
        area_under_curve(learn(rows, fold.fit, fold.test), rows.up[fold.test] == 1)
        for fold in folds
    ]


def score_paths(learn: Learner, rows: Rows, found: Combinations) -> list[float]:
    """Return of each path the mean over its groups of the area under the curve.

    A score of one fold cannot be ranked against that of another, so groups are not pooled; a group
    that went one way only has none and is left out.
    """
    tested = []
    for fold in found.folds:
        scores = np.full(len(rows), np.nan)
        scores[fold.test] = learn(rows, fold.fit, fold.test)
        tested.append(scores)
    paths = []
    for path in found.paths:
        areas = []
        for group, number in enumerate(path):
            mine = found.groups == group
            area = area_under_curve(tested[number][mine], rows.up[mine] == 1)
            areas += [] if area is None else [area]
        paths.append(float(np.mean(areas)) if areas else 0.5)
    return paths
