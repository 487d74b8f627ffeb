"""The chance of turbulence: what is told of it holds in what is generated, and in drawn futures."""

from __future__ import annotations

import numpy as np
import pytest

from assay.market.simulation import Scenario, foretell_turbulence, simulate
from assay.market.simulation.assets import ASSETS
from assay.market.simulation.schedule import (
    IMPACT_LEAST,
    IMPACT_MOST,
    News,
    bar_closes,
    bar_opens,
    scheduled_releases,
)
from assay.market.simulation.signal import DECAY, GAIN
from assay.market.simulation.turbulence import Calm, await_news, draw_futures, exceed_chance
from assay.market.simulation.volatility import (
    CALM,
    REGIME_BARS,
    REGIME_VOLATILITY,
    TURBULENT,
    calm_volatility,
    draw_volatility,
    news_excess,
)
from assay.model.errors import UsageError
from assay.model.instruments import instrument_for
from assay.model.time import Timeframe
from assay.runtime.ids import seeded_generator

HORIZON, FUTURES = 30, 512


def realised(mid: np.ndarray) -> np.ndarray:
    """Return the realised volatility over the bars after each but the last."""
    squares = np.concatenate([[0.0], np.cumsum(np.diff(np.log(mid)) ** 2)])
    return np.sqrt(squares[HORIZON:] - squares[:-HORIZON])


@pytest.mark.parametrize("kind", ["volatility", "none"])
def test_what_is_told_comes_true(kind: str) -> None:
    scenario = Scenario(seed=21, bars=30_000, kind=kind, strength=1.0, symbols=("EURUSD",))
    (found,) = simulate(scenario)
    came = realised(found.bars.close + found.bars.ask_close)
    usual = np.full(scenario.bars, np.median(came))
    told = foretell_turbulence(scenario, "EURUSD", usual, FUTURES)
    assert np.isnan(told[-HORIZON:]).all()
    told = told[:-HORIZON]
    errors = (came > usual[:-HORIZON]) - told
    bins = np.argsort(np.argsort(told, kind="stable")) * 10 // len(told)
    block = np.arange(len(told)) // (20 * HORIZON)
    assert told[bins == 9].mean() > 0.9
    assert told[bins == 0].mean() < 0.1
    for each in range(10):
        sums = np.bincount(block[bins == each], errors[bins == each])
        # Shared futures are off alike, by 0.022 at most of one deviation.
        room = 3.5 * np.sqrt(np.square(sums).sum()) + 0.04 * (bins == each).sum()
        assert abs(sums.sum()) < room, each


@pytest.mark.parametrize(("back", "regime"), [(8, CALM), (400, TURBULENT)])
def test_chances_are_those_of_many_futures(back: int, regime: int) -> None:
    """Hold one bar against brute force: before a weekend with its jump, and with news about."""
    asset, timeframe, futures = ASSETS["EURUSD"], Timeframe.M5, 1_200
    opens = bar_opens(instrument_for("EURUSD"), timeframe, 1_600)
    closes = bar_closes(opens, timeframe)
    weekend = int(np.flatnonzero(np.diff(opens) > int(timeframe))[0])
    row = weekend - back
    rng = seeded_generator(4)
    drawn = draw_volatility(asset, opens, timeframe, News(opens[:0], np.zeros(0)), rng)
    past = News(np.array([closes[row] - 9 * 60 * 10**9]), np.array([12.0]))
    times, chances = scheduled_releases(int(closes[-1]))
    calm = Calm(
        variance=calm_volatility(asset, opens, timeframe) ** 2, gap=drawn.gap,
        drive=np.full(len(opens), 0.15), regime=np.full(len(opens), regime),
        signal=np.full(len(opens), 0.8),
    )  # fmt: skip
    window, ahead = slice(row - 40, row + 1 + HORIZON), slice(row + 1, row + 1 + HORIZON)
    came = np.empty(futures)
    for number in range(futures):
        due = (times > closes[row]) & (times < closes[row + HORIZON])
        due &= rng.random(len(times)) < chances
        impact = rng.uniform(IMPACT_LEAST, IMPACT_MOST, int(due.sum()))
        news = News(
            np.concatenate([past.ts, times[due]]), np.concatenate([past.impact, impact])
        )  # fmt: skip
        excess = news_excess(news, opens[window], closes[window])[41:]
        states = regime ^ (np.cumsum(rng.random(HORIZON) < 1 / REGIME_BARS) % 2)
        sigma = np.sqrt(calm.variance[ahead] * (1 + excess)) * np.array(REGIME_VOLATILITY)[states]
        x, before, total = 0.8, regime, 0.0
        shocks, jumps = rng.standard_normal((2, HORIZON))
        for k in range(HORIZON):
            z = (0.15 if before == TURBULENT else 0.0) * x + shocks[k]
            x, before = DECAY * x + GAIN * z, states[k]
            total += (sigma[k] * z + calm.gap[row + 1 + k] * jumps[k]) ** 2
        came[number] = np.sqrt(total)
    usual = np.full(len(opens), np.nan)
    usual[row] = np.quantile(came, 0.6)
    drawn_ahead = draw_futures("volatility", HORIZON, 8, seeded_generator(5))
    told = exceed_chance(
        calm, await_news(past, (times, chances), opens, closes), drawn_ahead, usual
    )
    assert np.flatnonzero(~np.isnan(told)).tolist() == [row]
    assert abs(told[row] - 0.4) < 4 * np.sqrt(0.24 * (1 / futures + 1 / 4_096))


def test_more_bars_change_no_chance_and_seeds_repeat() -> None:
    usual = np.full(900, 0.0015)
    few, many, other = (
        foretell_turbulence(
            Scenario(seed=seed, bars=bars, kind="volatility", symbols=("EURUSD",)), "EURUSD",
            usual[:bars], 256,
        )
        for seed, bars in ((3, 500), (3, 900), (4, 500))
    )  # fmt: skip
    assert np.array_equal(few[: 500 - HORIZON], many[: 500 - HORIZON])
    assert not np.array_equal(few[: 500 - HORIZON], other[: 500 - HORIZON])
    assert np.isnan(few[500 - HORIZON :]).all()


@pytest.mark.parametrize(("kind", "symbol"), [("switching", "EURUSD"), ("lagged", "GBPUSD")])
def test_markets_of_other_making_are_refused(kind: str, symbol: str) -> None:
    scenario = Scenario(seed=1, bars=100, kind=kind, symbols=(symbol,))
    with pytest.raises(UsageError, match="turbulence is not told"):
        foretell_turbulence(scenario, symbol, np.ones(100))
