"""Checks that every experiment passes: nothing of the future may be in what it learns from.

Six of them, each raising DataError with its name, the feature or row, and the remedy:
`overlap` (exact), `truncated history` of the features and `refit` of the learner (exact: cutting
the future changes nothing of the past), `future shift`, `shuffled labels` and `stacking` (against
chance).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from assay.model.errors import DataError
from assay.model.time import format_time
from assay.runtime.ids import seeded_generator
from assay.signals.calibration.scoring import area_under_curve
from assay.signals.training.folds import Bools, Fold, Int64s, Labels
from assay.signals.training.learners import Learner
from assay.signals.training.rows import Rows

Float32s = NDArray[np.float32]
Float64s = NDArray[np.float64]
CHANCE = 1e-4
"""In how many honest experiments a check against chance may fail."""
SHUFFLES = 3
HORIZONS_A_BLOCK = 2
SCORE_GAP = 1e-6
"""Scores of a row may differ by the order in which sums are taken, not by more."""
NEAR_BARS = 1_000
NEWS_LEAST = 0.25
NEWS_SHARE = 0.5
NEWS_ROWS_LEAST = 500
NEWS_ROWS_MOST = 50_000
LABEL_COLUMNS = (
    "outcome", "up", "up_soon", "long_net", "short_net", "long_points", "short_points", "stop",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Hold the features [bars, names] of one instrument, and how they are made of fewer bars.

    `describe` takes a number of bars and returns the features of those first bars alone.
    """

    symbol: str
    names: Sequence[str]
    closes: Int64s
    values: Float32s
    describe: Callable[[int], Float32s]


def check_overlap(labels: Labels, fit: Bools, test: Bools, *, embargo: int, name: str) -> None:
    """Raise DataError where a fit row's label lives within an embargo of a tested row's.

    Compares every life with every other, from the row to its label's end event, both included.
    """
    fitted, tested = np.flatnonzero(fit), np.flatnonzero(test)
    if not len(fitted) or not len(tested):
        return
    tested = tested[np.argsort(labels.time[tested], kind="stable")]
    latest = np.maximum.accumulate(labels.end[tested])
    # Of the tests that begin before a fit row's end, the one that ends last tells.
    before = np.searchsorted(labels.time[tested], labels.end[fitted] + embargo, side="left") - 1
    overlaps = (before >= 0) & (latest[before] > labels.time[fitted] - embargo)
    same = np.isin(fitted, tested)
    if not overlaps.any() and not same.any():
        return
    row = fitted[np.flatnonzero(overlaps | same)[0]]
    raise DataError(
        f"leak check overlap, {name}: {int((overlaps | same).sum())} rows to fit have labels that "
        f"live within {embargo / 6e10:g} minutes of tested ones, the first at "
        f"{format_time(int(labels.time[row]))} known at {format_time(int(labels.end[row]))}; "
        "purge rows by the end of their label and keep the embargo"
    )


def check_history(history: History, cuts: Sequence[int]) -> None:
    """Raise DataError where the features of past bars change once the bars after `cuts` are cut.

    Catches an indicator that peeks, and what is fitted on all data, as a scaler is.
    """
    for cut in cuts:
        known = np.ascontiguousarray(history.describe(cut)).view(np.uint32)
        whole = np.ascontiguousarray(history.values[:cut]).view(np.uint32)
        changed = known != whole
        if not changed.any():
            continue
        column = int(np.argmax(changed.any(axis=0)))
        rows = np.flatnonzero(changed[:, column])
        reach = cut - int(rows[0])
        others = int(changed.any(axis=0).sum()) - 1
        why = (
            f"it looks at least {reach} bars ahead; make it of this bar and those before"
            if reach <= NEAR_BARS
            else f"it is fitted on all data, as a scaler is ({len(rows)} bars change); fit on the "
            "bars to fit with alone"
        )
        raise DataError(
            f"leak check truncated history: feature {history.names[column]} of {history.symbol} at "
            f"{format_time(int(history.closes[rows[0]]))}"
            + (f" (and {others} others)" if others else "")
            + f" changes when the bars after {format_time(int(history.closes[cut - 1]))} are cut: "
            + why
        )


