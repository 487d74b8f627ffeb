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


def forecast_bars(
    columns: BarColumns, forecaster: Forecaster, history: BarColumns | None = None
) -> np.ndarray:
    """Return the FORECAST record of each bar, WARMING until the features have settled.

    `history` are the bars before the first.
    """
    features = standard_set(forecaster.artifact.taught.timeframe)
    before = len(history) if history else 0
    whole = _join(history, columns) if history else columns
    values = compute_features(features, whole)[before:]
    settled = np.arange(before, len(whole)) >= features.settling - 1
    opened = columns.ts_close - forecaster.artifact.taught.timeframe
    return np.asarray(forecaster.forecast(opened, values, columns.close, settled))


def _join(before: BarColumns, after: BarColumns) -> BarColumns:
    names = ("ts_close", "open", "high", "low", "close", "spread")
    columns = (np.concatenate([getattr(before, n), getattr(after, n)]) for n in names)
    return BarColumns(*columns)


def forecast_events(setup: Setup, start: int = 0) -> Setup:
    """Return a setup with the forecasts beside its events; one that trades on none as it was.

    A bar that opened before `start` (ns UTC) has no forecast to trade on.
    """
    forecaster = setup.forecaster
    if forecaster is None:
        return setup
    events = setup.events()
    found = np.zeros(len(events), FORECAST)
    found["state"] = WARMING
    for number, symbol in enumerate(setup.symbols):
        mine = (events["instrument"] == number) & (events["kind"] == BASE_BAR)
        history = setup.history.get(symbol)
        found[mine] = forecast_bars(columns_of(events, number), forecaster, history)
    opened = events["ts"] - events["seconds"].astype(np.int64) * SECOND
    found["state"][opened < start] = WARMING
    return replace(setup, forecasts=found)


def with_model(setup: Setup, folder: Path | None) -> Setup:
    """Return the setup with the forecaster that strategy `ai` needs; another stays as it was.

    Raises UsageError for a model without such a strategy, or the other way round.
    """
    if folder is None:
        if setup.strategy.conclude is not None:
            raise UsageError(
                f"strategy {setup.strategy.name} trades on forecasts; name a model with --model "
                "(`assay train` makes one)"
            )
        return setup
    if setup.strategy.conclude is None:
        raise UsageError(f"strategy {setup.strategy.name} takes no --model; strategy ai does")
    artifact, graph = read_artifact(folder)
    check_features(artifact, standard_set(artifact.taught.timeframe))
    _check_length(setup, artifact)
    return replace(setup, forecaster=Forecaster(artifact, graph))


def _check_length(setup: Setup, artifact: Artifact) -> None:
    taught = artifact.taught.timeframe
    for one in setup.series:
        length = int(one.timeframe) if isinstance(one, BarSeries) else int(TICK_BARS)
        if length != taught:
            raise UsageError(
                f"{artifact.id} was taught by bars of {taught // SECOND} s, {one.symbol} has bars "
                f"of {length // SECOND} s; give data of the same bars"
            )
