"""Paper trading at full length, through PostgreSQL and the broker's book: equal to the sweep."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assay.apps.lab.runs.setup import prepare
from assay.market.sources.parquet import read_parquet
from assay.model.time import Timeframe
from assay.runtime.clock import SystemClock
from assay.runtime.journal import Journal, PostgresJournal
from assay.runtime.stores.postgres import open_postgres, remove_postgres
from assay.trading.engine.loading import load_strategy
from tests.replay.markets import EIGHT, generate_bars, generate_market
from tests.replay.paper_runs import assert_paper_equals_sweep


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    server = open_postgres(tmp_path)
    opened = PostgresJournal(server.dsn)
    yield opened
    opened.close()
    server.stop()
    remove_postgres(tmp_path)


@pytest.mark.parametrize("symbol", ["eurusd", "usdjpy", "xauusd"])
def test_paper_equals_the_sweep_on_real_minutes(
    symbol: str, shared: Path, journal: Journal, tmp_path: Path
) -> None:
    path = shared / "data" / "bars" / f"{symbol}_m1_histdata_20180101_20191231.parquet"
    setup = prepare([read_parquet(path)], load_strategy("sma-cross"), given={})
    assert len(setup.series[0]) > 700_000
    book = tmp_path / "paper.jsonl"
    assert assert_paper_equals_sweep(setup, journal, book, clock=SystemClock()) > 5_000


@pytest.mark.parametrize("gapped", [False, True], ids=["gapless", "gapped"])
def test_paper_equals_the_sweep_on_a_million_generated_bars(
    gapped: bool, journal: Journal, tmp_path: Path
) -> None:
    bars = generate_bars("EURUSD", 1_000_000, 11, gapped=gapped, timeframe=Timeframe.M1)
    setup = prepare([bars], load_strategy("sma-cross"), given={})
    book = tmp_path / "paper.jsonl"
    assert assert_paper_equals_sweep(setup, journal, book, clock=SystemClock()) > 5_000


@pytest.mark.parametrize("apart", [False, True], ids=["together", "apart"])
def test_paper_equals_the_sweep_on_eight_instruments_at_once(
    apart: bool, journal: Journal, tmp_path: Path
) -> None:
    series = [
        replace(one, ts_open=one.ts_open + place * apart)
        for place, one in enumerate(generate_market(EIGHT, 8_000, 4, gapped=True, quoted=True))
    ]
    setup = prepare(series, load_strategy("sma-cross"), given={"units": "1000"}, risk="reference")
    book = tmp_path / "paper.jsonl"
    assert assert_paper_equals_sweep(setup, journal, book, clock=SystemClock()) > 500
