"""Serve trained models: from settled features to calibrated forecasts."""

from assay.signals.prediction.artifact import (
    Artifact,
    Spans,
    Taught,
    read_artifact,
    write_artifact,
)
from assay.signals.prediction.forecaster import Forecaster, Shown, forecast_guarded, scores_of
from assay.signals.prediction.module import Predictor

__all__ = [
    "Artifact", "Forecaster", "Predictor", "Shown", "Spans", "Taught", "forecast_guarded",
    "read_artifact", "scores_of", "write_artifact",
]  # fmt: skip
