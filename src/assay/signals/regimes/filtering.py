"""The forward filter: after each bar, how probable each regime is, and which is confirmed.

Source: J. D. Hamilton, A new approach to the economic analysis of nonstationary time series and
the business cycle, Econometrica, 1989.
"""

from __future__ import annotations

import math

import numpy as np

from assay.kernel.compiling import allocation_free, compiled

LIKELY = 0.6
"""A regime is confirmed once it is this probable, and holds until another one is."""
FAR = 3.5
"""Ranges and returns are held within this many deviations of what a regime looks like: a jump over
a weekend is as odd in all of them and tells of none."""
NONE = -1
POSTERIOR = 2
"""Words of state before the posterior: regime and cell confirmed, both + 1."""


@allocation_free
def liken(looks, y, z, out):  # type: ignore[no-untyped-def]
    """Write the log likelihood of a bar in each regime, less what all share."""
    for s in range(len(looks)):
        far = min(FAR, max(-FAR, (y - looks[s, 0]) / looks[s, 1]))
        x = min(FAR, max(-FAR, z / looks[s, 2]))
        out[s] = looks[s, 3] * x - 0.5 * far * far - looks[s, 4]


@allocation_free
def reweigh(expected, logs, out):  # type: ignore[no-untyped-def]
    """Write expected x exp(logs), made to sum to 1; return the log of what they summed to.

    `logs` become exp(logs) over the largest of them.
    """
    most = logs[0]
    for s in range(1, len(logs)):
        most = max(most, logs[s])
    total = 0.0
    for s in range(len(logs)):
        logs[s] = math.exp(logs[s] - most)
        out[s] = expected[s] * logs[s]
        total += out[s]
    for s in range(len(logs)):
        out[s] /= total
    return most + math.log(total)


@allocation_free
def foresee(follow, posterior, out):  # type: ignore[no-untyped-def]
    """Write how probable each regime is one bar on."""
    for s in range(len(out)):
        out[s] = 0.0
    for r in range(len(out)):
        share = posterior[r]
        for s in range(len(out)):
            out[s] += share * follow[r, s]


@allocation_free
def confirm(probable, held):  # type: ignore[no-untyped-def]
    """Return the state that is now confirmed, + 1, given the one held before, + 1."""
    for s in range(len(probable)):
        if probable[s] >= LIKELY:
            return float(s + 1)
    return held


@compiled
def run_filter(chain, cells, state, seen, rows):  # type: ignore[no-untyped-def]
    """Step the filter over bars and write what it says after each.

    `seen` [n, 3] is range, usual and move of regime_set, NaN where not known: such a bar says
    nothing, but time passes. State [2 + 12] is what it remembers. `rows` [n, 12 + 9 + 2] gets the
    probability of each regime and of each cell, and the confirmed ones (NONE before the first).
    """
    looks, follow, start = chain
    count, many = len(start), 9
    expected, logs = np.empty(count), np.empty(count)
    posterior = state[POSTERIOR:]
    for t in range(len(seen)):
        if posterior.sum() == 0.0:
            expected[:] = start
        else:
            foresee(follow, posterior, expected)
        y, z = seen[t, 0], seen[t, 2] * math.exp(seen[t, 1])
        if math.isnan(y) or math.isnan(z):
            posterior[:] = expected
        else:
            liken(looks, y, z, logs)
            reweigh(expected, logs, posterior)
        row = rows[t]
        row[:count] = posterior
        row[count:] = 0.0
        for s in range(count):
            row[count + cells[s]] += posterior[s]
        state[0] = confirm(posterior, state[0])
        state[1] = confirm(row[count : count + many], state[1])
        row[count + many], row[count + many + 1] = state[0] - 1.0, state[1] - 1.0
