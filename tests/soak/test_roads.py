"""Many days on two roads to one login, on which either edge and the trader die."""

from itertools import count
from pathlib import Path

import pytest

from assay.runtime.clock import Deadline
from tests.sim.road_story import Planner, hedge, live_on_two_roads, net

LEAST = 100


@pytest.mark.parametrize("plan", [net, hedge])
def test_no_exit_is_carried_out_twice_on_many_days(
    tmp_path: Path, plan: Planner, soak_seconds: float, soak_seed: int
) -> None:
    deadline, deaths = Deadline(soak_seconds), 0
    for number in count():
        if number >= LEAST and deadline.has_passed():
            break
        seed = soak_seed * 100_000 + number
        deaths += len(live_on_two_roads(tmp_path / str(number), seed, plan))
    assert deaths >= LEAST
