"""What a day of a run may lose: by the losses that were, and whether it was known before."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from assay.apps.lab.accounts.losses import measure_losses
from assay.books.reports.result import FILL_COLUMNS, BacktestResult
from assay.model.time import DAY
from assay.runtime.ids import seeded_generator

CASH = 10_000_000_000


def run_of(returns: np.ndarray) -> BacktestResult:
    equity = (CASH * np.cumprod(1 + returns)).astype(np.int64)
    none = pa.table({name: pa.array([], pa.int64()) for name in FILL_COLUMNS})
    return BacktestResult(
        symbols=("EURUSD",), strategy="a-walk", params={}, currency="USD", currency_digits=2,
        cash=CASH, times=np.arange(len(returns)) * DAY, balance=equity, equity=equity,
        margin=equity * 0, fills=none,
    )  # fmt: skip


def test_a_steady_run_loses_what_it_was_told_to_and_as_often() -> None:
    days = seeded_generator(4).standard_normal(1_250) / 100
    common, rare = measure_losses(run_of(days))
    assert (common.confidence, rare.confidence) == (0.95, 0.99)
    # The losses are the sample's own: its 63rd and its 13th of 1,250.
    losses = np.sort(-days)[::-1]
    assert common.value_at_risk == pytest.approx(losses[62], abs=1e-6)
    assert rare.value_at_risk == pytest.approx(losses[12], abs=1e-6)
    assert rare.shortfall == pytest.approx((losses[:12].sum() + 0.5 * losses[12]) / 12.5, abs=1e-6)
    for told in (common, rare):
        assert told.days == 1_000
        assert told.expected == pytest.approx(told.days * (1 - told.confidence))
        assert told.proportion is not None
        assert told.proportion > 0.05
        assert told.independence is not None
        assert told.independence > 0.05


def test_a_run_that_grows_wild_did_not_keep_its_word() -> None:
    noise = seeded_generator(5).standard_normal(1_000)
    days = noise * np.where(np.arange(1_000) < 600, 0.002, 0.01)
    common = measure_losses(run_of(days))[0]
    assert common.breaches > 1.5 * common.expected
    assert common.proportion is not None
    assert common.proportion < 0.01


def test_too_few_days_tell_less_and_then_nothing() -> None:
    days = seeded_generator(6).standard_normal(269) / 100
    told = measure_losses(run_of(days))[0]
    assert told.value_at_risk > 0
    assert (told.days, told.proportion, told.independence) == (0, None, None)
    assert measure_losses(run_of(days[:99])) == ()
    assert measure_losses(run_of(np.zeros(500))) == ()
