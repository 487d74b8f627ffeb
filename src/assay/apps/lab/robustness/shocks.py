"""Shocks that happened, as stylised paths, and how a market looks that one of them strikes.

Paths are rounded after public reports, not copied from anybody's quotes: moves are of the struck
pair beside its level before, in basis points, with how much wider the spread was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from assay.apps.lab.sweeps.course import Course
from assay.kernel.records import BASE_BAR
from assay.model.time import MINUTE, SECOND

BASIS_POINTS = 10_000.0


@dataclass(frozen=True, slots=True)
class Shock:
    """Hold a path: (minutes since, move in basis points, added spread in basis points).

    The first step is there at once, a gap; between steps it is a straight line, and after the last
    it stays.
    """

    name: str
    when: str
    what: str
    source: str
    steps: tuple[tuple[float, float, float], ...]

    def move(self, minutes: np.ndarray) -> np.ndarray:
        """Return the move at times since the strike, as a share; 0 before it."""
        return self._read(minutes, 1)

    def spread(self, minutes: np.ndarray) -> np.ndarray:
        """Return the added spread at times since the strike, as a share of the price."""
        return self._read(minutes, 2)

    @property
    def times(self) -> np.ndarray:
        """Return the minutes of the steps."""
        return np.array([step[0] for step in self.steps])

    def _read(self, minutes: np.ndarray, column: int) -> np.ndarray:
        values = np.array([step[column] for step in self.steps]) / BASIS_POINTS
        return np.where(minutes < 0, 0.0, np.interp(minutes, self.times, values))


SHOCKS: Mapping[str, Shock] = {
    shock.name: shock
    for shock in (
        Shock(
            "franc", "2015-01-15 09:30", "EUR/CHF after the floor of 1.20 was given up",
            "Swiss National Bank, press release of 15 January 2015; EUR/CHF from 1.20 to about "
            "0.85 within minutes and about 1.03 in the afternoon, as the press reported",
            ((0, -1000, 150), (5, -2900, 300), (20, -2000, 150), (30, -1700, 80),
             (90, -1400, 40), (240, -1480, 30), (480, -1400, 20)),
        ),
        Shock(
            "sterling", "2016-06-23 23:00", "GBP/USD in the night of the referendum",
            "press reports of 24 June 2016: 1.50 before the first results, 1.43 within minutes "
            "of them, 1.32 to 1.33 before dawn, 1.36 in the afternoon",
            ((0, -100, 10), (3, -430, 25), (30, -280, 10), (120, -420, 10), (200, -950, 20),
             (300, -1180, 20), (420, -900, 8), (720, -930, 5)),
        ),
        Shock(
            "yen", "2019-01-02 22:30", "USD/JPY in the flash event",
            "Reserve Bank of Australia, Statement on Monetary Policy, February 2019, box B: about "
            "3 % within half a minute; press reports: from 108.8 to about 105, and about 107.5 "
            "within the hour",
            ((0, -150, 30), (0.5, -300, 80), (3, -350, 60), (10, -250, 25), (30, -190, 8),
             (60, -115, 4)),
        ),
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Strike:
    """Say which shock strikes which instrument when (ns UTC), how hard, and whether it rises."""

    shock: Shock
    instrument: int
    at: int
    scale: float = 1.0
    rises: bool = False

    def factor(self, minutes: np.ndarray) -> np.ndarray:
        """Return what prices are multiplied by at times since the strike."""
        fallen = np.maximum(1.0 + self.scale * self.shock.move(minutes), 0.01)
        return np.asarray(1.0 / fallen if self.rises else fallen)


def strike(course: Course, blow: Strike) -> Course:
    """Return the course with every price of one instrument moved from the strike on.

    A bar that is open at the strike stays as it was: the shock is there at the next open, so that
    what waits inside is skipped over. Within a bar the extremes reach what the path reaches there.
    """
    events = course.events.copy()
    lengths = events["seconds"].astype(np.int64) * SECOND * (events["kind"] == BASE_BAR)
    opens = events["ts"] - lengths
    rows = np.flatnonzero((events["instrument"] == blow.instrument) & (opens >= blow.at))
    begin, end = ((each[rows] - blow.at) / MINUTE for each in (opens, events["ts"]))
    times = [begin, end, *(np.clip(step, begin, end) for step in blow.shock.times)]
    factors = np.array([blow.factor(each) for each in times])
    spreads = np.array([blow.scale * blow.shock.spread(each) for each in times])
    for corner, factor, added in (
        ("open", factors[0], spreads[0]), ("close", factors[1], spreads[1]),
        ("high", factors.max(axis=0), spreads.max(axis=0)),
        ("low", factors.min(axis=0), spreads.max(axis=0)),
    ):  # fmt: skip
        price = np.rint(events[corner][rows] * factor)
        events[f"spread_{corner}"][rows] += np.rint(price * added).astype(np.int32)
        events[corner][rows] = price.astype(np.int64)
    return replace(course, events=events)
