"""Gradient boosted trees by LightGBM: shallow, split at random, strongly bagged, soon stopped.

Source: P. Geurts, D. Ernst, L. Wehenkel, Extremely randomized trees, Machine Learning, 2006.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from assay.signals.models.boosting import Pace, boost
from assay.signals.models.lightgbm.space import SPACE
from assay.signals.models.ports import Examples, FitRequest, Fitted
from assay.signals.models.space import Settings, Space, settle
from assay.signals.models.sparing import spared

with spared():
    import lightgbm

    from assay.signals.models.lightgbm.graph import to_onnx

PACE = Pace(least=100, most=200, patience=50, block=50)
LEAF_MIN = 50
PARAMETERS: dict[str, Any] = {
    "objective": "binary", "metric": "binary_logloss",
    "extra_trees": True, "bagging_freq": 1, "boost_from_average": False, "num_threads": 1,
    "deterministic": True, "force_row_wise": True, "verbose": -1,
}  # fmt: skip
"""Beside those of SPACE: few leaves, thresholds by chance, parts of everything, because labels
overlap, so that rows say far less than they count. It begins at one half, for the drift of a span
is no forecast."""


@dataclass(frozen=True, slots=True)
class LightGbm:
    """Fit the family; see Family."""

    name: str = "lightgbm"
    window: int = 1
    rows_most: int | None = None
    space: Space = SPACE
    settings: Settings = field(default_factory=dict)

    def tuned(self, settings: Settings) -> LightGbm:
        """Return it with these settings; see Family."""
        return replace(self, settings=settle(self.name, self.space, settings))

    def fit(self, request: FitRequest) -> Fitted:
        """Boost until later rows gain nothing more; go on from a checkpoint where there is one."""
        chosen = settle(self.name, self.space, self.settings)
        leaf_rows = max(LEAF_MIN, int(chosen.pop("leaf_share") * len(request.fit)))
        parameters = PARAMETERS | chosen | {"min_data_in_leaf": leaf_rows}
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
            "leaf_rows": leaf_rows,
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
