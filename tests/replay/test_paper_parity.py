"""Paper trading on a journal comes to the sweep's outcome, on whatever journal it keeps."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import psycopg
import pytest

from assay.apps.lab.runs.setup import prepare
from assay.apps.paper.plan import SAMPLE
from assay.market.sources.parquet import read_parquet
from assay.runtime.journal import Journal, MemoryJournal, PostgresJournal
from assay.runtime.stores.postgres import Postgres, open_postgres, remove_postgres
from assay.trading.engine.loading import load_strategy
from tests.databases import Databases
from tests.replay.markets import generate_market
from tests.replay.paper_runs import assert_paper_equals_sweep

FAST = {"sma-cross": {"fast": "5", "slow": "12"}, "breakout": {"bars": "12"}}
THREE = ("EURGBP", "GBPUSD", "USDJPY")


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[Postgres]:
    home = tmp_path_factory.mktemp("paper") / "home"
    databases.lay(home)
    server = open_postgres(home)
    yield server
    server.stop()
    remove_postgres(home)


@pytest.fixture
def journal(request: pytest.FixtureRequest) -> Iterator[Journal]:
    if request.param == "memory":
        opened: Journal = MemoryJournal()
    else:
        server: Postgres = request.getfixturevalue("postgres")
        with psycopg.connect(server.admin_dsn, autocommit=True) as admin:
            admin.execute("set session_replication_role = replica")
            admin.execute("truncate journal, snapshot, inbox, outbox, halt")
        opened = PostgresJournal(server.dsn)
    yield opened
    opened.close()


JOURNALS = pytest.mark.parametrize("journal", ["memory", "postgres"], indirect=True)


@JOURNALS
@pytest.mark.parametrize("risk", ["reference", "default"])
@pytest.mark.parametrize("strategy", ["sma-cross", "breakout"])
@pytest.mark.parametrize("symbols", [("EURUSD",), THREE], ids=["one", "three"])
def test_paper_equals_sweep(
    symbols: tuple[str, ...], strategy: str, risk: str, journal: Journal, tmp_path: Path, wire: bool
) -> None:
    series = generate_market(symbols, 500, 9, gapped=True, quoted=True)
    given = {**FAST[strategy], "units": "1000"}
    setup = prepare(series, load_strategy(strategy), given=given, risk=risk)
    fills = assert_paper_equals_sweep(setup, journal, tmp_path / "book.jsonl", wire=wire)
    assert fills > (10 if risk == "reference" else 0)


@JOURNALS
@pytest.mark.parametrize("wired", [False, True], ids=["plain", "wire"])
def test_the_sample_on_paper(journal: Journal, tmp_path: Path, wired: bool) -> None:
    sample = read_parquet(Path(str(files("assay.market.history.sample").joinpath(SAMPLE))))
    setup = prepare([sample], load_strategy("sma-cross"), given={})
    fills = assert_paper_equals_sweep(setup, journal, tmp_path / "book.jsonl", wire=wired)
    assert fills > 100
