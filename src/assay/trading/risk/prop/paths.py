"""What may come of a funded account: days of a run drawn again in blocks, held to its rules.

Money is in shares of the account's initial balance. A path knows of a day how far it fell and rose
between marks, not when: where the order matters, it takes the worse one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from assay.trading.risk.prop.profile import PERCENT, Phase, Profile

if TYPE_CHECKING:
    from assay.runtime.ids import Generator

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

ON_THE_WAY, PASSED, DAILY, MAXIMUM, HELD, LATE = range(6)
"""How a path stands: nothing yet, passed, broke a limit, held by our own stop, out of time."""
TRADING_SHARE = 5 / 7
"""Of calendar days, which contracts count, those that a run of days is made of."""


class RunDays(NamedTuple):
    """Hold the days of a run, one row each, in shares of the initial balance.

    `change`, `low` and `high` are of equity since the day's start, `fall` its deepest fall from a
    high of that day, `step` the deepest between two marks; `ahead` is how far the balance was above
    equity at the start (at least 0), `behind` how far it was at the end.
    """

    change: Floats
    low: Floats
    high: Floats
    fall: Floats
    step: Floats
    ahead: Floats
    behind: Floats
    traded: Bools

    def take(self, rows: Integers) -> RunDays:
        """Return the days of those numbers."""
        drawn = {name: getattr(self, name)[rows] for name in self._fields}
        return RunDays(**drawn)


class Draws(NamedTuple):
    """Say how days are drawn: worlds [w, n] of day numbers, paths in each, days, block length."""

    worlds: Integers
    paths: int
    horizon: int
    block: float

    def rows(self, generator: Generator) -> Iterator[Integers]:
        """Yield for each day of the horizon which day of the run every path gets."""
        days, count = self.worlds.shape[1], len(self.worlds) * self.paths
        world = np.repeat(np.arange(len(self.worlds)), self.paths)
        place = generator.integers(0, days, size=count)
        for _ in range(self.horizon):
            yield self.worlds[world, place]
            anew = generator.random(count) < 1 / self.block
            place = np.where(anew, generator.integers(0, days, size=count), (place + 1) % days)


class Outcomes(NamedTuple):
    """Hold how each path ended and after how many days; `fan` are quantiles of the money made."""

    status: Integers
    days: Integers
    fan: Floats


@dataclass(frozen=True, slots=True)
class Terms:
    """Hold a profile's rules as shares; with `guarded` our own stops act, else nobody stops."""

    profile: Profile
    guarded: bool

    @property
    def stop(self) -> float:
        """Return the share of a limit at which our own stops act."""
        return _share(self.profile.stop_percent)

    def daily_limit(self, reference: Floats) -> Floats:
        """Return a day's loss limit."""
        rule = self.profile.daily_loss
        if rule is None:
            return np.full_like(reference, np.inf)
        whole = reference if rule.of == "day" else np.ones_like(reference)
        return whole * _share(rule.percent)

    def floor(self, peak: Floats) -> tuple[Floats, float]:
        """Return the floors of the maximum loss and its limit."""
        rule = self.profile.maximum_loss
        if rule is None:
            return np.full_like(peak, -np.inf), np.inf
        limit = _share(rule.percent)
        floor = (np.ones_like(peak) if rule.kind == "static" else peak) - limit
        if rule.lock_percent is not None:
            floor = np.minimum(floor, 1 + _share(rule.lock_percent))
        return floor, limit

    def trails(self, kind: str) -> bool:
        """Say whether the maximum loss trails so."""
        rule = self.profile.maximum_loss
        return rule is not None and rule.kind == kind


QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


class _Paths:
    """Hold where every path stands."""

    def __init__(self, count: int) -> None:
        self.equity, self.balance, self.peak = (np.ones(count) for _ in range(3))
        self.best, self.made = np.zeros(count), np.zeros(count)
        self.traded, self.lasting, self.phase = (np.zeros(count, np.int64) for _ in range(3))
        self.status, self.days = np.zeros(count, np.int64), np.zeros(count, np.int64)

    def end(self, which: Bools, status: int, day: int) -> None:
        """Let the paths that are still on the way end so."""
        ending = which & (self.status == ON_THE_WAY)
        self.status[ending], self.days[ending] = status, day

    def begin_phase(self, which: Bools) -> None:
        """Open the account anew for those that go on to their next phase."""
        for column, value in (
            (self.equity, 1.0), (self.balance, 1.0), (self.peak, 1.0), (self.best, 0.0),
            (self.traded, 0), (self.lasting, 0),
        ):  # fmt: skip
            column[which] = value
        self.phase[which] += 1


