"""What each indicator of quotes must give, in plain NumPy from its definition."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from assay.kernel.flow import ABSENT, FLOW_COLUMNS
from assay.signals.streams.columns import BarColumns

Columns = Sequence[np.ndarray]


def _told(bars: BarColumns) -> dict[str, np.ndarray]:
    """Return each column of flow by name, NaN where it is absent."""
    flow = np.full((len(bars), len(FLOW_COLUMNS)), ABSENT) if bars.flow is None else bars.flow
    return {
        name: np.where(column == ABSENT, np.nan, column)
        for name, column in zip(FLOW_COLUMNS, flow.T, strict=True)
    }


def _sum(values: np.ndarray, period: int) -> np.ndarray:
    windows = np.lib.stride_tricks.sliding_window_view(values, period)
    return np.concatenate((np.full(period - 1, np.nan), windows.sum(axis=1)))


def micro_price(bars: BarColumns) -> Columns:
    told, ask = _told(bars), bars.close + bars.spread
    bid_depth, ask_depth = told["bid_depth"], told["ask_depth"]
    price = (ask * bid_depth + bars.close * ask_depth) / (bid_depth + ask_depth)
    return [price, price - (bars.close + ask) / 2]


def depth_imbalance(bars: BarColumns, period: int) -> Columns:
    told = _told(bars)
    bids, asks = _sum(told["bid_depths"], period), _sum(told["ask_depths"], period)
    close = (told["bid_depth"] - told["ask_depth"]) / (told["bid_depth"] + told["ask_depth"])
    return [close + 0 * bids, (bids - asks) / (bids + asks)]


def order_flow_imbalance(bars: BarColumns, period: int) -> Columns:
    told = _told(bars)
    flow = _sum(told["order_flow"], period)
    sizes = _sum(told["bid_depths"] + told["ask_depths"], period) / 2
    return [flow / 1e6, flow / (sizes / _sum(told["quotes"], period))]


def quote_intensity(bars: BarColumns, period: int) -> Columns:
    quotes = _told(bars)["quotes"]
    mean = _sum(quotes, period) / period
    return [quotes + 0 * mean, mean]


def quote_volatility(bars: BarColumns, period: int) -> Columns:
    # Bid plus ask moves twice as far as the mid.
    return [np.sqrt(_sum(_told(bars)["mid_squares"], period) / period) / 2]


REFERENCES: dict[str, Callable[..., Columns]] = {
    each.__name__: each
    for each in (
        micro_price, depth_imbalance, order_flow_imbalance, quote_intensity, quote_volatility,
    )
}  # fmt: skip
CHOICES: dict[str, Sequence[dict[str, float]]] = {"micro_price": [{}]}
