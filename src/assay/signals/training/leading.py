"""Find out who follows whom, on the bars that a model is fitted on and no others.

For each pair the next return of one is regressed on its own momentum and on the other's momentum
of the bar before, so that a factor that moves both is no lead.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from assay.signals.features import Lead, Told
from assay.signals.features.leaders import align_leader

CHANCE = 0.001
"""In how many trainings where nobody leads some pair may reach, by chance, the t of a leader."""
ROWS_LEAST = 500

Float64s = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Past:
    """Hold a symbol's bars to learn from: what it tells (closes, momentum), and its returns."""

    told: Told
    returns: Float64s


def find_leads(
    pasts: Mapping[str, Past], candidates: Collection[str], *, until: int, timeframe: int
) -> tuple[Lead, ...]:
    """Return who follows which candidate, by follower; a symbol that follows itself is left out.

    Nothing after `until` (ns UTC) is looked at; `timeframe` is the bar length (ns).
    """
    found, least = [], least_t(len(pasts) * len(candidates) - len(candidates))
    for follower, past in sorted(pasts.items()):
        strengths = {
            name: _lead_strength(past, pasts[name].told, until, timeframe)
            for name in sorted(candidates)
            if name != follower
        }
        best = max(strengths, key=lambda name: abs(strengths[name]), default="")
        if best and abs(strengths[best]) >= least:
            found.append(Lead(follower, best, 1 if strengths[best] > 0 else -1))
    return tuple(found)


def least_t(pairs: int) -> float:
    """Return the t that the strongest of so many pairs reaches by CHANCE (Bonferroni)."""
    return NormalDist().inv_cdf(1 - CHANCE / (2 * max(pairs, 1)))


def _lead_strength(past: Past, leader: Told, until: int, timeframe: int) -> float:
    closes = past.told.closes
    led = align_leader(closes, leader, timeframe=timeframe)[:-1, -1].astype(np.float64)
    own = past.told.rows[:-1, -1].astype(np.float64)
    following = past.returns[1:]
    usable = (closes[1:] <= until) & (led != 0) & np.isfinite(led + own + following)
    if int(usable.sum()) < ROWS_LEAST:
        return 0.0
    return partial_t(following[usable], led[usable], own[usable])


def partial_t(target: Float64s, of: Float64s, given: Float64s) -> float:
    """Return the t of one regressor beside another and a constant (ordinary least squares)."""
    beside = np.column_stack((np.ones(len(given)), given))
    of, target = _without(of, beside), _without(target, beside)
    power = float(of @ of)
    if power <= 0:
        return 0.0
    slope = float(of @ target) / power
    rest = target - slope * of
    noise = float(rest @ rest) / max(1, len(target) - 3)
    return slope * (power / noise) ** 0.5 if noise > 0 else 0.0


def _without(values: Float64s, beside: NDArray[np.float64]) -> Float64s:
    weights, *_ = np.linalg.lstsq(beside, values, rcond=None)
    return np.asarray(values - beside @ weights)
