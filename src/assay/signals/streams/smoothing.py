"""Averages that indicators share, each a compiled step over a slice of state that starts as zeros.

Seeding is TA-Lib's: the first value is the plain mean of the first `period` inputs.
"""

from __future__ import annotations

import numpy as np

from assay.kernel.compiling import allocation_free

RING = 3
"""Words of state before the ring of `roll_sum`."""


@allocation_free
def roll_sum(state, period, value):  # type: ignore[no-untyped-def]
    """Return the sum of the last `period` values; state [3 + period]: count, place, sum, ring.

    Nothing is ever subtracted, so a value that left the window leaves no rounding error behind:
    the ring holds the values of this turn, then for each place the sum of the last turn's rest.
    """
    at = int(state[1])
    state[0] += 1
    state[1] += 1
    state[2] += value
    state[RING + at] = value
    if at + 1 < period:
        return state[2] + state[RING + at + 1]
    total = state[2]
    for k in range(RING + period - 2, RING - 1, -1):
        state[k] += state[k + 1]
    state[1] = 0.0
    state[2] = 0.0
    return total


@allocation_free
def roll_mean(state, period, value):  # type: ignore[no-untyped-def]
    """Return the mean of the last `period` values, NaN before; state [3 + period]."""
    total = roll_sum(state, period, value)
    return total / period if state[0] >= period else np.nan


@allocation_free
def smooth_ema(state, period, value):  # type: ignore[no-untyped-def]
    """Return the exponential average with weight 2 / (period + 1), NaN before; state [2]."""
    state[0] += 1
    if state[0] < period:
        state[1] += value
        return np.nan
    if state[0] == period:
        state[1] = (state[1] + value) / period
    else:
        state[1] += (value - state[1]) * (2.0 / (period + 1))
    return state[1]


@allocation_free
def smooth_wilder(state, period, value):  # type: ignore[no-untyped-def]
    """Return the average with weight 1 / period (Wilder 1978), NaN before; state [2]."""
    state[0] += 1
    if state[0] < period:
        state[1] += value
        return np.nan
    if state[0] == period:
        state[1] = (state[1] + value) / period
    else:
        state[1] = (state[1] * (period - 1) + value) / period
    return state[1]


@allocation_free
def true_range(high, low, close_before):  # type: ignore[no-untyped-def]
    """Return the largest of range, gap up and gap down (Wilder 1978), in points."""
    return max(high - low, abs(high - close_before), abs(low - close_before))
