"""What a run recorded of its models: the forecasts of each bar, and when they were made.

So to judge them takes no data but the journal, and counts what was said before it was known alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import psycopg
from numpy.typing import NDArray

from assay.apps.config import Config
from assay.apps.lab.evaluation.judging import Judged, judge_forecasts
from assay.apps.lab.models.labelling import Instrument, instrument_of, price_alone
from assay.apps.lab.runs.setup import Costs
from assay.apps.paper.view.sheet import read_traded
from assay.kernel.records import FORECAST, FORECAST_STATES, WARMING
from assay.market.series import BarSeries
from assay.model.errors import DataError, UsageError
from assay.model.messages import (
    BarClosed,
    FeaturesReady,
    PlatformStarted,
    Predicted,
    ShadowPredicted,
)
from assay.model.time import Timeframe
from assay.runtime.home import Home
from assay.runtime.journal import Recorded, read_journal
from assay.signals.features import Described, read_values
from assay.signals.prediction import read_artifact
from assay.signals.training import Rows

KINDS = ("PlatformStarted", "BarClosed", "FeaturesReady", "Predicted", "ShadowPredicted")
Said = Predicted | ShadowPredicted
Int64s = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """Hold the bars of one instrument of a run, and what one or several models said of each.

    `forecasts` are [models, bars]; `closed` and `said` [bars] are the places in the journal of the
    bar and of the last forecast, 0 where some model made none.
    """

    series: BarSeries
    instrument: Instrument
    forecasts: np.ndarray
    closed: Int64s
    said: Int64s

    def said_in_time(self, rows: Rows) -> NDArray[np.bool_]:
        """Return of which rows all had said something before the bar that ended their label."""
        close = self.instrument.bars.close_time
        at, end = np.searchsorted(close, rows.time), np.searchsorted(close, rows.end)
        spoke = (self.forecasts["state"][:, at] != WARMING).all(axis=0)
        return np.asarray(spoke & (self.said[at] > 0) & (self.said[at] < self.closed[end]))

    def judge(self, which: int, rows: Rows) -> Judged:
        """Return what one of the models said of rows, and what came."""
        forecasts = self.forecasts[which]
        return judge_forecasts(self.instrument, forecasts, forecasts["p_up"][:, None], rows)

    @property
    def begins(self) -> int | None:
        """Return the open (ns UTC) of the first bar that all said something of."""
        told = np.flatnonzero(self.said > 0)
        return int(self.series.ts_open[told[0]]) if len(told) else None


@dataclass(frozen=True, slots=True)
class Voice:
    """Name a model, and whether it is to be heard as champion, as challenger, or as either."""

    model: str
    roles: tuple[type[Said], ...] = (Predicted, ShadowPredicted)


def voices_of(champion: str, challenger: str) -> list[Voice]:
    """Return the voices of a comparison."""
    return [Voice(champion, (Predicted,)), Voice(challenger, (ShadowPredicted,))]


@dataclass(slots=True)
class _Notes:
    """Collect what a journal holds of one symbol, by the close of each bar."""

    bars: list[tuple[int, BarClosed]] = field(default_factory=list)
    features: dict[int, FeaturesReady] = field(default_factory=dict)
    said: dict[Voice, dict[int, tuple[int, Said]]] = field(default_factory=dict)


def hear_run(home: Home, voices: Sequence[Voice], config: Config) -> list[Heard]:
    """Return what the newest run of a home recorded of models, as far as it is.

    It may go on meanwhile. Raises UsageError where nothing was ever run, and what `hear` raises.
    """
    from assay.runtime.stores.postgres import open_postgres
    from assay.runtime.stores.postgres.place import find_place

    digits = {each.symbol: each.digits for each in read_traded(home)}
    dsn = config.postgres.dsn or None
    if not digits or (dsn is None and find_place(home.path) is None):
        raise UsageError(f"nothing was run in {home.path}; see `assay up --challenger`")
    artifact, _ = read_artifact(home.path / "models" / voices[0].model)
    server = open_postgres(home.path, dsn)
    try:
        with psycopg.connect(server.dsn) as connection:
            begun = [each.position for each in read_journal(connection, kinds=KINDS[:1])]
            records = read_journal(connection, max(begun, default=1) - 1, kinds=KINDS)
            return hear(records, voices, artifact.taught.features, digits, config)
    finally:
        server.stop()


def hear(
    records: Iterable[Recorded], voices: Sequence[Voice], names: tuple[str, ...],
    digits: Mapping[str, int], config: Config,
) -> list[Heard]:  # fmt: skip
    """Return what the newest run recorded of models, by symbol.

    `names` are the features that they read, `digits` those of the run's prices. Raises DataError
    where one of them forecast nothing.
    """
    notes: dict[str, _Notes] = {}
    for recorded in records:
        message, place = recorded.message, recorded.position
        if isinstance(message, PlatformStarted):
            notes = {}
        elif isinstance(message, BarClosed):
            notes.setdefault(message.symbol, _Notes()).bars.append((place, message))
        elif isinstance(message, FeaturesReady):
            notes[message.symbol].features[message.ts_event] = message
        elif isinstance(message, Predicted | ShadowPredicted):
            for voice in voices:
                if message.model == voice.model and isinstance(message, voice.roles):
                    said = notes[message.symbol].said.setdefault(voice, {})
                    said[message.ts_event] = (place, message)
    for voice in voices:
        if not any(voice in found.said for found in notes.values()):
            role = "forecast" if Predicted in voice.roles else "forecast as challenger"
            raise DataError(
                f"the newest run recorded nothing that {voice.model} {role}; see `assay up "
                f"--challenger {voice.model}`"
            )
    return [
        _heard_of(found, [found.said.get(voice, {}) for voice in voices], names, digits[symbol],
                  config)
        for symbol, found in sorted(notes.items())
    ]  # fmt: skip


def _heard_of(
    notes: _Notes, told: Sequence[Mapping[int, tuple[int, Said]]], names: tuple[str, ...],
    digits: int, config: Config,
) -> Heard:  # fmt: skip
    bars = [bar for _, bar in notes.bars]
    series = _series_of(bars, digits)
    values = np.zeros((len(bars), len(names)), np.float32)
    settled = np.zeros(len(bars), np.bool_)
    forecasts = np.zeros((len(told), len(bars)), FORECAST)
    forecasts["state"] = WARMING
    said = np.zeros(len(bars), np.int64)
    for k, bar in enumerate(bars):
        ready = notes.features.get(bar.ts_event)
        if ready is not None:
            values[k], settled[k] = read_values(ready), ready.settled
        spoken = [each[bar.ts_event] for each in told if bar.ts_event in each]
        if len(spoken) == len(told):
            said[k] = max(place for place, _ in spoken)
            forecasts[:, k] = [_record_of(each) for _, each in spoken]
    setup = price_alone(series, config, Costs())
    return Heard(
        series=series, forecasts=forecasts, said=said,
        closed=np.array([place for place, _ in notes.bars], np.int64),
        instrument=instrument_of(setup, setup.events(), Described(values, settled), names),
    )  # fmt: skip


def _record_of(said: Said) -> tuple[int, ...]:
    return tuple(
        FORECAST_STATES.index(said.state) if name == "state" else getattr(said, name)
        for name in FORECAST.names or ()
    )


def _series_of(bars: Sequence[BarClosed], digits: int) -> BarSeries:
    """Return bars as they were traded: the bid's corners, and the ask's above them."""
    names = ("ts_open", "open", "high", "low", "close")
    columns = {name: np.array([getattr(bar, name) for bar in bars], np.int64) for name in names}
    for corner in names[1:]:
        spread = np.array([getattr(bar, f"spread_{corner}") for bar in bars], np.int64)
        columns[f"ask_{corner}"] = columns[corner] + spread
    return BarSeries(
        symbol=bars[0].symbol, timeframe=Timeframe(bars[0].timeframe), side="quote",
        source="journal", digits=digits, fold=np.zeros(len(bars), np.bool_), **columns,
    )  # fmt: skip
