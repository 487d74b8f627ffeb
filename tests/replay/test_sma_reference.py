"""The engine's `sma-cross` equals an exact reference in plain integers, to the cent.

The reference knows the rules of the strategy and nothing of the engine: averages of the closes as
fractions, a market order at the next open, half a pip on each side, 0.5 bp a fill.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from assay.apps.lab.runs.drivers import replay, sweep
from assay.apps.lab.runs.outcome import summarise
from assay.apps.lab.runs.setup import prepare
from assay.market.series import BarSeries
from assay.market.sources.parquet import read_parquet
from assay.model.time import Timeframe
from assay.trading.engine.loading import load_strategy
from tests.replay.markets import generate_bars

FAST, SLOW, UNITS = 20, 50, 10_000
CENT = Fraction(1, 100)
HALF_BP = Fraction(1, 20_000)


class Fill(NamedTuple):
    """Hold a fill of the reference: the bar's open time, signed units and the price paid."""

    ts: int
    quantity: int
    price: Fraction
    commission: int


@dataclass(slots=True)
class Result:
    """Hold fills, and equity in cents at every bar."""

    fills: list[Fill]
    equity: list[int]


def to_cents(amount: Fraction) -> int:
    """Round dollars half-even to cents; Fraction's round is half-even."""
    return round(amount / CENT)


def crossings(closes: Sequence[int]) -> list[int]:
    """Return for each bar +1 where fast crosses above slow on its close, -1 below, else 0."""
    found, before = [], None
    for k in range(len(closes)):
        signal = 0
        if k + 1 >= SLOW:
            fast = Fraction(sum(closes[k + 1 - FAST : k + 1]), FAST)
            slow = Fraction(sum(closes[k + 1 - SLOW : k + 1]), SLOW)
            now = fast - slow
            if before is not None and before <= 0 < now:
                signal = 1
            elif before is not None and now < 0 <= before:
                signal = -1
            before = now
        found.append(signal)
    return found


def trade(bars: BarSeries, pip: Fraction, cash: int = 100_000) -> Result:
    """Trade a USD-quoted series around its file's prices; amounts are exact until each fill."""
    grid = Fraction(1, 10**bars.digits)
    closes = [int(price) for price in bars.close]
    signals = crossings(closes)
    result = Result([], [])
    balance, position, wanted = Fraction(cash), 0, 0
    for k, close in enumerate(closes):
        if wanted != position:
            quantity = wanted - position
            price = int(bars.open[k]) * grid + (pip / 2 if quantity > 0 else -pip / 2)
            fee = to_cents(abs(quantity) * price * HALF_BP)
            balance += -quantity * price - fee * CENT
            position = wanted
            result.fills.append(Fill(int(bars.ts_open[k]), quantity, price, fee))
        if signals[k] > 0 and position <= 0:
            wanted = UNITS
        elif signals[k] < 0 and position >= 0:
            wanted = -UNITS
        result.equity.append(to_cents(balance + position * close * grid))
    return result


def assert_equal_to_reference(bars: BarSeries, pip: Fraction) -> None:
    setup = prepare([bars], load_strategy("sma-cross"), given={})
    expected = trade(bars, pip)
    for run in (sweep(setup), replay(setup)):
        fills = run.outcome.fills
        digits = 10 ** setup.pricing[0].digits
        ours = [
            Fill(int(row["ts"]), int(row["quantity"]), Fraction(int(row["price"]), digits),
                 int(row["commission"]))
            for row in fills
        ]  # fmt: skip
        assert ours == expected.fills
        assert run.outcome.equity["equity"].tolist() == expected.equity
        figures = summarise(run.outcome, setup, bars=run.bars, seconds=1.0)
        assert round(figures["final_equity"] * 100) == expected.equity[-1]
        assert figures["fills"] == len(expected.fills)


def flat_then(closes: Sequence[int]) -> BarSeries:
    """Return gapless hourly bars of EURUSD with these closes."""
    close = np.array(closes, np.int64)
    opens = np.concatenate([close[:1], close[:-1]])
    count = len(close)
    return BarSeries(
        symbol="EURUSD", timeframe=Timeframe.H1, side="bid", source="generated", digits=5,
        ts_open=np.arange(count, dtype=np.int64) * int(Timeframe.H1), open=opens,
        high=np.maximum(opens, close), low=np.minimum(opens, close), close=close,
        fold=np.zeros(count, np.bool_),
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("gapped", [False, True], ids=["gapless", "gapped"])
def test_generated_bars(seed: int, gapped: bool) -> None:
    bars = generate_bars("EURUSD", 2_000, seed, gapped=gapped)
    assert len(trade(bars, Fraction(1, 10_000)).fills) > 10
    assert_equal_to_reference(bars, Fraction(1, 10_000))


@pytest.mark.parametrize("gapped", [False, True], ids=["gapless", "gapped"])
def test_another_dollar_pair(gapped: bool) -> None:
    assert_equal_to_reference(generate_bars("GBPUSD", 1_500, 9, gapped=gapped), Fraction(1, 10_000))


def test_the_packaged_sample() -> None:
    name = "eurusd_h1_sample_20170101_20171229.parquet"
    bars = read_parquet(Path(str(files("assay.market.history") / "sample" / name)))
    assert isinstance(bars, BarSeries)
    assert len(trade(bars, Fraction(1, 10_000)).fills) > 50
    assert_equal_to_reference(bars, Fraction(1, 10_000))


def test_the_first_comparison_needs_slow_plus_one_bars() -> None:
    # 50 falling closes, then a leap: the averages cross on bar 51, the first that may compare.
    closes = [110_000 - k for k in range(SLOW)] + [150_000, 150_000, 150_000]
    result = trade(flat_then(closes), Fraction(1, 10_000))
    assert [fill.ts for fill in result.fills] == [(SLOW + 1) * int(Timeframe.H1)]
    assert_equal_to_reference(flat_then(closes), Fraction(1, 10_000))
    # One bar fewer before the leap: on bar 50 nothing can be compared, on 51 it is above already.
    assert_equal_to_reference(flat_then(closes[1:]), Fraction(1, 10_000))
    assert trade(flat_then(closes[1:]), Fraction(1, 10_000)).fills == []


def test_no_fill_after_the_last_bar() -> None:
    closes = [110_000 - k for k in range(SLOW)] + [150_000]
    bars = flat_then(closes)
    assert trade(bars, Fraction(1, 10_000)).fills == []
    setup = prepare([bars], load_strategy("sma-cross"), given={})
    outcome = sweep(setup).outcome
    assert (len(outcome.orders), len(outcome.fills)) == (1, 0)
    assert outcome.equity["equity"][-1] == 10_000_000


def test_equal_averages_are_a_crossing_when_they_part() -> None:
    # All closes equal: fast == slow; then up: was <= before and is > now, so long; and the mirror.
    for leap, side in ((50, 1), (-50, -1)):
        bars = flat_then([110_000] * 60 + [110_000 + leap] * 3)
        fills = trade(bars, Fraction(1, 10_000)).fills
        assert [fill.quantity for fill in fills] == [side * UNITS]
        assert_equal_to_reference(bars, Fraction(1, 10_000))


def test_a_flip_trades_twice_the_units() -> None:
    bars = generate_bars("EURUSD", 2_000, 1, gapped=True)
    sizes = {abs(fill.quantity) for fill in trade(bars, Fraction(1, 10_000)).fills[1:]}
    assert sizes == {2 * UNITS}
