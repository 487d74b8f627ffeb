"""A guard against a slow reference, in pieces, after a restart, and where skill stays or goes."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.kernel.records import FORECAST, HINDSIGHT, READY, SILENCED, UNSKILLED, WARMING
from assay.model.errors import DataError
from assay.runtime.ids import seeded_generator
from assay.signals.calibration import ONE, StepTable
from assay.signals.guard import LEVEL, MISSES, Guard, Watch
from assay.signals.guard.guard import PACE
from assay.signals.labels import went_up

SPREAD = 2


def forecasts_of(p: np.ndarray, state: np.ndarray | int = READY, half: int = 200) -> Any:
    found = np.zeros(len(p), FORECAST)
    found["p_up"], found["state"] = p, state
    found["up_lower"], found["up_upper"] = p - half, p + half
    found["gain"] = found["loss"] = 100
    return found


SOON = StepTable((0, 4_600, 5_400), (4_400, 5_000, 5_600), (4_300, 4_800, 5_500),
                 (4_500, 5_200, 5_700))  # fmt: skip
WATCH = Watch(reach=5_600, lag=2, soon=SOON, promised=0.55, claimed=0.5, kept=0.55)


class Slow:
    """Say the same from lists of all bars, looking back at what each of them was told."""

    def __init__(self, watch: Watch, horizon: int) -> None:
        self.watch, self.horizon = watch, horizon
        self.lag = watch.lag if watch.soon else horizon
        self.reach, self.quiet, self.since = float(watch.reach), False, 0
        self.purses = {place: [1.0, 1.0] for place in range(self.lag + 1)}
        self.bars: list[dict[str, Any]] = []
        self.open: int | None = None

    def settle(self, place: int, right: bool, promise: float) -> None:
        null = 0.5 if self.quiet else promise
        others = (promise, (promise + 0.5) / 2) if self.quiet else (0.5, 1 - promise)
        for k, p in enumerate(others):
            factor = p / null if right else (1 - p) / (1 - null)
            self.purses[place][k] = max(self.purses[place][k], 1.0) * factor

    def label(self, mid: int, ago: int) -> tuple[dict[str, Any], bool] | None:
        past = len(self.bars) - ago
        return None if past < 0 else (self.bars[past], mid > self.bars[past]["mid"])

    def step(self, forecast: Any, mid: int) -> tuple[int, int, int]:
        now = len(self.bars)
        if known := self.label(mid, self.horizon):
            bar, up = known
            if bar["watched"]:
                self.reach += PACE / self.horizon * ((up not in bar["set"]) - MISSES)
            if self.open == now - self.horizon:
                self.settle(self.lag, up == (bar["acted"] > 0), abs(bar["acted"]))
                self.open = None
        if (known := self.label(mid, self.lag)) and now - self.lag >= self.since:
            bar, up = known
            if bar["claim"]:
                self.settle(now % self.lag, up == (bar["claim"] > 0), abs(bar["claim"]))
        claims = np.mean([self.purses[place] for place in range(self.lag)])
        evidence = (claims + np.mean(self.purses[self.lag])) / 2
        if evidence >= LEVEL:
            self.quiet, self.since, self.open = not self.quiet, now, None
            self.purses, evidence = {place: [1.0, 1.0] for place in self.purses}, 1.0
        self.bars.append(self.tell(forecast, mid))
        if self.open is None and self.bars[-1]["acted"]:
            self.open = now
        state = SILENCED if self.quiet and forecast["state"] == READY else int(forecast["state"])
        told = max(0, round(1_000 * math.log10(evidence)))
        return state, len(self.bars[-1]["set"]), told

    def tell(self, forecast: Any, mid: int) -> dict[str, Any]:
        p, low, high = (int(forecast[name]) for name in ("p_up", "up_lower", "up_upper"))
        speaks = forecast["state"] == READY
        watched = speaks or forecast["state"] == UNSKILLED
        answers = {True, False}
        if watched:
            answers = {up for up in answers if (ONE - p if up else p) <= self.reach}
        acted = 0.0
        for promise, way in ((low, 1), (ONE - high, -1)):
            worth = promise * int(forecast["gain"]) - (ONE - promise) * int(forecast["loss"])
            if worth > ONE * SPREAD and promise > 5_000 and promise >= abs(acted) * ONE:
                acted = way * promise / ONE
        if self.watch.soon:
            low, high = (int(each[0]) for each in self.watch.soon.look_up(np.array([p]))[1:])
        claim = low / ONE if low > 5_000 else high / ONE - 1 if high < 5_000 else 0.0
        return {
            "mid": mid, "set": answers, "watched": watched,
            "claim": claim if speaks else 0.0, "acted": acted if speaks else 0.0,
        }  # fmt: skip


def closes_of(steps: np.ndarray) -> np.ndarray:
    return 100_000 + np.cumsum(steps)


def follow(guard: Guard, forecasts: Any, close: np.ndarray) -> Any:
    found = forecasts.copy()
    guard.follow(found, close, np.full(len(close), SPREAD))
    return found


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6), horizon=st.sampled_from([1, 3, 8]), against=st.booleans(),
    taught=st.booleans(),
)  # fmt: skip
def test_it_says_what_a_slow_guard_says(
    seed: int, horizon: int, against: bool, taught: bool
) -> None:
    rng = seeded_generator(seed)
    steps = rng.integers(-3, 4, 400)
    p = rng.integers(4_000, 6_001, 400)
    if against:  # Told the opposite of the truth, so that it falls silent, and later turns good.
        rises = went_up(closes_of(steps), horizon) == 1
        p[:-horizon] = np.where(rises ^ (np.arange(400) < 200), 5_900, 4_100)[:-horizon]
    states = rng.choice([READY, READY, READY, UNSKILLED, WARMING, HINDSIGHT], 400)
    forecasts, close = forecasts_of(p, states), closes_of(steps)
    watch = WATCH if taught and horizon >= WATCH.lag else Watch()
    found = follow(Guard(watch, horizon), forecasts, close)
    slow = Slow(watch, horizon)
    for k, one in enumerate(found):
        state, size, evidence = slow.step(forecasts[k], 2 * int(close[k]) + SPREAD)
        assert (one["state"], one["set_size"]) == (state, size), k
        assert abs(one["evidence"] - evidence) <= 1, k


def stream(seed: int, count: int, right: np.ndarray | float) -> tuple[Any, np.ndarray]:
    """Return forecasts of 0.44 or 0.56 that are `right` so often one bar on, and the closes."""
    rng = seeded_generator(seed)
    up = rng.random(count) < 0.5
    steps = np.where(up, 1, -1)
    told = np.roll(up, -1) ^ (rng.random(count) >= right)
    return forecasts_of(np.where(told, 5_600, 4_400), half=150), closes_of(steps)


ONE_BAR = Watch(reach=5_600)
"""Claims and labels of one bar: the strongest promise is 0.545."""


def test_pieces_and_a_restart_change_nothing_to_the_bit() -> None:
    forecasts, close = stream(1, 3_000, np.where(np.arange(3_000) < 1_500, 0.56, 0.4))
    whole = Guard(ONE_BAR, 1)
    found = follow(whole, forecasts, close)
    assert (found["state"] == SILENCED).any()
    guard, told, cuts = Guard(ONE_BAR, 1), [], [0, 1, 2, 700, 701, 2_400, 3_000]
    for first, last in pairwise(cuts):
        past, guard = guard.snapshot(), Guard(ONE_BAR, 1)
        guard.restore(past)
        told.append(follow(guard, forecasts[first:last], close[first:last]))
    assert np.concatenate(told).tobytes() == found.tobytes()
    assert guard.snapshot() == whole.snapshot()


def test_a_state_of_another_model_is_refused() -> None:
    with pytest.raises(DataError, match="no state of this guard"):
        Guard(ONE_BAR, 2).restore(Guard(ONE_BAR, 1).snapshot())


def test_what_comes_later_changes_nothing() -> None:
    forecasts, close = stream(3, 600, 0.5)
    early = follow(Guard(ONE_BAR, 1), forecasts[:400], close[:400])
    assert early.tobytes() == follow(Guard(ONE_BAR, 1), forecasts, close)[:400].tobytes()


def test_sets_miss_a_tenth_whether_the_model_is_right_or_not() -> None:
    rng = seeded_generator(4)
    for right in (0.62, 0.5, 0.38):
        p = rng.integers(3_000, 7_001, 20_000)
        rose = rng.random(20_000) < 0.5 + (right - 0.5) * np.sign(p - 5_000)
        close = closes_of(np.where(np.roll(rose, 1), 1, -1))
        size = follow(Guard(Watch(), 1), forecasts_of(p), close)["set_size"]
        held = (size == 2) | ((size == 1) & (rose == (p > 5_000)))
        assert abs(held[:-1].mean() - (1 - MISSES)) < 0.005


def test_a_promise_that_is_just_kept_is_hardly_ever_silenced() -> None:
    """At the least that was promised, false alarms come less often than one a level's labels."""
    alarms = sum(
        (follow(Guard(ONE_BAR, 1), *stream(seed, 10_000, 0.545))["state"] == SILENCED).any()
        for seed in range(40)
    )
    assert alarms <= 8  # of 40 runs of LEVEL labels each
    kept = [follow(Guard(ONE_BAR, 1), *stream(seed, 50_000, 0.56)) for seed in range(8)]
    assert sum((one["state"] == SILENCED).any() for one in kept) == 0


