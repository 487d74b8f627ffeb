"""The dollar as an instrument: the index where its series is given, else a labelled proxy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from assay.signals.correlation.alignment import Returns
from assay.signals.correlation.uncertainty import LEVEL, choose_lags, long_run_sum, weigh_moments

Float64s = NDArray[np.float64]

INDEX = ("DXY", "USDX", "DX")
"""Symbols under which sources carry the ICE U.S. Dollar Index."""
PROXY = "USD-PROXY"
PUBLISHED = {"EURUSD": -0.576, "USDJPY": 0.136, "GBPUSD": -0.119, "USDCAD": 0.091, "USDCHF": 0.036}
"""Exponents of the ICE index (ICE U.S. Dollar Index contracts FAQ) without USDSEK's 0.042."""


def proxy_weights() -> dict[str, float]:
    """Return the exponents of the proxy; their sizes sum to 1.

    >>> round(proxy_weights()["EURUSD"], 4), round(sum(map(abs, proxy_weights().values())), 9)
    (-0.6013, 1.0)
    """
    whole = sum(map(abs, PUBLISHED.values()))
    return {symbol: weight / whole for symbol, weight in PUBLISHED.items()}


@dataclass(frozen=True, slots=True)
class Dollar:
    """Name the dollar among the instruments: `index`, `proxy` or `none` and its symbol.

    `absent` are the components whose series would make a proxy.
    """

    kind: str
    symbol: str | None
    absent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Exposure:
    """Hold the beta of an instrument to the dollar with its interval, and the share explained.

    `weight` is the instrument's own in the proxy, None for others. A part goes with its whole, so
    for components beta is to the proxy made of the other four.
    """

    symbol: str
    beta: float
    low: float
    high: float
    explained: float
    weight: float | None


def find_dollar(symbols: Sequence[str]) -> Dollar:
    """Say which dollar the instruments give.

    >>> find_dollar(["XAUUSD", "DXY"]).kind, find_dollar(["EURUSD"]).absent
    ('index', ('USDJPY', 'GBPUSD', 'USDCAD', 'USDCHF'))
    """
    for symbol in symbols:
        if symbol in INDEX:
            return Dollar("index", symbol)
    absent = tuple(symbol for symbol in PUBLISHED if symbol not in symbols)
    return Dollar("none", None, absent) if absent else Dollar("proxy", PROXY)


def add_dollar(returns: Returns, dollar: Dollar) -> Returns:
    """Return the returns with the proxy as one more instrument, where that is the dollar."""
    if dollar.kind != "proxy":
        return returns
    column = _weigh(returns, "")[:, None]
    return replace(
        returns, symbols=(*returns.symbols, PROXY), values=np.hstack([returns.values, column])
    )


def measure_exposures(returns: Returns, dollar: Dollar, weights: Float64s) -> tuple[Exposure, ...]:
    """Return each instrument's beta to the dollar over the last rows, weighted; sums to 1.

    The interval is Newey-West's.
    """
    if dollar.symbol is None:
        return ()
    parts = proxy_weights() if dollar.kind == "proxy" else {}
    whole = returns.values[:, returns.symbols.index(dollar.symbol)]
    found = []
    for column, symbol in enumerate(returns.symbols):
        if symbol == dollar.symbol:
            continue
        moves = _weigh(returns, symbol) if symbol in parts else whole
        rows = slice(len(returns) - len(weights), None)
        beta, error, explained = _regress(returns.values[rows, column], moves[rows], weights)
        half = float(ndtri(0.5 + LEVEL / 2)) * error
        found.append(Exposure(symbol, beta, beta - half, beta + half, explained, parts.get(symbol)))
    return tuple(found)


def _weigh(returns: Returns, without: str) -> Float64s:
    parts = {symbol: weight for symbol, weight in proxy_weights().items() if symbol != without}
    whole = sum(map(abs, parts.values()))
    columns = [returns.symbols.index(symbol) for symbol in parts]
    return np.asarray(returns.values[:, columns] @ (np.array(list(parts.values())) / whole))


def _regress(y: Float64s, x: Float64s, weights: Float64s) -> tuple[float, float, float]:
    """Return slope, its standard error and the share of variance explained."""
    x, y = np.ascontiguousarray(x), np.ascontiguousarray(y)
    mean_x, mean_y, xx, yy, xy, _ = weigh_moments(x, y, weights)
    if xx <= 0:
        return math.nan, math.nan, math.nan
    slope = float(xy / xx)
    influence = weights * ((y - mean_y) - slope * (x - mean_x)) * (x - mean_x) / xx
    error = math.sqrt(long_run_sum(influence, choose_lags(len(x))))
    return slope, error, float(slope * xy / yy) if yy > 0 else 0.0
