"""Which of a broker's symbols is our instrument, and what a server's clock shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.model.instruments import instrument_for
from assay.trading.brokers.mt5 import api
from assay.trading.brokers.mt5.servertime import (
    ServerClock,
    find_drift,
    find_week_opens,
    infer_clock,
    measure_offset,
)
from assay.trading.brokers.mt5.structures import SymbolInfo
from assay.trading.brokers.mt5.symbols import find_symbol, link_of
from assay.trading.brokers.mt5.weekopens import read_week_opens
from tests.unit.trading.mt5.rig import Rig

CFD, FUTURES = api.SYMBOL_CALC_MODE_CFD, api.SYMBOL_CALC_MODE_FUTURES
NEW_YORK = ZoneInfo("America/New_York")
BASE = Rig().terminal.symbol_info("EURUSD")


def listed(name: str, **fields: Any) -> SymbolInfo:
    assert BASE is not None
    values = {"name": name, "path": f"Forex\\{name}", **fields}
    if "USD" in name and name.startswith(("XAU", "GOLD")):
        values = {"currency_base": "XAU", "trade_contract_size": 100.0, **values}
    return BASE._replace(**values)


GOLD = listed(
    "GOLD", currency_base="USD", trade_contract_size=100.0, trade_calc_mode=CFD, path="Metals"
)
EUR = listed("EURUSD")


@pytest.mark.parametrize(
    ("symbol", "names", "found"),
    [
        ("EURUSD", [EUR], "EURUSD"),
        ("EURUSD", [listed("EURUSD.m"), listed("EURGBP", currency_profit="GBP")], "EURUSD.m"),
        ("EURUSD", [listed("mEURUSD#")], "mEURUSD#"),
        ("EURUSD", [EUR, listed("EURUSDmicro", trade_contract_size=1_000.0)], "EURUSD"),
        ("EURUSD", [EUR, listed("EURUSD.x", trade_mode=0)], "EURUSD"),
        ("EURUSD", [EUR, listed("EURUSD_Z6", trade_calc_mode=FUTURES)], "EURUSD"),
        ("EURUSD", [EUR, listed("EURUSD.synth", custom=True)], "EURUSD"),
        ("XAUUSD", [GOLD, listed("XAUEUR", currency_profit="EUR")], "GOLD"),
        ("XAUUSD", [listed("XAUUSD#", currency_base="XAU", trade_contract_size=100.0)], "XAUUSD#"),
        ("XAUUSD.micro", [listed("GOLDm", currency_base="XAU", trade_contract_size=1.0)], "GOLDm"),
    ],
)
def test_the_one_symbol_that_fits_is_proposed(
    symbol: str, names: list[SymbolInfo], found: str
) -> None:
    search = find_symbol(instrument_for(symbol), names)
    assert search.link is not None
    assert (search.link.name, search.link.symbol) == (found, symbol)
    assert "confirm it once" in search.text


def test_several_that_fit_are_named_and_none_is_taken() -> None:
    search = find_symbol(instrument_for("EURUSD"), [EUR, listed("EURUSD.raw")])
    assert search.link is None
    expected = "EURUSD may be any of EURUSD (Forex\\EURUSD), EURUSD.raw (Forex\\EURUSD.raw)"
    assert search.text == f"{expected}; name one"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"trade_contract_size": 10_000.0}, "its contract is 10000, not 100000"),
        ({"currency_profit": "EUR"}, "it pays in EUR, not USD"),
        ({"currency_base": "USD"}, "its base is USD, not EUR"),
        ({"trade_mode": 0}, "it cannot be traded"),
    ],
)
def test_what_does_not_fit_is_told(fields: dict[str, Any], reason: str) -> None:
    search = find_symbol(instrument_for("EURUSD"), [listed("EURUSD", **fields)])
    assert search.link is None
    assert search.text.endswith(f"(EURUSD: {reason})")


def test_nothing_alike_is_told() -> None:
    assert find_symbol(instrument_for("EURUSD"), []).text.endswith("(none like it)")


def sunday_open(day: datetime) -> int:
    """Return the Sunday 17:00 of New York after a day, in seconds UTC."""
    sunday = day.date() + timedelta(days=(6 - day.weekday()) % 7)
    opened = datetime(sunday.year, sunday.month, sunday.day, 17, tzinfo=NEW_YORK)
    return int(opened.timestamp())


def server_bars(clock: ServerClock, opens: int) -> list[int]:
    """Return half-hour bars of the Friday before and of the week's first day, by the server."""
    before = [opens - 49 * 3_600 + half * 1_800 for half in range(2)]
    after = [opens + half * 1_800 for half in range(48)]
    return [clock.to_server_s(moment) for moment in (*before, *after)]


def server_week(clock: ServerClock, opens: int) -> list[int]:
    """Return the open of a week that such bars show."""
    return find_week_opens(server_bars(clock, opens))


