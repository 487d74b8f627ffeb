"""Rules reject what is wrong and leave what is merely wild."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assay.market.quality import assess, assess_file, find_gaps
from assay.market.quality.rules import local_scale, reject_disorder
from assay.market.reading import RawSeries, ReadRequest, find_source
from assay.model.errors import DataError
from assay.model.time import HOUR, MINUTE, SECOND, Timeframe, parse_time

MONDAY = parse_time("2019-03-04T08:00")
ROWS = 400


def raw_bars(**changes: dict[int, float]) -> RawSeries:
    """Build a wandering series of minutes; `changes` sets single cells of a column."""
    wander = np.cumsum(np.where(np.arange(ROWS) % 3 == 0, 3, -1))
    close = np.round(1.1 + wander / 1e5, 5)
    begin = np.concatenate([close[:1], close[:-1]])
    prices = {
        "open": begin, "high": np.round(np.maximum(begin, close) + 0.00004, 5),
        "low": np.round(np.minimum(begin, close) - 0.00004, 5), "close": close,
    }  # fmt: skip
    time = MONDAY + np.arange(ROWS) * MINUTE
    for name, cells in changes.items():
        column = time if name == "time" else prices[name]
        for place, value in cells.items():
            column[place] = value
    nothing = np.zeros(ROWS, dtype=np.bool_)
    return RawSeries(
        symbol="EURUSD", timeframe=Timeframe.M1, side="bid", source="test", time=time,
        prices=prices, fold=nothing, unresolved=nothing,
    )  # fmt: skip


def raw_ticks(bid: np.ndarray, ask: np.ndarray, time: np.ndarray | None = None) -> RawSeries:
    nothing = np.zeros(len(bid), dtype=np.bool_)
    if time is None:
        time = MONDAY + np.arange(len(bid)) * SECOND
    return RawSeries(
        symbol="EURUSD", timeframe=None, side="quote", source="test", time=time,
        prices={"bid": bid, "ask": ask}, fold=nothing, unresolved=nothing,
    )  # fmt: skip


def test_clean_rows_are_all_accepted() -> None:
    found = assess(raw_bars())
    assert (len(found.series), found.counts) == (ROWS, {})


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"close": {50: 1.1000005}}, "off_grid"),
        ({"low": {50: -1.0}}, "non_positive"),
        ({"low": {50: 0.0}}, "non_positive"),
        ({"close": {50: float("nan")}}, "off_grid"),
        ({"high": {50: 1.05}}, "inconsistent"),
        ({"time": {50: MONDAY + 20 * MINUTE}}, "order"),
        ({"time": {50: MONDAY + 49 * MINUTE}}, "duplicate"),
        ({"high": {50: 1.2}}, "spike"),
        ({"low": {50: 0.9}}, "spike"),
        ({name: {50: 11.0} for name in ("open", "high", "low", "close")}, "spike"),
    ],
)
def test_each_rule_rejects_its_row_alone(changes: dict[str, dict[int, float]], rule: str) -> None:
    found = assess(raw_bars(**changes))
    assert found.counts == {rule: 1}
    assert found.rejects.row.tolist() == [50]
    assert len(found.series) == ROWS - 1


def test_a_shock_that_stays_is_no_spike() -> None:
    raw = raw_bars()
    for column in raw.prices.values():
        column[200:] = np.round(column[200:] * 0.8, 5)
    raw.prices["low"][200] = 0.7
    assert assess(raw).counts == {}


def test_a_shock_that_returns_over_several_rows_is_no_spike() -> None:
    raw = raw_bars()
    for place, factor in enumerate((0.96, 0.97, 0.98, 0.99), 200):
        for column in raw.prices.values():
            column[place] = round(float(column[place]) * factor, 5)
    assert assess(raw).counts == {}


def test_crossed_quotes_and_tick_spikes_are_kept_out() -> None:
    bid = np.round(1.1 + (np.arange(300) % 7) / 1e5, 5)
    ask = np.round(bid + 0.0001, 5)
    bid[20], ask[40] = 1.2, 1.05
    bid[60], ask[60] = 1.4, 1.4001
    found = assess(raw_ticks(bid, ask))
    assert found.counts == {"crossed": 2, "spike": 1}
    assert dict(zip(found.rejects.row.tolist(), found.rejects.rule, strict=True))[60] == "spike"


def test_equal_ticks_are_doubles_but_equal_times_are_not() -> None:
    bid = np.array([1.1, 1.1, 1.10001, 1.10001])
    time = MONDAY + np.array([0, 0, 0, SECOND])
    found = assess(raw_ticks(bid, bid + 0.0001, time))
    assert found.counts == {"duplicate": 1}


def test_one_leap_ahead_condemns_no_other_row() -> None:
    assert reject_disorder(np.array([1, 2, 99, 3, 4])).tolist() == [0, 0, 1, 0, 0]
    assert reject_disorder(np.array([5, 6, 1, 7, 8])).tolist() == [0, 0, 1, 0, 0]
    assert reject_disorder(np.array([2, 1])).tolist() == [0, 1]


def test_a_file_that_needs_finer_points_is_on_the_grid() -> None:
    raw = raw_bars()
    for column in raw.prices.values():
        column += 0.000005
    found = assess(raw)
    assert (found.series.digits, found.counts) == (6, {})


def test_holes_count_only_inside_the_session() -> None:
    raw = raw_bars()
    raw.time[100:] += 2 * HOUR
    raw.time[200:] += parse_time("2019-03-11T08:00") - parse_time("2019-03-04T08:00")
    gaps = find_gaps(assess(raw).series)
    assert len(gaps) == 2
    assert gaps[0].tolist() == [
        MONDAY + 100 * MINUTE, MONDAY + 100 * MINUTE + 2 * HOUR, 2 * HOUR,
    ]  # fmt: skip
    assert gaps[1][2] == (5 * 24 + 1) * HOUR  # New York went to summer time within it


def test_the_local_scale_follows_the_market() -> None:
    sizes = np.concatenate([np.full(640, 1.0), np.full(640, 50.0)])
    scale = local_scale(sizes)
    assert (scale[:560] == 1).all()
    assert (scale[640:] == 50).all()


def written(folder: Path, row: str, rows: int = 20) -> ReadRequest:
    path = folder / "EURUSD_H1_mine.csv"
    lines = "".join(f"2019-03-01 08:{n:02d}:00,{row}\n" for n in range(rows))
    path.write_text(f"time,open,high,low,close\n{lines}")
    return ReadRequest(path=path)


def test_minutes_are_no_hours(tmp_path: Path) -> None:
    request = written(tmp_path, "1.1,1.2,1.0,1.1")
    with pytest.raises(DataError, match=r"EURUSD_H1_mine.csv: rows 60 s apart are no H1 bars"):
        assess_file(find_source("csv"), request)
    minutes = replace(request, timeframe=Timeframe.M1)
    assert len(assess_file(find_source("csv"), minutes).series) == 20


def test_a_file_without_a_sound_row_is_no_file_of_prices(tmp_path: Path) -> None:
    request = replace(written(tmp_path, "1.1,1.0,1.2,1.1"), timeframe=Timeframe.M1)
    with pytest.raises(DataError, match=r"no row passes the quality rules \(inconsistent 20\)"):
        assess_file(find_source("csv"), request)
