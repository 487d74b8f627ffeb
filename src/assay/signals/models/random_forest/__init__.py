"""A random forest by scikit-learn: large leaves, few features a split, few rows a tree.

Source: L. Breiman, Random forests, Machine Learning, 2001.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import sklearn
from sklearn.ensemble import RandomForestClassifier

from assay.model.errors import DataError
from assay.signals.models.checkpoints import Checkpoint, open_checkpoint, save_checkpoint
from assay.signals.models.ports import Examples, FitRequest, Fitted, Float32s, Float64s
from assay.signals.models.random_forest.forest import gather_forest, read_trees, write_trees
from assay.signals.models.random_forest.graph import to_onnx
from assay.signals.models.random_forest.space import SPACE
from assay.signals.models.space import Settings, Space, settle

TREES = 100
BLOCK = 20
"""Trees between checkpoints."""
SEEDS = 2**32
LEAF_MIN = 50
LEAST = 1e-9
"""Where a log loss would be without end."""
PARAMETERS: dict[str, Any] = {
    "criterion": "gini", "n_jobs": 1,
}  # fmt: skip
"""Beside those of SPACE: large leaves and few features a split, because labels overlap, so that
rows say far less than they count. Of the rows that a tree draws those of more weight come more
often."""


@dataclass(frozen=True, slots=True)
class RandomForest:
    """Fit the family; see Family."""

    name: str = "random_forest"
    window: int = 1
    rows_most: int | None = None
    space: Space = SPACE
    settings: Settings = field(default_factory=dict)

    def tuned(self, settings: Settings) -> RandomForest:
        """Return it with these settings; see Family."""
        return replace(self, settings=settle(self.name, self.space, settings))

    def fit(self, request: FitRequest) -> Fitted:
        """Grow all trees, for more never harm; go on from a checkpoint where there is one.

        Raises DataError where all rows rose, or all fell.
        """
        examples, width = request.fit, request.fit.features.shape[1]
        if examples.up.min() == examples.up.max():
            raise DataError("all rows to fit on moved one way; give more data")
        chosen = settle(self.name, self.space, self.settings)
        leaf_rows = max(LEAF_MIN, int(chosen.pop("leaf_share") * len(examples)))
        drawn = int(chosen.pop("drawn") * len(examples))
        parameters = PARAMETERS | chosen | {"min_samples_leaf": leaf_rows, "max_samples": drawn}
        recipe = (
            f"scikit-learn {sklearn.__version__}, seed {request.seed}, by {BLOCK}, {parameters}"
        )
        found = open_checkpoint(request.checkpoint, recipe)
        while found.rounds < TREES:
            # Each block draws its own rows and features, whatever was drawn before it.
            block = RandomForestClassifier(
                BLOCK, random_state=(request.seed + found.rounds) % SEEDS, **parameters
            ).fit(examples.features, examples.up, sample_weight=examples.weight)
            grown = [*read_trees(found.model, width), *block.estimators_]
            found = Checkpoint(write_trees(grown), len(grown))
            save_checkpoint(request.checkpoint, recipe, found)
            if request.on_progress:
                request.on_progress(found.rounds, TREES)
        trees = read_trees(found.model, width)
        forest = gather_forest(trees, width)

        def predict(features: Float32s) -> Float64s:
            return forest.predict_proba(features)[:, 1]

        facts: dict[str, float | int | str] = {
            "trees": len(trees), "stop_log_loss": round(_loss(request.stop, predict), 6),
            "leaf_rows": leaf_rows,
        }  # fmt: skip
        return Fitted(to_onnx(trees, width), facts, predict)


def _loss(examples: Examples, predict: Callable[[Float32s], Float64s]) -> float:
    up = predict(examples.features).clip(LEAST, 1 - LEAST)
    losses = -np.log(np.where(examples.up == 1, up, 1 - up))
    return float(np.average(losses, weights=examples.weight))


PLUGIN = RandomForest()
