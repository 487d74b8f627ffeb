"""Time as a broker's server tells it, and the bars and ticks that it hands out."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from assay.model.time import DAY, HOUR, MINUTE, SECOND, parse_time
from assay.trading.brokers.mt5 import api
from assay.trading.terminal.nights import nights_of
from assay.trading.terminal.wallclock import WallClock, epoch, weekday
from tests.unit.trading.terminal.broker import MONDAY, buy, make


@pytest.mark.parametrize(("zone", "before", "after"), [
    ("NY+7", "2019-03-08T21:59:59", "2019-03-11T20:59:59"),
    ("Europe/Athens", "2019-03-29T21:59:59", "2019-04-01T20:59:59"),
    ("Australia/Sydney", "2019-04-05T12:59:59", "2019-04-08T13:59:59"),
    ("UTC+2", "2019-03-29T21:59:59", "2019-04-01T21:59:59"),
])  # fmt: skip
def test_the_servers_midnight_follows_its_own_clock_changes(
    zone: str, before: str, after: str
) -> None:
    clock = WallClock(zone)
    for text in (before, after):
        last = parse_time(text)
        assert clock.wall(last) % DAY == DAY - SECOND
        assert clock.day(last + SECOND) == clock.day(last) + 1
        assert clock.utc(clock.wall(last)) == last


def test_swap_falls_due_an_hour_earlier_once_the_servers_clock_has_changed() -> None:
    terminal = make(zone="NY+7", eurusd={"swap_long": -1})
    buy(terminal, 1.0)
    owed = []
    for text in ("2019-03-08T21:59", "2019-03-08T22:00", "2019-03-11T20:59", "2019-03-11T21:00"):
        terminal.advance(parse_time(text))
        owed.append(terminal.positions_get()[0].swap)
    # Monday to Thursday are 1, 1, 3 and 1 nights before Friday's.
    assert owed == [-6.0, -7.0, -7.0, -8.0]


def test_times_are_the_wall_clock_written_as_if_it_were_utc() -> None:
    terminal = make(zone="NY+7")
    terminal.quote("EURUSD", 110_000, 110_010, parse_time("2019-03-08T12:00:00"))
    winter = terminal.symbol_info_tick("EURUSD")
    terminal.quote("EURUSD", 110_000, 110_010, parse_time("2019-03-11T12:00:00"))
    summer = terminal.symbol_info_tick("EURUSD")
    hours = [datetime.fromtimestamp(tick.time, UTC).hour for tick in (winter, summer)]
    assert hours == [14, 15]
    assert summer.time_msc == summer.time * 1000
    deals = terminal.history_deals_get(datetime(2019, 3, 4, 12, tzinfo=UTC), 2**32)
    assert [deal.time for deal in deals] == [(MONDAY + 2 * HOUR) // SECOND]
    assert terminal.history_deals_total(datetime(2019, 3, 4, 12, 1, tzinfo=UTC), 2**32) == 0


def test_a_moment_without_a_zone_is_local_as_in_the_package() -> None:
    moment = datetime(2019, 7, 1, 12)
    assert epoch(moment) == moment.astimezone().timestamp()
    assert epoch("2019-07-01") is None


def test_weekdays_and_nights_are_counted_as_metatrader_does() -> None:
    monday = MONDAY // DAY
    assert weekday(monday) == api.DAY_OF_WEEK_MONDAY
    assert sum(nights_of(monday + day, api.DAY_OF_WEEK_FRIDAY) for day in range(7)) == 7


def test_bars_of_every_length_are_those_of_the_ticks() -> None:
    terminal = make()
    prices = [110_000 + (step * 37) % 91 for step in range(600)]
    for step, price in enumerate(prices, 1):
        terminal.quote("EURUSD", price, price + 10 + step % 3, MONDAY + step * MINUTE // 2)
    ticks = [110_000, *prices]
    minutes = np.arange(601) // 2
    bars = terminal.copy_rates_from_pos("EURUSD", api.TIMEFRAME_M5, 0, 1000)
    assert bars.dtype == np.dtype(api.RATES_COLUMNS)
    for place, bar in enumerate(bars):
        mine = [price for price, minute in zip(ticks, minutes, strict=True) if minute // 5 == place]
        assert bar["time"] == (MONDAY + 2 * HOUR + place * 5 * MINUTE) // SECOND
        told = [round(bar[name] * 1e5) for name in ("open", "high", "low", "close")]
        assert told == [mine[0], max(mine), min(mine), mine[-1]]
        assert (bar["tick_volume"], bar["spread"]) == (len(mine), 10)
    day = terminal.copy_rates_from_pos("EURUSD", api.TIMEFRAME_D1, 0, 5)
    assert (len(day), day["tick_volume"][0]) == (1, 601)
    assert terminal.copy_rates_from_pos("EURUSD", 7, 0, 5) is None


def test_weeks_begin_on_sunday_and_months_on_their_first() -> None:
    terminal = make()
    for text in ("2019-03-08T12:00", "2019-03-11T12:00", "2019-04-01T12:00"):
        terminal.quote("EURUSD", 110_000, 110_010, parse_time(text))
    weeks = terminal.copy_rates_from_pos("EURUSD", api.TIMEFRAME_W1, 0, 9)["time"]
    assert [str(np.datetime64(int(week), "s"))[:10] for week in weeks] == [
        "2019-03-03", "2019-03-10", "2019-03-31",
    ]  # fmt: skip
    months = terminal.copy_rates_from_pos("EURUSD", api.TIMEFRAME_MN1, 0, 9)["time"]
    assert [str(np.datetime64(int(month), "s"))[:10] for month in months] == [
        "2019-03-01", "2019-04-01",
    ]  # fmt: skip


def test_bars_are_counted_from_the_unfinished_one_or_by_their_opens() -> None:
    terminal = make(max_bars=6)
    for minute in range(1, 10):
        terminal.quote("EURUSD", 110_000 + minute, 110_020, MONDAY + minute * MINUTE)
    kind = api.TIMEFRAME_M1
    opened = (MONDAY + 2 * HOUR) // SECOND

    def minutes(rows: np.ndarray) -> list[int]:
        return [(int(second) - opened) // 60 for second in rows["time"]]

    assert minutes(terminal.copy_rates_from_pos("EURUSD", kind, 0, 2)) == [8, 9]
    assert minutes(terminal.copy_rates_from_pos("EURUSD", kind, 2, 2)) == [6, 7]
    assert minutes(terminal.copy_rates_from_pos("EURUSD", kind, 0, 100)) == [4, 5, 6, 7, 8, 9]
    assert minutes(terminal.copy_rates_from("EURUSD", kind, opened + 330, 2)) == [4, 5]
    assert minutes(terminal.copy_rates_range("EURUSD", kind, opened + 300, opened + 420)) == [
        5,
        6,
        7,
    ]


def test_ticks_come_in_spans_and_say_which_side_moved() -> None:
    terminal = make()
    moved = [(110_001, 110_010), (110_001, 110_012), (110_002, 110_013)]
    for step, (bid, ask) in enumerate(moved, 1):
        terminal.quote("EURUSD", bid, ask, MONDAY + step * SECOND // 2)
    opened = (MONDAY + 2 * HOUR) // SECOND
    ticks = terminal.copy_ticks_from("EURUSD", opened, 10, api.COPY_TICKS_ALL)
    assert ticks.dtype == np.dtype(api.TICKS_COLUMNS)
    assert ticks["flags"].tolist() == [6, 2, 4, 6]
    assert ticks["time_msc"].tolist() == [opened * 1000 + 500 * step for step in range(4)]
    assert ticks["ask"].tolist() == [1.1001, 1.1001, 1.10012, 1.10013]
    assert len(terminal.copy_ticks_range("EURUSD", opened, opened + 1, api.COPY_TICKS_INFO)) == 3
    assert len(terminal.copy_ticks_from("EURUSD", opened, 2, api.COPY_TICKS_ALL)) == 2
    assert len(terminal.copy_ticks_from("EURUSD", opened, 9, api.COPY_TICKS_TRADE)) == 0
    assert terminal.copy_ticks_from("EURUSD", opened, 9, 5) is None
