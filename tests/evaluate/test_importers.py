"""Every vendor file that has a format imports, and equals the Parquet of the same span."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assay.market.bars import bars_to_bars, ticks_to_bars
from assay.market.quality import assess, find_gaps
from assay.market.reading import ReadRequest, find_source
from assay.market.series import BarSeries, Series, TickSeries, price_columns
from assay.market.sources.parquet import read_parquet
from assay.model.time import DAY, HOUR, MINUTE, Timeframe, parse_time

HISTDATA_M1 = "eurusd_m1_histdata_20180101_20191231"
FALLBACK = "histdata_ascii/DAT_ASCII_EURUSD_M1_2019_dst-fallback_1020-1110.csv"
FORMATS = {
    "backtestingpy_csv": "csv", "ejtrader_points_csv": "csv", "fxcm_csv": "fxcm",
    "histdata_ascii": "histdata", "mt5_export_rendered": "mt5", "truefx_csv": "truefx",
    "dukascopy_bi5": "dukascopy", "lean": "lean",
}  # fmt: skip
TOLD = {
    "backtestingpy_csv": {"symbol": "EURUSD", "timeframe": Timeframe.H1},
    "ejtrader_points_csv": {
        "symbol": "USDJPY", "timeframe": Timeframe.D1, "zone": "EET", "in_points": True,
    },
    "mt5_export_rendered": {"zone": "Europe/Athens"},
}  # fmt: skip


def read(shared: Path, name: str, **told: object) -> Series:
    path = shared / "data/raw" / name
    folder = name.partition("/")[0]
    options = TOLD.get(folder, {}) | told
    raw = find_source(FORMATS[folder]).read(ReadRequest(path=path, **options))
    return assess(raw).series


def parquet(shared: Path, name: str) -> Series:
    folder = "ticks" if "_tick_" in name else "bars"
    return read_parquet(shared / "data" / folder / f"{name}.parquet")


def between(series: Series, start: int, end: int) -> Series:
    return series.select((series.time >= start) & (series.time < end))


def assert_equal(ours: Series, theirs: Series) -> None:
    assert len(ours) == len(theirs)
    assert np.array_equal(ours.time, theirs.time)
    for name in price_columns(theirs):
        mine = getattr(ours, name) * 10 ** (theirs.digits - min(ours.digits, theirs.digits))
        others = getattr(theirs, name) * 10 ** (ours.digits - min(ours.digits, theirs.digits))
        assert np.array_equal(mine, others), name


def assert_same_span(ours: Series, theirs: Series) -> None:
    start, end = int(ours.time[0]), int(ours.time[-1])
    assert_equal(ours, between(theirs, start, end + 1))


def test_every_file_that_has_a_format_imports(shared: Path) -> None:
    raw = shared / "data/raw"
    found = [
        path
        for path in sorted(raw.rglob("*"))
        if path.is_file() and path.relative_to(raw).parts[0] in FORMATS
    ]
    assert len(found) > 40
    for path in found:
        told = {"symbol": "EURUSD"} if path.name == "empty.bi5" else {}
        series = read(shared, str(path.relative_to(raw)), **told)
        assert (len(series) == 0) == (path.name == "empty.bi5"), path


def test_histdata_march_equals_the_parquet(shared: Path) -> None:
    ours = read(shared, "histdata_ascii/DAT_ASCII_EURUSD_M1_201903.csv")
    assert len(ours) == 30169
    assert isinstance(ours, BarSeries)
    assert ours.volume is None
    assert_same_span(ours, parquet(shared, HISTDATA_M1))


def test_the_repeated_october_hour_is_told_apart_and_marked(shared: Path) -> None:
    ours = read(shared, FALLBACK)
    assert len(ours) == 22063
    marked = ours.time[ours.fold]
    first = parse_time("2019-10-27T23:00:00Z")
    assert marked.tolist() == [first + minute * MINUTE for minute in range(120)]


def test_october_outside_the_evening_of_the_switch_equals_the_parquet(shared: Path) -> None:
    # The Parquet keeps one pass of the repeated hour, and puts the three hours before it later.
    ours, theirs = read(shared, FALLBACK), parquet(shared, HISTDATA_M1)
    evening, night = parse_time("2019-10-27T20:00:00Z"), parse_time("2019-10-28")
    assert_same_span(between(ours, 0, evening), theirs)
    assert_same_span(between(ours, night, 2**62), theirs)


def test_histdata_ticks_equal_the_parquet(shared: Path) -> None:
    ours = read(shared, "histdata_ascii/DAT_ASCII_EURUSD_T_20200101_sample.csv")
    assert_equal(ours, parquet(shared, "eurusd_tick_histdata_20200101_20200102"))


def test_dukascopy_hours_and_candles_equal_the_parquet(shared: Path) -> None:
    ticks = parquet(shared, "eurusd_tick_dukascopy_20190204_20190205")
    for hour in (0, 13, 23):
        ours = read(shared, f"dukascopy_bi5/EURUSD/2019/01/04/{hour:02d}h_ticks.bi5")
        start = parse_time("2019-02-04") + hour * HOUR
        assert_equal(ours, between(ticks, start, start + HOUR))
    day = read(shared, "dukascopy_bi5/EURUSD/2019/01/04")
    assert_equal(day, between(ticks, parse_time("2019-02-04"), parse_time("2019-02-05")))
    minutes = read(shared, "dukascopy_bi5/EURUSD/2019/01/04/BID_candles_min_1.bi5")
    assert_same_span(minutes, parquet(shared, "eurusd_m1_dukascopy_20190204_20190205"))
    bitcoin = read(shared, "dukascopy_bi5/BTCUSD/2023/01/01/BID_candles_min_1.bi5")
    assert_same_span(bitcoin, parquet(shared, "btcusd_m1_dukascopy_20230201_20230219"))


def test_dukascopy_ticks_make_the_vendors_own_minutes(shared: Path) -> None:
    ticks = read(shared, "dukascopy_bi5/EURUSD/2019/01/04")
    candles = read(shared, "dukascopy_bi5/EURUSD/2019/01/04/BID_candles_min_1.bi5")
    assert isinstance(ticks, TickSeries)
    assert isinstance(candles, BarSeries)
    assert candles.volume is not None
    traded = candles.select(candles.volume > 0)
    made = ticks_to_bars(ticks, Timeframe.M1)
    assert np.array_equal(made.ts_open, traded.ts_open)
    for name in ("open", "high", "low", "close"):
        assert np.array_equal(getattr(made, name), getattr(traded, name)), name


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("forex/oanda/minute/eurusd/20140505_quote.zip", "eurusd_m1_lean-oanda_20140501_20140509"),
        ("cfd/oanda/minute/xauusd/20140505_quote.zip", "xauusd_m1_lean-oanda_20140501_20140509"),
        ("crypto/coinbase/daily/btcusd_trade.zip", "btcusd_d1_lean-coinbase_20141201_20180813"),
        ("equity/usa/daily/spy.zip", "spy_d1_lean-usa_19980102_20210331"),
    ],
)
def test_lean_bars_equal_the_parquet(shared: Path, raw: str, name: str) -> None:
    assert_same_span(read(shared, f"lean/{raw}"), parquet(shared, name))


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("forex/oanda/tick/eurusd", "eurusd_tick_lean-oanda_20140501_20140509"),
        ("cfd/oanda/tick/xauusd", "xauusd_tick_lean-oanda_20140501_20140509"),
    ],
)
def test_lean_ticks_equal_the_parquet(shared: Path, raw: str, name: str) -> None:
    ours = read(shared, f"lean/{raw}/20140505_quote.zip")
    day = parse_time("2014-05-05")
    theirs = between(parquet(shared, name), day, day + DAY)
    assert isinstance(ours, TickSeries)
    # The file's times have parts of microseconds, which the Parquet rounds off.
    assert np.abs(ours.ts - theirs.time).max() < 1000
    assert_equal(replace(ours, ts=theirs.time), theirs)


def test_lean_seconds_make_the_minutes(shared: Path) -> None:
    seconds = read(shared, "lean/forex/oanda/second/eurusd/20140505_quote.zip")
    minutes = read(shared, "lean/forex/oanda/minute/eurusd/20140505_quote.zip")
    assert isinstance(seconds, BarSeries)
    made = bars_to_bars(seconds, Timeframe.M1)
    shared_times = np.intersect1d(made.ts_open, minutes.time)
    assert len(shared_times) > 0.99 * len(minutes)


def test_crossed_fxcm_quotes_are_counted_and_kept_out(shared: Path) -> None:
    path = shared / "data/raw/lean/forex/fxcm/minute/eurusd/20140505_quote.zip"
    found = assess(find_source("lean").read(ReadRequest(path=path)))
    assert found.counts == {"crossed": 75}
    assert len(found.series) + 75 == found.read
    bars = found.series
    assert isinstance(bars, BarSeries)
    assert bars.ask_open is not None
    assert (bars.open <= bars.ask_open).all()
    theirs = parquet(shared, "eurusd_m1_lean-fxcm_20140501_20140509")
    kept = theirs.select(np.isin(theirs.time, bars.ts_open))
    assert_equal(bars, kept)


def test_crossed_fxcm_ticks_are_a_tenth(shared: Path) -> None:
    path = shared / "data/ticks/eurusd_tick_lean-fxcm_20140501_20140509.parquet"
    found = assess(find_source("parquet").read(ReadRequest(path=path)))
    assert found.counts == {"crossed": 69354}
    assert found.rejects.rule[0] == "crossed"


def test_mt5_exports_equal_what_they_were_made_of(shared: Path) -> None:
    folder = "mt5_export_rendered"
    bars = read(shared, f"{folder}/EURUSD_M1_201903240000_201904052359.csv")
    assert_same_span(bars, parquet(shared, HISTDATA_M1))
    ticks = read(shared, f"{folder}/EURUSD_ticks_201902040200_201902040500.csv")
    quotes = parquet(shared, "eurusd_tick_dukascopy_20190204_20190205")
    assert isinstance(quotes, TickSeries)
    changed = np.ones(len(quotes), dtype=np.bool_)
    changed[1:] = (np.diff(quotes.bid) != 0) | (np.diff(quotes.ask) != 0)
    assert_same_span(ticks, quotes.select(changed))  # the terminal writes changes of price only


def test_fxcm_truefx_and_csv_equal_the_parquet(shared: Path) -> None:
    bars = read(shared, "fxcm_csv/usdjpy-m1-bid-2013.csv")
    theirs = parquet(shared, "usdjpy_m1_nautilus-fxcm_20130201_20130301")
    assert isinstance(theirs, BarSeries)
    both = np.intersect1d(bars.time, theirs.time)
    mine, others = bars.select(np.isin(bars.time, both)), theirs.select(np.isin(theirs.time, both))
    assert len(both) > 0.99 * len(bars)
    assert isinstance(mine, BarSeries)
    assert np.array_equal(mine.close, others.close)
    ticks = read(shared, "truefx_csv/usdjpy-ticks.csv")
    assert_equal(ticks, parquet(shared, "usdjpy_tick_nautilus-truefx_20130101_20130101"))
    hours = read(shared, "backtestingpy_csv/EURUSD.csv")
    assert_equal(hours, parquet(shared, "eurusd_h1_backtestingpy_20170419_20180207"))


@pytest.mark.parametrize(
    "name",
    [
        "usdchf_h1_histdata_20100103_20211231", "usdchf_h4_mt5a_20100103_20211231",
        "usdjpy_m1_histdata_20180101_20191231", "gbpusd_h4_mt5a_20100103_20211231",
        "audusd_h1_histdata_20100103_20211231", "audusd_m1_histdata_20180101_20191231",
    ],
)  # fmt: skip
def test_real_shocks_are_no_spikes(shared: Path, name: str) -> None:
    path = shared / f"data/bars/{name}.parquet"
    assert assess(find_source("parquet").read(ReadRequest(path=path))).counts == {}


def test_the_known_hole_of_2016_is_the_longest_gap(shared: Path) -> None:
    gaps = find_gaps(parquet(shared, "eurusd_h1_lean-oanda_20070101_20181231"))
    begin, end, _ = gaps[np.argmax(gaps[:, 2])]
    assert (int(begin), int(end - begin)) == (parse_time("2016-12-09T22:00:00Z"), 151 * HOUR)