def check_shift(history: History, settled: Bools, mid: Int64s) -> float:
    """Raise DataError where a feature has the next bar's news; return the most that any has of it.

    A bar's news is the change of the mid over it. An honest feature changes with the news of its
    own bar; what changes with the news of the bar after holds, at this bar, what is only known at
    the next: its change has, shifted one bar into the future, the rank correlation that belongs at
    the bar itself. It fails above 0.25 and half of that of its own bar, beyond chance over all
    features; prices that merely trend or bounce stay below either.
    """
    from scipy.stats import rankdata  # a second to load, and only checks need it

    news = np.diff(mid, prepend=mid[:1]).astype(np.float64)
    change = np.diff(history.values.astype(np.float64), axis=0, prepend=history.values[:1])
    usable = settled & np.roll(settled, 1)
    usable[:1] = usable[-1:] = False
    at = np.flatnonzero(usable)[-NEWS_ROWS_MOST:]
    if len(at) < NEWS_ROWS_LEAST:
        raise DataError(
            f"leak check future shift: {history.symbol} has {len(at)} bars with settled features, "
            f"{NEWS_ROWS_LEAST} are needed; give more data"
        )
    least = NormalDist().inv_cdf(1 - CHANCE / (2 * len(history.names))) / len(at) ** 0.5
    own, later = (rankdata(news[at + shift]) for shift in (0, 1))
    most = 0.0
    for column, name in enumerate(history.names):
        if np.isnan(change[at, column]).any():
            continue  # the source has none of it, such as volume
        ranks = rankdata(change[at, column])
        here, ahead = correlate(ranks, own), correlate(ranks, later)
        most = max(most, abs(ahead))
        if abs(ahead) > max(least, NEWS_LEAST, NEWS_SHARE * abs(here)):
            raise DataError(
                f"leak check future shift: the change of feature {name} of {history.symbol} has a "
                f"rank correlation of {ahead:.2f} with the move of the bar after, {here:.2f} with "
                "that of its own; make it of this bar and those before"
            )
    return most


def correlate(one: Float64s, other: Float64s) -> float:
    """Return Pearson's correlation; 0 where either does not vary."""
    one, other = one - one.mean(), other - other.mean()
    power = float(np.sqrt((one @ one) * (other @ other)))
    return float(one @ other) / power if power > 0 else 0.0


