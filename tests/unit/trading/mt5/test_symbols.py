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
from assay.trading.brokers.mt5.symbols import (
    SymbolLink,
    find_contract,
    find_objection,
    find_symbol,
    find_tick_objection,
    link_of,
)
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


def share(name: str, **fields: Any) -> SymbolInfo:
    """Return a contract for difference on a share as brokers list it."""
    told = {"currency_base": "USD", "trade_contract_size": 1.0, "trade_calc_mode": CFD, "digits": 2}
    return listed(name, **{"path": f"Shares\\US\\{name}", **told, **fields})


@pytest.mark.parametrize(
    ("symbol", "names", "found"),
    [
        ("AAPL", [share("AAPL.US"), share("AAPLX.US"), share("MSFT.US")], "AAPL.US"),
        ("AAPL", [share("#AAPL"), share("AAPL.ZW", expiration_time=1)], "#AAPL"),
        ("GER40", [share("GER40.cash", currency_base="EUR", currency_profit="EUR")], "GER40.cash"),
        ("JP225", [share("JP225m", currency_base="JPY", currency_profit="JPY")], "JP225m"),
        ("ETHUSD", [share("ETHUSD", currency_base="ETH")], "ETHUSD"),
    ],
)
def test_what_nobody_has_described_is_what_the_terminal_shows(
    symbol: str, names: list[SymbolInfo], found: str
) -> None:
    search = find_contract(symbol, names)
    assert search.link is not None
    assert (search.link.name, search.link.symbol, search.link.digits) == (found, symbol, 2)
    assert search.link.quantity_digits == 2


@pytest.mark.parametrize(
    ("symbol", "names", "reason"),
    [
        ("AAPL", [share("AAPL.US"), share("AAPL.MX", currency_profit="MXN", currency_base="MXN")],
         "AAPL may be any of AAPL.US (Shares\\US\\AAPL.US), AAPL.MX"),
        ("VOD", [share("VOD.L", currency_base="GBX", currency_profit="GBX")],
         "VOD.L: it pays in GBX, which is no currency that is known"),
        ("EURX", [share("EURX", currency_base="EUR")], "a pair of currencies; call it EURUSD"),
        ("AAPL", [share("AAPL", trade_calc_mode=api.SYMBOL_CALC_MODE_EXCH_STOCKS)],
         "it is a future, an option or an exchange's paper"),
        ("AAPL", [share("AAPL", trade_contract_size=0.001)], "its contract is 0.001"),
        ("AAPL", [share("AAPL", trade_mode=0)], "it cannot be traded"),
        ("AAPL", [share("AAPLE.US")], "(none like it)"),
    ],
)  # fmt: skip
def test_what_nobody_has_described_is_refused_where_it_is_not_clear(
    symbol: str, names: list[SymbolInfo], reason: str
) -> None:
    search = find_contract(symbol, names)
    assert search.link is None
    assert reason in search.text


def test_indices_and_oil_are_found_by_their_other_names_and_currency() -> None:
    spx, index = instrument_for("SPXUSD"), {"path": "Equity Indices\\US500"}
    search = find_symbol(spx, [share("US500.cash", **index), share("US500.fs", expiration_time=1)])
    assert search.link is not None
    assert search.link.name == "US500.cash"
    both = [share("US500", **index), share("SPX500", **index)]
    assert "SPXUSD may be any of US500" in find_symbol(spx, both).text
    euro = share("US500", currency_base="EUR", currency_profit="EUR", **index)
    assert find_symbol(spx, [euro]).text.endswith("(US500: it pays in EUR, not USD)")


def test_a_share_that_is_called_gold_is_no_gold() -> None:
    micro = instrument_for("XAUUSD.micro")
    assert find_symbol(micro, [share("GOLD.US")]).text.endswith(
        "(GOLD.US: it is a share or a fund)"
    )
    assert find_objection(micro, share("GOLD.US"), is_named=True) == "it is a share or a fund"
    spy = find_symbol(instrument_for("SPY"), [share("SPYG.US"), share("SPY.US")])
    assert spy.link is not None
    assert spy.link.name == "SPY.US"


def test_a_name_that_a_person_gives_is_held_to_its_currencies_alone() -> None:
    euro = instrument_for("EURUSD")
    cent = listed("EURUSDc", trade_contract_size=1_000.0)
    assert find_objection(euro, cent).startswith("its contract is 1000")
    assert find_objection(euro, cent, is_named=True) == ""
    pound = listed("GBPUSD", currency_base="GBP")
    assert find_objection(euro, pound, is_named=True) == "its base is GBP, not EUR"
    spx = instrument_for("SPXUSD")
    dax = share("DE40", currency_base="EUR", currency_profit="EUR", path="Indices\\DE40")
    assert find_objection(spx, dax, is_named=True) == "it pays in EUR, not USD"


