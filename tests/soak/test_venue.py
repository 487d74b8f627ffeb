"""Many days of every order at a terminal, on which whoever trades dies, as long as it lasts."""

from itertools import count
from pathlib import Path

from assay.runtime.clock import Deadline
from tests.sim.venue_story import live_through

LEAST = 500


def test_engine_ledger_and_terminal_agree_after_each_of_many_days(
    tmp_path: Path, soak_seconds: float, soak_seed: int
) -> None:
    deadline, deaths = Deadline(soak_seconds), 0
    for number in count():
        if number >= LEAST and deadline.has_passed():
            break
        deaths += len(live_through(tmp_path / str(number), soak_seed * 100_000 + number))
    assert deaths >= LEAST
