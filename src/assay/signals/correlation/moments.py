"""The compiled step from one row of returns to the sums that covariances are read from.

Only the upper triangles are kept. A rolling sum that adds and takes away gathers rounding errors;
therefore a second one, which only adds, starts anew with each turn of the ring and takes over when
the ring has turned. So no sum is older than two windows, and no update costs more than another.
"""

from __future__ import annotations

import math

import numpy as np

from assay.kernel.compiling import allocation_free

COUNT, PLACE = 0, 1
TINY = 1e-12
"""The share of the largest sum of squares since the ring turned that may be rounding alone."""


@allocation_free
def roll_row(arrays, row):  # type: ignore[no-untyped-def]
    """Take one row into the ring and the sums, and the row it replaces out of them."""
    head, ring, origin, total, products, fresh, fresh_products, peak = arrays
    size, window = ring.shape[1], ring.shape[0]
    if head[COUNT] == 0:
        for i in range(size):
            origin[i] = row[i]
    kept = ring[head[PLACE]]
    for i in range(size):
        value, oldest = row[i] - origin[i], kept[i]
        total[i] += value - oldest
        fresh[i] += value
        for j in range(i, size):
            product = value * (row[j] - origin[j])
            products[i, j] += product - oldest * kept[j]
            fresh_products[i, j] += product
        peak[i] = max(peak[i], products[i, i])
    for i in range(size):
        kept[i] = row[i] - origin[i]
    head[COUNT] += 1
    head[PLACE] += 1
    if head[PLACE] == window:
        head[PLACE] = 0
        for i in range(size):
            total[i], fresh[i] = fresh[i], 0.0
            for j in range(i, size):
                products[i, j], fresh_products[i, j] = fresh_products[i, j], 0.0
            peak[i] = products[i, i]


@allocation_free
def read_rolling(arrays, covariance):  # type: ignore[no-untyped-def]
    """Write the sample covariance (divided by rows - 1); 0 for whatever did not move."""
    head, ring, _, total, products, _, _, peak = arrays
    size = ring.shape[1]
    rows = min(head[COUNT], ring.shape[0])
    for i in range(size):
        for j in range(i, size):
            value = products[i, j] - total[i] * total[j] / rows
            if i == j and value <= TINY * peak[i]:
                value = 0.0
            covariance[i, j] = covariance[j, i] = value / max(rows - 1, 1)


@allocation_free
def fade_row(arrays, row):  # type: ignore[no-untyped-def]
    """Take one row into exponentially weighted mean and scatter (West, CACM 22, 1979)."""
    head, decay, weights, mean, scatter, offset = arrays
    size = len(mean)
    head[COUNT] += 1
    weights[0] = decay[0] * weights[0] + 1.0
    weights[1] = decay[0] * decay[0] * weights[1] + 1.0
    share = 1.0 / weights[0]
    for i in range(size):
        offset[i] = row[i] - mean[i]
        mean[i] += offset[i] * share
    for i in range(size):
        for j in range(i, size):
            # Bracketed so, two instruments may change places to the last bit.
            product = offset[i] * offset[j]
            scatter[i, j] = decay[0] * scatter[i, j] + (1.0 - share) * product


@allocation_free
def read_faded(arrays, covariance):  # type: ignore[no-untyped-def]
    """Write the weighted covariance (divided by the sum of weights); 0 for what did not move."""
    _, _, weights, mean, scatter, _ = arrays
    size = len(mean)
    for i in range(size):
        for j in range(i, size):
            value = scatter[i, j] / weights[0]
            if i == j and value <= (TINY * mean[i]) ** 2:
                value = 0.0
            covariance[i, j] = covariance[j, i] = value


@allocation_free
def correlate(covariance, correlation):  # type: ignore[no-untyped-def]
    """Write the correlations; NaN beside whatever did not move."""
    size = len(covariance)
    for i in range(size):
        for j in range(i, size):
            power = math.sqrt(covariance[i, i]) * math.sqrt(covariance[j, j])
            value = np.nan
            if power > 0:
                value = 1.0 if i == j else min(1.0, max(-1.0, covariance[i, j] / power))
            correlation[i, j] = correlation[j, i] = value


@allocation_free
def copy_pairs(correlation, path_row):  # type: ignore[no-untyped-def]
    """Write the upper triangle, row by row."""
    at, size = 0, len(correlation)
    for i in range(size):
        for j in range(i + 1, size):
            path_row[at] = correlation[i, j]
            at += 1


@allocation_free
def run_rolling(arrays, rows, covariance, correlation, plan):  # type: ignore[no-untyped-def]
    """Step over rows [n, symbols]; write pairs to the path at each `every`-th row once full.

    `plan` is (every, rows until the first, path [samples, pairs]); an `every` of 0 writes none. The
    matrices are those after the last row. Returns how many samples were written.
    """
    every, first, path = plan
    samples = 0
    for t in range(len(rows)):
        roll_row(arrays, rows[t])
        after = arrays[0][COUNT] - first
        is_sample = every > 0 and after >= 0 and after % every == 0
        if is_sample or t == len(rows) - 1:
            read_rolling(arrays, covariance)
            correlate(covariance, correlation)
        if is_sample:
            copy_pairs(correlation, path[samples])
            samples += 1
    return samples


@allocation_free
def run_faded(arrays, rows, covariance, correlation, plan):  # type: ignore[no-untyped-def]
    """Do the same with exponential weights."""
    every, first, path = plan
    samples = 0
    for t in range(len(rows)):
        fade_row(arrays, rows[t])
        after = arrays[0][COUNT] - first
        is_sample = every > 0 and after >= 0 and after % every == 0
        if is_sample or t == len(rows) - 1:
            read_faded(arrays, covariance)
            correlate(covariance, correlation)
        if is_sample:
            copy_pairs(correlation, path[samples])
            samples += 1
    return samples
