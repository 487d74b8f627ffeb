"""No label of one span reaches into the next."""

from __future__ import annotations

import numpy as np
import pytest

from assay.model.errors import DataError
from assay.runtime.ids import seeded_generator
from assay.signals.training import Rows, split_rows


def rows_of(count: int, longest: int, seed: int = 1) -> Rows:
    rng = seeded_generator(seed)
    time = np.sort(rng.integers(0, 3 * count, count))
    zeros = np.zeros(count, np.int64)
    return Rows(
        time=time, end=time + rng.integers(1, longest, count), symbol=zeros,
        features=np.zeros((count, 1), np.float32), outcome=zeros.astype(np.int8),
        up=zeros.astype(np.int8), up_soon=zeros.astype(np.int8), weight=np.ones(count),
        long_net=zeros, short_net=zeros, long_points=zeros, short_points=zeros, stop=zeros,
    )  # fmt: skip


@pytest.mark.parametrize("longest", [2, 50, 500])
def test_spans_are_purged_and_embargoed(longest: int) -> None:
    rows = rows_of(10_000, longest)
    split = split_rows(rows)
    embargo = int((rows.end - rows.time).max())
    assert split.embargo == embargo
    for earlier, later in ((split.fit, split.stop), (split.stop, split.calibrate)):
        assert rows.end[earlier].max() < rows.time[later].min()
        assert rows.time[later].min() - rows.time[earlier].max() > embargo
    assert split.fit.sum() > split.calibrate.sum() > split.stop.sum() > 0


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(DataError, match="rows are left to stop with, 200 are needed"):
        split_rows(rows_of(1_000, 10))
