"""Sweep and replay on a million bars and on real minutes: equal to each other and to a reference.

The reference is exact integer arithmetic on whole columns; it shares no code with the engine. Money
of USDJPY is turned into dollars at the fill's price and, for what is open, a gain at the bar's
ask and a loss at its bid.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from assay.apps.lab.runs.drivers import replay, sweep
from assay.apps.lab.runs.outcome import FILL_FIELDS, ORDER_FIELDS, Outcome
from assay.apps.lab.runs.setup import Setup, prepare
from assay.market.series import BarSeries
from assay.market.sources.parquet import read_parquet
from assay.model.instruments import instrument_for
from assay.model.time import Timeframe
from assay.trading.engine.loading import load_strategy
from tests.replay.markets import EIGHT, generate_bars, generate_market

FAST, SLOW, UNITS = 20, 50, 10_000
Int64s = NDArray[np.int64]


def half_even(numerator: Int64s, denominator: Int64s | int) -> Int64s:
    """Divide whole columns half-even; the denominator is positive."""
    quotient, rest = np.divmod(numerator, denominator)
    up = (2 * rest > denominator) | ((2 * rest == denominator) & (quotient % 2 == 1))
    return quotient + up


def wanted_positions(closes: Int64s) -> Int64s:
    """Return the side (-1, 0, 1) wanted after each bar's close."""
    sums = np.concatenate([[0], np.cumsum(closes)])
    ahead = np.zeros(len(closes), np.int64)
    fast = sums[SLOW:] - sums[SLOW - FAST : -FAST]
    ahead[SLOW - 1 :] = fast * SLOW - (sums[SLOW:] - sums[:-SLOW]) * FAST
    before, now = ahead[SLOW - 1 : -1], ahead[SLOW:]
    signal = np.zeros(len(closes), np.int64)
    signal[SLOW:] = np.where((before <= 0) & (now > 0), 1, 0)
    signal[SLOW:] -= np.where((before >= 0) & (now < 0), 1, 0)
    last = np.maximum.accumulate(np.where(signal != 0, np.arange(len(closes)), 0))
    return signal[last]


def reference(bars: BarSeries, cash: int = 10_000_000) -> tuple[Int64s, Int64s]:
    """Return the fills (ts, signed units, price, commission, profit) and equity in cents per bar.

    A raw amount is units x points; `per_cent` of them are a cent of the quote currency.
    """
    spec = instrument_for(bars.symbol)
    pip = spec.pip_points * 10 ** (bars.digits - spec.digits)
    units = UNITS * 10**spec.quantity_digits
    per_cent = 10 ** (spec.quantity_digits + bars.digits - 2)
    half, by_rate = pip // 2, spec.quote != "USD"
    held = np.concatenate([[0], wanted_positions(bars.close)[:-1]])
    traded = np.flatnonzero(np.diff(held)) + 1
    side = np.sign(held[traded] - held[traded - 1])
    quantity = (held[traded] - held[traded - 1]) * units
    price = bars.open[traded] + side * half
    entry = np.concatenate([[0], price[:-1]])
    raw = held[traded - 1] * units * (price - entry)
    # A dollar is price / 10^digits of the quote currency.
    scale = 10**bars.digits if by_rate else 1
    fill_rate = price if by_rate else np.ones_like(price)
    profit = half_even(raw * scale, per_cent * fill_rate)
    notional = np.abs(quantity) * price
    fee = half_even(notional * scale // (fill_rate if by_rate else 1), 20_000 * per_cent)
    balance = np.zeros(len(bars), np.int64)
    balance[traded] = profit - fee
    latest = np.searchsorted(traded, np.arange(len(bars)), side="right") - 1
    cost = np.where(latest >= 0, price[np.maximum(latest, 0)], 0) if len(traded) else 0
    position = np.where(latest >= 0, held[traded[np.maximum(latest, 0)]], 0)
    open_raw = position * units * (bars.close - cost) * scale
    side = np.where(open_raw > 0, bars.close + half, bars.close - half)
    turned = side if by_rate else np.ones_like(bars.close)
    equity = cash + np.cumsum(balance) + half_even(open_raw, per_cent * turned)
    fills = np.stack([bars.ts_open[traded], quantity, price, fee, profit], axis=1)
    return fills, equity


def assert_drivers_agree(setup: Setup) -> Outcome:
    swept, replayed = sweep(setup), replay(setup)
    assert replayed.halted == ""
    ours, theirs = swept.outcome, replayed.outcome
    for name in ORDER_FIELDS:
        np.testing.assert_array_equal(ours.orders[name], theirs.orders[name], err_msg=name)
    for name in FILL_FIELDS:
        np.testing.assert_array_equal(ours.fills[name], theirs.fills[name], err_msg=name)
    for name in ("ts", "balance", "equity", "margin"):
        np.testing.assert_array_equal(ours.equity[name], theirs.equity[name], err_msg=name)
    assert ours.digest(setup) == theirs.digest(setup)
    assert len(ours.equity) == sum(len(one) for one in setup.series)
    return ours


def assert_equal_to_reference(bars: BarSeries) -> None:
    setup = prepare([bars], load_strategy("sma-cross"), given={})
    assert setup.pricing[0].digits == bars.digits
    outcome = assert_drivers_agree(setup)
    fills, equity = reference(bars)
    names = ("ts", "quantity", "price", "commission", "profit")
    for column, name in enumerate(names):
        np.testing.assert_array_equal(outcome.fills[name], fills[:, column], err_msg=name)
    np.testing.assert_array_equal(outcome.equity["equity"], equity)
    assert len(fills) > len(bars) / 200


@pytest.mark.parametrize("gapped", [False, True], ids=["gapless", "gapped"])
def test_a_million_generated_bars(gapped: bool) -> None:
    bars = generate_bars("EURUSD", 1_000_000, 11, gapped=gapped, timeframe=Timeframe.M1)
    assert (bars.high >= bars.low).all()
    assert_equal_to_reference(bars)


@pytest.mark.parametrize("symbol", ["eurusd", "usdjpy", "xauusd"])
def test_two_years_of_minutes(shared: Path, symbol: str) -> None:
    path = shared / f"data/bars/{symbol}_m1_histdata_20180101_20191231.parquet"
    bars = read_parquet(path)
    assert isinstance(bars, BarSeries)
    assert (bars.open[1:] != bars.close[:-1]).any()
    assert_equal_to_reference(bars)


def test_eight_instruments_of_real_hours_at_once(shared: Path) -> None:
    names = ("eurusd", "gbpusd", "usdjpy", "audusd", "usdchf", "usdcad", "eurgbp", "xauusd")
    folder, series = shared / "data/bars", []
    for name in names:
        found = sorted(folder.glob(f"{name}_h1_*.parquet"))
        if found:
            bars = read_parquet(found[-1])
            assert isinstance(bars, BarSeries)
            series.append(bars.select(slice(0, 20_000)))
    assert len(series) >= 6
    for strategy in ("sma-cross", "breakout"):
        setup = prepare(series, load_strategy(strategy), given={"units": "1000"}, risk="default")
        assert len(assert_drivers_agree(setup).orders) > 100


def test_eight_generated_instruments_at_once() -> None:
    series = generate_market(EIGHT, 20_000, 4, gapped=True, quoted=True)
    shifted = [replace(one, ts_open=one.ts_open + i) for i, one in enumerate(series)]
    for market in (series, shifted):
        setup = prepare(market, load_strategy("breakout"), given={}, risk="reference")
        assert len(assert_drivers_agree(setup).fills) > 1_000
