"""The promotion test at full length: level over all stopping times, and power by strength."""

from __future__ import annotations

import numpy as np
import pytest

from assay.signals.promotion import LEVEL
from tests.unit.signals.planted_runs import alike, better

RUNS, LABELS, AT_ONCE = 1_000, 20_000, 50


def test_of_1000_runs_of_nothing_over_20000_labels_at_most_5_percent_promote() -> None:
    parts = [alike(seed, AT_ONCE, LABELS) for seed in range(RUNS // AT_ONCE)]
    assert np.mean([part.proven().any(axis=1) for part in parts]) <= LEVEL
    # The guard alone would pass, so it is the log score that keeps the level.
    assert np.mean([(part.profit > 3).any(axis=1) for part in parts]) > 0.9


@pytest.mark.parametrize(("strength", "least"), [(0.18, 0.50), (0.245, 0.80), (0.31, 0.90)])
def test_a_gain_of_20_percent_is_promoted_by_strength(strength: float, least: float) -> None:
    """Bayes accuracy at the surest 30 %: 0.57, 0.595 and 0.62."""
    parts = [better(seed, AT_ONCE, LABELS, 0.2, strength) for seed in range(6)]
    promoted = np.mean([part.proven().any(axis=1) for part in parts])
    assert promoted >= least, promoted
