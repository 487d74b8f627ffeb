"""Who follows whom is found where somebody does, and on the span that is given alone."""

from __future__ import annotations

import numpy as np
import pytest

from assay.model.time import MINUTE
from assay.runtime.ids import seeded_generator
from assay.signals.features import Lead, Told
from assay.signals.training import Past, find_leads
from assay.signals.training.leading import least_t, partial_t

BARS = 4_000
NAMES = ("A", "B", "C", "D")


def market(seed: int, leads: dict[str, tuple[str, float]]) -> dict[str, Past]:
    """Return returns that share a factor; followers answer to the momentum of two bars before."""
    rng = seeded_generator(seed, 1)
    noise = rng.standard_normal((len(NAMES), BARS)) + 0.7 * rng.standard_normal(BARS)
    found = {}
    for name, shocks in zip(NAMES, noise, strict=True):
        returns = shocks.copy()
        if name in leads:
            leader, strength = leads[name]
            returns[2:] += strength * momentum(noise[NAMES.index(leader)])[:-2]
        closes = MINUTE * np.arange(1, BARS + 1)
        told = Told(closes, momentum(returns)[:, None].astype(np.float32))
        found[name] = Past(told, returns)
    return found


def momentum(returns: np.ndarray) -> np.ndarray:
    found, x = np.empty(len(returns)), 0.0
    for row, value in enumerate(returns):
        x += 0.1 * (value - x)
        found[row] = x
    return found


def test_followers_are_found_with_their_sign_and_others_are_not() -> None:
    pasts = market(1, {"B": ("A", 0.5), "D": ("C", -0.5)})
    found = find_leads(pasts, NAMES, until=MINUTE * BARS, timeframe=MINUTE)
    assert found == (Lead("B", "A", 1), Lead("D", "C", -1))
    assert find_leads(pasts, ("C",), until=MINUTE * BARS, timeframe=MINUTE) == (Lead("D", "C", -1),)
    assert find_leads(pasts, (), until=MINUTE * BARS, timeframe=MINUTE) == ()


def test_nothing_after_the_span_is_looked_at() -> None:
    pasts, cut = market(1, {"B": ("A", 1.0)}), BARS // 2
    wanted = find_leads(pasts, NAMES, until=MINUTE * cut, timeframe=MINUTE)
    assert wanted == (Lead("B", "A", 1),)
    for past in pasts.values():
        past.returns[cut:], past.told.rows[cut:] = 100.0, -100.0
    assert find_leads(pasts, NAMES, until=MINUTE * cut, timeframe=MINUTE) == wanted
    assert find_leads(pasts, NAMES, until=MINUTE * 400, timeframe=MINUTE) == ()


def test_a_regressor_that_never_moves_says_nothing() -> None:
    values = seeded_generator(5, 1).standard_normal((2, 50))
    assert partial_t(values[0], np.zeros(50), values[1]) == 0


@pytest.mark.parametrize("seed", range(20))
def test_where_nobody_leads_nobody_follows(seed: int) -> None:
    pasts = market(seed, {})
    assert find_leads(pasts, NAMES, until=MINUTE * BARS, timeframe=MINUTE) == ()


def test_the_t_is_that_of_least_squares() -> None:
    rng = seeded_generator(3, 1)
    x, z = rng.standard_normal((2, 300))
    y = 0.3 * x - z + rng.standard_normal(300)
    design = np.column_stack((np.ones(300), z, x))
    weights, rest, *_ = np.linalg.lstsq(design, y, rcond=None)
    spread = np.sqrt(rest[0] / 297 * np.linalg.inv(design.T @ design)[2, 2])
    assert partial_t(y, x, z) == pytest.approx(weights[2] / spread)
    assert 3.2 < least_t(1) < least_t(56) < 4.5
