"""Features of whole columns of bars."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from assay.model.errors import UsageError
from assay.signals.features.definition import FeatureSet
from assay.signals.features.leaders import align_leader
from assay.signals.features.stream import FeatureStream
from assay.signals.streams.columns import BarColumns


def compute_features(
    feature_set: FeatureSet,
    columns: BarColumns,
    *,
    leaders: Mapping[str, BarColumns] | None = None,
    timeframe: int = 0,
) -> NDArray[np.float32]:
    """Return the features [bars, names] of every bar, by the steps that also run live.

    A set with leaders wants their bars by symbol and the bar length (ns); UsageError without.
    """
    own = FeatureStream(feature_set).load(columns)
    if not feature_set.leaders:
        return own
    given = leaders or {}
    absent = [symbol for symbol in feature_set.leaders if symbol not in given]
    if absent or timeframe <= 0:
        wanted = ", ".join(absent) or "the bar length"
        raise UsageError(f"{feature_set.id} follows leaders and was not given {wanted}")
    picked = [feature_set.own_names.index(name) for name in feature_set.leader_features]
    parts = [own]
    for symbol in feature_set.leaders:
        leader = given[symbol]
        led = FeatureStream(feature_set).load(leader)[:, picked]
        parts.append(align_leader(columns.ts_close, leader.ts_close, led, timeframe=timeframe))
    return np.hstack(parts)
