"""One seed, one market: bars, truth and ticks of every asked symbol.

Every symbol and purpose draws from a stream of its own, so that a symbol is the same whichever
others are asked for, and more bars go on where fewer end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from assay.market.series import BarSeries, Float64s, Int64s, TickSeries
from assay.market.simulation.assets import ASSETS, Asset
from assay.market.simulation.mechanisms import (
    PARTNER,
    Mixed,
    next_rise,
    plant_mixed,
    stand_beside,
)
from assay.market.simulation.path import STEPS, choose_points, trace_mids, walk_bids
from assay.market.simulation.quotes import draw_spreads, draw_volumes
from assay.market.simulation.scenario import Scenario
from assay.market.simulation.schedule import (
    bar_closes,
    bar_opens,
    draw_news,
    scheduled_releases,
)
from assay.market.simulation.signal import (
    Led,
    Planted,
    gate,
    plant_drift,
    plant_led,
    plant_own,
    see_leader,
    turn_over,
)
from assay.market.simulation.switching import drifts
from assay.market.simulation.truth import rise_probability
from assay.market.simulation.turbulence import (
    FUTURES,
    Calm,
    await_news,
    draw_futures,
    exceed_chance,
)
from assay.market.simulation.volatility import (
    Volatility,
    calm_volatility,
    draw_switching,
    draw_volatility,
)
from assay.model.errors import UsageError
from assay.model.instruments import instrument_for
from assay.model.time import SECOND
from assay.runtime.ids import seeded_generator

if TYPE_CHECKING:
    from assay.runtime.ids import Generator

SOURCE = "sim"
FEWEST_TICKS = 4
MILLISECOND = SECOND // 1000


@dataclass(frozen=True, slots=True, eq=False)
class Simulated:
    """Hold one symbol's bars and what is known of them.

    `rise` is the probability of a rise at each bar's close (NaN where the data end before), given
    the path of `volatility`.
    """

    bars: BarSeries
    rise: Float64s
    volatility: Volatility


@dataclass(frozen=True, slots=True, eq=False)
class _Course:
    asset: Asset
    opens: Int64s
    volatility: Volatility
    planted: Planted | Mixed

    def rise(self, horizon: int) -> Float64s:
        """Return the probability of a rise at each bar's close."""
        if isinstance(self.planted, Mixed):
            return next_rise(self.volatility, self.planted)
        return rise_probability(self.volatility, self.planted, horizon)


def simulate(scenario: Scenario) -> Iterator[Simulated]:
    """Yield the asked symbols in order, each with `scenario.bars` quote bars and their truth.

    Raises UsageError where so many bars reach past the calendar.
    """
    market = _Market(scenario)
    for symbol in scenario.symbols:
        course = market.course(symbol)
        rise = course.rise(scenario.horizon)
        yield Simulated(market.bars(course), rise, course.volatility)


def simulate_truth(scenario: Scenario) -> dict[str, Float64s]:
    """Return the probability of a rise at each bar's close by symbol, without building bars."""
    market = _Market(scenario)
    rises = {}
    for symbol in scenario.symbols:
        rises[symbol] = market.course(symbol).rise(scenario.horizon)
    return rises


def foretell_turbulence(
    scenario: Scenario, symbol: str, usual: Float64s, futures: int = FUTURES
) -> Float64s:
    """Return at each bar's close the chance that realised volatility will exceed what is `usual`.

    Of the scenario's horizon, by drawn futures (turbulence.py); `usual` [bars] is in log returns,
    NaN where nothing is asked. Raises UsageError for a market whose regimes are others, and for a
    symbol that another leads.
    """
    led = scenario.kind == "lagged" and ASSETS[symbol].leader
    if scenario.kind in ("mixed", "switching") or led:
        raise UsageError(
            f"turbulence is not told of {symbol} in kind {scenario.kind}; use linear, regime, "
            "volatility or none"
        )
    return _Market(scenario).turbulence(symbol, usual, futures)