@pytest.mark.parametrize(("right", "labels"), [(0.38, 300), (0.42, 900), (0.5, 6_000)])
def test_lost_skill_falls_silent_after_a_long_good_time(right: float, labels: int) -> None:
    waits = []
    for seed in range(12):
        share = np.where(np.arange(18_000) < 6_000, 0.58, right)
        states = follow(Guard(ONE_BAR, 1), *stream(seed, 18_000, share))["state"]
        assert (states[:6_000] == READY).all()
        waits.append(int(np.argmax(states[6_000:] == SILENCED)))
        assert states[6_000:].any()
    assert np.mean(waits) < labels


def test_it_speaks_again_once_claims_are_right_again_and_not_before() -> None:
    share = np.where(
        np.arange(40_000) < 3_000, 0.38, np.where(np.arange(40_000) < 23_000, 0.5, 0.6)
    )
    states = follow(Guard(ONE_BAR, 1), *stream(5, 40_000, share))["state"]
    assert (states[2_999:23_000] == SILENCED).all()
    assert states[-1] == READY


def test_a_model_that_may_not_speak_is_neither_bet_on_nor_silenced() -> None:
    forecasts, close = stream(6, 5_000, 0.3)
    for state in (UNSKILLED, WARMING, HINDSIGHT):
        forecasts["state"] = state
        found = follow(Guard(ONE_BAR, 1), forecasts, close)
        assert (found["state"] == state).all()
        assert (found["evidence"] == 0).all()
    assert (found["set_size"] == 2).all()


def test_one_outcome_is_no_proof_however_sure_the_promise() -> None:
    forecasts, close = stream(7, 2, 0.0)
    forecasts["up_lower"], forecasts["up_upper"] = ONE, ONE
    assert follow(Guard(ONE_BAR, 1), forecasts, close)["state"].tolist() == [READY, READY]
