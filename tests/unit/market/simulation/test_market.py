"""The simulated market looks like one: its calendar, prices, volatility, spreads and volumes."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from assay.market.bars import ticks_to_bars
from assay.market.series import ASK_COLUMNS, BID_COLUMNS, BarSeries
from assay.market.simulation import KINDS, SYMBOLS, Scenario, simulate, simulate_ticks
from assay.market.simulation.schedule import bar_closes, bar_opens, hour_of_day
from assay.market.simulation.volatility import Volatility
from assay.model.calendar import is_in_session, weekday_of
from assay.model.errors import UsageError
from assay.model.instruments import instrument_for
from assay.model.time import DAY, HOUR, MINUTE, Timeframe, parse_time
from assay.model.zones import zone_table

BARS = 20_000
COLUMNS = ("ts_open", *BID_COLUMNS, *ASK_COLUMNS, "volume")


@cache
def market(kind: str = "linear", seed: int = 1) -> dict[str, BarSeries]:
    scenario = Scenario(seed=seed, bars=BARS, kind=kind)
    return {each.bars.symbol: each.bars for each in simulate(scenario)}


def paths(symbol: str) -> Volatility:
    """Return the volatility of a symbol of seed 1; it is the same for every kind."""
    return next(simulate(Scenario(seed=1, bars=BARS, symbols=(symbol,)))).volatility


def mids(bars: BarSeries) -> np.ndarray:
    return (bars.close + bars.ask_close) / 2 / 10.0**bars.digits


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_bars_are_sane(symbol: str) -> None:
    bars = market()[symbol]
    assert (len(bars), bars.side, bars.source) == (BARS, "quote", "sim")
    assert bars.digits == instrument_for(symbol).digits
    for names in (BID_COLUMNS, ASK_COLUMNS):
        first, high, low, last = (getattr(bars, name) for name in names)
        assert (high >= np.maximum(first, last)).all()
        assert (low <= np.minimum(first, last)).all()
        assert (low > 0).all()
    assert (bars.ask_open - bars.open >= 2).all()
    assert bars.volume is not None
    assert (bars.volume >= 1).all()
    assert (bars.volume == np.rint(bars.volume)).all()


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_there_is_no_gap_but_between_sessions(symbol: str) -> None:
    bars = market()[symbol]
    pause = np.diff(bars.ts_open) - int(bars.timeframe)
    half_spread = (bars.ask_open - bars.open) / 2
    jump = np.abs((bars.open + half_spread)[1:] - (bars.close + half_spread)[:-1])
    change = np.abs(np.diff(half_spread))
    assert (jump[pause == 0] <= change[pause == 0] + 1.0).all()
    assert np.median(jump[pause > DAY]) > 10


def test_the_week_is_new_yorks_in_winter_and_in_summer() -> None:
    for symbol, first_hour in (("EURUSD", 17), ("XAUUSD", 18)):
        bars = market()[symbol]
        assert is_in_session(instrument_for(symbol), bars.ts_open).all()
        wall = zone_table("America/New_York").to_wall(bars.ts_open)
        starts = np.flatnonzero(np.diff(bars.ts_open, prepend=0) > DAY)
        assert set((wall[starts] % DAY // HOUR).tolist()) == {first_hour}
        assert set(weekday_of(wall[starts] // DAY).tolist()) == {6}
        ends = wall[starts[1:] - 1] + int(bars.timeframe)
        assert set((ends % DAY // HOUR).tolist()) == {17}
        utc_hours = set((bars.ts_open[starts] % DAY // HOUR).tolist())
        assert utc_hours == {first_hour + 4, first_hour + 5}
    wall_hours = hour_of_day(market()["XAUUSD"].ts_open).astype(int)
    assert 17 not in wall_hours
    assert 17 in hour_of_day(market()["EURUSD"].ts_open).astype(int)


@pytest.mark.parametrize("timeframe", list(Timeframe)[1:])
def test_every_timeframe_has_bars_of_its_length(timeframe: Timeframe) -> None:
    scenario = Scenario(seed=2, bars=300, timeframe=timeframe, symbols=("EURUSD", "XAUUSD"))
    for simulated in simulate(scenario):
        bars = simulated.bars
        assert len(bars) == 300
        assert (np.diff(bars.ts_open) > 0).all()
        closes = bar_closes(bars.ts_open, timeframe)
        assert (closes[:-1] <= bars.ts_open[1:]).all()
        step = np.diff(np.log(mids(bars)))
        usual = {"EURUSD": 0.00027 / 1.1, "XAUUSD": 0.9 / 1500}[bars.symbol]
        assert 0.4 < step.std() / (usual * np.sqrt(timeframe / Timeframe.M5)) < 2.0


def test_volatility_is_that_of_the_real_market() -> None:
    bars = market("none")
    steps = {symbol: np.diff(mids(each)).std() for symbol, each in bars.items()}
    assert steps["EURUSD"] == pytest.approx(0.00027, rel=0.2)
    assert steps["XAUUSD"] == pytest.approx(0.90, rel=0.25)
    assert steps["USDJPY"] == pytest.approx(0.029, rel=0.25)


def test_volatility_has_season_regimes_and_news() -> None:
    bars = market("none")["EURUSD"]
    size = np.abs(np.diff(np.log(mids(bars)), prepend=np.log(mids(bars)[0])))
    hour = hour_of_day(bars.ts_open)
    busy, quiet = size[(hour >= 8) & (hour < 11)], size[(hour >= 17) & (hour < 19)]
    assert busy.mean() > 2 * quiet.mean()
    volatility = paths("EURUSD")
    regime, excess = volatility.regime, volatility.excess
    assert size[regime == 1].mean() > 1.6 * size[regime == 0].mean()
    assert 50 < np.mean(np.diff(np.flatnonzero(np.diff(regime)))) < 2000
    assert size[excess > 4].mean() > 1.6 * size[excess == 0].mean()


def test_the_spread_is_wider_at_the_rollover_and_around_news() -> None:
    bars, excess = market()["EURUSD"], paths("EURUSD").excess
    spread = (bars.ask_open - bars.open) / 10.0
    hour, minute = hour_of_day(bars.ts_open), bars.ts_open % HOUR // MINUTE
    usual = (hour >= 7) & (hour < 16) & (excess == 0)
    assert np.median(spread[usual]) == pytest.approx(1.2, abs=0.3)
    rollover = (hour >= 17) & (hour < 17.25)
    assert np.median(spread[rollover]) > 2 * np.median(spread[usual])
    assert np.median(spread[(excess > 4) & (hour < 16)]) > 1.4 * np.median(spread[usual])
    released = np.flatnonzero((excess > 4) & (excess > np.roll(excess, 1) + 3) & (minute == 30))
    before = released[(released > 0) & (hour[released - 1] < 16)] - 1
    assert np.median(spread[before]) > 1.2 * np.median(spread[usual])


def test_volume_follows_volatility() -> None:
    bars = market()["GBPUSD"]
    assert bars.volume is not None
    assert np.corrcoef(np.log(bars.volume), np.log(bars.high - bars.low + 1.0))[0, 1] > 0.5


def test_the_dollar_moves_them_together() -> None:
    bars = market("none")
    step = {name: np.diff(np.log(mids(bars[name]))) for name in ("EURUSD", "GBPUSD", "USDCHF")}
    assert np.corrcoef(step["EURUSD"], step["GBPUSD"])[0, 1] > 0.3
    assert np.corrcoef(step["EURUSD"], step["USDCHF"])[0, 1] < -0.3


@pytest.mark.parametrize("kind", KINDS)
def test_a_symbol_is_the_same_whichever_others_and_however_many_bars(kind: str) -> None:
    horizon = 1 if kind == "mixed" else 30
    short = Scenario(seed=4, bars=2_000, kind=kind, horizon=horizon, symbols=("USDCHF", "XAUUSD"))
    whole = Scenario(seed=4, bars=5_000, kind=kind, horizon=horizon)
    found = {each.bars.symbol: each for each in simulate(whole)}
    for each in simulate(short):
        longer = found[each.bars.symbol]
        for name in COLUMNS:
            same = getattr(each.bars, name) == getattr(longer.bars, name)[:2_000]
            assert same.all(), name
        known = ~np.isnan(each.rise)
        assert (each.rise[known] == longer.rise[:2_000][known]).all()


def test_another_seed_is_another_market() -> None:
    one, two = market()["EURUSD"], market(seed=2)["EURUSD"]
    assert (one.close != two.close).mean() > 0.99
    assert (market()["EURUSD"].volume != two.volume).any()


@pytest.mark.parametrize("ticks_per_bar", [4, 6, 13])
def test_bars_of_the_ticks_are_the_bars(ticks_per_bar: int) -> None:
    scenario = Scenario(seed=6, bars=3_000, timeframe=Timeframe.M1)
    ticks = simulate_ticks(scenario, ticks_per_bar)
    end = min(int(each.ts[-1]) for each in ticks)
    for each, simulated in zip(ticks, simulate(scenario), strict=True):
        assert (np.diff(each.ts) > 0).all()
        assert (each.ask > each.bid).all()
        built, bars = ticks_to_bars(each, Timeframe.M1), simulated.bars
        bars = bars.select(bars.ts_open <= end)
        for name in COLUMNS[:-1]:
            assert np.array_equal(getattr(built, name), getattr(bars, name)), name
        assert set(built.volume.tolist()) == {float(ticks_per_bar)}  # type: ignore[union-attr]


def test_ticks_go_on_where_the_history_ends() -> None:
    scenario = Scenario(seed=6, bars=1_500, timeframe=Timeframe.M1, symbols=("EURUSD", "XAUUSD"))
    whole, later = simulate_ticks(scenario), simulate_ticks(scenario, history=1_000)
    since = bar_opens(instrument_for("EURUSD"), Timeframe.M1, 1_001)[-1]
    for one, two in zip(whole, later, strict=True):
        rest = one.select(one.ts >= since)
        assert 0 < len(rest) < len(one)
        assert np.array_equal(rest.ts, two.ts)
        assert np.array_equal(rest.bid, two.bid)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"kind": "square"}, "'square'.*linear"),
        ({"bars": 0}, "bars 0"),
        ({"bars": -5}, "bars -5"),
        ({"seed": -1}, "seed -1"),
        ({"strength": 1.01}, "outside 0..1"),
        ({"strength": float("nan")}, "outside 0..1"),
        ({"horizon": 0}, "horizon 0"),
        ({"timeframe": Timeframe.S1}, "S1"),
        ({"symbols": ("BTCUSD",)}, "'BTCUSD'.*EURUSD"),
        ({"symbols": ("EURUSD", "EURUSD")}, "twice"),
        ({"symbols": ()}, "no symbol"),
    ],
)
def test_a_scenario_without_sense_is_refused(change: dict[str, object], named: str) -> None:
    with pytest.raises(UsageError, match=named):
        Scenario(**({"seed": 1, "bars": 10} | change))  # type: ignore[arg-type]


def test_bars_past_the_calendar_and_odd_ticks_are_refused() -> None:
    with pytest.raises(UsageError, match="400000 bars of H1 reach past 2069"):
        next(simulate(Scenario(seed=1, bars=400_000, timeframe=Timeframe.H1)))
    scenario = Scenario(seed=1, bars=10, symbols=("EURUSD",))
    with pytest.raises(UsageError, match="3 ticks"):
        simulate_ticks(scenario, 3)
    with pytest.raises(UsageError, match="history 10"):
        simulate_ticks(scenario, history=10)


def test_one_bar_is_a_market_too() -> None:
    simulated = list(simulate(Scenario(seed=1, bars=1)))
    assert [len(each.bars) for each in simulated] == [1] * len(SYMBOLS)
    assert all(np.isnan(each.rise).all() for each in simulated)
    assert simulated[0].bars.ts_open[0] == parse_time("2010-01-03T22:00:00Z")
