"""Gradient boosted trees by XGBoost: shallow, few thresholds, strongly bagged, soon stopped.

Source: T. Chen, C. Guestrin, XGBoost: a scalable tree boosting system, KDD, 2016.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from assay.signals.models.boosting import Pace, boost
from assay.signals.models.ports import Examples, FitRequest, Fitted, Float32s, Float64s
from assay.signals.models.space import Settings, Space, settle
from assay.signals.models.sparing import spared
from assay.signals.models.xgboost.space import SPACE

with spared():
    import xgboost

    from assay.signals.models.xgboost.graph import to_onnx

PACE = Pace(least=50, most=100, patience=25, block=25)
LEAF_MIN = 50
CURVATURE = 0.25
"""What a row of weight one adds to a leaf where either outcome is as likely."""
PARAMETERS: dict[str, Any] = {
    "objective": "binary:logistic", "eval_metric": "logloss", "base_score": 0.5,
    "tree_method": "hist", "grow_policy": "lossguide", "max_depth": 0, "nthread": 1,
    "verbosity": 1,
}  # fmt: skip
"""Beside those of SPACE: few leaves, few thresholds, few rows and features, because labels overlap,
so that rows say far less than they count. It begins at one half, for the drift of a span is no
forecast."""


@dataclass(frozen=True, slots=True)
class XgBoost:
    """Fit the family; see Family."""

    name: str = "xgboost"
    window: int = 1
    rows_most: int | None = None
    space: Space = SPACE
    settings: Settings = field(default_factory=dict)

    def tuned(self, settings: Settings) -> XgBoost:
        """Return it with these settings; see Family."""
        return replace(self, settings=settle(self.name, self.space, settings))

    def fit(self, request: FitRequest) -> Fitted:
        """Boost until later rows gain nothing more; go on from a checkpoint where there is one."""
        weight = float(request.fit.weight.mean())
        chosen = settle(self.name, self.space, self.settings)
        leaf_rows = max(LEAF_MIN, int(chosen.pop("leaf_share") * len(request.fit)))
        parameters = PARAMETERS | chosen | {"min_child_weight": CURVATURE * weight * leaf_rows}
        train, stop = _matrix(request.fit), _matrix(request.stop)

        def grow(model: bytes, done: int, rounds: int) -> tuple[bytes, list[float]]:
            losses: dict[str, Any] = {}
            # Each block draws its own rows and features: a seed begins anew in every call.
            booster = xgboost.train(
                parameters | {"seed": request.seed + done}, train, rounds,
                evals=[(stop, "stop")], evals_result=losses, verbose_eval=False,
                xgb_model=_read(model) if model else None,
            )  # fmt: skip
            return bytes(booster.save_raw("ubj")), losses["stop"]["logloss"]

        recipe = f"xgboost {xgboost.__version__}, seed {request.seed}, {PACE}, {parameters}"
        found = boost(request, recipe, PACE, grow)
        kept = _read(found.model)[: found.best.rounds]
        facts: dict[str, float | int | str] = {
            "rounds": found.best.rounds, "stop_log_loss": round(found.best.loss, 6),
            "leaf_rows": leaf_rows,
        }  # fmt: skip

        def predict(features: Float32s) -> Float64s:
            return kept.inplace_predict(features).astype(np.float64)

        return Fitted(to_onnx(kept), facts, predict)


def _matrix(examples: Examples) -> xgboost.DMatrix:
    return xgboost.DMatrix(examples.features, label=examples.up, weight=examples.weight, nthread=1)


def _read(model: bytes) -> xgboost.Booster:
    return xgboost.Booster({"nthread": 1}, model_file=bytearray(model))


PLUGIN = XgBoost()
