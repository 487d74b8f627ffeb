"""The calendar of releases: what is read, what is refused, which releases matter to whom."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest

from assay.market.news import Importance, Release, read_calendar, release_times
from assay.model.errors import DataError
from assay.model.instruments import instrument_for
from assay.model.time import parse_time

PAYROLLS = datetime(2014, 5, 2, 12, 30, tzinfo=UTC)
COLUMNS = {
    "time": [PAYROLLS, datetime(2014, 5, 1, 9, tzinfo=UTC), datetime(2014, 5, 1, tzinfo=UTC)],
    "all_day": [False, False, True],
    "currency": ["USD", "EUR", "JPY"],
    "importance": ["High", "Medium", "Low"],
    "event": ["Nonfarm Payrolls", "Réunion, à Paris", "Constitution Day"],
    "actual": ["288K", None, None],
}
EXPECTED = [
    Release(parse_time("2014-05-01T09:00"), "EUR", Importance.MEDIUM, "Réunion, à Paris"),
    Release(parse_time("2014-05-02T12:30"), "USD", Importance.HIGH, "Nonfarm Payrolls"),
]


def write_parquet(folder: Path, **changed: object) -> Path:
    path = folder / "calendar.parquet"
    columns = {name: each for name, each in (COLUMNS | changed).items() if each is not None}
    pq.write_table(pa.table(columns), path)
    return path


def write_text(folder: Path, *lines: str) -> Path:
    path = folder / "calendar.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_parquet_is_read_in_any_unit_by_time_without_whole_days(unit: str, tmp_path: Path) -> None:
    times = pa.array(COLUMNS["time"], pa.timestamp(unit, "UTC"))
    assert read_calendar(write_parquet(tmp_path, time=times)) == EXPECTED


def test_csv_with_the_same_columns_says_the_same(tmp_path: Path) -> None:
    path = tmp_path / "calendar.csv"
    pc.write_csv(pa.table(COLUMNS), path)
    assert read_calendar(path) == EXPECTED


def test_csv_needs_no_column_of_whole_days_and_keeps_a_zone(tmp_path: Path) -> None:
    path = write_text(
        tmp_path, "event,importance,currency,time", "Payrolls,HIGH,USD,2014-05-02T08:30:00-04:00"
    )
    time = parse_time("2014-05-02T12:30")
    assert read_calendar(path) == [Release(time, "USD", Importance.HIGH, "Payrolls")]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"currency": None}, "no column currency among"),
        ({"currency": ["USD", "dollar", "JPY"]}, "row 2: currency 'dollar'"),
        ({"currency": ["USD", None, "JPY"]}, "row 2 has no currency"),
        ({"importance": ["High", "Medium", "***"]}, "row 3: importance '***' is unknown; use low"),
        ({"importance": [3, 2, 1]}, "column importance is int64; expected texts"),
        ({"time": [1, 2, 3]}, "column time is int64; expected timestamps in UTC"),
        ({"time": ["2014-05-02", "soon", "2014"]}, "row 2: time 'soon' is not ISO-8601"),
        ({"time": ["2014-05-02", "1914-05-02", "2014"]}, "row 3: time '2014' is not ISO-8601"),
        ({"time": ["2014-05-02", "1914-05-02", "2015-01-01"]}, "row 2: time is outside 1970"),
        ({"all_day": ["no", "perhaps", "yes"]}, "row 1: all_day 'no' is no truth value"),
    ],
)
def test_what_is_no_calendar_is_refused_by_row(
    changed: dict[str, object], told: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError) as refused:
        read_calendar(write_parquet(tmp_path, **changed))
    assert told in str(refused.value)
    assert "calendar.parquet" in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["calendar.csv", "calendar.parquet"])
@pytest.mark.parametrize(
    "content",
    [b"", b"\x00\xff\xfe" * 99, b"time,currency,importance,event\n", b"x" * 5_000_000,
     b"time,currency,importance,event\n2014-05-02,USD\n", b"PAR1" + b"\0" * 40 + b"PAR1"],
    ids=["empty", "binary", "header", "one-line", "ragged", "hollow"],
)  # fmt: skip
def test_damaged_files_are_refused_in_one_line(name: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError) as refused:
        read_calendar(path)
    assert str(path) in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    for name in ("none.csv", "none.parquet"):
        with pytest.raises(DataError, match="no such file"):
            read_calendar(tmp_path / name)


def test_a_release_matters_to_the_pairs_of_its_currency_and_to_metals_priced_in_it() -> None:
    releases = [
        Release(30, "USD", Importance.HIGH, "Nonfarm Payrolls"),
        Release(30, "USD", Importance.HIGH, "Unemployment Rate"),
        Release(20, "EUR", Importance.HIGH, "Rate Decision"),
        Release(10, "USD", Importance.MEDIUM, "Baker Hughes"),
        Release(40, "JPY", Importance.HIGH, "Tankan"),
    ]

    def times(symbol: str) -> list[int]:
        return release_times(releases, instrument_for(symbol)).tolist()

    assert times("EURUSD") == [20, 30]
    assert times("XAUUSD.mini") == [30]
    assert times("USDJPY") == [30, 40]
    assert times("EURGBP") == [20]
    assert times("AUDNZD") == []
    medium = release_times(releases, instrument_for("XAUUSD"), Importance.MEDIUM)
    assert medium.tolist() == [10, 30]
