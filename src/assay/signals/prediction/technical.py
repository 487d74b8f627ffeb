"""The technical score: how many of seven trend and momentum signals point up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SIGNALS = {
    "distance_ema_20": 0.0, "distance_sma_100": 0.0, "slope_ema_20": 0.0, "macd_histogram": 0.0,
    "direction_14": 0.0, "rsi_14": 0.5, "momentum_15": 0.0,
}  # fmt: skip
"""Features and what each must exceed to point up: the close above its averages, a rising average,
MACD above its signal line, +DI above -DI, RSI above 50 and returns that were up of late."""


def count_signals(row: NDArray[np.float32], names: Sequence[str]) -> tuple[int, int]:
    """Return how many signals of a row of features [k] point up, and how many point down.

    One that is exactly between, unknown (NaN) or no feature of the set points nowhere. Source: J.
    Murphy, Technical Analysis of the Financial Markets, 1999 (each is read as it is there).

    >>> count_signals(np.array([0.7, -1.0], np.float32), ("rsi_14", "slope_ema_20"))
    (1, 1)
    """
    places = {name: place for place, name in enumerate(names)}
    above = [float(row[places[name]]) - even for name, even in SIGNALS.items() if name in places]
    return sum(each > 0 for each in above), sum(each < 0 for each in above)
