"""Every importer found by folder keeps the same promises."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from assay.apps.cli.console import run
from assay.apps.cli.importing import register
from assay.market.history import (
    commit_import,
    digest,
    fingerprint_file,
    prepare_schema,
    read_rejects,
    read_series,
)
from assay.market.history.reading import SeriesKey
from assay.market.quality import assess
from assay.market.reading import ReadRequest, find_source, source_names
from assay.market.series import BarSeries, price_columns
from assay.model.errors import AssayError, UsageError
from assay.model.time import Timeframe, parse_time
from assay.runtime.home import Home, open_home
from assay.runtime.stores.clickhouse import Analytics, open_analytics, stop_owner
from tests.contract.samples import SAMPLES, Sample, write_sample

CASES = [
    pytest.param(name, sample, id=f"{name}-{sample.name.rpartition('/')[2]}")
    for name, samples in SAMPLES.items()
    for sample in samples
]
MUTATIONS = 500
NOW = parse_time("2026-01-01")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    found = open_home(tmp_path_factory.mktemp("history") / "home")
    yield found
    assert stop_owner(found), "the owner is still alive"


@pytest.fixture
def store(home: Home) -> Iterator[Analytics]:
    with open_analytics(home) as opened:
        prepare_schema(opened)
        yield opened


def request_of(path: Path, sample: Sample) -> ReadRequest:
    return ReadRequest(path=path, **sample.told)


def mutate(good: bytes, rng: random.Random) -> bytes:
    bad = bytearray(good)
    for _ in range(rng.choice((1, 1, 2, 8))):
        place, kind = rng.randrange(len(bad)), rng.random()
        if kind < 0.6:
            bad[place] = rng.randrange(256)
        elif kind < 0.75:
            del bad[place : place + rng.randrange(1, 50)]
        elif kind < 0.9:
            bad[place:place] = rng.randbytes(rng.randrange(1, 20))
        else:
            del bad[place:]
        bad = bad or bytearray(b"x")
    return bytes(bad)


def test_every_folder_is_an_importer_of_its_name_with_a_sample() -> None:
    assert sorted(SAMPLES) == source_names()
    for name in source_names():
        assert find_source(name).name == name


def test_a_wrong_name_prints_those_that_exist() -> None:
    with pytest.raises(UsageError, match="csv, dukascopy, fxcm, histdata"):
        find_source("metatrader")


@pytest.mark.parametrize(("name", "sample"), CASES)
def test_a_sample_is_read_whole(name: str, sample: Sample, tmp_path: Path) -> None:
    raw = find_source(name).read(request_of(write_sample(tmp_path, sample), sample))
    found = assess(raw)
    assert (found.read, len(found.series), found.counts) == (sample.rows, sample.rows, {})
    assert found.series.symbol == "EURUSD"
    assert found.series.digits == 5
    if name != "parquet":
        assert (
            parse_time("2019-03-01") <= int(found.series.time[0]) < parse_time("2019-03-01T05:01")
        )


@pytest.mark.parametrize(("name", "sample"), CASES)
def test_mutated_files_are_read_or_refused_in_one_line(
    name: str, sample: Sample, tmp_path: Path
) -> None:
    path = write_sample(tmp_path, sample)
    good, source = path.read_bytes(), find_source(name)
    refusals = []
    for number in range(MUTATIONS):
        path.write_bytes(mutate(good, random.Random(f"{name} {sample.name} {number}")))
        try:
            found = assess(source.read(request_of(path, sample)))
        except AssayError as error:
            refusals.append((number, str(error)))
        else:
            assert len(found.series) + len(found.rejects) == found.read, f"mutation {number}"
    assert len(refusals) > MUTATIONS // 2
    assert [told for told in refusals if "\n" in told[1] or path.name not in told[1]] == []


def cut_inside_a_line(good: bytes) -> bytes:
    """Return the first half of a file, ended a few bytes into a line."""
    return good[: good.index(b"\n", len(good) // 2) + 5] if good.count(b"\n") > 20 else good[:-30]


def test_refused_files_leave_the_store_as_it_was(
    home: Home, store: Analytics, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    app = typer.Typer()
    register(app)
    before = digest(store)
    rng = random.Random(5)
    for name, samples in SAMPLES.items():
        path = write_sample(tmp_path, samples[0])
        good = path.read_bytes()
        for bad in (b"", rng.randbytes(3000), cut_inside_a_line(good)):
            path.write_bytes(bad)
            zone = ["--tz", "NY+7"] if name == "mt5" else []
            told = ["import", name, str(path), "--json", "--home", str(home.path), *zone]
            code = run(app, told)
            output = capfd.readouterr()
            allowed = (0, 3) if name == "dukascopy" and not bad else (3,)
            assert code in allowed, (name, output.err)
            if code:
                assert output.out == ""
                assert output.err.count("\n") == 1
                assert path.name in output.err
    after = digest(store)
    assert {table: after[table] for table in ("bars", "ticks")} == {
        table: before[table] for table in ("bars", "ticks")
    }


@pytest.mark.parametrize(("name", "sample"), CASES)
def test_what_was_stored_comes_back_and_twice_adds_nothing(
    name: str, sample: Sample, store: Analytics, tmp_path: Path
) -> None:
    path = write_sample(tmp_path, sample)
    found = assess(find_source(name).read(request_of(path, sample)))
    identity = fingerprint_file(path, name, {"sample": sample.name})
    first = commit_import(store, identity, found, NOW)
    again = assess(find_source(name).read(request_of(path, sample)))
    before = digest(store)
    second = commit_import(store, identity, again, NOW)
    assert digest(store) == before
    assert first.accepted + sum(first.rejected.values()) == first.read
    assert (second.accepted, second.sha256) == (0, first.sha256)
    series = found.series
    frame = series.timeframe if isinstance(series, BarSeries) else None
    stored = read_series(
        store, SeriesKey("EURUSD", frame, series.side, series.source),
        start=int(series.time[0]), end=int(series.time[-1]) + 1,
    )  # fmt: skip
    assert stored.time.tolist() == series.time.tolist()
    if first.accepted == first.read:
        for column in price_columns(series):
            assert getattr(stored, column).tolist() == getattr(series, column).tolist()


def test_rejected_rows_are_kept_with_their_rule(store: Analytics, tmp_path: Path) -> None:
    path = tmp_path / "USDJPY_M1_mine.csv"
    rows = [f"2019-03-01 00:{n:02d}:00,110.1,110.2,110.0,110.1" for n in range(30)]
    rows[7] = "2019-03-01 00:07:00,110.1,110.0,110.2,110.1"
    rows[9] = "2019-03-01 00:08:00,110.1,110.2,110.0,110.1"
    path.write_text("\n".join(["time,open,high,low,close", *rows]) + "\n")
    found = assess(find_source("csv").read(ReadRequest(path=path)))
    outcome = commit_import(store, fingerprint_file(path, "csv", {}), found, NOW)
    assert outcome.rejected == {"duplicate": 1, "inconsistent": 1}
    kept = read_rejects(store, "USDJPY", Timeframe.M1)
    assert [(row["place"], row["rule"]) for row in kept] == [(7, "inconsistent"), (9, "duplicate")]
    assert kept[0]["row_text"] == "open=110.1 high=110 low=110.2 close=110.1"


def test_overlapping_files_add_only_what_is_new(store: Analytics, tmp_path: Path) -> None:
    def part(name: str, minutes: range) -> tuple[int, dict[str, int]]:
        path = tmp_path / name
        rows = [f"2019-03-01 00:{n:02d}:00,1.1,1.2,1.0,1.1" for n in minutes]
        path.write_text("\n".join(["time,open,high,low,close", *rows]) + "\n")
        found = assess(find_source("csv").read(ReadRequest(path=path)))
        outcome = commit_import(store, fingerprint_file(path, "csv", {}), found, NOW)
        return outcome.accepted, outcome.rejected

    assert part("GBPUSD_M1_a.csv", range(0, 20)) == (20, {})
    assert part("GBPUSD_M1_b.csv", range(10, 40)) == (20, {"duplicate": 10})
    stored = read_series(store, SeriesKey("GBPUSD", Timeframe.M1, "bid", "csv"))
    assert len(stored) == 40
