"""The leak checks of an experiment: the bars, features and family that a training would use."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from assay.apps.lab.models.labelling import (
    Instrument,
    describe_series,
    read_instrument,
    told_by_leaders,
)
from assay.apps.lab.models.leaders import choose_candidates, follow_leaders
from assay.apps.lab.models.training import TrainingRequest, bars_until, digest_training, teach_rows
from assay.apps.lab.trial import Look, enter_look, span_of
from assay.market.series import BarSeries
from assay.signals.augmentation import find_augmentation
from assay.signals.features import FeatureSet, Told
from assay.signals.models import widest_window
from assay.signals.training import Rows, cut_windows, pool, split_rows
from assay.signals.training.folds import (
    Labels,
    combinatorial_folds,
    purged_folds,
    walk_forward,
)
from assay.signals.training.leaks import (
    HORIZONS_A_BLOCK,
    History,
    check_history,
    check_overlap,
    check_refit,
    check_shift,
    check_shuffled,
    check_stacking,
)
from assay.signals.training.learners import draw_line, family_learner, score_folds, score_paths
from assay.signals.training.stacking import hold_out, widen_by

LINE_ROWS, FAMILY_ROWS = 12_000, 5_000
"""Rows that the straight line and the family are checked on, of all the time and of the last."""
CUTS = (0.4, 0.7, 0.95)
"""Shares of the bars after which the rest is cut."""
FOLDS, GROUPS, TESTS = 5, 6, 2
FAMILY_FITS = 0.6

Tell = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """Hold the labels of all bars, and fewer rows of them to check on, with leaders if any."""

    request: TrainingRequest
    features: FeatureSet
    labels: Labels
    rows: Rows
    series: Sequence[BarSeries]

    @property
    def bar(self) -> int:
        """Return the length of a bar (ns)."""
        return int(self.series[0].timeframe)


def read_experiment(request: TrainingRequest, tell: Tell) -> Experiment:
    """Label every bar of a request until its end, as a training would, and keep rows to check.

    A label's life is taken to begin with its bar's open.
    """
    series = [bars_until(one, request.until) for one in request.series]
    features, parts, times = request.features, [], []
    start, end = span_of(series)
    look = Look(
        kind="check", series=series, start=start, end=end, strategy=request.family,
        parameters=digest_training(request, features),
    )  # fmt: skip
    enter_look(request.ledger, look)
    for number, one in enumerate(series):
        tell(f"labelling {one.symbol}", number / len(series))
        instrument = read_instrument(one, features, request.config, request.costs)
        rows = teach_rows(instrument, request, number=number, stride=1)
        times.append((rows.time - int(one.timeframe), rows.end))
        parts.append(rows.take(_thin(len(rows), LINE_ROWS // len(series))))
    starts, ends = (np.concatenate(column) for column in zip(*times, strict=True))
    rows = pool(parts)
    candidates = choose_candidates(request.leaders, [one.symbol for one in series], features)
    features, rows = follow_leaders(rows, series, candidates, features, request.config)
    labels = Labels(time=starts, end=ends)
    return Experiment(request=request, features=features, labels=labels, rows=rows, series=series)


def _thin(count: int, most: int) -> np.ndarray:
    return np.arange(0, count, max(1, -(-count // max(most, 1))))


def check_training(request: TrainingRequest, tell: Tell) -> dict[str, Any]:
    """Check what a training would do; return the figures of the checks, else raise DataError."""
    found = read_experiment(request, tell)
    split = split_rows(found.rows)
    labels = Labels(time=found.rows.time, end=found.rows.end)
    pairs = (("fit and stop", split.fit, split.stop), ("stop and calibrate", split.stop,
             split.calibrate), ("fit and calibrate", split.fit, split.calibrate))  # fmt: skip
    for name, earlier, later in pairs:
        check_overlap(labels, earlier, later, embargo=split.embargo, name=name)
    return {"overlap": len(pairs), **check_experiment(found, tell)}


def check_experiment(found: Experiment, tell: Tell) -> dict[str, Any]:
    """Run every check but that of overlap; return their figures, else raise DataError."""
    most = 0.0
    for number, one in enumerate(found.series):
        tell(f"checking {one.symbol} for leaks", number / len(found.series))
        instrument = _describe(found, number, found.series)
        history = _history_of(found, number, instrument)
        check_history(history, _cuts(found, history))
        bars = instrument.bars
        most = max(most, check_shift(history, bars.settled, bars.mid))
    tell("checking the learners for leaks", 0.0)
    return {
        "truncated_history": len(CUTS), "future_shift_most": most, **_check_learners(found, tell),
    }  # fmt: skip


def _describe(found: Experiment, number: int, series: Sequence[BarSeries]) -> Instrument:
    request, features = found.request, found.features
    told: Mapping[str, Told] = told_by_leaders(series, features, request.config)
    return read_instrument(series[number], features, request.config, request.costs, told)


def _history_of(found: Experiment, number: int, whole: Instrument) -> History:
    closes = whole.bars.close_time

    def describe(count: int) -> np.ndarray:
        cut = [bars_until(one, int(closes[count - 1])) for one in found.series]
        return _describe(found, number, cut).bars.features

    return History(
        symbol=whole.symbol, names=whole.names, closes=closes, values=whole.bars.features,
        describe=describe,
    )  # fmt: skip


def _cuts(found: Experiment, history: History) -> list[int]:
    # Before all have begun, a leader could not be read.
    begin = max(int(one.ts_open[0]) for one in found.series) + found.bar
    first = int(np.searchsorted(history.closes, begin)) + 1
    count = len(history.closes)
    return [min(max(int(share * count), first), count) for share in CUTS]


def _check_learners(found: Experiment, tell: Tell) -> dict[str, Any]:
    request, rows = found.request, found.rows
    block = HORIZONS_A_BLOCK * request.bracket.horizon * found.bar
    folds = purged_folds(Labels(time=rows.time, end=rows.end), folds=FOLDS)
    check_refit(draw_line, rows, folds[-1])
    line = check_shuffled(draw_line, rows, folds, block=block, seed=request.seed)
    last = _show_families(found, rows.take(np.arange(max(0, len(rows) - FAMILY_ROWS), len(rows))))
    start = int(np.quantile(last.time, FAMILY_FITS, method="nearest"))
    (fold,) = walk_forward(Labels(time=last.time, end=last.end), folds=1, over=(start, None))
    families = []
    for family in request.families:
        learn = family_learner(family, request.seed)
        tell(f"checking {family} for leaks", 0.5)
        check_refit(learn, last, fold)
        if request.augment is not None:
            tell(f"checking rows made for {family} for leaks", 0.6)
            by = widen_by(find_augmentation(request.augment), tell=tell)
            check_refit(family_learner(family, request.seed, widen=by), last, fold)
        tell(f"shuffling the labels of {family}", 0.7)
        families.append(check_shuffled(learn, last, [fold], block=block, seed=request.seed))
    worst = max(families, key=lambda each: each.t)
    return {
        "refit": 1 + len(families) * (1 if request.augment is None else 2),
        "shuffled_auc": worst.auc, "shuffled_t": worst.t,
        "shuffled_line_auc": line.auc, "shuffled_line_t": line.t,
        **_check_stacking(request, last, block, tell),
    }  # fmt: skip


def _show_families(found: Experiment, rows: Rows) -> Rows:
    request = found.request
    window = widest_window(request.families)
    if window == 1:
        return rows
    bars = describe_series(found.series, found.features, request.config, request.costs)
    return cut_windows(rows, bars, window)


def _check_stacking(
    request: TrainingRequest, rows: Rows, block: int, tell: Tell
) -> dict[str, float]:
    """Check what the combination of an ensemble learns from, by the function that trains it."""
    if request.joined is None:
        return {}

    def held_out(mixed: Rows) -> np.ndarray:
        tell("shuffling what members are combined on", 0.9)
        return hold_out(mixed, request.families, seed=request.seed)

    t = check_stacking(held_out, rows, request.families, block=block, seed=request.seed)
    return {"stacking_t": t}


def score_line(found: Experiment) -> dict[str, Any]:
    """Return how a straight line through the features does, by folds and by combinatorial paths.

    Areas under the curve of the direction, on rows that the line was not fitted on.
    """
    labels = Labels(time=found.rows.time, end=found.rows.end)
    combined = combinatorial_folds(labels, groups=GROUPS, tests=TESTS)
    return {
        "folds_auc": score_folds(draw_line, found.rows, purged_folds(labels, folds=FOLDS)),
        "paths_auc": score_paths(draw_line, found.rows, combined),
    }  # fmt: skip