def simulate_paths(days: RunDays, terms: Terms, draws: Draws, generator: Generator) -> Outcomes:
    """Draw paths from the days of a run and hold each to the rules until it ends.

    A target counts at a day's end, as if what is open were closed there. Paths that are still on
    the way after the horizon are late.
    """
    paths = _Paths(len(draws.worlds) * draws.paths)
    fan = np.zeros((draws.horizon + 1, len(QUANTILES)))
    for number, rows in enumerate(draws.rows(generator), 1):
        day = days.take(rows)
        _step(paths, day, terms, number)
        fan[number] = np.quantile(paths.made, QUANTILES)
    paths.end(np.ones(len(paths.status), bool), LATE, draws.horizon)
    return Outcomes(paths.status, paths.days, fan)


def _step(paths: _Paths, day: RunDays, terms: Terms, number: int) -> None:
    """Take every path through one day."""
    start, reference = paths.equity.copy(), paths.equity + day.ahead
    limit = terms.daily_limit(reference)
    low, end = start + day.low, start + day.change
    left = np.zeros(len(start), bool)
    level = reference - terms.stop * limit
    if terms.guarded:
        left = low <= level
        end = np.where(left, np.maximum(level - day.step, low), end)
        low = np.where(left, end, low)
    _judge_maximum(paths, day, terms, (low, number))
    paths.end(low <= reference - limit, DAILY, number)
    going = paths.status == ON_THE_WAY
    paths.made += np.where(paths.days == number, low - start, np.where(going, end - start, 0.0))
    paths.equity, paths.balance = end, end + np.where(left, 0.0, day.behind)
    if terms.trails("trailing-equity"):
        paths.peak = np.maximum(paths.peak, start + day.high)
    elif terms.trails("trailing-end-of-day"):
        paths.peak = np.maximum(paths.peak, paths.balance)
    paths.best = np.maximum(paths.best, end - start)
    paths.traded += day.traded
    paths.lasting += 1
    _judge_phases(paths, terms, number)


def _judge_maximum(paths: _Paths, day: RunDays, terms: Terms, met: tuple[Floats, int]) -> None:
    low, number = met
    floor, limit = terms.floor(paths.peak)
    broken = low <= floor
    if terms.trails("trailing-equity"):
        risen, _ = terms.floor(np.maximum(paths.peak, paths.equity + day.high))
        # Above the old floor it matters whether the day rose before it fell.
        broken |= (day.fall >= limit) & (low <= risen)
        floor = np.where(day.fall >= (1 - terms.stop) * limit, risen, floor)
    if terms.guarded:
        level = floor + (1 - terms.stop) * limit
        reached = low <= level
        broken = reached & (np.maximum(level - day.step, low) <= floor)
        paths.end(broken, MAXIMUM, number)
        paths.end(reached, HELD, number)
        return
    paths.end(broken, MAXIMUM, number)


def _judge_phases(paths: _Paths, terms: Terms, number: int) -> None:
    phases = terms.profile.phases
    for place in reversed(range(len(phases))):
        phase = phases[place]
        here = (paths.phase == place) & (paths.status == ON_THE_WAY)
        passed = here & _is_passed(paths, phase)
        if place + 1 < len(phases):
            paths.begin_phase(passed)
        else:
            paths.end(passed, PASSED, number)
        if phase.maximum_days:
            late = paths.lasting >= phase.maximum_days * TRADING_SHARE
            paths.end(here & ~passed & late, LATE, number)


def _is_passed(paths: _Paths, phase: Phase) -> Bools:
    if phase.target_percent is None:
        return np.zeros(len(paths.status), bool)
    gain = paths.equity - 1
    passed = (gain >= _share(phase.target_percent)) & (paths.traded >= phase.minimum_days)
    if phase.best_day_percent is not None:
        passed &= paths.best <= _share(phase.best_day_percent) * gain
    return np.asarray(passed)


def _share(percent: Decimal) -> float:
    return float(percent / PERCENT)
