"""Files of ticks and bars as the quotes of a simulated terminal."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from assay.apps.lab.feeds.quotes import news_spans, read_quotes
from assay.market.news import Importance, Release
from assay.market.series import BarSeries, TickSeries
from assay.market.sources.parquet import write_parquet
from assay.model.errors import UsageError
from assay.model.time import MINUTE, SECOND, Timeframe, parse_time
from assay.trading.terminal import Quote, load_profile

START = parse_time("2019-03-04T10:00:00")


def ints(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def ticks(folder: Path) -> Path:
    series = TickSeries(
        symbol="XAUUSD", source="test", digits=3, ts=START + ints(0, 30) * SECOND,
        bid=ints(1_286_504, 1_286_515), ask=ints(1_286_804, 1_286_825), fold=np.zeros(2, bool),
    )  # fmt: skip
    write_parquet(series, folder / "xauusd_ticks.parquet")
    return folder / "xauusd_ticks.parquet"


def bars(folder: Path) -> Path:
    series = BarSeries(
        symbol="EURUSD", timeframe=Timeframe.M1, side="quote", source="test", digits=5,
        ts_open=START + ints(0, 1) * MINUTE, open=ints(110_000, 110_020),
        high=ints(110_030, 110_025), low=ints(109_990, 110_000), close=ints(110_020, 110_001),
        ask_open=ints(110_010, 110_031), ask_high=ints(110_040, 110_036),
        ask_low=ints(110_000, 110_011), ask_close=ints(110_030, 110_012), fold=np.zeros(2, bool),
    )  # fmt: skip
    write_parquet(series, folder / "eurusd_m1.parquet")
    return folder / "eurusd_m1.parquet"


def test_ticks_come_once_in_the_digits_and_by_the_name_of_the_broker(tmp_path: Path) -> None:
    found = list(read_quotes([ticks(tmp_path)], load_profile("hedging")))
    assert found == [
        Quote(START, "GOLD", 128_650, 128_680),
        Quote(START + 30 * SECOND, "GOLD", 128_652, 128_682),
    ]


def test_a_bar_is_four_quotes_the_nearer_extreme_first(tmp_path: Path) -> None:
    found = list(read_quotes([bars(tmp_path)], load_profile("netting")))
    assert [(quote.bid, quote.ask) for quote in found] == [
        (110_000, 110_010), (109_990, 110_000), (110_030, 110_040), (110_020, 110_030),
        (110_020, 110_031), (110_025, 110_036), (110_000, 110_011), (110_001, 110_012),
    ]  # fmt: skip
    last = MINUTE - SECOND // 1000
    assert [quote.ts - START for quote in found[:4]] == [0, MINUTE // 3, MINUTE * 2 // 3, last]


def test_several_files_are_one_market(tmp_path: Path) -> None:
    found = list(read_quotes([bars(tmp_path), ticks(tmp_path)], load_profile("netting")))
    assert [quote.ts for quote in found] == sorted(quote.ts for quote in found)
    assert {quote.symbol for quote in found} == {"EURUSD", "XAUUSD"}
    assert len(found) == 10


def test_a_symbol_that_the_broker_has_not_is_refused(tmp_path: Path) -> None:
    one = load_profile("hedging")

    poor = msgspec.structs.replace(one, symbols=one.symbols[:1])
    with pytest.raises(UsageError, match=r"does not trade XAUUSD; it has EURUSD\.m"):
        read_quotes([ticks(tmp_path)], poor)


def test_news_are_releases_that_move_what_the_broker_trades() -> None:
    releases = [
        Release(START, "USD", Importance.HIGH, "payrolls"),
        Release(START, "USD", Importance.LOW, "speech"),
        Release(START, "SEK", Importance.HIGH, "rate"),
    ]
    spans = news_spans(releases, load_profile("netting"))
    assert spans == [(START - MINUTE, START + 5 * MINUTE)]
