"""The compiled loop from bars to features; a stream runs it one bar at a time."""

from __future__ import annotations

import math

import numpy as np

from assay.kernel.compiling import allocation_free
from assay.signals.features.definition import CHANGE, EWMA, LARGEST, PRODUCT
from assay.signals.features.layout import COUNT
from assay.signals.features.rounding import round_bits
from assay.signals.streams.loop import step_indicators


@allocation_free
def copy_into(target, source):  # type: ignore[no-untyped-def]
    """Copy numbers one by one; assigning a slice would make an array in between."""
    for i in range(len(target)):
        target[i] = source[i]


@allocation_free
def within(value, most):  # type: ignore[no-untyped-def]
    """Return a number held within plus and minus `most`; NaN stays NaN."""
    if value > most:
        return most
    return -most if value < -most else value


@allocation_free
def divide(above, below, factor, floor):  # type: ignore[no-untyped-def]
    """Return factor x above / max(below, floor), 0 where that divides by nothing, within bounds."""
    # A comparison with NaN is false, so an absent term stays NaN all the way.
    below = max(below, floor)
    if below == 0:
        return 0.0
    return within(factor * above / below, LARGEST)


@allocation_free
def average(state, value, weight):  # type: ignore[no-untyped-def]
    """Return the exponential average that starts at the first value; state [2]: started, mean."""
    if math.isnan(value):
        return state[1] if state[0] else np.nan
    if state[0] == 0:
        state[0], state[1] = 1.0, value
    else:
        state[1] += (value - state[1]) * weight
    return state[1]


@allocation_free
def combine(operations, factors, memory, values, before):  # type: ignore[no-untyped-def]
    """Write each feature into values [refs + features], in order."""
    for i in range(len(operations)):
        kind, a, b, c, d, out, state = operations[i]
        if kind == EWMA:
            values[out] = average(memory[state : state + 2], values[a], factors[i, 0])
            continue
        start = before[b] if kind == CHANGE else values[b]
        above, below = values[a] - start, values[c] - values[d]
        if kind == PRODUCT:
            values[out] = within(factors[i, 0] * above * within(below, factors[i, 1]), LARGEST)
        else:
            values[out] = divide(above, below, factors[i, 0], factors[i, 1])


@allocation_free
def run_features(arrays, memory, beside, bars, rows):  # type: ignore[no-untyped-def]
    """Step a set over bars [n, WIDTH] and write its rounded features into rows, float32 [n, own].

    `beside` [n, k] are the terms that are made beside the catalogue's indicators, if any.
    """
    steps, params, operations, factors, sizes = arrays
    averages, first, count, listed = sizes[0], sizes[1], sizes[2], sizes[3]
    refs = count - len(operations)
    state = memory[1:averages]
    values, before = memory[first : first + count], memory[first + count : first + 2 * count]
    for t in range(len(bars)):
        copy_into(before, values)
        step_indicators(steps, params, state, bars[t], values[:listed])
        copy_into(values[listed:refs], beside[t])
        combine(operations, factors, memory, values, before)
        row = rows[t]
        copy_into(row, values[refs:])
        round_bits(row.view(np.uint32))
        memory[COUNT] += 1
