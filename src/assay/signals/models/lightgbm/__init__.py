"""Gradient boosted trees by LightGBM: shallow, split at random, strongly bagged, soon stopped.

Source: P. Geurts, D. Ernst, L. Wehenkel, Extremely randomized trees, Machine Learning, 2006.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np

from assay.signals.models.boosting import Pace, boost
from assay.signals.models.lightgbm.graph import to_onnx
from assay.signals.models.ports import Examples, FitRequest, Fitted

PACE = Pace(least=100, most=200, patience=50, block=50)
LEAF_SHARE = 0.01
LEAF_MIN = 50
PARAMETERS: dict[str, Any] = {
    "objective": "binary", "metric": "binary_logloss",
    "num_leaves": 6, "learning_rate": 0.06, "feature_fraction": 0.6, "extra_trees": True,
    "bagging_fraction": 0.3, "bagging_freq": 1, "lambda_l2": 50.0, "boost_from_average": False,
    "num_threads": 1, "deterministic": True, "force_row_wise": True, "verbose": -1,
}  # fmt: skip
"""Few leaves, thresholds by chance, parts of everything: labels overlap, so rows say far less than
they count. It begins at one half, for the drift of a span is no forecast."""


@dataclass(frozen=True, slots=True)
class LightGbm:
    """Fit the family; see Family."""

    name: str = "lightgbm"
    window: int = 1
    rows_most: int | None = None

    def fit(self, request: FitRequest) -> Fitted:
        """Boost until later rows gain nothing more; go on from a checkpoint where there is one."""
        parameters = PARAMETERS | {
            "min_data_in_leaf": max(LEAF_MIN, int(LEAF_SHARE * len(request.fit))),
        }
        train, stop = _dataset(request.fit), _dataset(request.stop)

        def grow(model: bytes, done: int, rounds: int) -> tuple[bytes, list[float]]:
            losses: dict[str, Any] = {}
            # Each block draws its own rows and features: LightGBM begins anew in every call.
            booster = lightgbm.train(
                parameters | {"seed": request.seed + done}, train, rounds,
                valid_sets=[stop], valid_names=["stop"],
                init_model=lightgbm.Booster(model_str=model.decode()) if model else None,
                callbacks=[lightgbm.record_evaluation(losses)],
            )  # fmt: skip
            return booster.model_to_string().encode(), losses["stop"]["binary_logloss"]

        recipe = f"lightgbm {lightgbm.__version__}, seed {request.seed}, {PACE}, {parameters}"
        found = boost(request, recipe, PACE, grow)
        best, grown = found.best, lightgbm.Booster(model_str=found.model.decode())
        kept = lightgbm.Booster(model_str=grown.model_to_string(num_iteration=best.rounds))
        facts: dict[str, float | int | str] = {
            "rounds": best.rounds, "stop_log_loss": round(best.loss, 6),
            "leaf_rows": parameters["min_data_in_leaf"],
        }  # fmt: skip
        width = request.fit.features.shape[1]

        def predict(features: Any) -> Any:
            return kept.predict(features, num_threads=1)

        return Fitted(to_onnx(kept, width), facts, predict)


def _dataset(examples: Examples) -> lightgbm.Dataset:
    return lightgbm.Dataset(
        examples.features, examples.up.astype(np.int32), weight=examples.weight,
        free_raw_data=False, params={"verbose": -1, "num_threads": 1},
    )  # fmt: skip


PLUGIN = LightGbm()