@given(
    offset=st.integers(-24, 28).map(lambda halves: halves * 1_800),
    day=st.datetimes(datetime(2015, 1, 1), datetime(2035, 1, 1)),
)
def test_an_offset_is_read_off_the_weekly_open(offset: int, day: datetime) -> None:
    opens = sunday_open(day)
    assert measure_offset(opens + offset) == offset
    assert measure_offset(opens + offset + 300) == offset
    clock = infer_clock(server_week(ServerClock(offset_s=offset), opens))
    assert clock is not None
    assert clock.offset_at(opens) == offset


@pytest.mark.parametrize("start", ["2024-03-05", "2024-07-01", "2024-10-28", "2024-12-24"])
def test_a_day_that_closes_with_new_york_keeps_its_summer_time(start: str) -> None:
    truth = ServerClock(offset_s=7_200, family="new-york")
    opens = sunday_open(datetime.fromisoformat(start))
    assert infer_clock(server_week(truth, opens)) == truth
    for week in range(60):
        times = server_week(truth, sunday_open(datetime.fromtimestamp(opens, UTC) + week * WEEK))
        assert find_drift(truth, times) == ""


WEEK = timedelta(days=7)


def test_a_clock_that_stops_following_is_found_at_the_next_open() -> None:
    fixed = ServerClock(offset_s=7_200)
    truth = ServerClock(offset_s=7_200, family="new-york")
    before, after = (
        server_week(truth, sunday_open(datetime.fromisoformat(day)))
        for day in ("2024-02-27", "2024-03-07")
    )
    assert find_drift(fixed, before) == ""
    assert find_drift(fixed, after) == (
        "the server is 10800 s ahead of UTC since 2024-03-10, not 7200 s"
    )


def test_a_server_in_athens_is_told_from_one_that_follows_new_york_when_they_part() -> None:
    athens = ServerClock(offset_s=7_200, family="europe")
    winter, apart = (
        server_week(athens, sunday_open(datetime.fromisoformat(day)))
        for day in ("2024-02-27", "2024-03-14")
    )
    guess = infer_clock(winter)
    assert guess is not None
    assert guess.family == "new-york"
    assert find_drift(guess, apart) == (
        "the server is 7200 s ahead of UTC since 2024-03-17, not 10800 s"
    )
    assert infer_clock(apart) == athens
    for day in ("2024-07-01", "2024-10-28", "2024-11-05", "2025-03-20"):
        week = server_week(athens, sunday_open(datetime.fromisoformat(day)))
        assert find_drift(athens, week) == ""


@pytest.mark.parametrize("moment", ["2020-01-02T00:00:00", "2024-12-26T00:00:00"])
def test_a_holiday_in_the_week_shows_no_offset(moment: str) -> None:
    opened = int(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp())
    opens = find_week_opens([opened - 41 * 3_600, opened, opened + 1_800])
    assert opens == [opened]
    assert infer_clock(opens) is None
    assert find_drift(ServerClock(offset_s=7_200), opens) == ""


@given(
    seconds=st.integers(0, 2**31),
    family=st.sampled_from(["fixed", "new-york", "europe"]),
    offset=st.integers(-12, 12),
)
def test_server_time_and_back(seconds: int, family: Any, offset: int) -> None:
    clock = ServerClock(offset_s=offset * 3_600, family=family)
    back = clock.to_utc_s(clock.to_server_s(seconds))
    # One hour a year comes twice on the server's clock.
    assert back - seconds in (0, 3_600)
    if family == "fixed":
        assert back == seconds


class Bars:
    """Give the bars that a terminal has of each symbol."""

    def __init__(self, times: dict[str, list[int]]) -> None:
        self._times = times

    def copy_rates_from_pos(self, symbol: str, *_: int) -> Any:
        return np.array([(each,) for each in self._times.get(symbol, [])], [("time", "<i8")])


@pytest.mark.parametrize("symbols", ["XAUUSD EURUSD", "XAUUSD", "BTCUSD EURUSD XAUUSD"])
def test_gold_opens_an_hour_later_and_the_clock_is_right(symbols: str) -> None:
    truth = ServerClock(offset_s=7_200, family="new-york")
    opens = sunday_open(datetime.fromisoformat("2024-07-01"))
    week = server_bars(truth, opens)
    late = [each + 3_600 for each in week]
    terminal = Bars({"XAUUSD": late, "EURUSD": week, "BTCUSD": list(range(0, 7_200, 1_800))})
    links = [link_of(instrument_for(symbol), symbol) for symbol in symbols.split()]
    found = read_week_opens(terminal, links, api.TIMEFRAME_M30, 1_000)
    assert found == [truth.to_server_s(opens)]
    assert infer_clock(found) == truth
    assert find_drift(truth, found) == ""


def test_gold_that_opens_with_the_currencies_is_told_by_them() -> None:
    truth = ServerClock(offset_s=7_200, family="new-york")
    week = server_bars(truth, sunday_open(datetime.fromisoformat("2024-07-01")))
    links = [link_of(instrument_for(symbol), symbol) for symbol in ("XAUUSD", "EURUSD")]
    found = read_week_opens(Bars(dict.fromkeys(("XAUUSD", "EURUSD"), week)), links, 30, 1_000)
    assert infer_clock(found) == truth
    assert read_week_opens(Bars({}), links, 30, 1_000) == []
