"""A server's clock, read off the weeks that real markets had, is never another than it was."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from assay.trading.brokers.mt5 import api
from assay.trading.brokers.mt5.servertime import (
    DAY_S,
    HOUR_S,
    ServerClock,
    find_drift,
    infer_clock,
)
from assay.trading.brokers.mt5.symbols import SymbolLink
from assay.trading.brokers.mt5.weekopens import read_week_opens

BARS = 24 * 35
CLOCKS = {
    "new-york": ServerClock(offset_s=2 * HOUR_S, family="new-york"),
    "europe": ServerClock(offset_s=2 * HOUR_S, family="europe"),
}


class Terminal:
    """Give the bars that a terminal had at a moment."""

    def __init__(self, times: list[int]) -> None:
        self._times = times

    def copy_rates_from_pos(self, *_: Any) -> Any:
        return np.array([(each,) for each in self._times], [("time", "<i8")])


def read_hours(file: Path) -> list[int]:
    """Return when a file's hours with quotes begin, in seconds UTC."""
    times = pq.read_table(file, columns=["time"])["time"].to_numpy().astype("datetime64[s]")
    hours: list[int] = np.unique(times.astype(np.int64) // HOUR_S * HOUR_S).tolist()
    return hours


@pytest.mark.parametrize("family", CLOCKS)
@pytest.mark.parametrize(
    ("symbol", "name", "weeks", "unknown"),
    [
        ("AUDUSD", "audusd_h1_histdata_20100103_20211231", 625, 3),
        ("NSXUSD", "nsxusd_m5_histdata_20180101_20191231", 103, 0),
        ("SPXUSD", "spxusd_m5_histdata_20180101_20191231", 103, 0),
        ("DXY", "dxy_m30_mt5b_20191213_20211231", 106, 106),
    ],
)
def test_of_real_weeks_none_is_read_as_another_clock(
    shared: Path, symbol: str, name: str, weeks: int, unknown: int, family: str
) -> None:
    clock, hours = CLOCKS[family], read_hours(shared / f"data/bars/{name}.parquet")
    server = [clock.to_server_s(each) for each in hours]
    link = SymbolLink(symbol=symbol, name=symbol, digits=5, quantity_digits=0)
    told, drifts = Counter[str](), list[str]()
    for now in range(hours[0] + 12 * DAY_S, hours[-1] + 3 * DAY_S, 7 * DAY_S):
        last = bisect_right(hours, now)
        terminal = Terminal(server[max(0, last - BARS) : last])
        opens = read_week_opens(terminal, [link], api.TIMEFRAME_H1, BARS)
        found = infer_clock(opens)
        is_right = found is not None and found.offset_at(now) == clock.offset_at(now)
        told["unknown" if found is None else "right" if is_right else "wrong"] += 1
        drifts += filter(None, [find_drift(clock, opens)])
    assert told == Counter(right=weeks - unknown, unknown=unknown)
    assert drifts == []
