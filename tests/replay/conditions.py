"""A classifier of regimes made by hand, and two markets whose correlation breaks."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np

from assay.market.series import BarSeries
from assay.model.instruments import instrument_for
from assay.model.time import HOUR, Timeframe
from assay.runtime.ids import seeded_generator
from assay.signals.features import BarColumns
from assay.signals.regimes import Chain, Classifier, Kept, Rules, regime_set, stationary
from assay.signals.regimes.chain import REGIMES, possible
from assay.signals.regimes.forest import fit_forest
from tests.replay.markets import generate_bars

AHEAD = 24
ROWS = 600


def some_chain() -> Chain:
    """Return a chain that forgets soon, so that few bars settle it."""
    follow = np.where(possible(), 1.0, 0.0) + 30 * np.eye(REGIMES)
    follow /= follow.sum(axis=1, keepdims=True)
    return Chain(
        (-0.7, 0.0, 0.5, 1.1), 0.4, 0.8, (0.2, 0.3, 0.25, 0.0),
        tuple(map(tuple, follow.tolist())), tuple(stationary(follow).tolist()),
    )  # fmt: skip


def make_classifier() -> Classifier:
    """Return a classifier of hours whose forest learnt from noise."""
    features, rng = regime_set(HOUR, AHEAD), seeded_generator(31)
    rows = rng.standard_normal((ROWS, len(features.features) + REGIMES)).astype(np.float32)
    forest = fit_forest(rows, rng.integers(0, REGIMES, ROWS), gap=4, seed=1)
    chain = msgspec.structs.replace(some_chain(), drift=(0.8, 0.8, 0.8, 0.0))
    return Classifier(features, chain, Rules(AHEAD, (-0.3, 0.2, 0.9), 0.5), forest)


def make_kept(symbol: str, until: int) -> Kept:
    """Return a classifier that has settled on other bars before a time."""
    classifier = make_classifier()
    bars = generate_bars(symbol, classifier.settling, 77, gapped=False)
    spread = np.full(len(bars), 10, np.int64)
    stream = classifier.stream()
    stream.load(BarColumns(bars.ts_open + HOUR, bars.open, bars.high, bars.low, bars.close, spread))
    return Kept(
        classifier=classifier, symbol=symbol, timeframe=HOUR,
        digits=instrument_for(symbol).digits, fitted_until=until, until=until,
        memory=stream.snapshot(),
    )  # fmt: skip


def make_breaking(count: int, at: int) -> list[BarSeries]:
    """Return two markets that go together until a bar, and against each other from then on.

    The first is turbulent in the second quarter.
    """
    calm = generate_bars("EURUSD", count, 9, gapped=False, timeframe=Timeframe.H1)
    quarter = np.arange(count) * 4 // count
    one = _stir(calm, np.where(quarter == 1, 4, 1))
    other = generate_bars("GBPUSD", count, 9, gapped=False, timeframe=Timeframe.H1)
    noise = (other.close - other.close[0]) // 4
    sign = np.where(np.arange(count) < at, 1, -1)
    pivot = np.where(sign > 0, 0, 2 * one.close[at])
    columns = {
        name: pivot + sign * getattr(one, name) + noise for name in ("open", "high", "low", "close")
    }
    columns["high"], columns["low"] = (
        np.maximum(columns["high"], columns["low"]), np.minimum(columns["high"], columns["low"]),
    )  # fmt: skip
    return [one, replace(other, **columns)]


def _stir(bars: BarSeries, factor: np.ndarray) -> BarSeries:
    """Return bars whose moves and reaches are so many times as large."""
    steps = factor * np.diff(bars.close, prepend=bars.open[0])
    close = bars.open[0] + np.cumsum(steps)
    opens = close - steps
    above = bars.high - np.maximum(bars.open, bars.close)
    below = np.minimum(bars.open, bars.close) - bars.low
    return replace(
        bars, open=opens, close=close, high=np.maximum(opens, close) + factor * above,
        low=np.minimum(opens, close) - factor * below,
    )  # fmt: skip
