"""Evidence: each statistic against a slow reference, or against a truth that is known."""

from __future__ import annotations

from itertools import combinations
from math import factorial

import lightgbm
import numpy as np
import pytest
import xgboost
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from assay.runtime.ids import seeded_generator
from assay.signals.calibration.logistic import logistic
from assay.signals.calibration.scoring import calibration_error, log_losses
from assay.signals.evidence import (
    Stretches,
    Trees,
    bound_means,
    calibration_band,
    explain_trees,
    fit_line,
    permute_features,
    read_trees,
    shuffle_blocks,
)
from assay.signals.evidence.line import RIDGE
from assay.signals.evidence.means import DRAWS, STRETCHES_MIN
from assay.signals.evidence.permutation import exchange
from assay.signals.models import OnnxClassifier
from assay.signals.models.lightgbm.graph import to_onnx as lightgbm_graph
from assay.signals.models.random_forest.graph import to_onnx as forest_graph
from assay.signals.models.xgboost.graph import to_onnx as xgboost_graph

ROWS, WIDTH = 400, 4


@pytest.mark.parametrize("shared", [1, 20], ids=["independent", "outcomes shared by 20 rows"])
def test_the_band_holds_the_error_of_true_probabilities_as_often_as_it_says(shared: int) -> None:
    inside, small, seeds = 0, 0, 120
    block = np.arange(2_000) // 20
    for seed in range(seeds):
        rng = seeded_generator(seed, 1)
        p = np.repeat(rng.uniform(0.3, 0.7, 2_000 // shared), shared)
        p = np.clip(p + rng.normal(0, 0.02, 2_000), 0.01, 0.99)
        hit = np.repeat(rng.random(2_000 // shared), shared) < p
        found = calibration_band(p, hit, block, seeded_generator(seed, 2), draws=200)
        assert found.error == calibration_error(p, hit)
        inside += found.lower <= found.error <= found.upper
        small += found.p < 0.05
    assert 0.90 <= inside / seeds <= 0.99
    assert small / seeds <= 0.09


def test_probabilities_that_are_not_true_lie_above_the_band() -> None:
    rng = seeded_generator(3)
    p = rng.uniform(0.3, 0.7, 4_000)
    hit = rng.random(4_000) < 0.5 + 0.4 * (p - 0.5)
    found = calibration_band(p, hit, np.arange(4_000) // 20, rng)
    assert found.error > found.upper
    assert found.p < 0.01


def test_means_and_bounds_are_those_of_stretches_drawn_one_by_one() -> None:
    rng = seeded_generator(4)
    block = rng.integers(0, 30, 500)
    values, group = rng.normal(size=500), rng.integers(-1, 2, 500)
    stretches = Stretches.of(block)
    counts = [stretches.add_up(values, group, 2), stretches.add_up(values**2, group * 0, 1)]
    found = bound_means(counts, seeded_generator(5))
    parts = [np.flatnonzero(block == number) for number in np.unique(block)]
    times = seeded_generator(5).multinomial(len(parts), np.full(len(parts), 1 / len(parts)), DRAWS)
    drawn = [
        [np.concatenate([np.tile(part, n) for part, n in zip(parts, row, strict=True)])]
        for row in times[:, :]
    ]
    for told, chosen, column in (
        (found[0][0], group == 0, values), (found[0][1], group == 1, values),
        (found[1][0], group >= -1, values**2),
    ):  # fmt: skip
        means = [column[rows[chosen[rows]]].mean() for (rows,) in drawn]
        assert told.mean == pytest.approx(column[chosen].mean())
        assert (told.lower, told.upper) == pytest.approx(tuple(np.quantile(means, [0.025, 0.975])))
        assert (told.rows, told.stretches) == (chosen.sum(), len(np.unique(block[chosen])))


def test_too_few_stretches_have_no_bounds_and_no_rows_no_mean() -> None:
    stretches = Stretches.of(np.arange(STRETCHES_MIN))
    group = np.where(np.arange(STRETCHES_MIN) > 0, 0, -1)
    (few, none) = bound_means([stretches.add_up(np.ones(STRETCHES_MIN), group, 2)],
                              seeded_generator(1))[0]  # fmt: skip
    assert (few.mean, few.lower, few.stretches) == (1.0, None, STRETCHES_MIN - 1)
    assert (none.mean, none.rows) == (None, 0)


def sample(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return features of which the first two matter, and the direction."""
    rng = seeded_generator(seed)
    features = rng.normal(size=(rows, WIDTH)).astype(np.float32)
    return features, rng.random(rows) < logistic(2.0 * features[:, 0] + features[:, 1])


def test_the_line_is_the_ridge_regression_of_a_library() -> None:
    features, up = sample(800, 6)
    features[:, 3] = np.nan  # what an instrument lacks
    weight = seeded_generator(7).uniform(0.2, 2.0, len(up))
    line = fit_line(features, up, weight)
    scaled = np.clip((features[:, :3] - line.mean) / line.spread, -5, 5)
    model = LogisticRegression(C=1 / (RIDGE * weight.sum()), tol=1e-10, max_iter=1_000)
    model.fit(scaled, up, sample_weight=weight)
    wanted = model.predict_proba(scaled)[:, 1]
    np.testing.assert_allclose(line.predict(features), wanted, atol=1e-5)
    np.testing.assert_allclose(line.mean, features[:, :3].mean(axis=0), atol=1e-6)


@settings(max_examples=30)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=1, max_size=40),
       st.integers(0, 99))  # fmt: skip
def test_shuffled_labels_are_the_same_stretches_in_another_order(
    rows: list[tuple[bool, int]], seed: int
) -> None:
    rows.sort(key=lambda row: row[1])
    values, block = (np.array(column) for column in zip(*rows, strict=True))
    numbers = np.unique(block)
    order = seeded_generator(seed).permutation(len(numbers))
    wanted = [value for k in order for value in values[block == numbers[k]]]
    assert shuffle_blocks(values, block, order).tolist() == wanted


@given(st.lists(st.integers(0, 3), min_size=1, max_size=30), st.integers(0, 99))
def test_each_stretch_is_given_to_another_of_its_kind(kinds: list[int], seed: int) -> None:
    kind = np.array(kinds)
    found = exchange(kind, seeded_generator(seed))
    assert sorted(found) == list(range(len(kind)))
    assert np.array_equal(kind[found], kind)
    alone = np.bincount(kind)[kind] == 1
    assert np.array_equal(found == np.arange(len(kind)), alone)


def test_a_feature_is_worth_what_the_forecasts_lose_without_it() -> None:
    rng = seeded_generator(8)
    features = rng.normal(size=(300, 20, 3)).astype(np.float32)
    features[:, :, 2] = 1.0

    def predict(shown: np.ndarray) -> np.ndarray:
        return logistic(2.0 * shown[:, :, 0] + shown[:, :, 1])

    truth = predict(features)
    up = rng.random(truth.shape) < truth
    kind = np.arange(300) % 2
    found = permute_features(predict, features, up, kind, rng)
    # Of independent draws: the loss of what is told of another row, less that of the truth.
    first, second, other = rng.normal(size=(3, 200_000))
    p = logistic(2 * first + second)
    hit = rng.random(len(p)) < p
    for k, told in ((0, logistic(2 * other + second)), (1, logistic(2 * first + other))):
        wanted = (log_losses(told, hit) - log_losses(p, hit)).mean()
        assert abs(found.rise[k] - wanted) < 4 * found.error[k]
        assert 0 < found.error[k] < 0.1 * wanted
    assert (found.rise[2], found.error[2]) == (0, 0)


def grown(name: str) -> tuple[bytes, np.ndarray, np.ndarray | None]:
    """Return a graph, the rows it was grown on, and its library's own Shapley values of them."""
    features, up = sample(ROWS, 9)
    features[::7, 1] = np.nan
    if name == "lightgbm":
        data = lightgbm.Dataset(features, up.astype(np.float64))
        model = lightgbm.train(
            {"objective": "binary", "num_leaves": 6, "verbose": -1, "num_threads": 1,
             "boost_from_average": False}, data, num_boost_round=8,
        )  # fmt: skip
        told = np.asarray(model.predict(features, pred_contrib=True))[:, :WIDTH]
        return lightgbm_graph(model, WIDTH), features, told
    if name == "xgboost":
        model = xgboost.train(
            {"objective": "binary:logistic", "max_depth": 3, "nthread": 1, "base_score": 0.5},
            xgboost.DMatrix(features, up), num_boost_round=6,
        )  # fmt: skip
        return xgboost_graph(model), features, None
    forest = RandomForestClassifier(4, max_leaf_nodes=6, random_state=1).fit(features, up)
    return forest_graph(forest.estimators_, WIDTH), features, None


def answer(trees: Trees, features: np.ndarray, known: set[int], background: np.ndarray) -> float:
    """Return what trees answer one row where only some features are known, by definition."""
    total = 0.0
    for leaves in trees.leaves:
        for leaf in leaves:
            share, here = 1.0, np.ones(len(background), dtype=bool)
            for branch, to_left in leaf.way:
                goes = branch.goes_left(background) == to_left
                if branch.feature in known:
                    share *= branch.goes_left(features[None])[0] == to_left
                else:
                    share *= goes[here].mean()
                here &= goes
            total += share * leaf.value
    return total


@pytest.mark.parametrize("name", ["lightgbm", "xgboost", "random_forest"])
def test_shapley_values_of_trees_are_those_of_their_definition(name: str) -> None:
    graph, features, told = grown(name)
    trees = read_trees(graph)
    assert trees is not None
    background = features[:60]
    found = explain_trees(trees, features[:2], background)
    for row, values in zip(features[:2], found, strict=True):
        for k in range(WIDTH):
            rest = [each for each in range(WIDTH) if each != k]
            wanted = sum(
                factorial(size) * factorial(WIDTH - size - 1) / factorial(WIDTH)
                * (answer(trees, row, {*some, k}, background)
                   - answer(trees, row, {*some}, background))
                for size in range(WIDTH) for some in combinations(rest, size)
            )  # fmt: skip
            assert values[k] == pytest.approx(wanted, abs=1e-9)
    # With the rows it was grown on as background, LightGBM's own values come out.
    if told is not None:
        np.testing.assert_allclose(explain_trees(trees, features, features), told, atol=1e-6)


@pytest.mark.parametrize("name", ["lightgbm", "xgboost", "random_forest"])
def test_trees_are_read_as_they_are_served(name: str) -> None:
    graph, features, _ = grown(name)
    trees = read_trees(graph)
    assert trees is not None
    every = set(range(WIDTH))
    sums = np.array([answer(trees, row, every, features) for row in features[:40]])
    served = OnnxClassifier(graph).predict(features[:40])
    np.testing.assert_allclose(logistic(sums) if trees.logistic else sums, served, atol=1e-6)
