"""Every calibration method found: it keeps order and mirror, keeps its word, and repeats itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from assay.model.errors import DataError
from assay.runtime.ids import seeded_generator
from assay.signals.calibration import (
    FEWEST_PARTS,
    ONE,
    Scored,
    StepTable,
    bin_scores,
    find_method,
    fit_middle,
    fit_steps,
    method_names,
    mirror_rows,
    to_score,
)

if TYPE_CHECKING:
    from assay.runtime.ids import Generator

BLOCKS, ROWS_A_BLOCK, LEVELS = 200, 20, 12
LEVEL = 0.1
each_method = pytest.mark.parametrize("name", method_names())
SHAPES = ("steep", "flat", "inverted", "sure", "one score", "one outcome")


def known_map(score: np.ndarray) -> np.ndarray:
    """Return a truth that every method can tell: log odds half again as steep as the score's."""
    odds = (score / (1 - score)) ** 1.5
    return odds / (1 + odds)


def market(rng: Generator, blocks: int = BLOCKS) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return scores of a few levels, outcomes that a stretch partly shares, and the stretches."""
    rows = blocks * ROWS_A_BLOCK
    score = np.linspace(0.3, 0.7, LEVELS)[rng.integers(LEVELS, size=rows)]
    shared = np.repeat(rng.random(blocks * 4), ROWS_A_BLOCK // 4)
    return to_score(score), shared < known_map(score), np.repeat(np.arange(blocks), ROWS_A_BLOCK)


def shaped(shape: str) -> Scored:
    """Return rows of every kind that a model may come with."""
    rng = seeded_generator(SHAPES.index(shape))
    score, hit, block = market(rng)
    if shape == "steep":
        score = to_score(rng.random(len(score)))
        hit = rng.random(len(score)) < score / ONE
    if shape == "flat":
        hit = rng.random(len(hit)) < 0.5
    if shape == "inverted":
        hit = ~hit
    if shape == "sure":
        hit = score > ONE // 2
    if shape == "one score":
        score = np.full_like(score, 5_100)
    if shape == "one outcome":
        hit = np.ones_like(hit)
    return bin_scores(score, hit, block)


def fitted(name: str, scored: Scored) -> StepTable:
    return fit_steps(scored, find_method(name), level=LEVEL, rng=seeded_generator(3))


def test_the_method_of_fewest_parts_comes_first() -> None:
    assert method_names() == [FEWEST_PARTS, "beta", "platt", "venn-abers"]


@each_method
@pytest.mark.parametrize("shape", SHAPES)
def test_it_never_reverses_the_order_of_scores_nor_leaves_0_to_1(name: str, shape: str) -> None:
    table = fitted(name, shaped(shape))
    for column in (table.p, table.lower, table.upper):
        assert np.all(np.diff(column) >= 0)
        assert 0 <= min(column) <= max(column) <= ONE
    assert np.all(np.array(table.lower) <= table.p)
    assert np.all(np.array(table.p) <= table.upper)
    if shape == "inverted":
        assert table.p[0] == table.p[-1]


@each_method
def test_a_direction_and_its_mirror_are_one(name: str) -> None:
    score, hit, block = market(seeded_generator(5))
    told = bin_scores(*mirror_rows(score, hit | (score % 7 == 0), block))
    p, lower, upper = fitted(name, told).look_up(np.unique(np.concatenate([score, ONE - score])))
    assert np.abs(p + p[::-1] - ONE).max() <= 0.01 * ONE
    assert np.abs(lower + upper[::-1] - ONE).max() <= 0.02 * ONE


@each_method
def test_it_recovers_a_known_map_and_its_bounds_keep_their_word(name: str) -> None:
    at = np.linspace(0.3, 0.7, LEVELS)
    truth, inside, gaps, widths = known_map(at) * ONE, [], [], []
    for seed in range(8):
        table = fitted(name, bin_scores(*market(seeded_generator(seed, 1))))
        p, lower, upper = table.look_up(to_score(at))
        inside.append((lower <= truth) & (truth <= upper))
        gaps.append(p - truth)
        widths.append(upper - lower)
    spread = float(np.mean(widths))
    assert np.abs(np.mean(gaps, axis=0)).max() <= spread / 2
    assert np.mean(inside) >= 1 - 2 * LEVEL - 0.05
    assert spread < 0.12 * ONE


@each_method
def test_equal_inputs_give_equal_bytes(name: str) -> None:
    tables = [fitted(name, bin_scores(*market(seeded_generator(8)))) for _ in range(2)]
    assert tables[0] == tables[1]
    middle = fit_middle(bin_scores(*market(seeded_generator(8))), find_method(name))
    at = np.arange(ONE + 1)
    assert np.array_equal(middle.look_up(at)[0], tables[0].look_up(at)[0])
    assert middle.p == middle.lower == middle.upper


@each_method
def test_fewer_stretches_widen_its_bounds_and_too_few_are_refused(name: str) -> None:
    many, few = (bin_scores(*market(seeded_generator(4), blocks)) for blocks in (200, 20))
    widths = [
        np.mean(np.subtract(t.upper, t.lower)) for t in (fitted(name, few), fitted(name, many))
    ]
    assert widths[0] > 1.5 * widths[1]
    with pytest.raises(DataError, match="7 independent stretches are too few"):
        fitted(name, bin_scores(*market(seeded_generator(4), 7)))
