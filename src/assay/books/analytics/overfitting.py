"""How likely it is that the best of several configurations was chosen by luck."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from assay.books.analytics.resampling import stationary_rows
from assay.model.errors import DataError
from assay.runtime.ids import seeded_generator

Floats = npt.NDArray[np.float64]

SPLITS = 16
MIN_DAYS = 4
"""Days that a split must have, so that a Sharpe ratio of half of them says something."""


@dataclass(frozen=True, slots=True)
class Overfitting:
    """Hold the probability of overfitting, its 90 % interval, and the logit of each split."""

    probability: float
    lower: float
    upper: float
    logits: Floats


def overfitting_probability(returns: Floats, splits: int = SPLITS) -> tuple[float, Floats]:
    """Return the probability of backtest overfitting, and the logit of every split.

    `returns` has a row a day and a column a configuration, `splits` is even. The days are cut into
    that many blocks; for every choice of half of them, the configuration with the highest Sharpe
    ratio there is ranked among all on the other half. Its logit is ln(w / (1 - w)) of its relative
    rank w, and the probability the share of logits <= 0. Source: Bailey, Borwein, Lopez de Prado
    and Zhu, "The Probability of Backtest Overfitting", Journal of Computational Finance 20(4),
    2017. Raises DataError for fewer than two configurations or too few days.
    """
    days, count = returns.shape
    if count < 2 or days < MIN_DAYS * splits:
        raise DataError(
            f"{count} runs of {days} days were given; overfitting is measured on 2 or more of "
            f"{MIN_DAYS * splits} or more days in common"
        )
    return _rank_best(returns, _choose_halves(splits))


def _choose_halves(splits: int) -> Floats:
    """Return a row of 0 and 1 for each choice of half of the blocks; its mirror is the rest."""
    places = np.array([*combinations(range(splits), splits // 2)])
    chosen: Floats = np.zeros((len(places), splits))
    np.put_along_axis(chosen, places, 1.0, axis=1)
    return chosen


def _rank_best(returns: Floats, chosen: Floats) -> tuple[float, Floats]:
    blocks = np.array_split(returns, chosen.shape[1])
    sums = np.array([block.sum(axis=0) for block in blocks])
    squares = np.array([(block**2).sum(axis=0) for block in blocks])
    lengths = np.array([len(block) for block in blocks], dtype=np.float64)
    inside = _sharpes(chosen, sums, squares, lengths)
    # In the order of combinations, the rest of a choice stands as far from the end.
    outside = inside[::-1]
    best = inside.argmax(axis=1)
    rows = np.arange(len(best))
    mine = outside[rows, best][:, None]
    # Ties share their ranks, so that equal configurations are told apart by nothing.
    rank = (outside < mine).sum(axis=1) + ((outside == mine).sum(axis=1) + 1) / 2
    share = rank / (returns.shape[1] + 1)
    logits: Floats = np.log(share / (1 - share))
    return float((logits <= 0).mean()), logits


def _sharpes(chosen: Floats, sums: Floats, squares: Floats, lengths: Floats) -> Floats:
    n = (chosen @ lengths)[:, None]
    mean = chosen @ sums / n
    variance = np.maximum(chosen @ squares / n - mean**2, 0.0)
    found: Floats = np.zeros_like(mean)
    np.divide(mean, np.sqrt(variance), out=found, where=variance > 1e-24)
    return found


def measure_overfitting(
    returns: Floats, *, splits: int = SPLITS, draws: int = 200, block: float = 5.0, seed: int = 1
) -> Overfitting:
    """Return the probability of overfitting with a 90 % interval.

    The interval is that of `draws` stationary bootstraps of the days, in blocks of `block` days on
    average; it is wide, which is why the probability alone decides nothing.
    """
    probability, logits = overfitting_probability(returns, splits)
    chosen, generator = _choose_halves(splits), seeded_generator(seed)
    found = [
        _rank_best(returns[rows], chosen)[0]
        for rows in stationary_rows(generator, len(returns), block=block, draws=draws)
    ]
    lower, upper = np.quantile(found, (0.05, 0.95))
    return Overfitting(probability, float(lower), float(upper), logits)
