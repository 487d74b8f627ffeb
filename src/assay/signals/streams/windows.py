"""The last values that indicators look back on, as compiled rings over a slice of state.

A ring takes 2 + period words that start as zeros: how many values came, the place of the next one,
and the values. Until `period` values came its free places are zeros.
"""

from __future__ import annotations

import math

from assay.kernel.compiling import allocation_free

WINDOW = 2
"""Words of state before the values."""


@allocation_free
def keep_value(state, period, value):  # type: ignore[no-untyped-def]
    """Put a value in the place of the oldest and return that, 0 before `period` came."""
    at = WINDOW + int(state[1])
    oldest = state[at]
    state[at] = value
    state[0] += 1
    state[1] = state[1] + 1 if state[1] + 1 < period else 0.0
    return oldest


@allocation_free
def highest_kept(state, period):  # type: ignore[no-untyped-def]
    """Return the highest value of a full ring."""
    highest = state[WINDOW]
    for k in range(WINDOW + 1, WINDOW + period):
        highest = max(highest, state[k])
    return highest


@allocation_free
def lowest_kept(state, period):  # type: ignore[no-untyped-def]
    """Return the lowest value of a full ring."""
    lowest = state[WINDOW]
    for k in range(WINDOW + 1, WINDOW + period):
        lowest = min(lowest, state[k])
    return lowest


@allocation_free
def weigh_kept(state, period):  # type: ignore[no-untyped-def]
    """Return the mean of a full ring with weights 1 for the oldest to `period` for the newest."""
    oldest = WINDOW + int(state[1])
    total, weight = 0.0, 1
    for k in range(oldest, WINDOW + period):
        total += weight * state[k]
        weight += 1
    for k in range(WINDOW, oldest):
        total += weight * state[k]
        weight += 1
    return total / (period * (period + 1) // 2)


@allocation_free
def spread_kept(state, period, value):  # type: ignore[no-untyped-def]
    """Return value - mean of a full ring, and its standard deviation (divided by `period`).

    Distances from the value are summed: those of whole numbers are exact at any price.
    """
    offset = squares = 0.0
    for k in range(WINDOW, WINDOW + period):
        offset += value - state[k]
    offset /= period
    for k in range(WINDOW, WINDOW + period):
        squares += (value - state[k] - offset) ** 2
    return offset, math.sqrt(squares / period)
