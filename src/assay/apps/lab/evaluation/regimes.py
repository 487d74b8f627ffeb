"""Which regime a market had been in when a model decided, by rules fitted before it was judged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from assay.apps.lab.evaluation.material import Seen
from assay.apps.lab.models.labelling import columns_of
from assay.model.errors import DataError
from assay.signals.features import compute_features
from assay.signals.regimes import (
    AHEAD_LEAST,
    AHEAD_MOST,
    UNKNOWN,
    last_confirmed,
    regime_set,
    seen_of,
)
from assay.signals.regimes.labelling import fit_rules, label_bars

if TYPE_CHECKING:
    from assay.apps.lab.evaluation.judging import Judged


def regimes_before(judged: Judged, seen: Sequence[Seen], start: int) -> tuple[np.ndarray, int, str]:
    """Return the regime of the bars before each judged one [n], over how many bars, and why none.

    A regime is what the last horizon of bars turned out to be, so it was known at the decision. Its
    rules are fitted on bars that closed by `start` (ns UTC); UNKNOWN where there are too few.
    """
    taught = seen[0].forecaster.artifact.taught
    ahead = min(max(taught.horizon, AHEAD_LEAST), AHEAD_MOST)
    features, found = regime_set(taught.timeframe, ahead), np.full(len(judged), UNKNOWN)
    why = ""
    for number, each in enumerate(seen):
        columns = columns_of(each.instrument.events)
        values = seen_of(compute_features(features, columns))
        mine, at = each.places(judged, number)
        past = int(np.searchsorted(columns.ts_close, start, side="right"))
        try:
            rules = fit_rules(values[:past], ahead)
        except DataError as error:
            why = f"{each.instrument.symbol}: {error}"
            continue
        found[mine] = last_confirmed(label_bars(rules, values), ahead)[at]
    return found, ahead, why
