"""Judge settings by purged, embargoed folds of the rows that a model is fitted on, and no others.

Source: M. Lopez de Prado, Advances in Financial Machine Learning, 2018, sections 7.4 and 9.3
(hyper-parameters by purged cross-validation, scored by log loss).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.model.errors import UsageError
from assay.signals.calibration.binning import log_odds
from assay.signals.calibration.logistic import logistic
from assay.signals.calibration.scoring import log_losses
from assay.signals.models import Settings
from assay.signals.training.folds import Fold, Labels, purged_folds
from assay.signals.training.learners import family_learner
from assay.signals.training.rows import Bars, Rows
from assay.signals.training.splits import split_rows

Float64s = NDArray[np.float64]
Int64s = NDArray[np.int64]
LOG_LOSS, NET = "log-loss", "net"
METRICS = (LOG_LOSS, NET)
FOLDS = 4
HORIZONS_A_STRETCH = 2
SUREST = 0.3
"""By `net` each fold takes this share of its rows, those whose forecast is farthest from a coin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Hold what all settings are judged on alike: rows of the fit span, families, metric, seed.

    `bars` are as in choose_examples; `horizon` is in ns.
    """

    rows: Rows
    families: tuple[str, ...]
    horizon: int
    metric: str = LOG_LOSS
    seed: int = 1
    bars: Sequence[Bars] = ()

    def __post_init__(self) -> None:
        if self.metric not in METRICS:
            raise UsageError(f"metric {self.metric!r} is unknown; use one of {', '.join(METRICS)}")

    def folds(self) -> list[Fold]:
        """Return the folds; raise DataError where the rows are too few for them."""
        return purged_folds(Labels(time=self.rows.time, end=self.rows.end), folds=FOLDS)


@dataclass(frozen=True, slots=True)
class FoldScore:
    """Hold what settings cost on one fold: sums and weights by stretch of time [stretches].

    A stretch is two horizons, numbered from 1970, all instruments together. The cost is what is to
    be low: the log loss, or what was lost (minor units a lot).
    """

    stretch: Int64s
    cost: Float64s
    weight: Float64s

    @property
    def mean(self) -> float:
        """Return the mean cost of a row."""
        return float(self.cost.sum() / self.weight.sum())


def fit_span(rows: Rows) -> Rows:
    """Return the rows that a training of these rows fits on; raise DataError for too few."""
    return rows.take(split_rows(rows).fit)


def judge_fold(bench: Bench, settings: Mapping[str, Settings], number: int) -> FoldScore:
    """Return what settings by family cost on the fold of that number.

    Several families are pooled as equals: by the mean of their log odds. What weights a combination
    gives them is learnt later.
    """
    fold, rows = bench.folds()[number], bench.rows
    odds = np.zeros(int(fold.test.sum()))
    for family in bench.families:
        learn = family_learner(family, bench.seed, bench.bars, settings.get(family))
        odds += log_odds(learn(rows, fold.fit, fold.test)) / len(bench.families)
    tested = rows.take(fold.test)
    up = logistic(odds)
    cost, weight = _log_losses(up, tested) if bench.metric == LOG_LOSS else _losses(up, tested)
    stretch, where = np.unique(
        tested.time // (HORIZONS_A_STRETCH * bench.horizon), return_inverse=True
    )
    return FoldScore(
        stretch, np.bincount(where, weights=cost * weight), np.bincount(where, weights=weight)
    )


def _log_losses(up: Float64s, tested: Rows) -> tuple[Float64s, Float64s]:
    """Return the log loss of the direction that models are taught, weighted as they are taught."""
    return log_losses(up, tested.up_soon == 1), tested.weight


def _losses(up: Float64s, tested: Rows) -> tuple[Float64s, Float64s]:
    """Return what the side that a forecast leans to lost after costs, of the surest rows."""
    net = np.where(up >= 0.5, tested.long_net, tested.short_net).astype(np.float64)
    sure = np.abs(up - 0.5)
    return -net, (sure >= np.quantile(sure, 1 - SUREST)).astype(np.float64)
