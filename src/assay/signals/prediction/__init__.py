"""Serve trained models: from settled features to calibrated forecasts."""

from assay.signals.prediction.artifact import (
    Artifact,
    CellSkill,
    Ensemble,
    Graphs,
    Member,
    Panel,
    Spans,
    Taught,
    Tuned,
    digest_graphs,
    read_artifact,
    write_artifact,
)
from assay.signals.prediction.forecaster import Forecaster, Shown, forecast_guarded
from assay.signals.prediction.module import Predictor
from assay.signals.prediction.polling import Members, Poll

__all__ = [
    "Artifact", "CellSkill", "Ensemble", "Forecaster", "Graphs", "Member", "Members", "Panel",
    "Poll", "Predictor", "Shown", "Spans", "Taught", "Tuned", "digest_graphs", "forecast_guarded",
    "read_artifact", "write_artifact",
]  # fmt: skip
