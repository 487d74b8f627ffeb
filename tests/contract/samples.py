"""One small file of every format, written by the vendor's rules."""

from __future__ import annotations

import lzma
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from assay.market.series import BarSeries
from assay.market.sources.parquet import write_parquet
from assay.model.time import HOUR, Timeframe, parse_time

ROWS = 60


@dataclass(frozen=True)
class Sample:
    """Say where the file lies, what must be told, and what it holds."""

    name: str
    content: Callable[[], bytes]
    rows: int = ROWS
    told: dict[str, Any] = field(default_factory=dict)


def _zip(member: str, text: bytes) -> bytes:
    import io

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(member), text)
    return packed.getvalue()


def _lines(pattern: str, header: str = "", ending: str = "\n") -> bytes:
    rows = [pattern.format(minute=minute, close=1.1 + minute / 1e5) for minute in range(ROWS)]
    return (ending.join([header, *rows] if header else rows) + ending).encode()


def _histdata() -> bytes:
    return _lines("20190301 00{minute:02d}00;{close:.6f};{close:.6f};{close:.6f};{close:.6f};0")


def _mt5_bars() -> bytes:
    header = "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>"
    prices = "\t".join(["{close:.5f}"] * 4)
    return _lines("2019.03.01\t02:{minute:02d}:00\t" + prices + "\t7\t0\t12", header, "\r\n")


def _mt5_ticks() -> bytes:
    header = "<DATE>\t<TIME>\t<BID>\t<ASK>\t<LAST>\t<VOLUME>\t<FLAGS>"
    first = "2019.03.01\t02:00:00.100\t1.10000\t1.10010\t\t\t6\r\n"
    rows = "".join(
        f"2019.03.01\t02:01:{second:02d}.250\t\t{1.1002 + second / 1e5:.5f}\t\t\t4\r\n"
        for second in range(ROWS - 1)
    )
    return f"{header}\r\n{first}{rows}".encode()


def _ticks_bi5() -> bytes:
    rows = [
        struct.pack(">IIIff", 1000 * n, 110_010 + n, 110_000 + n, 1.5, 2.5) for n in range(ROWS)
    ]
    return lzma.compress(b"".join(rows), format=lzma.FORMAT_ALONE)


def _candles_bi5() -> bytes:
    rows = [
        struct.pack(">IIIIIf", 60 * n, 110_000, 110_001, 109_990, 110_020, 3.5) for n in range(ROWS)
    ]
    return lzma.compress(b"".join(rows), format=lzma.FORMAT_ALONE)


def _lean() -> bytes:
    rows = "".join(
        f"{60_000 * n},1.1,1.1002,1.0999,1.1001,0,1.1001,1.1003,1.1,1.1002,0\n" for n in range(ROWS)
    )
    return _zip("20190301_eurusd_minute_quote.csv", rows.encode())


def parquet_bars() -> BarSeries:
    """Return 60 hours of bars."""
    close = np.arange(110_000, 110_000 + ROWS, dtype=np.int64)
    return BarSeries(
        symbol="EURUSD", timeframe=Timeframe.H1, side="bid", source="test", digits=5,
        ts_open=parse_time("2019-03-04") + np.arange(ROWS) * HOUR,
        open=close, high=close + 5, low=close - 5, close=close, fold=np.zeros(ROWS, dtype=np.bool_),
    )  # fmt: skip


def _parquet() -> bytes:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "eurusd_h1_test.parquet"
        write_parquet(parquet_bars(), path)
        return path.read_bytes()


ZONE = {"zone": "Europe/Athens"}
SAMPLES: dict[str, list[Sample]] = {
    "histdata": [
        Sample("DAT_ASCII_EURUSD_M1_201903.csv", _histdata),
        Sample(
            "HISTDATA_COM_ASCII_EURUSD_M1201903.zip",
            lambda: _zip("DAT_ASCII_EURUSD_M1_201903.csv", _histdata()),
        ),
        Sample(
            "DAT_ASCII_EURUSD_T_201903.csv",
            lambda: _lines("20190301 00{minute:02d}00125,{close:.6f},1.200000,0"),
        ),
    ],
    "mt5": [
        Sample("EURUSD_M1_201903010000_201903010100.csv", _mt5_bars, told=ZONE),
        Sample("EURUSD_201903010000_201903010100.csv", _mt5_ticks, told=ZONE),
    ],
    "dukascopy": [
        Sample("EURUSD/2019/02/01/00h_ticks.bi5", _ticks_bi5),
        Sample("EURUSD/2019/02/01/BID_candles_min_1.bi5", _candles_bi5),
    ],
    "lean": [Sample("forex/oanda/minute/eurusd/20190301_quote.zip", _lean)],
    "truefx": [
        Sample(
            "EURUSD-2019-03.csv",
            lambda: _lines("EUR/USD,20190301 00:{minute:02d}:00.295,{close:.5f},1.20000"),
        ),
        Sample(
            "eurusd-ticks.csv",
            lambda: _lines(
                "2019-03-01 00:{minute:02d}:00.295000+00:00,{close:.5f},1.20000",
                "timestamp,bid,ask",
            ),
        ),
    ],
    "jforex": [
        Sample(
            "EURUSD_Candlestick_1_M_BID_01.03.2019-01.03.2019.csv",
            lambda: _lines(
                "01.03.2019 00:{minute:02d}:00.000,{close:.5f},1.2,1.0,1.1,{minute}.5",
                "Gmt time,Open,High,Low,Close,Volume",
            ),
        ),
        Sample(
            "EURUSD_Ticks_01.03.2019-01.03.2019.csv",
            lambda: _lines(
                "01.03.2019 00:{minute:02d}:00.123,1.2,{close:.5f},0.75,1.5",
                "Time (UTC),Ask,Bid,AskVolume,BidVolume",
            ),
        ),
    ],
    "fxcm": [
        Sample(
            "eurusd-m1-bid-2019.csv",
            lambda: _lines(
                "2019-03-01 00:{minute:02d}:00+00:00,{close:.5f},1.2,1.0,1.1",
                "timestamp,open,high,low,close",
            ),
        ),
        Sample(
            "EURUSD_M1_2019.csv",
            lambda: _lines(
                "03/01/2019 00:{minute:02d}:00.000,{close:.5f},1.2,1.0,1.1,1.2,1.3,1.1,1.2",
                "DateTime,BidOpen,BidHigh,BidLow,BidClose,AskOpen,AskHigh,AskLow,AskClose",
            ),
        ),
    ],
    "parquet": [Sample("eurusd_h1_test.parquet", _parquet)],
    "csv": [
        Sample(
            "EURUSD_M1_mine.csv",
            lambda: _lines(
                "2019-03-01 00:{minute:02d}:00;{close:.5f};1.2;1.0;1.1;{minute}",
                "Date;Open;High;Low;Close;Volume",
            ),
        ),
        Sample(
            "plain.csv",
            lambda: _lines("01/03/2019,00:{minute:02d},1.1,{close:.5f},1.0,1.2"),
            told={
                "symbol": "EURUSD", "timeframe": Timeframe.M1, "time_format": "%d/%m/%Y",
                "columns": {
                    "time": "#1", "clock": "#2", "open": "#3", "close": "#4", "low": "#5",
                    "high": "#6",
                },
            },
        ),
    ],
}  # fmt: skip


def write_sample(folder: Path, sample: Sample) -> Path:
    """Write one sample below a folder and return its path."""
    path = folder / sample.name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(sample.content())
    return path
