"""Many days on which the connector is killed, as long as the budget lasts."""

from itertools import count

from assay.runtime.clock import Deadline
from tests.sim.broker_crashes import live_through

LEAST = 500


def test_the_book_is_the_terminals_after_each_of_many_kills(
    soak_seconds: float, soak_seed: int
) -> None:
    deadline = Deadline(soak_seconds)
    for number in count():
        if number >= LEAST and deadline.has_passed():
            return
        live_through(soak_seed * 100_000 + number)
