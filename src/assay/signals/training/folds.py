"""Cut labelled rows into folds of fit and test rows, purged and embargoed, in three ways.

One law holds for all of them: between the life of a fit row's label and that of a test row's lies
at least the embargo, whatever their instruments. The embargo is the longest label, or longer.
Sources: M. Lopez de Prado, Advances in Financial Machine Learning, 2018, sections 7.4 (purging and
embargo) and 12.4 (combinatorial purged cross-validation); R. Pardo, The Evaluation and Optimization
of Trading Strategies, 2008, chapter 11 (walk-forward).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay.model.errors import DataError, UsageError
from assay.model.time import format_time

Bools = NDArray[np.bool_]
Int64s = NDArray[np.int64]
ANCHORED, ROLLING = "anchored", "rolling"
SCHEMES = (ANCHORED, ROLLING)
FOLD_ROWS_MIN = 200


class Span(NamedTuple):
    """Hold a stretch of time (ns UTC): when its first row is, and when its last label is known."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """Hold which rows [n] a fold fits on and which it tests, their spans, and the embargo (ns)."""

    name: str
    fit: Bools
    test: Bools
    fit_span: Span
    test_spans: tuple[Span, ...]
    embargo: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """Hold when each row [n] is (`time`) and when its label is known (`end`), both ns UTC."""

    time: Int64s
    end: Int64s

    @property
    def longest(self) -> int:
        """Return the longest label (ns); raise DataError where there is no row."""
        if not len(self.time):
            raise DataError("no bar has a label; give more data or a shorter horizon")
        return int((self.end - self.time).max())

    def span(self, chosen: Bools) -> Span:
        """Return the stretch of time that the labels of the chosen rows live in."""
        return Span(int(self.time[chosen].min()), int(self.end[chosen].max()))

    def apart(self, spans: Sequence[Span], embargo: int) -> Bools:
        """Return which labels end an embargo before each span, or begin one after it."""
        kept = np.ones(len(self.time), dtype=bool)
        for span in spans:
            kept &= (self.end + embargo <= span.start) | (self.time >= span.end + embargo)
        return kept


def purged_folds(
    labels: Labels, *, folds: int, embargo: int = 0, least: int = FOLD_ROWS_MIN
) -> list[Fold]:
    """Return folds that test one of `folds` stretches of time each, every row once.

    Raises DataError, naming the fold, where one has fewer than `least` rows to fit or to test.
    """
    _at_least("folds", folds, 2)
    groups = group_rows(labels.time, folds)
    return [
        _around(labels, groups, (number,), f"fold {number + 1} of {folds}", (embargo, least))
        for number in range(folds)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Combinations:
    """Hold the folds of every choice of test groups, the group of each row [n], and the paths.

    `paths` [path, group] is the number of the fold that tests that group on that path: each path
    tests every row once, so it is a backtest of its own.
    """

    folds: list[Fold]
    groups: Int64s
    paths: Int64s


def combinatorial_folds(
    labels: Labels, *, groups: int, tests: int, embargo: int = 0, least: int = FOLD_ROWS_MIN
) -> Combinations:
    """Return the folds that test any `tests` of `groups` stretches of time, and their paths.

    There are C(groups, tests) folds and tests / groups x C(groups, tests) paths. Raises DataError,
    naming the fold, where one has fewer than `least` rows to fit or to test.
    """
    _at_least("tests", tests, 1)
    _at_least("groups", groups, tests + 1)
    numbers = group_rows(labels.time, groups)
    choices = list(combinations(range(groups), tests))
    folds = [
        _around(labels, numbers, chosen, f"the fold that tests {_word(chosen)} of {groups}",
                (embargo, least))
        for chosen in choices
    ]  # fmt: skip
    testing = [[i for i, chosen in enumerate(choices) if g in chosen] for g in range(groups)]
    return Combinations(folds=folds, groups=numbers, paths=np.array(testing, np.int64).T)


def walk_forward(
    labels: Labels, *, folds: int, scheme: str = ANCHORED, over: tuple[int | None, int | None],
    embargo: int = 0, least: int = FOLD_ROWS_MIN,
) -> list[Fold]:  # fmt: skip
    """Return folds that test consecutive stretches of equal time and fit on what came before each.

    `over` is the time (ns UTC) that is tested: from the middle row where its start is None, to the
    last label where its end is. Anchored folds fit on all that came before; rolling ones on as
    long a time as the first does. A label that is known only after its stretch is tested in none.
    Raises DataError, naming the fold, where one has fewer than `least` rows to fit or to test.
    """
    _at_least("folds", folds, 1)
    if scheme not in SCHEMES:
        raise UsageError(f"scheme {scheme!r} is unknown; use one of {', '.join(SCHEMES)}")
    embargo = max(embargo, labels.longest)
    start, stop = over
    start = int(np.quantile(labels.time, 0.5, method="nearest")) if start is None else start
    stop = int(labels.end.max()) if stop is None else stop
    if stop <= start:
        raise UsageError(
            f"the test ends at {format_time(stop)} and begins at {format_time(start)}; "
            "let it end later"
        )
    window = start - int(labels.time.min()) if scheme == ROLLING else None
    found = []
    for number in range(folds):
        first, last = (start + (stop - start) * n // folds for n in (number, number + 1))
        test = (labels.time >= first) & (labels.end <= last)
        fit = labels.end + embargo <= first
        if window is not None:
            fit &= labels.time >= first - window
        name = f"fold {number + 1} of {folds}, from {format_time(first)}"
        _require_rows(name, fit, test, least)
        found.append(
            Fold(name=name, fit=fit, test=test, fit_span=labels.span(fit),
                 test_spans=(Span(first, last),), embargo=embargo)
        )  # fmt: skip
    return found


def group_rows(time: Int64s, groups: int) -> Int64s:
    """Return the number of the stretch of time that each row lies in, about as many rows in each.

    Rows of one moment, those of several instruments, stay together.

    >>> group_rows(np.array([1, 1, 2, 3, 3, 4]), 2).tolist()
    [0, 0, 0, 1, 1, 1]
    """
    if not len(time):
        return np.zeros(0, np.int64)
    edges = np.quantile(time, np.arange(1, groups) / groups, method="higher")
    return np.searchsorted(edges, time, side="right").astype(np.int64)


def _around(
    labels: Labels, groups: Int64s, chosen: tuple[int, ...], name: str, rules: tuple[int, int]
) -> Fold:
    embargo, least = max(rules[0], labels.longest), rules[1]
    test = np.isin(groups, chosen)
    parts = [groups == number for number in chosen]
    spans = tuple(labels.span(part) for part in parts if part.any())
    fit = labels.apart(spans, embargo) & ~test
    _require_rows(name, fit, test, least)
    return Fold(
        name=name, fit=fit, test=test, fit_span=labels.span(fit), test_spans=spans, embargo=embargo
    )


def _require_rows(name: str, fit: Bools, test: Bools, least: int) -> None:
    for purpose, chosen in (("fit", fit), ("test", test)):
        rows = int(chosen.sum())
        if rows < max(least, 1):
            raise DataError(
                f"{name}: {rows} rows are left to {purpose} with, {max(least, 1)} are needed; "
                "give more data, fewer folds or a shorter horizon"
            )


def _at_least(name: str, value: int, least: int) -> None:
    if value < least:
        raise UsageError(f"{name} is {value}; give at least {least}")


def _word(chosen: Sequence[int]) -> str:
    return " and ".join(f"group {number + 1}" for number in chosen)
