"""Zones, trading days and sessions over the switches of 2019."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from assay.model.calendar import (
    Rollover,
    bar_close,
    bar_open,
    bar_span,
    day_start,
    is_in_session,
    rollovers,
    session_time,
    swap_multipliers,
    trading_day,
    weekday_of,
)
from assay.model.errors import UsageError
from assay.model.instruments import instrument_for
from assay.model.time import DAY, HOUR, SECOND, Timeframe, format_time, parse_time
from assay.model.zones import zone_table

EURUSD, GOLD, BITCOIN = (instrument_for(name) for name in ("EURUSD", "XAUUSD", "BTCUSD"))


def at(*texts: str) -> np.ndarray:
    return np.array([parse_time(text) for text in texts], dtype=np.int64)


@pytest.mark.parametrize("name", ["America/New_York", "Europe/Athens", "EET", "Asia/Tokyo", "UTC"])
def test_offsets_equal_the_zone_database_hour_by_hour(name: str) -> None:
    begin = datetime(2018, 1, 1, tzinfo=UTC)
    moments = [begin + timedelta(hours=hour) for hour in range(3 * 8766)]
    utc = np.array([int(moment.timestamp()) * SECOND for moment in moments], dtype=np.int64)
    zone = ZoneInfo(name)
    expected = [int(m.astimezone(zone).utcoffset().total_seconds()) * SECOND for m in moments]
    assert zone_table(name).offset_at(utc).tolist() == expected


def test_server_clocks_follow_new_york_or_stand_still() -> None:
    summer, winter = at("2019-07-01T12:00"), at("2019-12-01T12:00")
    assert int(zone_table("NY+7").offset_at(summer)[0]) == 3 * HOUR
    assert int(zone_table("NY+7").offset_at(winter)[0]) == 2 * HOUR
    assert int(zone_table("UTC+2").offset_at(summer)[0]) == 2 * HOUR
    assert int(zone_table("UTC-5:30").offset_at(summer)[0]) == -11 * HOUR // 2


@pytest.mark.parametrize("name", ["Europe/Nowhere", "NY+99", "../etc/passwd", "", "NY"])
def test_unknown_zones_are_refused_by_name(name: str) -> None:
    with pytest.raises(UsageError, match="zone"):
        zone_table(name)


def test_wall_times_go_there_and_back() -> None:
    zone = zone_table("America/New_York")
    utc = parse_time("2019-01-01") + np.arange(0, 400 * DAY, 37 * 60 * SECOND)
    wall = zone.to_wall(utc)
    row, twofold, missing = zone.locate(wall)
    assert not missing.any()
    later = wall - zone.offsets[row]
    assert np.array_equal(np.where(twofold, utc, later), utc)
    fall = at("2019-11-03T01:30")
    assert zone.locate(fall)[1].all()
    assert format_time(int(zone.to_utc(fall)[0])) == "2019-11-03T05:30:00Z"
    assert zone.locate(at("2019-03-10T02:30"))[2].all()


def test_the_day_turns_at_five_in_new_york_across_the_switch() -> None:
    found = rollovers(parse_time("2019-03-08"), parse_time("2019-03-12"))
    assert [format_time(int(ts)) for ts in found] == [
        "2019-03-08T22:00:00Z", "2019-03-09T22:00:00Z", "2019-03-10T21:00:00Z",
        "2019-03-11T21:00:00Z",
    ]  # fmt: skip
    days = trading_day(np.concatenate([found - 1, found]))
    assert np.array_equal(days[4:], days[:4] + 1)
    assert np.array_equal(day_start(days[4:]), found)
    monday = trading_day(at("2019-03-10T21:30"))
    assert weekday_of(monday).tolist() == [0]


def test_a_server_midnight_turns_the_day_too() -> None:
    server = Rollover("Europe/Athens", 0)
    found = rollovers(parse_time("2019-03-29T23:00"), parse_time("2019-04-01"), server)
    assert [format_time(int(ts)) for ts in found] == [
        "2019-03-30T22:00:00Z", "2019-03-31T21:00:00Z",
    ]  # fmt: skip
    assert weekday_of(trading_day(found, server)).tolist() == [6, 0]


def test_wednesday_charges_three_nights_and_the_weekend_none() -> None:
    week = rollovers(parse_time("2019-06-03"), parse_time("2019-06-10"))
    assert swap_multipliers(EURUSD, week).tolist() == [1, 1, 3, 1, 1, 0, 0]


def test_bars_above_an_hour_count_from_the_rollover() -> None:
    ts = at("2019-03-08T21:59", "2019-03-08T22:00", "2019-03-11T20:59", "2019-03-11T21:00")
    opens = bar_open(ts, Timeframe.H4)
    assert [format_time(int(ts)) for ts in opens] == [
        "2019-03-08T18:00:00Z", "2019-03-08T22:00:00Z", "2019-03-11T17:00:00Z",
        "2019-03-11T21:00:00Z",
    ]  # fmt: skip
    assert bar_close(opens[:1], Timeframe.H4).tolist() == at("2019-03-08T22:00").tolist()
    start, end = bar_span(parse_time("2019-03-10T12:00"), Timeframe.D1)
    assert end - start == 23 * HOUR
    assert len(bar_open(np.zeros(0, np.int64), Timeframe.D1)) == 0


def test_sessions_follow_new_york_and_gold_pauses_an_hour() -> None:
    ts = at(
        "2019-03-08T21:59:59", "2019-03-08T22:00", "2019-03-10T20:59:59", "2019-03-10T21:00",
        "2019-03-12T21:30", "2019-03-12T22:00",
    )  # fmt: skip
    assert is_in_session(EURUSD, ts).tolist() == [True, False, False, True, True, True]
    assert is_in_session(GOLD, ts).tolist() == [True, False, False, False, False, True]
    assert is_in_session(BITCOIN, ts).all()


def test_session_time_counts_only_the_open_market() -> None:
    ts = at("2019-03-08T21:00", "2019-03-10T22:00", "2019-03-15T21:00", "2019-03-17T21:00")
    gone = session_time(EURUSD, ts)
    assert np.diff(gone).tolist() == [2 * HOUR, 5 * DAY - HOUR, 0]
    spring = session_time(BITCOIN, at("2019-03-10T00:00", "2019-03-11T00:00"))
    assert int(spring[1] - spring[0]) == DAY
