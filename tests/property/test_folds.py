"""Folds keep the life of what is fitted an embargo away from what is tested, across instruments."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from assay.model.errors import DataError, UsageError
from assay.signals.training.folds import (
    SCHEMES,
    Combinations,
    Fold,
    Labels,
    combinatorial_folds,
    group_rows,
    purged_folds,
    walk_forward,
)
from assay.signals.training.leaks import check_overlap

QUICK = settings(max_examples=20, deadline=None, derandomize=True)


@st.composite
def labels(draw: st.DrawFn) -> Labels:
    """Draw rows of up to three instruments with gaps, each label of its own length."""
    time: list[int] = []
    for _ in range(draw(st.integers(1, 3))):
        gaps = draw(st.lists(st.integers(1, 6), min_size=15, max_size=25))
        time += np.cumsum(gaps).tolist()
    lengths = draw(st.lists(st.integers(1, 9), min_size=len(time), max_size=len(time)))
    order = np.argsort(time, kind="stable")
    return Labels(time=np.array(time)[order], end=(np.array(time) + lengths)[order])


def assert_apart(found: Labels, fold: Fold, embargo: int) -> None:
    """Compare every life that is fitted with every life that is tested."""
    assert fold.embargo >= max(embargo, found.longest)
    fit, test = fold.fit, fold.test
    before = found.end[fit, None] + fold.embargo <= found.time[None, test]
    after = found.time[fit, None] >= found.end[None, test] + fold.embargo
    assert np.all(before | after)
    check_overlap(found, fold.fit, fold.test, embargo=fold.embargo, name=fold.name)


def slow_fit(found: Labels, groups: np.ndarray, tested: tuple[int, ...], embargo: int) -> list[int]:
    kept = []
    for i in range(len(found.time)):
        apart = True
        for group in tested:
            rows = [j for j in range(len(groups)) if groups[j] == group]
            start, end = min(found.time[j] for j in rows), max(found.end[j] for j in rows)
            apart &= found.end[i] + embargo <= start or found.time[i] >= end + embargo
        if apart and groups[i] not in tested:
            kept.append(i)
    return kept


@QUICK
@given(labels(), st.integers(2, 4), st.integers(0, 12))
def test_purged_folds_are_those_of_the_slow_rule(found: Labels, count: int, embargo: int) -> None:
    try:
        folds = purged_folds(found, folds=count, embargo=embargo, least=1)
    except DataError:
        event("too few rows")
        return
    groups = group_rows(found.time, count)
    assert np.sum([fold.test for fold in folds], axis=0).tolist() == [1] * len(found.time)
    for number, fold in enumerate(folds):
        assert np.flatnonzero(fold.test).tolist() == np.flatnonzero(groups == number).tolist()
        assert np.flatnonzero(fold.fit).tolist() == slow_fit(found, groups, (number,), fold.embargo)
        assert_apart(found, fold, embargo)


@QUICK
@given(labels(), st.integers(3, 5), st.integers(1, 2))
def test_every_row_is_tested_equally_often_and_once_a_path(
    found: Labels, groups: int, tests: int
) -> None:
    try:
        combined = combinatorial_folds(found, groups=groups, tests=tests, least=1)
    except DataError:
        event("too few rows")
        return
    choices = list(combinations(range(groups), tests))
    assert len(combined.folds) == comb(groups, tests)
    for chosen, fold in zip(choices, combined.folds, strict=True):
        assert np.flatnonzero(fold.fit).tolist() == slow_fit(
            found, combined.groups, chosen, fold.embargo
        )
        assert_apart(found, fold, 0)
    often = np.sum([fold.test for fold in combined.folds], axis=0)
    assert set(often.tolist()) == {comb(groups - 1, tests - 1)}
    assert len(combined.paths) * groups == tests * comb(groups, tests)
    assert_paths(combined, choices, groups)


def assert_paths(combined: Combinations, choices: list[tuple[int, ...]], groups: int) -> None:
    for path in combined.paths:
        assert all(group in choices[fold] for group, fold in enumerate(path))
    uses = [(group, fold) for path in combined.paths for group, fold in enumerate(path)]
    assert len(set(uses)) == len(uses) == sum(map(len, choices))
    assert {group for group, _ in uses} == set(range(groups))


@QUICK
@given(labels(), st.integers(1, 4), st.sampled_from(SCHEMES), st.integers(0, 12))
def test_a_walk_forward_learns_from_the_past_alone(
    found: Labels, count: int, scheme: str, embargo: int
) -> None:
    try:
        folds = walk_forward(found, folds=count, scheme=scheme, over=(None, None),
                             embargo=embargo, least=1)  # fmt: skip
    except DataError:
        event("too few rows")
        return
    first = folds[0].test_spans[0].start
    window = first - int(found.time.min())
    for number, fold in enumerate(folds):
        (span,) = fold.test_spans
        rows = range(len(found.time))
        oldest = span.start - window if scheme == "rolling" else found.time.min()
        assert np.flatnonzero(fold.fit).tolist() == [
            i for i in rows
            if found.end[i] + fold.embargo <= span.start and found.time[i] >= oldest
        ]  # fmt: skip
        assert np.flatnonzero(fold.test).tolist() == [
            i for i in rows if span.start <= found.time[i] and found.end[i] <= span.end
        ]
        assert number == 0 or span.start == folds[number - 1].test_spans[0].end
        assert_apart(found, fold, embargo)
    assert folds[-1].test_spans[0].end == found.end.max()


@QUICK
@given(labels(), st.data(), st.integers(0, 4))
def test_the_check_of_overlap_is_that_of_all_pairs(
    found: Labels, data: st.DataObject, embargo: int
) -> None:
    draws = st.lists(st.integers(0, 2), min_size=len(found.time), max_size=len(found.time))
    use = np.array(data.draw(draws))
    fit, test = use == 1, use == 2
    near = any(
        found.end[i] + embargo > found.time[j] and found.end[j] + embargo > found.time[i]
        for i in np.flatnonzero(fit)
        for j in np.flatnonzero(test)
    )
    if near:
        with pytest.raises(DataError, match="leak check overlap, here: "):
            check_overlap(found, fit, test, embargo=embargo, name="here")
    else:
        check_overlap(found, fit, test, embargo=embargo, name="here")


def spaced(count: int) -> Labels:
    time = np.arange(count) * 10
    return Labels(time=time, end=time + 30)


def test_folds_with_too_few_rows_are_refused_by_name() -> None:
    with pytest.raises(DataError, match=r"^fold 1 of 3: 128 rows are left to fit with, 200 are"):
        purged_folds(spaced(200), folds=3)
    with pytest.raises(DataError, match=r"^the fold that tests group 1 and group 2 of 4: "):
        combinatorial_folds(spaced(400), groups=4, tests=2)
    with pytest.raises(DataError, match=r"^fold 1 of 4, from 1970.*: 148 rows are left to test"):
        walk_forward(spaced(1_200), folds=4, over=(None, None))
    with pytest.raises(DataError, match="no bar has a label"):
        purged_folds(spaced(0), folds=3)


def test_what_makes_no_folds_is_refused() -> None:
    with pytest.raises(UsageError, match="scheme 'random' is unknown; use one of anchored, roll"):
        walk_forward(spaced(2_000), folds=2, scheme="random", over=(None, None))
    with pytest.raises(UsageError, match="let it end later"):
        walk_forward(spaced(2_000), folds=2, over=(9_000, 8_000))
    with pytest.raises(UsageError, match="folds is 1; give at least 2"):
        purged_folds(spaced(2_000), folds=1)
    with pytest.raises(UsageError, match="groups is 2; give at least 3"):
        combinatorial_folds(spaced(2_000), groups=2, tests=2)