def check_refit(learn: Learner, rows: Rows, fold: Fold) -> None:
    """Raise DataError where scores of tested rows change once the later rows are cut.

    Catches a learner that fits anything, such as a scaler, on rows that it is not to fit on.
    """
    middle = int(np.median(rows.time[fold.test]))
    kept = (rows.time <= middle) | fold.fit
    whole = learn(rows, fold.fit, fold.test)
    cut = learn(rows.take(kept), fold.fit[kept], fold.test[kept])
    gaps = np.abs(whole[kept[fold.test]] - cut)
    gap = float(gaps.max())
    if gap <= SCORE_GAP:
        return
    times = rows.time[fold.test & kept]
    raise DataError(
        f"leak check refit, {fold.name}: the score at {format_time(int(times[gaps.argmax()]))} "
        f"changes by {gap:.2g} when the rows after {format_time(middle)} are cut: something is "
        "fitted on all data, as a scaler is; fit it on the rows to fit with alone"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shuffled:
    """Hold the mean area under the curve of shuffled labels, and its t beside chance."""

    auc: float
    t: float


def check_shuffled(
    learn: Learner, rows: Rows, folds: Sequence[Fold], *, block: int, seed: int
) -> Shuffled:
    """Raise DataError where labels that were shuffled can still be foretold; return the figures.

    Labels move in stretches of `block` (ns; two horizons), so that they stay as alike to their
    neighbours as they were, and belong to no feature. The skill of a stretch is the covariance of
    score and label in it; its mean over all stretches and shuffles, over its standard error, is
    about normal where nothing leaks, and fails where it is one that chance gives once in 10,000.
    """
    skills, areas = [], []
    for draw in range(SHUFFLES):
        mixed = shuffle_labels(rows, block, seed, draw)
        for fold in folds:
            scores, up = learn(mixed, fold.fit, fold.test), mixed.up[fold.test] == 1
            area = area_under_curve(scores, up)
            areas += [] if area is None else [area]
            skills.append(_skill_of_blocks(scores, up, rows.time[fold.test] // (2 * block)))
    t = _t_of(skills)
    auc = float(np.mean(areas)) if areas else 0.5
    least = NormalDist().inv_cdf(1 - CHANCE)
    if t > least:
        raise DataError(
            f"leak check shuffled labels: labels of {SHUFFLES} shuffles in stretches are foretold "
            f"with an area under the curve of {auc:.4f} (t {t:.1f}, by chance below {least:.1f}); "
            "something learns from the labels of tested rows, such as a choice of features made "
            "on all rows: make it on the rows to fit with alone"
        )
    return Shuffled(auc=auc, t=t)


HeldOutBy = Callable[[Rows], Float64s]
"""Given rows, what a stacker is to learn from: each member's score [n, members] of every row."""


def check_stacking(
    held_out: HeldOutBy, rows: Rows, names: Sequence[str], *, block: int, seed: int
) -> float:
    """Raise DataError where a stacker learns from members that saw its rows; return the largest t.

    Labels are shuffled as by check_shuffled, and members may foretell none of them: one that was
    fitted on the very rows that the stacker learns from remembers theirs. `names` are the members.
    """
    skills: dict[str, list[Float64s]] = {name: [] for name in names}
    for draw in range(SHUFFLES):
        mixed = shuffle_labels(rows, block, seed, draw)
        for name, scores in zip(names, held_out(mixed).T, strict=True):
            skills[name].append(
                _skill_of_blocks(scores, mixed.up_soon == 1, rows.time // (2 * block))
            )
    found = {name: _t_of(each) for name, each in skills.items()}
    worst, least = max(found, key=found.__getitem__), NormalDist().inv_cdf(1 - CHANCE / len(names))
    if found[worst] > least:
        raise DataError(
            f"leak check stacking: {worst} foretells shuffled labels of the rows that the stacker "
            f"learns from (t {found[worst]:.1f}, by chance below {least:.1f}): it was fitted on "
            "those rows; let the stacker learn from purged out-of-fold predictions alone"
        )
    return found[worst]


def _t_of(skills: Sequence[Float64s]) -> float:
    found = np.concatenate(skills)
    error = float(np.sqrt((found**2).sum()))
    return float(found.sum()) / error if error > 0 else 0.0


def shuffle_labels(rows: Rows, block: int, seed: int, draw: int) -> Rows:
    """Return the rows with the labels of others: those of stretches of `block` ns, in new order."""
    stretch = rows.time // block
    numbers = np.unique(stretch)
    order = seeded_generator(seed, draw).permutation(len(numbers))
    place = np.empty(len(numbers), np.int64)
    place[order] = np.arange(len(numbers))
    taken = np.argsort(place[np.searchsorted(numbers, stretch)], kind="stable")
    return replace(rows, **{name: getattr(rows, name)[taken] for name in LABEL_COLUMNS})


def _skill_of_blocks(scores: Float64s, up: Bools, stretch: Int64s) -> Float64s:
    spread = float(scores.std())
    told = (scores - scores.mean()) / spread if spread > 0 else np.zeros(len(scores))
    _, where = np.unique(stretch, return_inverse=True)
    return np.bincount(where, weights=told * (up - up.mean()))