def simulate_ticks(
    scenario: Scenario, ticks_per_bar: int = 6, *, history: int = 0
) -> list[TickSeries]:
    """Return quotes of the asked symbols whose bars have the prices of `simulate`'s.

    Each bar has `ticks_per_bar` (4 to 13) of them: its open, its extremes, its close, and points
    between. Those of the first `history` bars (of EURUSD's calendar) are left out, so that the rest
    follows on a simulation of so many bars. Raises UsageError for another number of ticks and for a
    history that leaves nothing. All end with the first symbol that does.
    """
    if not FEWEST_TICKS <= ticks_per_bar <= STEPS + 1:
        raise UsageError(
            f"{ticks_per_bar} ticks a bar are outside {FEWEST_TICKS}..{STEPS + 1}; give 6, say"
        )
    if not 0 <= history < scenario.bars:
        raise UsageError(f"history {history} is outside 0..{scenario.bars - 1}, the bars asked for")
    market = _Market(scenario)
    since = market.grid[history]
    ticks = [market.ticks(market.course(symbol), ticks_per_bar) for symbol in scenario.symbols]
    until = min(int(market.course(symbol).opens[-1]) for symbol in scenario.symbols)
    until += int(scenario.timeframe)
    return [each.select((each.ts >= since) & (each.ts < until)) for each in ticks]


