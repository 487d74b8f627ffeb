"""What the vendors' formats mean, and what is wrong with bad files."""

from __future__ import annotations

import random
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from assay.market.quality import assess
from assay.market.reading import RawSeries, ReadRequest, find_source
from assay.model.errors import DataError, UsageError
from assay.model.time import HOUR, MINUTE, Timeframe, parse_time

HISTDATA = "DAT_ASCII_EURUSD_M1_2019.csv"


def histdata_rows(stamps: list[str]) -> str:
    return "".join(f"{stamp};1.1;1.1;1.1;1.1;0\n" for stamp in stamps)


def read(path: Path, name: str = "histdata", **told: object) -> RawSeries:
    return find_source(name).read(ReadRequest(path=path, **told))


def evening(date: str, hours: tuple[int, ...]) -> list[str]:
    return [f"{date} {hour:02d}{minute:02d}00" for hour in hours for minute in range(60)]


def test_histdata_follows_new_york_until_2018_and_europe_from_2019(tmp_path: Path) -> None:
    path = tmp_path / HISTDATA
    path.write_text(histdata_rows(["20180312 120000", "20181029 120000", "20190312 120000",
                                   "20190401 120000", "20191029 120000"]))  # fmt: skip
    hours = [16, 16, 17, 16, 17]
    days = ["2018-03-12", "2018-10-29", "2019-03-12", "2019-04-01", "2019-10-29"]
    assert read(path).time.tolist() == [
        parse_time(day) + hour * HOUR for day, hour in zip(days, hours, strict=True)
    ]


def test_a_repeated_hour_is_told_apart_by_the_files_order(tmp_path: Path) -> None:
    path = tmp_path / HISTDATA
    stamps = evening("20191027", (18, 19, 19, 20))
    path.write_text(histdata_rows(stamps))
    raw = read(path)
    start = parse_time("2019-10-27T22:00")
    assert raw.time.tolist() == [start + minute * MINUTE for minute in range(240)]
    assert np.flatnonzero(raw.fold).tolist() == list(range(60, 180))
    assert not raw.unresolved.any()


@pytest.mark.parametrize("seed", range(5))
def test_the_same_rows_shuffled_are_refused(tmp_path: Path, seed: int) -> None:
    stamps = evening("20191027", (18, 19, 19, 20))
    random.Random(seed).shuffle(stamps)
    path = tmp_path / HISTDATA
    path.write_text(histdata_rows(stamps))
    with pytest.raises(DataError, match=r"line .*twice.*as it was downloaded"):
        read(path)


def test_the_same_rows_sorted_are_refused(tmp_path: Path) -> None:
    path = tmp_path / HISTDATA
    path.write_text(histdata_rows(sorted(evening("20191027", (18, 19, 19, 20)))))
    with pytest.raises(DataError, match="as it was downloaded"):
        read(path)


def test_an_hour_seen_once_stays_open_and_is_kept_out(tmp_path: Path) -> None:
    path = tmp_path / HISTDATA
    path.write_text(histdata_rows(evening("20191027", (18, 19, 20))))
    assert assess(read(path)).counts == {"ambiguous_hour": 60}


def test_mt5_needs_a_zone_and_says_which(tmp_path: Path) -> None:
    path = tmp_path / "EURUSD_M1_2019.csv"
    path.write_text("<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<SPREAD>\n"
                    "2019.03.27\t02:00:00\t1.1\t1.1\t1.1\t1.10000\t0\n")  # fmt: skip
    with pytest.raises(UsageError, match=r"--tz.*Europe/Athens.*NY\+7"):
        read(path, "mt5")
    assert read(path, "mt5", zone="Europe/Athens").time[0] == parse_time("2019-03-27")
    assert read(path, "mt5", zone="NY+7").time[0] == parse_time("2019-03-26T23:00")
    assert read(path, "mt5", zone="UTC+2").side == "bid"


def test_mt5_spreads_are_real_ask_prices(tmp_path: Path) -> None:
    path = tmp_path / "EURUSD_M1_2019.csv"
    path.write_text(
        "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<SPREAD>\n"
        "2019.03.27\t02:00:00\t1.1\t1.10005\t1.0999\t1.10001\t5\t12\n"
    )
    found = assess(read(path, "mt5", zone="EET")).series
    assert found.side == "quote"
    assert (found.open.tolist(), found.ask_open.tolist()) == ([110000], [110012])
    assert found.volume.tolist() == [5.0]


def test_mt5_ticks_repeat_the_side_left_empty_and_utf16_is_read(tmp_path: Path) -> None:
    text = ("<DATE>\t<TIME>\t<BID>\t<ASK>\t<LAST>\t<VOLUME>\t<FLAGS>\r\n"
            "2019.03.27\t02:00:00.001\t1.1\t\t\t\t2\r\n"
            "2019.03.27\t02:00:00.002\t\t1.2\t\t\t4\r\n"
            "2019.03.27\t02:00:00.003\t1.15\t\t\t\t2\r\n")  # fmt: skip
    path = tmp_path / "EURUSD_ticks_2019.csv"
    path.write_bytes(text.encode("utf-16"))
    raw = read(path, "mt5", zone="EET")
    assert raw.prices["bid"].tolist() == [1.1, 1.15]
    assert raw.prices["ask"].tolist() == [1.2, 1.2]
    assert (raw.time % 1_000_000_000).tolist() == [2_000_000, 3_000_000]


