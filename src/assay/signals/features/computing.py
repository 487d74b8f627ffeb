"""Features of whole columns of bars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.kernel.flow import ABSENT, FLOW_COLUMNS
from assay.model.errors import UsageError
from assay.signals.features.definition import FeatureSet
from assay.signals.features.leaders import Float32s, Int64s, Told, align_leader, count_before
from assay.signals.features.stream import FeatureStream
from assay.signals.streams.columns import BarColumns


@dataclass(frozen=True, slots=True)
class Described:
    """Hold the features [bars, names] of bars, and whether none shows where the data begin."""

    values: Float32s
    settled: NDArray[np.bool_]

    def last(self, count: int) -> Described:
        """Return the last bars alone, so many or all there are."""
        return Described(self.values[-count:], self.settled[-count:])


def compute_features(feature_set: FeatureSet, columns: BarColumns) -> Float32s:
    """Return the own features [bars, own] of every bar, by the steps that also run live."""
    return FeatureStream(feature_set).load(columns)


def check_inputs(feature_set: FeatureSet, flow: Int64s | None, symbol: str) -> None:
    """Raise UsageError where no bar of a symbol has a column of flow [bars, 7] that a set reads."""
    is_told = np.zeros(len(FLOW_COLUMNS), np.bool_)
    if flow is not None:
        is_told = (flow != ABSENT).any(axis=0)
    told = dict(zip(FLOW_COLUMNS, is_told.tolist(), strict=True))
    absent = [name for name in feature_set.inputs if not told[name]]
    if absent:
        raise UsageError(
            f"{feature_set.id} reads inputs the feed lacks: {symbol} has no {', '.join(absent)}; "
            "give bars made of ticks that have them, or take a model of another set"
        )


def tell(feature_set: FeatureSet, columns: BarColumns) -> Told:
    """Return what a leader with these bars tells whoever follows it."""
    rows = compute_features(feature_set, columns)
    return Told(columns.ts_close, rows[:, list(feature_set.told_places)])


def describe_bars(
    feature_set: FeatureSet,
    columns: BarColumns,
    *,
    symbol: str,
    timeframe: int,
    told: Mapping[str, Told] | None = None,
) -> Described:
    """Return the features of every bar of a symbol (bar length in ns), its leader's last.

    `told` is by symbol what leaders tell; UsageError where that of the symbol's is not given, or
    where the bars lack what the set reads. A bar of which some flow is not told has not settled.
    """
    if len(columns):
        check_inputs(feature_set, columns.flow, symbol)
    own = compute_features(feature_set, columns)
    settled = np.arange(len(columns)) >= feature_set.settling - 1
    if feature_set.inputs:
        settled &= np.isfinite(own[:, list(feature_set.flow_places)]).all(axis=1)
    if not feature_set.leaders:
        return Described(own, settled)
    bars = Told(columns.ts_close, own)
    whole = join_leader(feature_set, bars, symbol=symbol, timeframe=timeframe, told=told or {})
    return Described(whole.values, settled & whole.settled)


def join_leader(
    feature_set: FeatureSet,
    bars: Told,
    *,
    symbol: str,
    timeframe: int,
    told: Mapping[str, Told],
) -> Described:
    """Return closes and own features of a symbol's bars with what its leader told, whether settled.

    See describe_bars; a symbol that follows nobody follows itself.
    """
    lead, own = feature_set.lead_of(symbol), bars.rows
    if lead is None:
        values = np.hstack((own, own[:, list(feature_set.told_places)]))
        return Described(values, np.ones(len(own), dtype=bool))
    heard = told.get(lead.leader)
    if heard is None:
        raise UsageError(f"{symbol} follows {lead.leader}, whose bars were not given; give them")
    led = align_leader(bars.closes, heard, timeframe=timeframe, sign=lead.sign)
    settled = count_before(bars.closes, heard) >= feature_set.settling
    return Described(np.hstack((own, led)), settled)
