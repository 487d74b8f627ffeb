"""Bars with features and engine-true labels: what a training and an evaluation both begin with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from assay.apps.config import Config
from assay.apps.lab.feeds.events import TICK_BARS, Flow
from assay.apps.lab.runs.setup import Costs, Setup, prepare
from assay.kernel.records import BASE_BAR
from assay.market.bars import ticks_to_bars
from assay.market.series import BarSeries, TickSeries
from assay.model.errors import UsageError
from assay.model.time import SECOND
from assay.signals.features import (
    BarColumns,
    Described,
    FeatureSet,
    Told,
    check_inputs,
    describe_bars,
    find_absent,
    tell,
)
from assay.signals.labels import Booked, Bracket, Label, Passed, average_range
from assay.signals.training import Bars, Rows, label_rows, mark_rows
from assay.trading.engine.brackets import LABELLING, BracketEngine
from assay.trading.engine.loading import load_strategy

STARTS_MOST = 60
"""Brackets of a side that are open at once in training: more would only repeat each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """Hold one instrument's bars as models and labels see them, and the setup that prices them."""

    setup: Setup
    events: np.ndarray
    bars: Bars
    names: tuple[str, ...]

    @property
    def symbol(self) -> str:
        """Return its symbol."""
        return self.setup.symbols[0]

    @property
    def timeframe(self) -> int:
        """Return the length of its bars in ns."""
        return int(self.events["seconds"].max()) * SECOND


def columns_of(events: np.ndarray, instrument: int = 0, flow: Flow | None = None) -> BarColumns:
    """Return the finished bars of one instrument among events, with their flow where given."""
    bars = events[(events["kind"] == BASE_BAR) & (events["instrument"] == instrument)]
    closes = bars["ts"].astype(np.int64)
    return BarColumns(
        closes, *(bars[name].astype(np.int64) for name in
        ("open", "high", "low", "close", "spread_close")),
        flow=None if flow is None else flow.at(closes),
    )  # fmt: skip


def priced_columns(series: BarSeries, config: Config) -> BarColumns:
    """Return a series as features see it: at the digits and the spread that it is traded with."""
    strategy = load_strategy("bracket", LABELLING)
    setup = prepare([series], strategy, given={}, risk="reference", config=config)
    return columns_of(setup.events(), flow=setup.flow())


def read_instrument(
    series: BarSeries | TickSeries,
    features: FeatureSet,
    config: Config,
    costs: Costs,
    told: Mapping[str, Told] | None = None,
) -> Instrument:
    """Return one series with its features; `told` is what leaders tell, by symbol.

    Raises UsageError where it cannot be priced alone.
    """
    setup = price_alone(series, config, costs)
    events = setup.events()
    columns = columns_of(events, flow=setup.flow() if features.inputs else None)
    length = int(events["seconds"].max()) * SECOND
    described = describe_bars(features, columns, symbol=series.symbol, timeframe=length, told=told)
    return instrument_of(setup, events, described, features.names)


def price_alone(series: BarSeries | TickSeries, config: Config, costs: Costs) -> Setup:
    """Return the setup in which brackets of one series are booked."""
    strategy = load_strategy("bracket", LABELLING)
    return prepare([series], strategy, given={}, costs=costs, risk="reference", config=config)


def instrument_of(
    setup: Setup, events: np.ndarray, described: Described, names: tuple[str, ...]
) -> Instrument:
    """Return an instrument of its events and the features of its bars."""
    columns = columns_of(events)
    bars = Bars(
        close_time=columns.ts_close, close=columns.close, spread=columns.spread,
        mid=2 * columns.close + columns.spread, features=described.values,
        settled=described.settled,
    )  # fmt: skip
    return Instrument(setup=setup, events=events, bars=bars, names=names)


def describe_series(
    series: Sequence[BarSeries], features: FeatureSet, config: Config, costs: Costs
) -> list[Bars]:
    """Return the bars of each series, with features and their leaders', as models see them."""
    told = told_by_leaders(series, features, config)
    return [read_instrument(one, features, config, costs, told).bars for one in series]


def told_by_leaders(
    series: Sequence[BarSeries], features: FeatureSet, config: Config
) -> dict[str, Told]:
    """Return what leaders tell, by symbol; UsageError where the bars of one are not given."""
    symbols = [one.symbol for one in series]
    check_leaders(features, symbols)
    leading = features.leading(symbols)
    return {
        one.symbol: tell(features, priced_columns(one, config))
        for one in series
        if one.symbol in leading
    }


def check_leaders(features: FeatureSet, symbols: Sequence[str]) -> None:
    """Raise UsageError where a symbol follows one that is not there."""
    for follower, leader in find_absent(features.leaders, symbols).items():
        raise UsageError(
            f"by this model {follower} follows {leader}, whose bars are not given; give them too, "
            f"or train one without, by --leaders none"
        )


def check_feed(features: FeatureSet, series: Sequence[BarSeries | TickSeries]) -> None:
    """Raise UsageError where a series lacks what quotes tell and these features read."""
    if not features.inputs:
        return
    for one in series:
        bars = one if isinstance(one, BarSeries) else ticks_to_bars(one, TICK_BARS)
        check_inputs(features, bars.flow, one.symbol)


def label_instrument(
    instrument: Instrument,
    bracket: Bracket,
    *,
    number: int,
    stride: int,
    on_progress: Callable[[int], None] | None = None,
) -> Rows:
    """Return the labelled rows of every `stride`-th bar, booked by the engine itself."""
    bars = instrument.bars
    stop, target = bracket.distances(average_range(bars.features, bars.close, instrument.names))
    setup = instrument.setup
    engine = BracketEngine(
        events=instrument.events, terms=setup.terms, account=setup.account,
        lot_units=setup.instruments[0].lot_units, on_progress=on_progress,
    )  # fmt: skip
    long, short = engine.book(stop, target, horizon=bracket.horizon, stride=stride)
    rows = np.flatnonzero((long.end >= 0) & (short.end >= 0))
    booked = Booked(
        long.net[rows], short.net[rows], long.points[rows], short.points[rows],
        np.maximum(long.end, short.end)[rows],
    )  # fmt: skip
    return label_rows(
        instrument.bars, rows, booked, stop[rows], symbol=number, horizon=bracket.horizon
    )


def mark_instrument(
    instrument: Instrument, label: Label, horizon: int, *, number: int, stride: int
) -> Rows:
    """Return the rows of every `stride`-th bar that a label without a bracket tells of.

    Raises UsageError for a horizon that is too short for it.
    """
    if horizon < label.shortest:
        raise UsageError(
            f"horizon {horizon} is too short for label {label.name}; give {label.shortest} or more"
        )
    bars = instrument.bars
    marks = label.mark(
        Passed(
            close_time=bars.close_time, mid=bars.mid, spread=bars.spread,
            timeframe=instrument.timeframe,
        ),
        horizon,
    )  # fmt: skip
    return mark_rows(bars, np.arange(0, len(bars.mid), stride), marks, symbol=number)


def stride_of(horizon: int) -> int:
    """Return how far apart the labelled bars of a training are."""
    return max(1, horizon // STARTS_MOST)
