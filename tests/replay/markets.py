"""Small generated markets, the same for every run of a seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from assay.kernel.flow import ABSENT, ORDER_FLOW
from assay.market.series import BarSeries
from assay.model.instruments import instrument_for
from assay.model.time import Timeframe, parse_time

START = parse_time("2019-03-04T00:00:00Z")
PRICES = {
    "EURUSD": 113_000, "GBPUSD": 131_000, "USDJPY": 111_000, "EURGBP": 86_000, "AUDUSD": 71_000,
    "USDCHF": 100_000, "USDCAD": 133_000, "XAUUSD": 129_000,
}  # fmt: skip
EIGHT = tuple(PRICES)


def generate_bars(
    symbol: str,
    count: int,
    seed: int,
    *,
    gapped: bool,
    quoted: bool = False,
    timeframe: Timeframe = Timeframe.H1,
) -> BarSeries:
    """Return a random walk; gapped ones jump between bars and leave bars out.

    Quoted ones carry real ask columns with a spread of their own at every corner.
    """
    rng = np.random.default_rng([seed, *symbol.encode()])
    scale = PRICES[symbol] // 2_000
    steps = rng.integers(-scale, scale + 1, count)
    jumps = rng.integers(-2 * scale, 2 * scale + 1, count) * (rng.random(count) < 0.2)
    path = np.cumsum(steps + (jumps if gapped else 0))
    close = np.maximum(PRICES[symbol] + path, PRICES[symbol] // 2)
    first = np.concatenate([[PRICES[symbol]], close[:-1]])
    opens = first + (jumps if gapped else 0)
    opens = np.maximum(opens, PRICES[symbol] // 2)
    high = np.maximum(opens, close) + rng.integers(0, scale, count)
    low = np.minimum(opens, close) - rng.integers(0, scale, count)
    slots = np.cumsum(1 + (rng.random(count) < 0.05) * rng.integers(0, 40, count) * gapped)
    asks = {}
    if quoted:
        for name, column in (("open", opens), ("high", high), ("low", low), ("close", close)):
            asks[f"ask_{name}"] = column + rng.integers(2, 2 + scale // 2, count)
    return BarSeries(
        symbol=symbol, timeframe=timeframe, side="quote" if quoted else "bid", source="generated",
        digits=instrument_for(symbol).digits, ts_open=START + slots * int(timeframe), open=opens,
        high=high, low=low, close=close, fold=np.zeros(count, np.bool_), **asks,
    )  # fmt: skip


def with_flow(series: BarSeries, seed: int = 1, *, sized: bool = True) -> BarSeries:
    """Return the bars as if made of quotes; without sizes where those are not told."""
    rng, count = np.random.default_rng([seed, 7]), len(series)
    quotes = rng.integers(20, 300, count)
    depth = 10_000 * rng.integers(50, 900, (2, count))
    flow = np.column_stack(
        (
            quotes, quotes * rng.integers(100, 400, count),
            10_000 * rng.integers(-9_000, 9_001, count), *depth, *(quotes * depth),
        )
    )  # fmt: skip
    if not sized:
        flow[:, ORDER_FLOW:] = ABSENT
    return replace(series, flow=flow)


def generate_market(
    symbols: Sequence[str], count: int, seed: int, *, gapped: bool, quoted: bool = False
) -> list[BarSeries]:
    """Return one series for each symbol."""
    return [generate_bars(one, count, seed, gapped=gapped, quoted=quoted) for one in symbols]