def test_a_point_that_pays_other_than_the_contract_says_is_refused() -> None:
    pence = share(
        "VOD.L", currency_base="GBP", currency_profit="GBP", trade_tick_size=0.01,
        trade_tick_value=0.0001,
    )  # fmt: skip
    assert find_tick_objection(pence, "GBP") == (
        "a tick of it is worth 0.0001 GBP, not the 0.01 of its contract"
    )
    assert find_tick_objection(pence, "USD") == "", "its rate is not known here"
    assert find_tick_objection(pence._replace(trade_tick_value=0.01), "GBP") == ""
    assert find_tick_objection(pence._replace(trade_tick_value=0.0), "GBP") == "", "no quote yet"


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


def weeks_of(clock: ServerClock, starts: list[str], late: dict[str, float] | None = None) -> Any:
    """Return the opens of the weeks after some days, of which some are hours late."""
    hours = late or {}
    opens = [
        sunday_open(datetime.fromisoformat(day)) + round(3_600 * hours.get(day, 0))
        for day in starts
    ]
    return [clock.to_server_s(each) for each in opens]


SPRING = ["2019-02-20", "2019-02-27", "2019-03-06", "2019-03-13", "2019-03-20", "2019-03-27"]
AUTUMN = ["2019-10-16", "2019-10-23", "2019-10-30", "2019-11-06"]
NEW_YEAR = ["2018-12-06", "2018-12-13", "2018-12-20", "2018-12-27"]


@pytest.mark.parametrize("starts", [SPRING, AUTUMN])
@pytest.mark.parametrize("family", ["new-york", "europe", "fixed"])
def test_weeks_about_a_change_of_clocks_tell_whose_summer_time_is_kept(
    starts: list[str], family: Any
) -> None:
    truth = ServerClock(offset_s=7_200, family=family)
    for last in range(1, len(starts) + 1):
        weeks = weeks_of(truth, starts[:last])
        found = infer_clock(weeks)
        assert found is not None
        assert found.to_utc_s(weeks[-1]) == truth.to_utc_s(weeks[-1])
        assert find_drift(truth, weeks) == ""
    # Once New York has changed its clocks and Europe has, the three have parted.
    assert found == truth


@pytest.mark.parametrize("hours", [6, 9, 12, 22, 24])
def test_a_week_that_begins_with_a_holiday_is_no_clock(hours: int) -> None:
    """As currencies opened at New Year 2018/19 (6 h), at Christmas 2011 and 2016 (9 h to 24 h)."""
    truth = ServerClock(offset_s=7_200, family="new-york")
    late = weeks_of(truth, NEW_YEAR, {"2018-12-27": hours})
    assert find_drift(truth, late) == ""
    assert infer_clock(late) in (None, truth), "the newest week alone tells nothing"
    following = weeks_of(truth, [*NEW_YEAR, "2019-01-03"], {"2018-12-27": hours})
    assert infer_clock(following) == truth
    assert find_drift(truth, following) == ""


def test_a_week_that_no_other_bears_out_tells_no_clock() -> None:
    truth = ServerClock(offset_s=7_200, family="new-york")
    assert infer_clock(weeks_of(truth, NEW_YEAR, {"2018-12-27": 1})) is None
    # Of a change that is real, the second week is believed, once no more speak for the old one.
    moved = ServerClock(offset_s=0)
    before, after = weeks_of(truth, NEW_YEAR[:2]), weeks_of(moved, NEW_YEAR[2:])
    assert infer_clock([*before, *after[:1]]) is None
    found = infer_clock([*before, *after])
    assert found is not None
    assert found.offset_at(after[-1]) == 0


def test_two_late_weeks_of_five_do_not_outvote_the_others() -> None:
    truth = ServerClock(offset_s=7_200, family="new-york")
    starts = ["2011-12-02", "2011-12-09", "2011-12-16", "2011-12-23", "2011-12-30"]
    late = weeks_of(truth, starts, {"2011-12-23": 9, "2011-12-30": 9})
    assert infer_clock(late) is None


@pytest.mark.parametrize(
    ("symbol", "late", "found"),
    [("XAUUSD", 1, True), ("SPXUSD", 1, True), ("NSXUSD", 1, True), ("DXY", 3, False),
     ("BCOUSD", 3, False), ("GER40", 0.25, False), ("SPY", 16.5, False)],
)  # fmt: skip
def test_only_what_opens_at_one_time_everywhere_tells_the_clock(
    symbol: str, late: float, found: bool
) -> None:
    """The dollar's index opened three hours after the currencies at a real server, weeks on end."""
    truth = ServerClock(offset_s=7_200, family="new-york")
    times = [
        truth.to_server_s(sunday_open(datetime.fromisoformat(day)) + round(3_600 * late) + bar)
        for day in NEW_YEAR
        for bar in (0, 1_800)
    ]
    link = SymbolLink(symbol=symbol, name="it", digits=2, quantity_digits=2)
    opens = read_week_opens(Bars({"it": times}), [link], api.TIMEFRAME_M30, 1_000)
    assert (infer_clock(opens) == truth) == found
    assert bool(opens) == found
