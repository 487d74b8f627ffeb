"""Where there is no skill, the interval of the Sharpe ratio leaves out 0 about as often as told."""

from __future__ import annotations

from assay.books.analytics.intervals import measure_intervals
from assay.runtime.ids import seeded_generator

HISTORIES, DAYS, DRAWS = 400, 500, 200


def test_the_interval_of_histories_without_skill_holds_nothing_in_nineteen_of_twenty() -> None:
    generator, left_out = seeded_generator(17), 0
    for number in range(HISTORIES):
        returns = 0.01 * generator.standard_normal(DAYS)
        found = measure_intervals(returns, draws=DRAWS, seed=number).sharpe
        left_out += not found.lower <= 0 <= found.upper
    assert 0.03 <= left_out / HISTORIES <= 0.11, left_out
