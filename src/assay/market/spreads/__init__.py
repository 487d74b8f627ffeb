"""The spread where a source has only one side: by instrument, hour of the week and news.

The table (table.json) is fitted by tools/fit_spreads.py: medians of quoted hourly bars in pips by
hour of New York's week, and factors on them by the minutes to or since a release of high
importance, from quoted ticks. An instrument without quotes of its own takes the major's shape at
its own level.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import msgspec
import numpy as np
from numpy.typing import NDArray

from assay.market.news import Release, release_times
from assay.market.series import BarSeries
from assay.market.spreads.proximity import factor_over
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


class NewsFactors(msgspec.Struct, frozen=True):
    """Hold the factors of one instrument, and what each bucket of minutes was fitted on."""

    factors: tuple[float, ...]
    releases: tuple[int, ...]
    seconds: tuple[int, ...]


class SpreadTable(msgspec.Struct, frozen=True):
    """Hold usual spreads in pips by hour of the week, and factors by minutes from a release."""

    hours: dict[str, tuple[float, ...]]
    minutes: tuple[int, ...]
    news: dict[str, NewsFactors]


def hour_of_week(ts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the hour of New York's week (0 is Monday 00:00) of each instant (ns UTC)."""
    wall = zone_table("America/New_York").to_wall(np.asarray(ts, dtype=np.int64))
    return (wall // HOUR + THURSDAY * (DAY // HOUR)) % HOURS_A_WEEK


@cache
def spread_table() -> SpreadTable:
    """Return the fitted table."""
    content = files("assay.market.spreads").joinpath("table.json").read_bytes()
    return msgspec.json.decode(content, type=SpreadTable)


def spread_pips(symbol: str) -> NDArray[np.float64]:
    """Return the usual spread of a symbol in pips, one value an hour of the week."""
    name = symbol.partition(".")[0]
    hours = spread_table().hours
    if name in hours:
        return np.array(hours[name])
    if name[:3] in METALS:
        return np.array(hours["XAUUSD"])
    return np.array(hours["EURUSD"]) * LEVELS.get(name, OTHER_LEVEL)


def news_factors(symbol: str) -> NDArray[np.float64]:
    """Return the factors of a symbol on its usual spread, one a bucket of proximity.EDGES."""
    name, news = symbol.partition(".")[0], spread_table().news
    like = "XAUUSD" if name[:3] in METALS else "EURUSD"
    return np.array((news.get(name) or news[like]).factors)


def spread_points(
    series: BarSeries, instrument: Instrument, releases: Sequence[Release] = ()
) -> NDArray[np.int64]:
    """Return the modelled spread of each bar in points of the series, even and at least 2.

    Near a release of high importance of one of the instrument's currencies it is wider.
    """
    pip = instrument.pip_points * 10 ** (series.digits - instrument.digits)
    points = spread_pips(instrument.symbol)[hour_of_week(series.ts_open)] * pip
    times = release_times(releases, instrument)
    if len(times):
        factors = news_factors(instrument.symbol)
        points *= factor_over(series.ts_open, int(series.timeframe), times, factors)
    return np.maximum(np.rint(points / 2).astype(np.int64) * 2, 2)
