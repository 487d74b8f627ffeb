"""Each leak is caught by its name; what is honest passes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from assay.model.errors import DataError
from assay.model.time import MINUTE
from assay.runtime.ids import seeded_generator
from assay.signals.training import Rows, split_rows
from assay.signals.training.folds import Labels, combinatorial_folds, purged_folds
from assay.signals.training.leaks import (
    HeldOutBy,
    History,
    check_history,
    check_overlap,
    check_refit,
    check_shift,
    check_shuffled,
    check_stacking,
    shuffle_labels,
)
from assay.signals.training.learners import (
    Learner,
    draw_line,
    family_learner,
    score_folds,
    score_paths,
)

BARS, HORIZON, WIDTH = 3_000, 10, 12
BLOCK = 2 * HORIZON * MINUTE
NAMES = ("move", "trend", "size")
Indicator = Callable[[np.ndarray], np.ndarray]


def walk(seed: int = 5) -> np.ndarray:
    """Return the mids of a random walk."""
    return 100_000 + np.cumsum(seeded_generator(seed).integers(-50, 51, BARS))


def describe(mid: np.ndarray) -> np.ndarray:
    """Return three honest indicators [bars, names]."""
    news = np.diff(mid, prepend=mid[:1]).astype(float)
    trend = np.zeros(len(news))
    for at in range(1, len(news)):
        trend[at] = 0.9 * trend[at - 1] + 0.1 * news[at]
    return np.column_stack([news, trend, np.abs(news)]).astype(np.float32)


def peek(mid: np.ndarray) -> np.ndarray:
    """Return the indicators with the trend of the bar after."""
    found = describe(mid)
    found[:-1, 1] = found[1:, 1]
    return found


def scale_all(mid: np.ndarray) -> np.ndarray:
    """Return the indicators with a size that was scaled by the mean and spread of all bars."""
    found = describe(mid)
    found[:, 2] = (found[:, 2] - found[:, 2].mean()) / found[:, 2].std()
    return found


def history_of(make: Indicator, mid: np.ndarray) -> History:
    return History(
        symbol="EURUSD", names=NAMES, closes=np.arange(1, BARS + 1) * MINUTE, values=make(mid),
        describe=lambda count: make(mid[:count]),
    )  # fmt: skip


def rows_of(strength: float, seed: int = 7) -> Rows:
    """Return rows of ten overlapping bars each; their first feature tells that much."""
    rng = seeded_generator(seed)
    features = rng.normal(size=(BARS, WIDTH)).astype(np.float32)
    drift = strength * features[:, 0] + rng.normal(size=BARS)
    summed = np.convolve(drift, np.ones(HORIZON), mode="full")[HORIZON - 1 :]
    up, time = (summed > 0).astype(np.int8), np.arange(1, BARS + 1) * MINUTE
    zeros = np.zeros(BARS, np.int64)
    return Rows(
        time=time, end=time + HORIZON * MINUTE, symbol=zeros, features=features,
        outcome=up * 2, up=up, up_soon=up, weight=np.ones(BARS), long_net=zeros, short_net=zeros,
        long_points=zeros, short_points=zeros, stop=zeros + 1,
    )  # fmt: skip


def labels_of(rows: Rows) -> Labels:
    return Labels(time=rows.time, end=rows.end)


def test_honest_indicators_pass() -> None:
    mid = walk()
    honest = history_of(describe, mid)
    check_history(honest, (1_000, 2_000, BARS - 1))
    assert check_shift(honest, np.ones(BARS, bool), mid) < 0.1


def test_an_indicator_that_peeks_is_caught_by_cutting_the_future() -> None:
    with pytest.raises(DataError) as caught:
        check_history(history_of(peek, walk()), (1_000,))
    assert str(caught.value) == (
        "leak check truncated history: feature trend of EURUSD at 1970-01-01T16:40:00Z changes "
        "when the bars after 1970-01-01T16:40:00Z are cut: it looks at least 1 bars ahead; make it "
        "of this bar and those before"
    )


def test_a_scaler_of_all_bars_is_caught_by_cutting_the_future() -> None:
    with pytest.raises(DataError, match="truncated history: feature size of EURUSD at") as caught:
        check_history(history_of(scale_all, walk()), (2_000,))
    assert "it is fitted on all data, as a scaler is" in str(caught.value)


def test_an_indicator_that_peeks_is_caught_by_the_shift() -> None:
    mid = walk()
    with pytest.raises(DataError, match="future shift: the change of feature trend of EURUSD has"):
        check_shift(history_of(peek, mid), np.ones(BARS, bool), mid)


@pytest.mark.parametrize("echo", [-0.45, 0.2])
def test_prices_that_bounce_or_trend_pass_the_shift(echo: float) -> None:
    told = seeded_generator(3).normal(0, 1_000, BARS)
    mid = (10**6 + np.cumsum(told[1:] + echo * told[:-1])).astype(np.int64)
    mid = np.append(mid, mid[-1])
    check_shift(history_of(describe, mid), np.ones(BARS, bool), mid)


def test_the_shift_needs_enough_settled_bars() -> None:
    mid = walk()
    settled = np.arange(BARS) >= BARS - 100
    with pytest.raises(DataError, match="future shift: EURUSD has 98 bars with settled features"):
        check_shift(history_of(describe, mid), settled, mid)


def test_a_label_that_overlaps_the_split_is_caught() -> None:
    rows = rows_of(0.0)
    split = split_rows(rows)
    check_overlap(labels_of(rows), split.fit, split.stop, embargo=split.embargo, name="stop")
    late = split.fit.copy()
    late[np.flatnonzero(split.fit)[-1] + 2] = True
    with pytest.raises(DataError, match=r"overlap, stop: 1 rows to fit have labels that live with"):
        check_overlap(labels_of(rows), late, split.stop, embargo=split.embargo, name="stop")


def test_a_learner_that_scales_by_all_rows_is_caught() -> None:
    def scaled_by_all(rows: Rows, fit: np.ndarray, test: np.ndarray) -> np.ndarray:
        features = (rows.features - rows.features.mean(axis=0)) / rows.features.std(axis=0)
        return draw_line(replace(rows, features=features), fit, test) + features[test, 0]

    rows = rows_of(0.1)
    folds = purged_folds(labels_of(rows), folds=3)
    for fold in folds:
        check_refit(draw_line, rows, fold)
    with pytest.raises(DataError, match=r"leak check refit, fold 3 of 3: .* fitted on all data"):
        check_refit(scaled_by_all, rows, folds[-1])


def test_features_chosen_on_all_rows_are_caught_by_shuffled_labels() -> None:
    def choosing(rows: Rows, fit: np.ndarray, test: np.ndarray) -> np.ndarray:
        told = rows.features.T @ (rows.up - rows.up.mean())
        best = np.argsort(-np.abs(told))[:3]
        return np.asarray(rows.features[test][:, best] @ np.sign(told[best]))

    rows = rows_of(0.0)
    folds = purged_folds(labels_of(rows), folds=3)
    with pytest.raises(DataError, match=r"leak check shuffled labels: .* a choice of feat"):
        check_shuffled(choosing, rows, folds, block=BLOCK, seed=1)


def test_skill_vanishes_with_shuffled_labels() -> None:
    rows = rows_of(1.0)
    folds = purged_folds(labels_of(rows), folds=3)
    assert min(area or 0 for area in score_folds(draw_line, rows, folds)) > 0.55
    ts = [
        check_shuffled(draw_line, rows, folds[-1:], block=BLOCK, seed=seed).t for seed in range(40)
    ]
    assert abs(np.mean(ts)) < 0.5
    assert 0.7 < np.std(ts) < 1.3


def test_a_family_learns_and_is_honest() -> None:
    rows = rows_of(1.0)
    fold = purged_folds(labels_of(rows), folds=3)[-1]
    learn = family_learner("lightgbm", 1)
    (area,) = score_folds(learn, rows, [fold])
    assert area is not None
    assert area > 0.55
    check_refit(learn, rows, fold)


def test_shuffled_labels_move_in_stretches_and_none_is_lost() -> None:
    rows = rows_of(0.0)
    named = replace(rows, long_net=np.arange(BARS), short_net=np.arange(BARS))
    mixed = shuffle_labels(named, BLOCK, 1, 0)
    assert sorted(mixed.long_net.tolist()) == list(range(BARS))
    assert mixed.long_net.tolist() == mixed.short_net.tolist()
    assert float((np.diff(mixed.long_net) == 1).mean()) > 0.9
    assert float((mixed.long_net == named.long_net).mean()) < 0.1
    assert mixed.features is named.features


def test_the_paths_of_a_line_that_knows_something_all_show_it() -> None:
    rows = rows_of(1.0)
    combined = combinatorial_folds(labels_of(rows), groups=5, tests=2)
    paths = score_paths(draw_line, rows, combined)
    assert len(paths) == 4
    assert min(paths) > 0.55


MEMBERS = ("ridge", "xgboost")


def stack_by(learners: Sequence[Learner], *, in_fold: bool = False) -> HeldOutBy:
    """Return what a stacker learns from: out of purged folds, or of members that saw its rows."""

    def told(rows: Rows) -> np.ndarray:
        found = np.empty((len(rows), len(learners)))
        whole = np.ones(len(rows), bool)
        for place, learn in enumerate(learners):
            if in_fold:
                found[:, place] = learn(rows, whole, whole)
                continue
            for fold in purged_folds(labels_of(rows), folds=3):
                found[fold.test, place] = learn(rows, fold.fit, fold.test)
        return found

    return told


def test_a_stacker_on_out_of_fold_predictions_passes() -> None:
    rows = rows_of(0.1)
    t = check_stacking(stack_by([draw_line]), rows, ("ridge",), block=BLOCK, seed=1)
    assert t < 3.7


@pytest.mark.parametrize("member", MEMBERS)
def test_a_stacker_on_in_fold_predictions_is_caught_by_name(member: str) -> None:
    leaking = draw_line if member == "ridge" else family_learner(member, 1)
    told = stack_by([leaking], in_fold=True)
    rows = rows_of(0.1).take(np.arange(BARS // 2))
    with pytest.raises(DataError) as caught:
        check_stacking(told, rows, (member,), block=BLOCK, seed=1)
    message = str(caught.value)
    assert message.startswith(f"leak check stacking: {member} foretells shuffled labels of the ro")
    assert "let the stacker learn from purged out-of-fold predictions alone" in message
