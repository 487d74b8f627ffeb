"""What each feature is worth to a model: its log loss without it, and Shapley values of trees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from assay.apps.lab.evaluation.material import Seen
from assay.apps.lab.evaluation.verdict import HORIZONS_A_BLOCK, SEED
from assay.runtime.ids import seeded_generator
from assay.signals.calibration import ONE
from assay.signals.evidence import explain_trees, permute_features, read_trees
from assay.signals.prediction import Shown

if TYPE_CHECKING:
    from assay.apps.lab.evaluation.judging import Judged
    from assay.signals.prediction.artifact import Graphs

ROWS = 3_000
"""Bars that features are taken from, of a model that reads one at a time."""
WINDOW_PART = 3
"""A model that reads several is slow, so it answers this part of what judging it took, or none."""
ROWS_MIN, STRETCHES_MIN = 300, 10
STRETCH_MOST = 40
SHAP_ROWS = 500
PERMUTED = 21


def weigh_features(judged: Judged, seen: Sequence[Seen], graphs: Graphs) -> dict[str, Any]:
    """Return the features, those worth most first, what of them was measured, and on how much.

    `rise` is by how much the log loss of the direction rises where a feature is taken from another
    time, with its standard error; `shap` the mean size of its Shapley values, where the model is
    trees, in log odds of the raw score (probability for a forest).
    """
    taught = seen[0].forecaster.artifact.taught
    found: dict[str, Any] = {"rows": 0, "stretches": 0, "shap": None, "features": [], "why": ""}
    cut = _cut_stretches(judged, seen)
    if cut is None:
        return found | {"why": "the judged bars are too few to weigh features by"}
    features, up, kind, rest = cut
    told = permute_features(
        lambda shown: _answer(seen[0], shown, rest), features, up, kind,
        seeded_generator(SEED, PERMUTED),
    )  # fmt: skip
    shap = _explain(features, graphs)
    order = np.argsort(-told.rise, kind="stable")
    return found | {
        "rows": up.size, "stretches": len(kind), "shap": None if shap is None else shap[1],
        "features": [
            {
                "feature": taught.features[k], "rise": float(told.rise[k]),
                "error": float(told.error[k]), "shap": None if shap is None else float(shap[0][k]),
            }
            for k in order.tolist()
        ],
    }  # fmt: skip


def _cut_stretches(judged: Judged, seen: Sequence[Seen]) -> Any:
    """Return features [s, lead + b, k], directions [s, b], symbols [s], and closes as features."""
    forecaster = seen[0].forecaster
    horizon, lead = forecaster.artifact.taught.horizon, forecaster.window - 1
    length = min(HORIZONS_A_BLOCK * horizon, STRETCH_MOST)
    most = ROWS
    if lead:
        width = len(forecaster.artifact.taught.features)
        most = min(ROWS, sum(len(each.instrument.bars.close) for each in seen)
                   // (WINDOW_PART * width) * length // (length + lead))  # fmt: skip
    parts: list[tuple[np.ndarray, ...]] = []
    for number, each in enumerate(seen):
        mine, at = each.places(judged, number)
        count = most // len(seen) // length
        if len(at) < length or not count:
            continue
        starts = np.unique(np.linspace(0, len(at) - length, count).astype(np.int64))
        # A stretch has no gap, neither among its bars nor where it overlaps its neighbour.
        starts = starts[np.diff(starts, prepend=-length) >= length]
        starts = starts[at[starts + length - 1] - at[starts] == length - 1]
        rows = at[starts][:, None] + np.arange(-lead, length)
        bars = each.instrument.bars
        parts.append((
            bars.features[rows], judged.up[mine[starts[:, None] + np.arange(length)]],
            np.full(len(starts), number), bars.close[rows],
        ))  # fmt: skip
    if not parts:
        return None
    joined = [np.concatenate(column) for column in zip(*parts, strict=True)]
    if joined[1].size < ROWS_MIN or len(joined[2]) < STRETCHES_MIN:
        return None
    return joined


def _answer(seen: Seen, features: np.ndarray, close: np.ndarray) -> np.ndarray:
    """Return the probability of up of all but the leading bars of each stretch."""
    lead = seen.forecaster.window - 1
    count = features.shape[0] * features.shape[1]
    told = seen.forecaster.forecast(
        Shown(
            opened=np.zeros(count, np.int64), features=features.reshape(count, -1),
            close=close.reshape(count), spread=np.zeros(count, np.int64),
            settled=np.ones(count, dtype=bool),
        )
    )  # fmt: skip
    return np.asarray(told["p_up"].reshape(close.shape)[:, lead:] / ONE)


def _explain(features: np.ndarray, graphs: Graphs) -> tuple[np.ndarray, str] | None:
    # What several members come to is no sum over trees.
    trees = read_trees(*graphs.values()) if len(graphs) == 1 else None
    if trees is None:
        return None
    flat = features.reshape(-1, features.shape[2])
    sample = flat[:: max(1, -(-len(flat) // SHAP_ROWS))]
    values = explain_trees(trees, sample, sample)
    return np.abs(values).mean(axis=0), "log odds" if trees.logistic else "probability"
