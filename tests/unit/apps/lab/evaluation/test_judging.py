"""Figures of an evaluation, its interval, its one sentence, and what the report draws."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.apps.lab.evaluation.guard import STRETCHES, judge_guard, picture_vigil
from assay.apps.lab.evaluation.judging import Judged, break_even, score, score_members
from assay.apps.lab.evaluation.verdict import (
    BLOCKS_MIN,
    MeanNet,
    coverage_of,
    mean_net,
    reliability_of,
    word_verdict,
)
from assay.books.reports import JudgedModel, Reliability, RiskCoverage, render_evaluation
from assay.books.reports.charts import WIDE
from assay.books.reports.vigil import draw_vigil
from assay.kernel.records import FORECAST, INTENT, SILENCED, WARMING
from assay.model.errors import UsageError
from assay.model.time import DAY, HOUR, parse_time
from assay.runtime.ids import seeded_generator
from assay.signals.labels import LONG, NEITHER, SHORT
from assay.signals.prediction import Ensemble, Taught, read_artifact
from tests.replay.taught import make_ensemble

if TYPE_CHECKING:
    from assay.runtime.ids import Generator

START = parse_time("2019-01-01T00:00:00Z")


def judged(p_up: list[int], side: list[int], reason: list[int], up: list[int]) -> Judged:
    """Return rows whose long bracket earns 10 and short loses 12 when up, else the other way."""
    count, rose = len(p_up), np.array(up, dtype=bool)
    forecasts, choice = np.zeros(count, FORECAST), np.zeros(count, INTENT)
    forecasts["p_up"], choice["side"], choice["reason"] = p_up, side, reason
    return Judged(
        time=START + np.arange(count), symbol=np.zeros(count, np.int64), forecasts=forecasts,
        choice=choice, acted=np.where(choice["reason"] == 0, choice["side"], 0),
        outcome=np.where(rose, LONG, SHORT), up=rose,
        long_net=np.where(rose, 10, -12), short_net=np.where(rose, -12, 10),
        votes=np.column_stack((forecasts["p_up"], 10_000 - forecasts["p_up"])),
    )  # fmt: skip


def test_figures_are_counted_as_they_are_named() -> None:
    rows = judged([7_000, 6_000, 3_000, 5_500], [1, 1, -1, 1], [0, 0, 0, 2], [1, 0, 0, 0])
    rows.outcome[3] = NEITHER
    found = score(rows)
    assert (found["n"], found["taken"], found["coverage"]) == (4, 3, 0.75)
    assert found["accuracy"] == found["direction_accuracy"] == pytest.approx(2 / 3)
    assert (found["accuracy_long"], found["accuracy_short"]) == (0.5, 1.0)
    assert (found["accuracy_all"], found["direction_accuracy_all"]) == (0.5, 0.5)
    assert (found["base_rate"], found["neither_rate"], found["up_rate"]) == (0.5, 0.25, 0.25)
    assert found["break_even_accuracy"] == pytest.approx(12 / 22)
    assert found["brier"] == pytest.approx((0.09 + 0.36 + 0.09 + 0.3025) / 4)


def test_each_member_of_an_ensemble_is_judged_alone(tmp_path: Path) -> None:
    rows = judged([7_000, 6_000, 3_000, 5_500], [1] * 4, [0] * 4, [1, 1, 0, 0])
    two, _ = read_artifact(make_ensemble(tmp_path))
    assert isinstance(two.ensemble, Ensemble)
    pair = msgspec.structs.replace(two.ensemble, members=two.ensemble.members[:2])
    told = score_members(rows, msgspec.structs.replace(two, ensemble=pair))["members"]
    assert told["lightgbm"] == {"auc": 1.0, "direction_accuracy": 0.75}
    assert told["random_forest"] == {"auc": 0.0, "direction_accuracy": 0.25}
    alone = msgspec.structs.replace(two, ensemble=msgspec.UNSET)
    assert score_members(rows, alone) == {}


def test_a_model_that_takes_nothing_has_undefined_figures() -> None:
    found = score(judged([7_000, 3_000], [1, -1], [2, 2], [1, 0]))
    names = ("accuracy", "accuracy_long", "accuracy_short", "direction_accuracy",
             "break_even_accuracy")  # fmt: skip
    assert [found[name] for name in names] == [None] * 5
    assert (found["taken"], found["coverage"]) == (0, 0)


@given(st.lists(st.integers(-50, 50), max_size=40))
def test_at_the_break_even_accuracy_gains_and_losses_cancel(values: list[int]) -> None:
    net = np.array(values, dtype=np.int64)
    share = break_even(net)
    if share is None:
        assert not (net > 0).any() or not (net <= 0).any()
        return
    worth = share * net[net > 0].mean() + (1 - share) * net[net <= 0].mean()
    assert worth == pytest.approx(0, abs=1e-9)


def sample(rng: Generator, blocks: int, mean: float) -> tuple[np.ndarray, np.ndarray]:
    """Return results of which all twenty of a stretch share most of their luck."""
    block = np.repeat(np.arange(blocks), 20)
    return mean + np.repeat(rng.normal(size=blocks), 20) + rng.normal(size=20 * blocks), block


def test_the_interval_holds_the_mean_about_as_often_as_it_promises() -> None:
    inside = 0
    for seed in range(60):
        net, block = sample(seeded_generator(seed), 100, 0.4)
        found = mean_net(net, np.ones(len(net), bool), block)
        assert found.lower is not None
        assert found.upper is not None
        inside += found.lower <= 0.4 <= found.upper
    assert 52 <= inside <= 60


def test_what_was_not_taken_does_not_count() -> None:
    net, block = sample(seeded_generator(1), 60, 5.0)
    taken = np.arange(len(net)) % 3 == 0
    other = np.where(taken, net, -1_000.0)
    assert mean_net(other, taken, block) == mean_net(net, taken, block)


def test_too_few_stretches_have_no_interval() -> None:
    net, block = sample(seeded_generator(1), BLOCKS_MIN - 1, 5.0)
    found = mean_net(net, np.ones(len(net), bool), block)
    assert (found.lower, found.blocks) == (None, BLOCKS_MIN - 1)
    assert mean_net(net, np.zeros(len(net), bool), block).mean is None


@pytest.mark.parametrize(
    ("bounds", "skilled", "words"),
    [
        ((None, None, None), True, "No edge shown: the model took no decision"),
        ((None, None, None), False, "No edge shown: the model took no decision, as its calib"),
        ((50.0, None, None), True, "No edge shown: decisions lie in 30 independent stretches"),
        ((50.0, -1.0, 101.0), True, r"No edge shown: the 95 % .*, \[-0.01, 1.01\] USD a lot, inc"),
        ((50.0, 1.0, 101.0), True, r"Edge shown: .*, \[0.01, 1.01\] USD a lot, is above 0"),
        ((-50.0, -101.0, -1.0), True, r"Loss shown: .*, \[-1.01, -0.01\] USD a lot, is below 0"),
    ],
)
def test_the_first_line_says_what_was_shown(
    bounds: tuple[float | None, ...], skilled: bool, words: str
) -> None:
    mean, lower, upper = bounds
    found = MeanNet(mean=mean, lower=lower, upper=upper, blocks=30)
    assert re.match(words, word_verdict(found, "USD", 100.0, skilled=skilled))


def test_reliability_keeps_ties_together_and_counts_every_row() -> None:
    rng = seeded_generator(2)
    p = rng.choice([0.3, 0.5, 0.6], 3_000, p=[0.1, 0.8, 0.1])
    forecast, came, lower, upper, rows = reliability_of(
        p, rng.random(3_000) < p, np.arange(3_000) // 30, 15
    )
    assert rows.sum() == 3_000
    assert set(np.round(forecast, 9)) == {0.3, 0.5, 0.6}
    assert np.all((lower <= came) & (came <= upper))
    assert np.all((lower <= forecast) & (forecast <= upper))


def test_coverage_ends_with_all_rows_and_needs_no_order_among_equals() -> None:
    rng = seeded_generator(3)
    sure = np.round(rng.random(2_000) / 2, 2)
    right, paid = rng.random(2_000) < 0.5 + sure / 2, rng.random(2_000) < 0.4
    block = np.arange(2_000) // 20
    share, found, lower, upper, earned = coverage_of(sure, right, paid, block)
    assert share[-1] == 1
    assert (found[-1], earned[-1]) == (pytest.approx(right.mean()), pytest.approx(paid.mean()))
    assert np.all(np.diff(share) > 0)
    assert np.all((lower <= found + 1e-9) & (found <= upper + 1e-9))
    order = rng.permutation(2_000)
    again = coverage_of(sure[order], right[order], paid[order], block[order])
    np.testing.assert_allclose(found, again[1])


def model(**changes: object) -> JudgedModel:
    bins = [np.array([0.4, 0.6])] * 4
    fields: dict[str, object] = {
        "model": "lightgbm-<b>", "symbols": ["EURUSD"], "verdict": "No edge shown: of two < three",
        "figures": {"n": 12_345, "coverage": 0.5, "net_mean": -3.25, "accuracy": None},
        "reliability": Reliability(*bins, np.array([5, 5])),
        "coverage": RiskCoverage(*[np.array([0.5, 1.0])] * 5, base_rate=0.5, break_even=None),
        "expected": np.array([-1.0, 2.0]), "currency": "USD", "currency_digits": 2,
        "cash": 10**7, "times": START + np.arange(9) * DAY, "balance": np.full(9, 10**7),
        "equity": 10**7 + np.arange(9) % 4, "first": START, "last": START + HOUR,
        "facts": [("family", "lightgbm")], "notes": ["A & B"],
    }  # fmt: skip
    return JudgedModel(**(fields | changes))  # type: ignore[arg-type]


def test_a_report_is_the_same_bytes_twice_escaped_and_alone() -> None:
    page = render_evaluation(model())
    assert page == render_evaluation(model())
    assert "lightgbm-&lt;b&gt;" in page
    assert "of two &lt; three" in page
    assert "A &amp; B" in page
    assert "<script" not in page
    assert "12,345" in page
    assert "−3.25 USD a lot" in page
    assert page.count("<svg") == 8
    ids = re.findall(r'<clipPath id="([^"]*)"', page)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    "changes",
    [
        {"expected": np.array([])},
        {"expected": np.zeros(5)},
        {"times": np.array([], np.int64), "balance": np.array([]), "equity": np.array([])},
        {"coverage": RiskCoverage(*[np.array([1.0])] * 5, base_rate=1.0, break_even=0.5)},
        {"reliability": Reliability(*[np.array([0.5])] * 4, np.array([9]))},
    ],
    ids=["no-forecast", "zeros", "no-bars", "one-share", "one-bin"],
)
def test_a_report_is_drawn_of_what_little_there_is(changes: dict[str, object]) -> None:
    assert "No edge shown" in render_evaluation(model(**changes))


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(UsageError, match="different lengths"):
        model(times=np.array([START]))


MINUTES = Taught(
    symbols=("EURUSD",), timeframe=60 * 10**9, features=(), features_digest="", horizon=5, stop=1.0,
    target=1.0, rows=0, calibration_rows=0,
)  # fmt: skip


def guarded(count: int) -> Judged:
    """Return bars that are all acted on upwards and right until the last quarter, then silenced."""
    rows = judged([6_000] * count, [1] * count, [0] * count, [1] * count)
    rows.up[-count // 4 :] = False
    rows.forecasts["set_size"] = np.arange(count) % 2 + 1
    rows.forecasts["state"][-count // 4 + 2 :] = SILENCED
    rows.forecasts["state"][0] = WARMING
    rows.forecasts["evidence"] = np.arange(count)
    return replace(rows, time=START + np.arange(count) * MINUTES.timeframe)


def test_a_guard_is_judged_by_its_sets_its_acts_and_its_silence() -> None:
    found = judge_guard(guarded(400), MINUTES, ["EURUSD"])
    single = 200 - 1 + 0  # every second bar; the first bar is not watched and holds one
    assert found["set_single_share"] == pytest.approx(single / 399)
    assert found["set_single_accuracy"] == pytest.approx((single - 50) / single)
    assert found["set_coverage"] == pytest.approx(1 - 50 / 399)
    assert (found["acted"], found["acted_accuracy"]) == (400, 0.75)
    assert 0.4 < found["acted_lower"] < 0.75
    assert found["silenced_share"] == 98 / 400
    assert found["silenced"] == [
        {"symbol": "EURUSD", "from": "2019-01-01T05:02:00Z", "until": "2019-01-01T06:40:00Z"}
    ]


def test_what_is_drawn_of_a_guard_rolls_over_stretches_and_shades_silence() -> None:
    rows = guarded(2_000)
    found = picture_vigil(rows, MINUTES)
    assert len(found.times) == 200 - STRETCHES + 1
    assert (found.right[0], found.right[-1]) == (1.0, pytest.approx(10 / 60))
    assert (found.lower <= found.right).all()
    assert len(found.silences) == 1
    assert found.back.max() == pytest.approx(1.999)
    assert found.against[found.back > 0].max() == 0
    text = draw_vigil(found, WIDE)
    assert text == draw_vigil(found, WIDE)
    assert "Silenced" in text
    nothing = picture_vigil(guarded(40), MINUTES)
    assert len(nothing.times) == 0
