"""Every label found: it tells what was, when it was known, and nothing that came after."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.model.errors import UsageError
from assay.model.time import HOUR, MINUTE
from assay.runtime.ids import seeded_generator
from assay.signals.labels import LONG, NEITHER, SHORT, UNKNOWN, Passed, find_label, label_names
from assay.signals.labels.methods.trend_scanning import CHUNK_ROWS, scan_trends
from assay.signals.labels.methods.volatility import DAYS, usual_volatility

BARS = 900
each_label = pytest.mark.parametrize("name", label_names())
FEW = settings(max_examples=25, deadline=None, derandomize=True)


def market(seed: int, bars: int = BARS, timeframe: int = HOUR) -> Passed:
    """Return a walk with gaps in time, and volatility that comes and goes or is none at all."""
    rng = seeded_generator(seed)
    lively = np.repeat(rng.integers(0, 4, size=bars // 30 + 1), 30)[:bars]
    steps = np.rint(8 * lively * rng.standard_normal(bars)).astype(np.int64)
    pauses = np.where(rng.random(bars) < 0.01, 50, 1)
    return Passed(
        close_time=timeframe * np.cumsum(pauses), mid=200_000 + np.cumsum(steps),
        spread=rng.integers(1, 20, size=bars), timeframe=timeframe,
    )  # fmt: skip


def cut(passed: Passed, bars: int) -> Passed:
    return replace(
        passed, close_time=passed.close_time[:bars], mid=passed.mid[:bars],
        spread=passed.spread[:bars],
    )  # fmt: skip


def test_three_labels_are_told_by_bars_alone() -> None:
    assert label_names() == ["fixed-horizon", "trend-scanning", "volatility"]
    with pytest.raises(UsageError, match="use one of bracket, fixed-horizon, trend-scanning"):
        find_label("triple-barrier")


@each_label
def test_each_outcome_comes_and_is_known_within_the_horizon(name: str) -> None:
    label, passed = find_label(name), market(1)
    outcome, end = label.mark(passed, 12)
    rows = np.flatnonzero(outcome != UNKNOWN)
    assert {SHORT, LONG} <= set(outcome[rows].tolist()) <= {SHORT, NEITHER, LONG}
    assert outcome.dtype == np.int8
    assert ((end == -1) == (outcome == UNKNOWN)).all()
    assert (end[rows] > rows).all()
    assert (end[rows] <= rows + 12).all()
    assert (np.diff(end[rows]) >= 0).all()
    assert len(set(label.outcomes)) == len(label.outcomes) == 3
    again = label.mark(market(1), 12)
    assert again.outcome.tobytes() == outcome.tobytes()


@each_label
@FEW
@given(data=st.data())
def test_what_comes_after_its_end_changes_no_label(name: str, data: st.DataObject) -> None:
    label = find_label(name)
    horizon = data.draw(st.integers(label.shortest, 40))
    passed = market(data.draw(st.integers(0, 3)))
    keep = data.draw(st.integers(1, BARS))
    whole = label.mark(passed, horizon)
    short = label.mark(cut(passed, keep), horizon)
    known = (whole.end >= 0) & (whole.end < keep)
    assert np.array_equal(short.outcome[known[:keep]], whole.outcome[known])
    assert np.array_equal(short.end[known[:keep]], whole.end[known])
    assert (short.outcome[~known[:keep]] == UNKNOWN).all()
    later = np.arange(BARS) >= keep
    other = replace(
        passed, mid=np.where(later, passed.mid * 3 + 17, passed.mid),
        spread=np.where(later, 999, passed.spread),
    )  # fmt: skip
    assert np.array_equal(label.mark(other, horizon).outcome[known], whole.outcome[known])


@each_label
def test_no_bars_and_too_few_of_them_have_no_outcome(name: str) -> None:
    label = find_label(name)
    for bars in (0, 1, 5):
        outcome, end = label.mark(market(2, bars), 5)
        assert outcome.tolist() == end.tolist() == [-1] * bars


@pytest.mark.parametrize("name", [name for name in label_names() if find_label(name).symmetric])
def test_a_mirrored_market_has_mirrored_answers(name: str) -> None:
    label, passed = find_label(name), market(3)
    straight = label.mark(passed, 9).outcome
    turned = label.mark(replace(passed, mid=400_000 - passed.mid), 9).outcome
    mirror = {SHORT: LONG, LONG: SHORT, NEITHER: NEITHER, UNKNOWN: UNKNOWN}
    assert turned.tolist() == [mirror[each] for each in straight.tolist()]


def test_a_fixed_horizon_looks_at_two_closes_and_the_spread() -> None:
    passed = market(4)
    found = find_label("fixed-horizon").mark(passed, 7)
    for row in range(0, BARS - 7, 13):
        move, cost = passed.mid[row + 7] - passed.mid[row], 2 * passed.spread[row]
        told = LONG if move > cost else SHORT if move < -cost else NEITHER
        assert (found.outcome[row], found.end[row]) == (told, row + 7)


@pytest.mark.parametrize("horizon", [2, 3, 20])
def test_scanned_trends_are_those_of_least_squares(horizon: int) -> None:
    mid = market(5, 400).mid
    found = scan_trends(mid, horizon)
    lengths = range(max(2, -(-horizon // 4)), horizon + 1)
    for row in range(0, len(found), 7):
        told = [slow_t(mid[row : row + ahead + 1]) for ahead in lengths]
        # Of equals the shortest counts; which those are hangs on the last digits.
        surest = [t for t in told if abs(t) >= max(map(abs, told)) * (1 - 1e-9)]
        assert any(found[row] == pytest.approx(t, rel=1e-3, abs=1e-9) for t in surest), row


def slow_t(levels: np.ndarray) -> float:
    x, y = np.arange(len(levels), dtype=float), levels - levels.mean()
    x -= x.mean()
    slope = float(x @ y) / float(x @ x)
    error = y - slope * x
    spread = float(error @ error) / max(len(levels) - 2, 1)
    if spread < 1e-9:  # a line without error: held at what the label holds it at
        return float(np.sign(slope)) * ((len(levels) - 2) * (1 - 1e-12) / 1e-12) ** 0.5
    return slope / (spread / float(x @ x)) ** 0.5


def test_trends_are_the_same_wherever_a_chunk_begins() -> None:
    passed = market(6, CHUNK_ROWS + 200, MINUTE)
    whole = find_label("trend-scanning").mark(passed, 10).outcome
    later = replace(passed, mid=passed.mid[100:], close_time=passed.close_time[100:],
                    spread=passed.spread[100:])  # fmt: skip
    assert np.array_equal(find_label("trend-scanning").mark(later, 10).outcome, whole[100:])


def test_volatility_is_held_against_what_was_usual_at_that_hour() -> None:
    passed, horizon = market(7), 6
    found, usual = find_label("volatility").mark(passed, horizon), usual_volatility(passed, horizon)
    # New York is five hours behind in January, where these bars lie, and its hours are told alike.
    hour = (passed.close_time // HOUR - 5) % 24
    assert passed.close_time[-1] < 80 * 24 * HOUR
    returns = np.diff(np.log(passed.mid))
    came = [float(np.sqrt((returns[row : row + horizon] ** 2).sum())) for row in range(BARS)]
    told = 0
    for row in range(BARS - horizon):
        past = [k for k in range(row - horizon + 1) if hour[k] == hour[row]][-DAYS:]
        if len(past) < DAYS:
            assert np.isnan(usual[row])
            assert found.outcome[row] == UNKNOWN
            continue
        expected = np.mean([came[k] for k in past])
        assert usual[row] == pytest.approx(expected, rel=1e-9)
        if abs(came[row] - expected) > 1e-12:
            assert found.outcome[row] == (LONG if came[row] > expected else SHORT)
            told += 1
    assert told > 200