def test_fxcm_sides_of_a_folder_become_quotes(tmp_path: Path) -> None:
    for side, price in (("bid", "1.1"), ("ask", "1.2")):
        (tmp_path / f"eurusd-m1-{side}-2019.csv").write_text(
            "timestamp,open,high,low,close\n"
            f"2019-03-01 00:00:00+00:00,{price},{price},{price},{price}\n"
        )
    found = assess(read(tmp_path, "fxcm")).series
    assert found.side == "quote"
    assert (found.close.tolist(), found.ask_close.tolist()) == ([110000], [120000])
    assert found.volume is None


def test_an_empty_bi5_holds_no_ticks(tmp_path: Path) -> None:
    folder = tmp_path / "EURUSD/2019/01/04"
    folder.mkdir(parents=True)
    (folder / "00h_ticks.bi5").write_bytes(b"")
    found = assess(read(folder / "00h_ticks.bi5", "dukascopy"))
    assert (found.read, len(found.series), found.counts) == (0, 0, {})


def test_symbol_and_timeframe_come_from_the_name_or_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    path.write_text("time,open,high,low,close\n2019-03-01 00:00:00,1.1,1.1,1.1,1.1\n")
    with pytest.raises(UsageError, match="--symbol"):
        read(path, "csv")
    with pytest.raises(UsageError, match="--timeframe"):
        read(path, "csv", symbol="EURUSD")
    assert read(path, "csv", symbol="eur/usd", timeframe=Timeframe.H1).symbol == "EURUSD"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2019-03-01 00:00:00;1.1;1.1;1.1;1.1;0\n", "line 1: time is '2019"),
        ("20190301 000000;1.1;1.1\n", "neither a HistData bar"),
        ("20190301 000000;1.1;1.1;1.1;1.1;0\n20190301 000100;1.1;1.1\n", "line 2: 3 columns"),
        ("20190301 000000;1.1;1.1;1.1;1.1;0\n20190301 000100;1.1;x;1.1;1.1;0\n", "line 2: high"),
        ("20190301 000000;1.1;1.1;1.1;1.1;0\n20190231 000100;1;1;1;1;0\n", "line 2: .*no such"),
        ("20190301 000000;1.1;1.1;1.1;1.1;0\n20190301 000100;;1;1;1;0\n", "line 2: open is empty"),
        ("20190301 000000;1.1;1.1;1.1;nan;0\n", "line 1: close is empty or not finite"),
        ("", "is empty"),
        ("20190301 000000;1.1;1.1;1.1;1.1;0\n\x00\x01", "line 2: byte 0x00"),
    ],
)
def test_bad_rows_name_file_line_and_remedy(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / HISTDATA
    path.write_text(text)
    with pytest.raises(DataError, match=f"{HISTDATA}.*{told}"):
        read(path)


def test_mixed_offsets_are_refused_at_their_line(tmp_path: Path) -> None:
    path = tmp_path / "eurusd-ticks.csv"
    path.write_text("timestamp,bid,ask\n2019-03-01 00:00:00.1+00:00,1.1,1.2\n"
                    "2019-03-01 00:00:01.1+02:00,1.1,1.2\n")  # fmt: skip
    with pytest.raises(DataError, match=r"line 3: .*UTC offset changes"):
        read(path, "truefx")


def test_a_file_cut_inside_a_number_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "eurusd-ticks.csv"
    rows = "".join(f"2019-03-01 00:00:0{n}.1+00:00,1.10000,1.10010\n" for n in range(9))
    path.write_text(f"timestamp,bid,ask\n{rows}"[:-3])
    with pytest.raises(DataError, match="line 10: the file ends inside a number"):
        read(path, "truefx")


def test_a_zip_that_swells_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "HISTDATA_COM_ASCII_EURUSD_M12018.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("DAT_ASCII_EURUSD_M1_2018.csv", b"0" * 50_000_000)
    with pytest.raises(DataError, match="unpacks to 50000000 bytes"):
        read(path)


def test_one_endless_line_is_refused_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / HISTDATA
    with path.open("wb") as stream:
        stream.truncate(200_000_000)
        stream.seek(0)
        for _ in range(200):
            stream.write(b"1" * 1_000_000)
    script = (
        "import psutil, sys; from pathlib import Path\n"
        "from assay.market.reading import ReadRequest, find_source\n"
        "from assay.model.errors import DataError\n"
        "try: find_source('histdata').read(ReadRequest(path=Path(sys.argv[1])))\n"
        "except DataError as error: print(error)\n"
        # The peak of getrusage is inherited from the parent; the kernel's own mark is not.
        "status = Path('/proc/self/status')\n"
        "peak = status.exists() and [x for x in status.read_text().splitlines() if 'VmHWM' in x]\n"
        "print(int(peak[0].split()[1]) * 1024 if peak else psutil.Process().memory_info().rss)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert "line 1: longer than 4096 bytes" in told[0]
    assert int(told[1]) < 300 * 1024 * 1024


def test_a_date_and_a_time_of_day_of_two_columns_add_up(tmp_path: Path) -> None:
    path = tmp_path / "EURUSD_M1_mine.csv"
    path.write_text("Date,Time,Open,High,Low,Close\n2019.03.01,00:05,1.1,1.1,1.1,1.1\n")
    assert read(path, "csv").time.tolist() == [parse_time("2019-03-01T00:05")]
