"""Two hundred sweeps: how often the deflated Sharpe ratio takes noise for skill, or sees edge."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest

from assay.books.analytics.deflated_sharpe import period_sharpe
from assay.books.trials import Outcome, Trial, deflate, sketch_returns
from assay.books.trials.lines import Line
from assay.runtime.ids import seeded_generator

DAYS, TRIALS, SWEEPS = 500, 20, 200


def _lines(number: int, sharpe: float | None, sketch: str) -> list[Line]:
    """Return a trial over all time, and its outcome."""
    trial = Trial(
        number=2 * number + 1, at=0, kind="backtest", who="w", symbols=("EURUSD",), start=0, end=1,
        strategy="s", parameters=str(number), data="d",
    )  # fmt: skip
    outcome = Outcome(number=2 * number + 2, at=0, trial=2 * number + 1, sharpe=sharpe, days=DAYS,
                      sketch=sketch)  # fmt: skip
    return [trial, outcome]


def _sweep(returns: np.ndarray) -> tuple[float, float]:
    """Return the best trial's deflated ratios at raw and clustered count, as the last of a sweep.

    Its own Sharpe ratio is the highest, so that this is what a person who sweeps would report.
    """
    returns = returns[:, np.argsort(returns.mean(axis=0) / returns.std(axis=0))]
    days = np.arange(len(returns))
    past: list[Line] = []
    for number, column in enumerate(returns.T):
        past += _lines(number, period_sharpe(column), sketch_returns(days, column))
    trial, best = past[-2], returns[:, -1]
    assert isinstance(trial, Trial)
    found = deflate(past[:-2], trial, best, sketch_returns(days, best))
    assert found.before == returns.shape[1] - 1
    assert found.deflated is not None
    assert found.clustered is not None
    return found.deflated, found.clustered


@pytest.mark.parametrize("alike", [0.0, 0.5, 0.9])
def test_sweeps_over_noise_are_hardly_ever_taken_for_skill(alike: float) -> None:
    """At most 5 % of 200 sweeps of 20 trials, independent or alike, at raw and clustered count."""
    generator = seeded_generator(5, int(alike * 10))
    false = np.zeros(2)
    for _ in range(SWEEPS):
        shared = generator.standard_normal((DAYS, 1))
        own = generator.standard_normal((DAYS, TRIALS))
        found = _sweep(sqrt(alike) * shared + sqrt(1 - alike) * own)
        false += np.array(found) > 0.95
    assert (false / SWEEPS <= 0.05).all(), false


def test_an_edge_among_noise_is_found() -> None:
    """At an annual Sharpe ratio of 4 over two years, among 19 trials without: 80 % and more."""
    generator = seeded_generator(6)
    found = np.zeros(2)
    for _ in range(SWEEPS):
        returns = generator.standard_normal((DAYS, TRIALS))
        returns[:, 0] += 4.0 / sqrt(252)
        found += np.array(_sweep(returns)) > 0.95
    assert (found / SWEEPS >= 0.80).all(), found
