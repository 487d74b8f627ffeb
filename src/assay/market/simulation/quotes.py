"""Spreads and tick volumes of the simulated market, bar by bar."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assay.market.series import Float64s, Int64s
from assay.market.simulation.assets import Asset
from assay.market.simulation.schedule import News, hour_of_day
from assay.market.simulation.volatility import Volatility
from assay.market.spreads import hour_of_week, spread_pips
from assay.model.instruments import Instrument
from assay.model.time import MINUTE, Timeframe

if TYPE_CHECKING:
    from assay.runtime.ids import Generator

ROLLOVER_HOUR = 17.0
ROLLOVER_MINUTES = 30.0
ROLLOVER_FACTOR, ROLLOVER_DECAY = 1.5, 10.0
"""How much wider a spread is as the rollover begins, and the minutes until 1/e of that is left."""
NEWS_FACTOR = 0.1
"""How much wider a spread is for each unit of the variance that news adds."""
BEFORE_NEWS, BEFORE_NEWS_FACTOR = 2 * MINUTE, 1.6
SPREAD_NOISE, VOLUME_NOISE = 0.12, 0.25
"""Standard deviations of the logarithms."""


def draw_spreads(
    instrument: Instrument, opens: Int64s, closes: Int64s, news: tuple[News, Float64s],
    rng: Generator,
) -> Int64s:  # fmt: skip
    """Draw the spread of each bar in points: by hour of the week, rollover, news and chance."""
    releases, excess = news
    middle = opens + (closes - opens) // 2
    usual = spread_pips(instrument.symbol)[hour_of_week(middle)] * instrument.pip_points
    minutes = (hour_of_day(middle) - ROLLOVER_HOUR) * 60.0
    fresh = (minutes >= 0) & (minutes < ROLLOVER_MINUTES)
    rollover = np.where(fresh, 1.0 + ROLLOVER_FACTOR * np.exp(-minutes / ROLLOVER_DECAY), 1.0)
    near = (1.0 + NEWS_FACTOR * excess) * _before_news(opens, closes, releases)
    noise = np.exp(SPREAD_NOISE * rng.standard_normal(len(opens)))
    return np.maximum(np.rint(usual * rollover * near * noise), 2.0).astype(np.int64)


def _before_news(opens: Int64s, closes: Int64s, news: News) -> Float64s:
    factor = np.ones(len(opens))
    if not len(opens):
        return factor
    ahead = news.ts - BEFORE_NEWS
    bar = np.minimum(np.searchsorted(closes, ahead, side="right"), len(opens) - 1)
    inside = (opens[bar] <= ahead) & (closes[bar] <= news.ts) & (closes[bar] > ahead)
    factor[bar[inside]] = BEFORE_NEWS_FACTOR
    return factor


def draw_volumes(
    asset: Asset, timeframe: Timeframe, volatility: Volatility, rng: Generator
) -> Float64s:
    """Draw the ticks of each bar: as many as its volatility makes likely, never none."""
    usual = asset.ticks * int(timeframe) / Timeframe.M5
    scale = asset.volatility / asset.level * np.sqrt(int(timeframe) / Timeframe.M5)
    noise = np.exp(VOLUME_NOISE * rng.standard_normal(len(volatility.sigma)))
    return np.asarray(np.maximum(np.rint(usual * volatility.sigma / scale * noise), 1.0))
