"""The path of volatility: season, regimes and news, none of which depends on the returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.kernel.compiling import compiled
from assay.market.series import Float64s, Int64s
from assay.market.simulation.assets import Asset
from assay.market.simulation.schedule import (
    IMPACT_LEAST,
    IMPACT_MOST,
    RELEASES,
    News,
    bar_closes,
    hour_of_day,
)
from assay.market.simulation.switching import succession, switch, volatilities
from assay.model.time import DAY, HOUR, MINUTE, Timeframe

if TYPE_CHECKING:
    from assay.runtime.ids import Generator

CALM, TURBULENT = 0, 1
REGIME_VOLATILITY = (0.4**0.5, 1.6**0.5)
"""Twice as volatile when turbulent; over both, equally long, the mean square is 1."""
REGIME_BARS = 600
"""Bars that a regime lasts on average."""
NEWS_DECAY = 15 * MINUTE
NEWS_SPAN = 8 * NEWS_DECAY
WEEKEND_GAP, BREAK_GAP = 0.25, 0.06
"""Standard deviation of a jump between sessions, in those of a whole day."""


@dataclass(frozen=True, slots=True, eq=False)
class Volatility:
    """Hold what the volatility of each bar is made of.

    `sigma` is the standard deviation of the bar's log return, `gap` that of the jump before it,
    `regime` CALM or TURBULENT, with kind `switching` one of assay.model.regimes.Regime; `excess`
    the bar's mean variance from news in the usual ones.
    """

    sigma: Float64s
    gap: Float64s
    regime: Int64s
    excess: Float64s


def draw_volatility(
    asset: Asset, opens: Int64s, timeframe: Timeframe, news: News, rng: Generator
) -> Volatility:
    """Draw the path of one asset's volatility over its bars."""
    closes = bar_closes(opens, timeframe)
    regime = regime_path(rng.random(len(opens)), 1.0 / REGIME_BARS)
    excess = news_excess(news, opens, closes)
    sigma = (
        calm_volatility(asset, opens, timeframe) * np.array(REGIME_VOLATILITY)[regime]
        * np.sqrt(1.0 + excess)
    )  # fmt: skip
    return Volatility(sigma, _gaps(opens, closes, _five(asset)), regime, excess)


def calm_volatility(asset: Asset, opens: Int64s, timeframe: Timeframe) -> Float64s:
    """Return each bar's volatility but for regime and news: what the season makes of it."""
    season = seasonal_volatility(asset, opens, timeframe) * np.sqrt(timeframe / Timeframe.M5)
    return np.asarray(_five(asset) * season)


def _five(asset: Asset) -> float:
    return asset.volatility / asset.level / (1.0 + mean_excess()) ** 0.5


def draw_switching(asset: Asset, opens: Int64s, timeframe: Timeframe, rng: Generator) -> Volatility:
    """Draw the path of one asset's volatility where twelve regimes switch and no news is due."""
    regime = switch(rng.random(len(opens)), succession())
    five = asset.volatility / asset.level
    season = seasonal_volatility(asset, opens, timeframe) * np.sqrt(timeframe / Timeframe.M5)
    gap = _gaps(opens, bar_closes(opens, timeframe), five)
    return Volatility(five * season * volatilities()[regime], gap, regime, np.zeros(len(opens)))


def _gaps(opens: Int64s, closes: Int64s, five: float) -> Float64s:
    pause = np.zeros(len(opens))
    pause[1:] = opens[1:] - closes[:-1]
    gap = np.where(pause > DAY, WEEKEND_GAP, np.where(pause > 0, BREAK_GAP, 0.0))
    return np.asarray(gap * five * np.sqrt(DAY / Timeframe.M5))


@compiled
def regime_path(uniforms: Float64s, leave: float) -> Int64s:
    """Return the states of a two-state Markov chain that leaves either with one probability."""
    states = np.empty(len(uniforms), np.int64)
    state = 0
    for row in range(len(uniforms)):
        if row == 0:
            state = 1 if uniforms[0] < 0.5 else 0
        elif uniforms[row] < leave:
            state = 1 - state
        states[row] = state
    return states


def seasonal_volatility(asset: Asset, opens: Int64s, timeframe: Timeframe) -> Float64s:
    """Return the root mean square of the season over each bar; over a day it is 1."""
    hours = np.arange(-1, 25) + 0.5
    square = np.square(asset.season)
    square /= square.mean()
    points = np.concatenate([square[-1:], square, square[:1]])
    parts = max(1, int(timeframe) // HOUR)
    step = int(timeframe) // parts
    total = np.zeros(len(opens))
    for part in range(parts):
        total += np.interp(hour_of_day(opens + part * step + step // 2), hours, points)
    return np.sqrt(total / parts)


def mean_excess() -> float:
    """Return the excess variance that news brings on average over the hours of a trading day."""
    impact = (IMPACT_LEAST + IMPACT_MOST) / 2
    return sum(chance for _, chance in RELEASES) * impact * NEWS_DECAY / DAY


def news_excess(news: News, opens: Int64s, closes: Int64s) -> Float64s:
    """Return each bar's mean excess variance: a release's impact decays exponentially."""
    excess = np.zeros(len(opens))
    if not len(opens):
        return excess
    length = int((closes - opens).min())
    first = np.searchsorted(closes, news.ts, side="right")
    for offset in range(NEWS_SPAN // length + 1):
        bar = first + offset
        held = bar < len(opens)
        bar, ts, impact = bar[held], news.ts[held], news.impact[held]
        since, until = np.maximum(opens[bar] - ts, 0), np.maximum(closes[bar] - ts, 0)
        share = np.exp(-since / NEWS_DECAY) - np.exp(-until / NEWS_DECAY)
        np.add.at(excess, bar, impact * share * NEWS_DECAY / (closes[bar] - opens[bar]))
    return excess
