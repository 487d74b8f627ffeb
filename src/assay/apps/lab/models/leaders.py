"""Let the instruments of a training follow each other where the bars it is fitted on show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from assay.apps.config import Config
from assay.apps.lab.models.labelling import priced_columns
from assay.market.series import BarSeries
from assay.model.errors import UsageError
from assay.signals.features import (
    LEADER_FEATURES,
    FeatureSet,
    Told,
    compute_features,
    follow,
    join_leader,
)
from assay.signals.training import Past, Rows, find_leads, split_rows

RETURN = "steady_return"


def choose_candidates(
    leaders: Sequence[str] | None, symbols: Sequence[str], features: FeatureSet
) -> tuple[str, ...]:
    """Return the symbols that others may follow: those named, all where None is given.

    Raises UsageError for one that is not among the symbols; one symbol has nobody to follow, and
    where nobody is named none is sought by a set without the features that leaders tell.
    """
    needed = [name for name in (RETURN, *LEADER_FEATURES) if name not in features.own_names]
    if needed and leaders:
        raise UsageError(
            f"leaders are found and followed by {', '.join(needed)}, which {features.name} lacks; "
            "add what is missing, or say --leaders none"
        )
    absent = [name for name in leaders or () if name not in symbols]
    if absent:
        raise UsageError(
            f"{', '.join(absent)} may lead only with its bars among those given; give its file "
            "with --data, or name others"
        )
    return () if len(symbols) < 2 or needed else tuple(symbols if leaders is None else leaders)


def follow_leaders(
    rows: Rows, series: Sequence[BarSeries], candidates: Sequence[str], own: FeatureSet,
    config: Config,
) -> tuple[FeatureSet, Rows]:  # fmt: skip
    """Return the features with leaders where any are found, and the rows with them.

    `rows` are those of all series by their `own` features. Who leads is told by the span that the
    model is fitted on alone.
    """
    timeframe = int(series[0].timeframe)
    if not candidates:
        return own, rows
    pasts = {one.symbol: _past_of(one, own, config) for one in series}
    until = int(rows.end[split_rows(rows).fit].max())
    leads = find_leads(pasts, candidates, until=until, timeframe=timeframe)
    if not leads:
        return own, rows
    features = follow(own, leads)
    told = {symbol: past.told for symbol, past in pasts.items()}
    values = np.empty((len(rows), len(features.names)), dtype=np.float32)
    settled = np.empty(len(rows), dtype=bool)
    for number, one in enumerate(series):
        mine = rows.symbol == number
        bars = Told(rows.time[mine], rows.features[mine])
        seen = join_leader(features, bars, symbol=one.symbol, timeframe=timeframe, told=told)
        values[mine], settled[mine] = seen.values, seen.settled
    return features, replace(rows, features=values).take(settled)


def _past_of(series: BarSeries, features: FeatureSet, config: Config) -> Past:
    columns = priced_columns(series, config)
    rows, names = compute_features(features, columns), features.own_names
    told = Told(columns.ts_close, rows[:, [names.index(name) for name in LEADER_FEATURES]])
    return Past(told, rows[:, names.index(RETURN)].astype(np.float64))
