"""Rows of a label that is no trade: what is learnt from, and what calibration makes of them."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from assay.runtime.ids import seeded_generator
from assay.signals.calibration import AUTO, FEWEST_PARTS, ONE
from assay.signals.labels import LONG, NEITHER, SHORT, UNKNOWN, Label, Marks, find_label, uniqueness
from assay.signals.training import Bars, Rows, decided, mark_rows
from assay.signals.training.calibrating import UNTOLD, calibrate

BARS, HORIZON = 60, 4


def bars() -> Bars:
    rng = seeded_generator(1)
    return Bars(
        close_time=10 * np.arange(BARS), close=np.full(BARS, 100), mid=np.full(BARS, 202),
        spread=np.full(BARS, 2), features=rng.random((BARS, 3)).astype(np.float32),
        settled=np.arange(BARS) >= 7,
    )  # fmt: skip


def test_rows_are_those_that_settled_and_have_an_outcome() -> None:
    outcome = np.resize(np.array([LONG, NEITHER, SHORT], np.int8), BARS)
    outcome[-HORIZON:] = UNKNOWN
    end = np.where(outcome == UNKNOWN, -1, np.arange(BARS) + HORIZON)
    rows = mark_rows(bars(), np.arange(0, BARS, 2), Marks(outcome, end), symbol=3)
    at = np.arange(8, BARS - HORIZON, 2)
    assert rows.time.tolist() == (10 * at).tolist()
    assert rows.end.tolist() == (10 * (at + HORIZON)).tolist()
    assert set(rows.symbol.tolist()) == {3}
    assert np.array_equal(rows.features, bars().features[at])
    assert np.array_equal(rows.outcome, outcome[at])
    assert np.array_equal(rows.up == 1, outcome[at] == LONG)
    assert rows.up_soon is rows.up
    assert np.array_equal(rows.weight, uniqueness(at, at + HORIZON))
    assert not any(getattr(rows, name).any() for name in ("long_net", "short_points", "stop"))
    learnt = decided(rows)
    assert len(learnt) == int((outcome[at] != NEITHER).sum())
    assert NEITHER not in learnt.outcome


def calibrated(label: Label | None, method: str = FEWEST_PARTS):
    """Calibrate scores that say nothing of an outcome that comes seven times of ten."""
    count = 6_000
    rng, columns = seeded_generator(2), {each.name: np.zeros(6_000, int) for each in fields(Rows)}
    hit = rng.random(count) < 0.7
    columns |= {"time": np.arange(count), "end": np.arange(count) + 5, "up": hit.astype(np.int8)}
    scores = rng.uniform(0.4, 0.6, count).astype(np.float32)
    return calibrate(Rows(**columns), scores, horizon=5, method=method, seed=1, label=label)


def test_turbulence_has_a_base_rate_and_a_direction_has_none() -> None:
    for method in (FEWEST_PARTS, AUTO):
        turbulent = calibrated(find_label("volatility"), method)
        assert np.abs(np.array(turbulent.up.p) - 0.7 * ONE).max() < 0.06 * ONE
        assert turbulent.long == turbulent.short == UNTOLD
        assert not turbulent.slope.is_positive
    trend = calibrated(find_label("trend-scanning"))
    assert np.abs(np.array(trend.up.p) - 0.5 * ONE).max() < 0.06 * ONE
    assert trend.long == UNTOLD
    assert trend.up == calibrated(None).up
    assert calibrated(None).long != UNTOLD


def test_what_is_untold_is_worth_nothing_to_a_decision() -> None:
    told = UNTOLD.look_up(np.array([0, ONE // 2, ONE]))
    assert [column.tolist() for column in told] == [[ONE // 2] * 3, [0] * 3, [ONE] * 3]
