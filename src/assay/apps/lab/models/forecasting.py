"""Forecasts for the drivers: beside the events for the sweep, by modules for the message path."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from assay.apps.lab.feeds.events import TICK_BARS
from assay.apps.lab.models.labelling import check_feed, check_leaders, columns_of
from assay.apps.lab.runs.setup import Setup
from assay.kernel.flow import ABSENT, FLOW_COLUMNS
from assay.kernel.records import BASE_BAR, FORECAST, WARMING
from assay.market.series import BarSeries
from assay.model.errors import DataError, UsageError
from assay.model.time import SECOND
from assay.signals.features import (
    BarColumns,
    Described,
    Told,
    describe_bars,
    tell,
)
from assay.signals.guard import Guard
from assay.signals.labels import BRACKET
from assay.signals.prediction import (
    Artifact,
    Forecaster,
    Predictor,
    Shown,
    forecast_guarded,
    read_artifact,
)


def check_features(artifact: Artifact, symbols: Sequence[str]) -> None:
    """Raise where a model cannot see these symbols as it was taught to.

    DataError where the program now makes other features, UsageError where a leader is not there.
    """
    features = artifact.taught.feature_set
    check_leaders(features, symbols)
    if artifact.taught.features_digest != features.digest:
        raise DataError(
            f"{artifact.id} was taught by features {artifact.taught.features_digest[:12]}, this "
            f"program makes {features.id} {features.digest[:12]}; train it again"
        )


def check_traded(artifact: Artifact) -> None:
    """Raise UsageError for a model of a label that is no trade."""
    label = artifact.taught.foretells
    if label != BRACKET:
        raise UsageError(
            f"{artifact.id} foretells label {label}, which is no trade; only a model of brackets "
            "is traded, which `assay train` makes without --label"
        )


def forecast_bars(
    columns: BarColumns, forecaster: Forecaster, symbol: str, told: Mapping[str, Told],
    guard: Guard,
) -> np.ndarray:  # fmt: skip
    """Return the FORECAST record of each bar of a symbol, WARMING until its features have settled.

    `told` is what leaders tell, by symbol; `guard` follows the bars.
    """
    taught = forecaster.artifact.taught
    seen = describe_bars(
        taught.feature_set, columns, symbol=symbol, timeframe=taught.timeframe, told=told
    )
    return _follow(columns, seen, forecaster, guard)


def _follow(
    columns: BarColumns, seen: Described, forecaster: Forecaster, guard: Guard
) -> np.ndarray:
    shown = Shown(
        opened=columns.ts_close - forecaster.artifact.taught.timeframe,
        features=seen.values,
        close=columns.close,
        spread=columns.spread,
        settled=seen.settled,
    )
    return np.asarray(forecast_guarded(forecaster, shown, guard))


def guards_after(setup: Setup) -> dict[str, Guard]:
    """Return the guards that have followed the bars before the first event, by symbol.

    A symbol without a bar that may be judged there has none.
    """
    forecaster, found = setup.forecaster, {}
    if forecaster is None:
        return found
    taught, ready = forecaster.artifact.taught, forecaster.artifact.spans.ready_from
    past = setup.history
    if not any((one.ts_close - taught.timeframe >= ready).any() for one in past.values()):
        return found
    for symbol, seen in describe_history(setup).items():
        found[symbol] = forecaster.artifact.guard()
        _follow(past[symbol], seen, forecaster, found[symbol])
    return found


def build_predictor(setup: Setup, forecaster: Forecaster, next_id: Callable[[], int]) -> Predictor:
    """Return a predictor that knows what a forecaster's model needs of the history of a setup."""
    setup = replace(setup, forecaster=forecaster)
    predictor = Predictor(forecaster, setup.symbols, next_id, guards=guards_after(setup))
    reach = forecaster.window - 1
    if reach:
        for symbol, past in describe_history(setup).items():
            predictor.load(symbol, past.last(reach))
    return predictor


def with_past(setup: Setup, events: np.ndarray) -> Setup:
    """Return a setup as it is after these events of its feed: their bars are history too."""
    joined = {
        symbol: _join(setup.history.get(symbol), _columns_of(setup, events, number))
        for number, symbol in enumerate(setup.symbols)
    }
    past = {symbol: bars for symbol, bars in joined.items() if len(bars)}
    return replace(setup, history={**setup.history, **past})


def _columns_of(setup: Setup, events: np.ndarray, number: int) -> BarColumns:
    return columns_of(events, number, setup.flow(number) if setup.reads_flow else None)


def _join(before: BarColumns | None, after: BarColumns) -> BarColumns:
    if before is None:
        return after
    names = ("ts_close", "open", "high", "low", "close", "spread")
    columns = (np.concatenate([getattr(before, n), getattr(after, n)]) for n in names)
    flow = None
    if before.flow is not None or after.flow is not None:
        flow = np.concatenate([_told_flow(before), _told_flow(after)])
    return BarColumns(*columns, flow=flow)


def _told_flow(bars: BarColumns) -> np.ndarray:
    return np.full((len(bars), len(FLOW_COLUMNS)), ABSENT) if bars.flow is None else bars.flow


def describe_history(setup: Setup) -> dict[str, Described]:
    """Return the features of the bars before a setup's first event, by symbol, as its model's."""
    if setup.forecaster is None:
        return {}
    taught, past = setup.forecaster.artifact.taught, setup.history
    features = taught.feature_set
    told = {
        one: tell(features, past[one]) for one in features.leading(setup.symbols) if one in past
    }
    return {
        symbol: describe_bars(
            features, past[symbol], symbol=symbol, timeframe=taught.timeframe, told=told
        )
        for symbol in setup.symbols
        if symbol in past
    }


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
    features = forecaster.artifact.taught.feature_set
    bars = {
        symbol: _join(setup.history.get(symbol), _columns_of(setup, events, number))
        for number, symbol in enumerate(setup.symbols)
    }
    told = {symbol: tell(features, bars[symbol]) for symbol in features.leading(setup.symbols)}
    for number, symbol in enumerate(setup.symbols):
        mine = (events["instrument"] == number) & (events["kind"] == BASE_BAR)
        guard = forecaster.artifact.guard()
        forecasts = forecast_bars(bars[symbol], forecaster, symbol, told, guard)
        found[mine] = forecasts[len(forecasts) - int(mine.sum()) :]
    opened = events["ts"] - events["seconds"].astype(np.int64) * SECOND
    found["state"][opened < start] = WARMING
    return replace(setup, forecasts=found)


def with_model(setup: Setup, folder: Path | None, deadline: float | None = None) -> Setup:
    """Return the setup with the forecaster that strategy `ai` needs; another stays as it was.

    With a `deadline` (s) members of an ensemble that are late or broken are left out. Raises
    UsageError for a model without such a strategy, or the other way round.
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
    artifact, graphs = read_artifact(folder)
    check_traded(artifact)
    check_features(artifact, setup.symbols)
    _check_length(setup, artifact)
    check_feed(artifact.taught.feature_set, setup.series)
    return replace(setup, forecaster=Forecaster(artifact, graphs, deadline))


def _check_length(setup: Setup, artifact: Artifact) -> None:
    taught = artifact.taught.timeframe
    for one in setup.series:
        length = int(one.timeframe) if isinstance(one, BarSeries) else int(TICK_BARS)
        if length != taught:
            raise UsageError(
                f"{artifact.id} was taught by bars of {taught // SECOND} s, {one.symbol} has bars "
                f"of {length // SECOND} s; give data of the same bars"
            )
