"""The compiled step of a guard: a label becomes known, bets are settled, the next one is made.

A bet is on what the model promised. While it speaks, the null is that a claim is right with at
least its promised chance q; a bet that it is right with p < q instead multiplies the wealth by p/q
where it was right and by (1 - p)/(1 - q) where it was not, which under the null gains nothing on
average: the wealth is an e-process (G. Shafer, V. Vovk, Game-Theoretic Foundations for Probability
and Finance, 2019; I. Waudby-Smith, A. Ramdas, Estimating means of bounded random variables by
betting, JRSS B 2024). Two bets share it: that the skill is gone (p = 1/2) and that it has inverted
(p = 1 - q). A wealth below 1 begins anew at 1 with each bet, so that past skill is no credit: the
CUSUM e-detector of J. Shin, A. Ramdas, A. Rinaldo, E-detectors, 2022, whose mean number of labels
to a false alarm is at least the level. Once silenced, the null is that claims are right with at
most one half, and the bets are on q and half way there.
"""

from __future__ import annotations

import math

from assay.kernel.compiling import compiled
from assay.kernel.records import READY, SILENCED, UNSKILLED

ONE = 10_000
HALF = 5_000
SUREST = 9_900
"""The most that a claim is held to: one outcome against it is no proof."""
LOG_SCALE = 1_000
"""Evidence is told in thousandths of its decimal logarithm."""

SEEN, QUIET, SINCE, OPEN, NUMBERS = 0, 1, 2, 3, 4
"""Places of the integers of a state: bars seen, whether silenced, the bar since which it is or is
not, and the bar of the acted-on claim whose label is waited for (-1 for none)."""

MID, UP_SET, DOWN_SET, CLAIM, ACTED, WATCHED, COLUMNS = 0, 1, 2, 3, 4, 5, 6
"""Columns of what is remembered of a bar; a claim is the promised chance, negative for a fall."""


@compiled
def settle(purses, right, promise, quiet):  # type: ignore[no-untyped-def]
    """Settle the two bets on one claim: `promise` is its chance (ten-thousandths, above HALF)."""
    promise = min(promise, SUREST)
    base = HALF if quiet else promise
    if quiet:
        first, second = promise, (promise + HALF) // 2
    else:
        first, second = HALF, ONE - promise
    for k, chance in enumerate((first, second)):
        gain = chance / base if right else (ONE - chance) / (ONE - base)
        purses[k] = max(purses[k], 1.0) * gain


@compiled
def weigh_evidence(wealth):  # type: ignore[no-untyped-def]
    """Return the evidence: the mean of the claims' mean wealth and of that of acted-on ones."""
    lag = len(wealth) - 1
    total = 0.0
    for m in range(lag):
        total += wealth[m, 0] + wealth[m, 1]
    return 0.5 * (total / (2.0 * lag) + 0.5 * (wealth[lag, 0] + wealth[lag, 1]))


@compiled
def learn_label(state, mid, terms):  # type: ignore[no-untyped-def]
    """Take in the labels that the bar with this mid makes known; `terms` as in follow."""
    numbers, reach, wealth, ring = state
    now, horizon, lag = numbers[SEEN], len(ring), len(wealth) - 1
    quiet, since = numbers[QUIET], numbers[SINCE]
    if now >= horizon:
        past = ring[now % horizon]
        up = mid > past[MID]
        if past[WATCHED]:
            missed = past[UP_SET] == 0 if up else past[DOWN_SET] == 0
            reach[0] += terms[0] * ((1.0 if missed else 0.0) - terms[1])
        if numbers[OPEN] == now - horizon:
            settle(wealth[lag], up == (past[ACTED] > 0), abs(past[ACTED]), quiet)
            numbers[OPEN] = -1
    if now - lag >= since:
        past = ring[(now - lag) % horizon]
        if past[CLAIM] != 0:
            up = mid > past[MID]
            settle(wealth[now % lag], up == (past[CLAIM] > 0), abs(past[CLAIM]), quiet)


@compiled
def follow(state, forecasts, mids, claims, acted, terms):  # type: ignore[no-untyped-def]
    """Watch bars in their order: write the state, prediction set and evidence of each forecast.

    `state` is (numbers, reach, wealth [lag + 1, 2], ring [horizon, COLUMNS]); `claims` and `acted`
    [n] are promised chances, negative for a fall, 0 for none; `terms` are the step of the reach,
    the share of labels that sets may miss, and the level of evidence that acts.
    """
    numbers, reach, wealth, ring = state
    horizon = len(ring)
    for k in range(len(forecasts)):
        now, forecast = numbers[SEEN], forecasts[k]
        learn_label(state, mids[k], terms)
        evidence = weigh_evidence(wealth)
        if evidence >= terms[2]:
            numbers[QUIET], numbers[SINCE], numbers[OPEN] = 1 - numbers[QUIET], now, -1
            wealth[:] = 1.0
            evidence = 1.0
        forecast.evidence = max(0, round(LOG_SCALE * math.log10(evidence)))
        speaks = forecast.state == READY
        watched = speaks or forecast.state == UNSKILLED
        rise = forecast.p_up
        up, down = (1, 1) if not watched else (ONE - rise <= reach[0], rise <= reach[0])
        row = ring[now % horizon]
        row[MID], row[UP_SET], row[DOWN_SET] = mids[k], up, down
        row[CLAIM] = claims[k] if speaks else 0
        row[ACTED] = acted[k] if speaks else 0
        row[WATCHED] = watched
        if numbers[OPEN] < 0 and row[ACTED] != 0:
            numbers[OPEN] = now
        forecast.set_size = up + down
        if speaks and numbers[QUIET]:
            forecast.state = SILENCED
        numbers[SEEN] = now + 1
