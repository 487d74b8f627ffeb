"""Alerts: a pair whose correlation leaves the interval that its own past gives it.

The past of a pair are its correlations (Fisher's z) over windows that end where the present one
begins, and where those begin, and so on: they share no row with it. The interval is that of one
more draw like them (Student's t). An alert begins outside it and ends within half of it, so that
no pair flickers; what an alert covers is no past. A pair that stays outside for LEAST + 1 windows
has settled elsewhere, and what came since is its past.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from assay.kernel.compiling import allocation_free
from assay.signals.correlation.stream import Estimator
from assay.signals.correlation.uncertainty import fisher_z

Float64s = NDArray[np.float64]
Int64s = NDArray[np.int64]

CHANCE = 1e-4
"""How likely one look at all pairs of a market that never changes is to begin an alert."""
LEAST, MOST = 10, 30
"""Windows of the past that an interval needs at least, and looks at most."""
LEFT, RETURNED, SETTLED = 1, 2, 3
LASTS, SINCE, BEGIN = 0, 1, 2
"""Places of what is held of a pair."""


@dataclass(frozen=True, slots=True)
class Alert:
    """Tell that a pair left its interval: when (ns UTC), where it had been, and what it became.

    `usual` is the centre of its past with the interval (`low`, `high`) around it; `became` the
    correlation furthest from it while the alert lasted. `end` is None where it lasts, else it
    `returned`, or stayed until it was its own past (settled).
    """

    pair: tuple[str, str]
    start: int
    end: int | None
    usual: float
    low: float
    high: float
    became: float
    returned: bool


@dataclass(frozen=True, slots=True)
class Watch:
    """Hold what was seen at each sample of each pair: event, centre and half width (in z)."""

    events: NDArray[np.int8]
    centre: Float64s
    half: Float64s


@allocation_free
def judge_sample(z, begin, at, apart, width, span):  # type: ignore[no-untyped-def]
    """Write centre and half width of one pair's interval into `span`; NaN while there is none.

    `z` [samples] holds NaN where an alert lasted, `begin` is the first sample of the past, `at`
    the present one, `apart` the samples between windows; `width` [MOST + 1] holds Student's factor
    by the number of windows.
    """
    mean = squares = 0.0
    count = 0
    for step in range(1, len(width)):
        past = at - step * apart
        if past < begin:
            break
        if z[past] == z[past]:
            count += 1
            offset = z[past] - mean
            mean += offset / count
            squares += offset * (z[past] - mean)
    span[0] = span[1] = np.nan
    if count >= LEAST:
        span[0] = mean
        # No past of a few windows may claim to vary less than Gaussian rows would.
        span[1] = width[count] * max(np.sqrt(squares / (count - 1)), width[0])


@allocation_free
def watch_sample(past, at, apart, width, out):  # type: ignore[no-untyped-def]
    """Judge one sample of one pair, the next after those judged before.

    `past` are z, `calm` (z, written NaN within alerts) and what is held: whether an alert lasts,
    since which sample, and where the past begins.
    """
    z, calm, held = past
    events, spans = out
    span = spans[at]
    if held[LASTS] == 0:
        judge_sample(calm, held[BEGIN], at, apart, width, span)
        if abs(z[at] - span[0]) > span[1]:
            events[at] = LEFT
            held[LASTS], held[SINCE], calm[at] = 1, at, np.nan
        return
    span[0], span[1] = spans[at - 1, 0], spans[at - 1, 1]
    if abs(z[at] - span[0]) < 0.5 * span[1]:
        events[at] = RETURNED
        held[LASTS] = 0
        return
    calm[at] = np.nan
    if at - held[SINCE] >= (LEAST + 1) * apart:
        events[at] = SETTLED
        held[LASTS], held[BEGIN] = 0, held[SINCE] + apart
        for row in range(held[BEGIN], at + 1):
            calm[row] = z[row]


@allocation_free
def watch_pairs(past, until, apart, width, out):  # type: ignore[no-untyped-def]
    """Judge samples `until[0]` to `until[1]` of all pairs; z and calm are [pairs, samples]."""
    z, calm, held = past
    for pair in range(len(z)):
        for at in range(until[0], until[1]):
            watch_sample(
                (z[pair], calm[pair], held[pair]), at, apart, width, (out[0][pair], out[1][pair])
            )


def watch_path(path: Float64s, estimator: Estimator) -> Watch:
    """Judge a path of correlations [samples, pairs]; a sample depends on none after it."""
    stream = AlertStream(path.shape[1], estimator)
    stream.load(path)
    return stream.watch


class AlertStream:
    """Judge the samples of a path as they come; each depends on none after it."""

    def __init__(self, pairs: int, estimator: Estimator) -> None:
        self._apart, self._width = estimator.apart, _widths(pairs, estimator)
        self._held = np.zeros((pairs, 3), dtype=np.int64)
        self._count = 0
        self._make_room(pairs, 0)

    def _make_room(self, pairs: int, samples: int) -> None:
        self._z, self._calm = np.full((2, pairs, samples), np.nan)
        self._events = np.zeros((pairs, samples), dtype=np.int8)
        self._spans = np.full((pairs, samples, 2), np.nan)

    def _grow(self, samples: int) -> None:
        if self._count + samples <= self._z.shape[1]:
            return
        kept = [each[:, : self._count] for each in self._arrays]
        self._make_room(len(self._z), max(2 * self._z.shape[1], self._count + samples))
        for fresh, old in zip(self._arrays, kept, strict=True):
            fresh[:, : self._count] = old

    @property
    def _arrays(self) -> tuple[NDArray[Any], ...]:
        return self._z, self._calm, self._events, self._spans

    @property
    def watch(self) -> Watch:
        """Return what was seen at each sample so far."""
        events, spans = self._events[:, : self._count], self._spans[:, : self._count]
        return Watch(events.T, spans[:, :, 0].T, spans[:, :, 1].T)

    def load(self, path: Float64s) -> NDArray[np.int8]:
        """Judge more samples [n, pairs] and return the events of each [n, pairs]."""
        start, end = self._count, self._count + len(path)
        self._grow(len(path))
        z = fisher_z(path).T
        self._z[:, start:end] = self._calm[:, start:end] = z
        past = self._z, self._calm, self._held
        watch_pairs(past, (start, end), self._apart, self._width, (self._events, self._spans))
        self._count = end
        return self._events[:, start:end].T


def _widths(pairs: int, estimator: Estimator) -> Float64s:
    """Return the floor of a deviation, then Student's factor of a prediction by windows."""
    windows = np.arange(MOST + 1)
    chance = CHANCE / (2 * pairs)
    factor = np.full(MOST + 1, np.inf)
    factor[2:] = -stdtrit(windows[2:] - 1, chance) * np.sqrt(1 + 1 / windows[2:])
    factor[0] = 1 / np.sqrt(max(estimator.effective_length - 3, 1))
    return np.asarray(factor)


def find_alerts(
    watch: Watch, path: Float64s, times: Int64s, pairs: Sequence[tuple[str, str]]
) -> tuple[Alert, ...]:
    """Return the alerts of a watched path in order of their start; `times` are of its samples."""
    found = []
    for column, pair in enumerate(pairs):
        events = watch.events[:, column]
        for start in np.flatnonzero(events == LEFT):
            ends = np.flatnonzero(events[start + 1 :] > LEFT)
            end = int(start + 1 + ends[0]) if len(ends) else None
            centre, half = watch.centre[start, column], watch.half[start, column]
            lasted = path[start : None if end is None else end + 1, column]
            furthest = lasted[np.nanargmax(np.abs(fisher_z(lasted) - centre))]
            found.append(
                Alert(
                    pair=pair,
                    start=int(times[start]),
                    end=None if end is None else int(times[end]),
                    usual=math.tanh(centre),
                    low=math.tanh(centre - half),
                    high=math.tanh(centre + half),
                    became=float(furthest),
                    returned=end is not None and bool(events[end] == RETURNED),
                )
            )
    return tuple(sorted(found, key=lambda alert: (alert.start, alert.pair)))
