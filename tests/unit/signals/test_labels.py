"""Outcomes, directions and uniqueness against their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.model.errors import UsageError
from assay.signals.labels import UNKNOWN, Bracket, uniqueness, went_up


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 10)), min_size=1, max_size=30))
def test_uniqueness_is_the_mean_share_of_each_bar(spans: list[tuple[int, int]]) -> None:
    start = np.array(sorted(begin for begin, _ in spans))
    end = start + np.array([length for _, length in spans])
    alive = [sum(a <= t <= b for a, b in zip(start, end, strict=True)) for t in range(50)]
    slow = [
        np.mean([1 / alive[t] for t in range(a, b + 1)]) for a, b in zip(start, end, strict=True)
    ]
    assert np.allclose(uniqueness(start, end), slow)


def test_a_direction_is_unknown_until_its_horizon() -> None:
    assert went_up(np.array([3, 4]), 2).tolist() == [UNKNOWN, UNKNOWN]
    assert went_up(np.array([3, 4, 3, 5]), 2).tolist() == [0, 1, UNKNOWN, UNKNOWN]


def test_distances_grow_with_the_root_of_the_horizon() -> None:
    stop, target = Bracket(horizon=16, stop=1.0, target=2.0).distances(np.array([10.0, np.nan, 0]))
    assert stop.tolist() == [40, 0, 0]
    assert target.tolist() == [80, 0, 0]


@pytest.mark.parametrize(
    "given_", [{"horizon": 0}, {"horizon": 10_001}, {"stop": 0.0}, {"target": -1.0}]
)
def test_brackets_that_make_no_sense_are_refused(given_: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="outside"):
        Bracket(**given_)  # type: ignore[arg-type]