class _Market:
    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self._courses: dict[str, _Course] = {}
        self.grid = _common_grid(scenario)
        end = bar_closes(self.grid[-1:], scenario.timeframe)[0]
        self._news = draw_news(self._draw("", "news"), int(end))
        self._dollar = self._draw("", "dollar").standard_normal(len(self.grid))

    def _draw(self, symbol: str, purpose: str) -> Generator:
        name = crc32(f"{symbol} {purpose}".encode())
        return seeded_generator(self.scenario.seed, name)

    def course(self, symbol: str) -> _Course:
        """Return an asset's volatility and returns, drawn once."""
        if symbol not in self._courses:
            self._courses[symbol] = self._draw_course(ASSETS[symbol])
        return self._courses[symbol]

    def _draw_course(self, asset: Asset) -> _Course:
        scenario, symbol = self.scenario, asset.symbol
        opens = bar_opens(instrument_for(symbol), scenario.timeframe, scenario.bars)
        regimes = self._draw(symbol, "regime")
        if scenario.kind == "switching":
            volatility = draw_switching(asset, opens, scenario.timeframe, regimes)
        else:
            volatility = draw_volatility(asset, opens, scenario.timeframe, self._news, regimes)
        shocks = self._shocks(asset, opens)
        return _Course(asset, opens, volatility, self._plant(asset, opens, shocks, volatility))

    def _shocks(self, asset: Asset, opens: Int64s) -> Float64s:
        own = self._draw(asset.symbol, "shocks").standard_normal(len(opens))
        dollar = self._dollar[np.searchsorted(self.grid, opens)]
        return np.asarray(asset.dollar * dollar + np.sqrt(1.0 - asset.dollar**2) * own)

    def _plant(
        self, asset: Asset, opens: Int64s, shocks: Float64s, volatility: Volatility
    ) -> Planted | Mixed:
        scenario = self.scenario
        sign = turn_over(len(opens) + 1, scenario.invert_at)
        drive = scenario.drive * sign[1:]
        if scenario.kind == "switching":
            return plant_drift(shocks, drifts(scenario.drive)[volatility.regime] * sign[:-1])
        if scenario.kind == "mixed":
            return plant_mixed(shocks, drive, self._beside(asset, opens, shocks))
        if scenario.kind == "lagged" and asset.leader:
            return plant_led(shocks, drive * asset.lead, self._see(asset, opens))
        return plant_own(shocks, drive * gate(scenario.kind, volatility.regime))

    def _see(self, asset: Asset, opens: Int64s) -> Led:
        leader = self.course(asset.leader)
        assert isinstance(leader.planted, Planted)
        return see_leader(leader.planted, leader.opens, opens, asset.dollar * leader.asset.dollar)

    def _beside(self, asset: Asset, opens: Int64s, shocks: Float64s) -> Float64s:
        leader = ASSETS[asset.leader or PARTNER]
        # Its bars until the last of any asset, so that those of a symbol hang on no other's end.
        timeframe = self.scenario.timeframe
        its_opens = bar_opens(instrument_for(leader.symbol), timeframe, len(self.grid))
        its_opens = its_opens[its_opens <= self.grid[-1]]
        told = self._shocks(leader, its_opens), its_opens
        return stand_beside(shocks, opens, told, asset.dollar * leader.dollar)

    def turbulence(self, symbol: str, usual: Float64s, futures: int) -> Float64s:
        """Return the chance that realised volatility exceeds what is usual, at each close."""
        scenario, course = self.scenario, self.course(symbol)
        opens, closes = course.opens, bar_closes(course.opens, scenario.timeframe)
        due = await_news(self._news, scheduled_releases(int(closes[-1])), opens, closes)
        sign = turn_over(len(opens) + 1, scenario.invert_at)[1:]
        calm = Calm(
            variance=np.square(calm_volatility(course.asset, opens, scenario.timeframe)),
            gap=course.volatility.gap, drive=scenario.drive * sign,
            regime=course.volatility.regime, signal=course.planted.signal,
        )  # fmt: skip
        releases = int((due.first[scenario.horizon :] - due.first[: -scenario.horizon]).max())
        drawn = draw_futures(
            scenario.kind, scenario.horizon, releases, self._draw(symbol, "turbulence"), futures
        )
        return exceed_chance(calm, due, drawn, usual)

    def _quotes(self, course: _Course) -> tuple[Int64s, Iterator[Int64s]]:
        """Return the spread of each bar and the blocks of bids inside the bars, in points."""
        instrument, volatility = instrument_for(course.asset.symbol), course.volatility
        symbol = course.asset.symbol
        closes = bar_closes(course.opens, self.scenario.timeframe)
        spreads = draw_spreads(
            instrument, course.opens, closes, (self._news, volatility.excess),
            self._draw(symbol, "spread"),
        )  # fmt: skip
        returns = volatility.sigma * course.planted.returns
        jumps = volatility.gap * self._draw(symbol, "jump").standard_normal(len(returns))
        mids = trace_mids(course.asset.level, returns, jumps, volatility.sigma)
        return spreads, walk_bids(mids, spreads, instrument.digits, self._draw(symbol, "path"))

    def bars(self, course: _Course) -> BarSeries:
        """Return the quote bars of an asset."""
        spreads, blocks = self._quotes(course)
        corners = [
            (block[:, 0], block.max(axis=1), block.min(axis=1), block[:, -1]) for block in blocks
        ]
        bid = [np.concatenate(column) for column in zip(*corners, strict=True)]
        ask = [column + spreads for column in bid]
        symbol, timeframe = course.asset.symbol, self.scenario.timeframe
        volume = draw_volumes(
            course.asset, timeframe, course.volatility, self._draw(symbol, "volume")
        )
        return BarSeries(
            symbol=symbol, timeframe=timeframe, side="quote", source=SOURCE,
            digits=instrument_for(symbol).digits, ts_open=course.opens, open=bid[0], high=bid[1],
            low=bid[2], close=bid[3], fold=np.zeros(len(spreads), np.bool_), ask_open=ask[0],
            ask_high=ask[1], ask_low=ask[2], ask_close=ask[3], volume=volume,
        )  # fmt: skip

    def ticks(self, course: _Course, count: int) -> TickSeries:
        """Return `count` quotes a bar, each somewhere in its own thirteenth of the bar."""
        spreads, blocks = self._quotes(course)
        places, bids = [], []
        for block in blocks:
            chosen = choose_points(block, count)
            places.append(chosen)
            bids.append(np.take_along_axis(block, chosen, axis=1))
        symbol = course.asset.symbol
        slot = int(self.scenario.timeframe) // (STEPS + 1) // MILLISECOND
        place = np.concatenate(places)
        late = self._draw(symbol, "pace").integers(0, slot, place.shape)
        ts = course.opens[:, None] + (place * slot + late) * MILLISECOND
        bid = np.concatenate(bids).ravel()
        return TickSeries(
            symbol=symbol, source=SOURCE, digits=instrument_for(symbol).digits,
            ts=ts.ravel(), bid=bid, ask=bid + np.repeat(spreads, count),
            fold=np.zeros(len(bid), np.bool_),
        )  # fmt: skip


def _common_grid(scenario: Scenario) -> Int64s:
    """Return the opens of the foreign exchange week until the last bar of any asset."""
    forex, metal = instrument_for("EURUSD"), instrument_for("XAUUSD")
    last = bar_opens(metal, scenario.timeframe, scenario.bars)[-1]
    forex_week, metal_week = (
        sum(session.end - session.start for session in each.sessions) for each in (forex, metal)
    )
    more = scenario.bars * forex_week // metal_week + forex_week // int(scenario.timeframe) + 1
    opens = bar_opens(forex, scenario.timeframe, more)
    return np.asarray(opens[opens <= last])
