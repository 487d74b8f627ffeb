"""The spread where a source has only one side: by instrument and hour of the week.

The table (table.json, pips) is fitted by tools/fit_spreads.py on quoted hourly bars, medians by
hour of New York's week; an instrument without quotes of its own takes the major's shape at its own
level.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from assay.market.series import BarSeries
from assay.model.instruments import METALS, Instrument
from assay.model.time import DAY, HOUR
from assay.model.zones import zone_table

HOURS_A_WEEK = 168
THURSDAY = 3
LEVELS = {
    "EURUSD": 1.0, "USDJPY": 1.1, "GBPUSD": 1.5, "AUDUSD": 1.2, "USDCHF": 1.4, "USDCAD": 1.5,
    "NZDUSD": 1.6, "EURGBP": 1.3, "EURJPY": 1.6,
}  # fmt: skip
"""Typical level of a pair against EURUSD, for pairs without quotes of their own; others 2.5."""
OTHER_LEVEL = 2.5


def hour_of_week(ts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the hour of New York's week (0 is Monday 00:00) of each instant (ns UTC)."""
    wall = zone_table("America/New_York").to_wall(np.asarray(ts, dtype=np.int64))
    return (wall // HOUR + THURSDAY * (DAY // HOUR)) % HOURS_A_WEEK


@cache
def _table() -> dict[str, list[float]]:
    text = files("assay.market.spreads").joinpath("table.json").read_text()
    return dict(json.loads(text))


def spread_pips(symbol: str) -> NDArray[np.float64]:
    """Return the usual spread of a symbol in pips, one value an hour of the week."""
    name = symbol.partition(".")[0]
    table = _table()
    if name in table:
        return np.array(table[name])
    if name[:3] in METALS:
        return np.array(table["XAUUSD"])
    return np.array(table["EURUSD"]) * LEVELS.get(name, OTHER_LEVEL)


def spread_points(series: BarSeries, instrument: Instrument) -> NDArray[np.int64]:
    """Return the modelled spread of each bar in points of the series, even and at least 2."""
    pip = instrument.pip_points * 10 ** (series.digits - instrument.digits)
    points = spread_pips(instrument.symbol)[hour_of_week(series.ts_open)] * pip
    return np.maximum(np.rint(points / 2).astype(np.int64) * 2, 2)
