"""Correlation matrices: lawful, equal to a slow reference, and the same however rows come."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.runtime.ids import seeded_generator
from assay.signals.correlation import METHODS, CorrelationStream, Estimator
from assay.signals.correlation.stream import to_correlation

WINDOW, HALF_LIFE = 40, 15.0


@st.composite
def tables(draw: st.DrawFn) -> np.ndarray:
    """Draw returns of 2 to 6 instruments, with unlike sizes, drift, quiet stretches, a shock."""
    rng = seeded_generator(draw(st.integers(0, 2**32)))
    rows, size = draw(st.integers(2, 160)), draw(st.integers(2, 6))
    shared = draw(st.floats(-0.99, 0.99)) * rng.standard_normal((rows, 1))
    values = shared + rng.standard_normal((rows, size)) * 10.0 ** rng.uniform(-2, 1, size)
    values += draw(st.sampled_from([0.0, 1.0, 100.0]))
    if draw(st.booleans()):
        values[rows // 3 : rows // 3 + WINDOW + 20, draw(st.integers(0, size - 1))] = 0.25
    if draw(st.booleans()):
        values[rows // 4] *= 1e4
    return 1e-4 * values


def estimators() -> st.SearchStrategy[Estimator]:
    return st.sampled_from([Estimator(m, window=WINDOW, half_life=HALF_LIFE) for m in METHODS])


def slow_covariance(rows: np.ndarray, estimator: Estimator) -> np.ndarray:
    if estimator.method != "ewm":
        return np.atleast_2d(np.cov(rows[-WINDOW:].T))
    weights = 0.5 ** (np.arange(len(rows))[::-1] / HALF_LIFE)
    return np.cov(rows.T, aweights=weights, bias=True)


def final(rows: np.ndarray, estimator: Estimator) -> CorrelationStream:
    stream = CorrelationStream(rows.shape[1], estimator)
    stream.load(rows)
    return stream


@settings(max_examples=40, deadline=None)
@given(rows=tables(), estimator=estimators())
def test_the_matrix_is_lawful_and_that_of_the_slow_reference(
    rows: np.ndarray, estimator: Estimator
) -> None:
    stream = final(rows, estimator)
    covariance, correlation = stream.covariance, stream.correlation
    wanted = slow_covariance(rows, estimator)
    scale = np.sqrt(np.outer(np.diag(wanted), np.diag(wanted)))
    # Where a shock left the window, what it was measured by is larger than what is left.
    seen = max(float(np.abs(rows - rows[0]).max()), 1e-12) ** 2
    assert np.abs(covariance - wanted).max() <= 1e-9 * scale.max() + 1e-11 * seen
    moves = np.diag(covariance) > 0
    assert np.isnan(correlation[~moves]).all()
    inner = correlation[np.ix_(moves, moves)]
    assert np.array_equal(inner, inner.T)
    assert (np.diag(inner) == 1).all()
    assert np.abs(inner).max(initial=0) <= 1
    plain = np.diag(wanted) > 1e-6 * seen
    if plain.any():
        part = correlation[np.ix_(plain, plain)]
        assert np.linalg.eigvalsh(part)[0] >= -1e-6
        assert np.allclose(part, to_correlation(wanted)[np.ix_(plain, plain)], atol=2e-5)


@settings(max_examples=25, deadline=None)
@given(rows=tables(), estimator=estimators(), data=st.data())
def test_rows_one_by_one_in_parts_or_at_once_are_the_same(
    rows: np.ndarray, estimator: Estimator, data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(rows)))
    whole, parts = final(rows, estimator), CorrelationStream(rows.shape[1], estimator)
    parts.load(rows[:cut])
    for row in rows[cut:]:
        parts.push(row)
    assert parts.rows == len(rows)
    assert parts.effective_rows == whole.effective_rows
    assert np.array_equal(parts.covariance, whole.covariance)
    assert np.array_equal(parts.correlation, whole.correlation, equal_nan=True)
    assert np.array_equal(parts.kept(), whole.kept())
    before, after = (CorrelationStream(rows.shape[1], estimator) for _ in range(2))
    short, long = before.load(rows[:cut]), after.load(rows)
    assert np.array_equal(short, long[: len(short)], equal_nan=True)


@settings(max_examples=25, deadline=None)
@given(rows=tables(), estimator=estimators(), data=st.data())
def test_the_order_of_instruments_changes_nothing(
    rows: np.ndarray, estimator: Estimator, data: st.DataObject
) -> None:
    order = data.draw(st.permutations(range(rows.shape[1])))
    plain, turned = final(rows, estimator), final(rows[:, order], estimator)
    place = np.ix_(order, order)
    assert np.array_equal(plain.correlation[place], turned.correlation, equal_nan=True)
    if estimator.method == "shrinkage":
        one, other = plain.shrink(), turned.shrink()
        assert one.intensity == pytest.approx(other.intensity, abs=1e-6)
        limit = 1e-6 * np.abs(one.covariance).max()
        assert np.allclose(one.covariance[place], other.covariance, rtol=1e-6, atol=limit)


@settings(max_examples=25, deadline=None)
@given(rows=tables(), target=st.sampled_from(["constant", "identity"]))
def test_a_shrunk_matrix_is_lawful(rows: np.ndarray, target: str) -> None:
    stream = final(rows, Estimator("shrinkage", window=WINDOW, target=target))
    found = stream.shrink()
    assert 0 <= found.intensity <= 1
    assert np.allclose(found.covariance, found.covariance.T, rtol=1e-12, atol=0)
    assert np.linalg.eigvalsh(found.covariance)[0] >= -1e-9 * np.trace(found.covariance)
