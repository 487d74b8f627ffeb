"""Forecasts for the drivers: beside the events for the sweep, by modules for the message path."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from assay.apps.lab.events import TICK_BARS
from assay.apps.lab.labelling import columns_of
from assay.apps.lab.setup import Setup
from assay.kernel.records import BASE_BAR, FORECAST, WARMING
from assay.market.series import BarSeries
from assay.model.errors import DataError, UsageError
from assay.model.time import SECOND
from assay.signals.features import BarColumns, FeatureSet, compute_features, standard_set
from assay.signals.prediction import Artifact, Forecaster, read_artifact


def check_features(artifact: Artifact, features: FeatureSet) -> None:
    """Raise DataError where a model was taught by other features than the program now makes."""
    if artifact.taught.features_digest != features.digest:
        raise DataError(
            f"{artifact.id} was taught by features {artifact.taught.features_digest[:12]}, this "
            f"program makes {features.id} {features.digest[:12]}; train it again"
        )


def forecast_bars(columns: BarColumns, forecaster: Forecaster) -> np.ndarray:
    """Return the FORECAST record of each bar, WARMING until the features have settled."""
    features = standard_set()
    check_features(forecaster.artifact, features)
    values = compute_features(features, columns)
    settled = np.arange(len(columns)) >= features.settling - 1
    opened = columns.ts_close - forecaster.artifact.taught.timeframe
    return np.asarray(forecaster.forecast(opened, values, columns.close, settled))


def forecast_setup(setup: Setup, forecaster: Forecaster, start: int = 0) -> Setup:
    """Return a setup that trades on forecasts; a bar that opened before `start` (ns) has none.

    Raises UsageError for a strategy that does not look at them.
    """
    if setup.strategy.conclude is None:
        raise UsageError(f"strategy {setup.strategy.name} takes no --model; strategy ai does")
    events = setup.events()
    found = np.zeros(len(events), FORECAST)
    found["state"] = WARMING
    for number in range(len(setup.symbols)):
        mine = (events["instrument"] == number) & (events["kind"] == BASE_BAR)
        found[mine] = forecast_bars(columns_of(events, number), forecaster)
    opened = events["ts"] - events["seconds"].astype(np.int64) * SECOND
    found["state"][opened < start] = WARMING
    return replace(setup, forecasts=found, forecaster=forecaster)


def with_model(setup: Setup, folder: Path | None) -> Setup:
    """Return the setup on the forecasts of a model, which strategy `ai` needs; else as it was.

    Bars that the model was calibrated on have no forecast, so that nothing is traded on hindsight.
    """
    if folder is None:
        if setup.strategy.conclude is not None:
            raise UsageError(
                f"strategy {setup.strategy.name} trades on forecasts; name a model with --model "
                "(`assay train` makes one)"
            )
        return setup
    artifact, graph = read_artifact(folder)
    _check_length(setup, artifact)
    return forecast_setup(setup, Forecaster(artifact, graph))


def _check_length(setup: Setup, artifact: Artifact) -> None:
    taught = artifact.taught.timeframe
    for one in setup.series:
        length = int(one.timeframe) if isinstance(one, BarSeries) else int(TICK_BARS)
        if length != taught:
            raise UsageError(
                f"{artifact.id} was taught by bars of {taught // SECOND} s, {one.symbol} has bars "
                f"of {length // SECOND} s; give data of the same bars"
            )
