"""Shapes of patterns in PostgreSQL: found again, isolated, absent without pgvector."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psycopg
import pytest

from assay.apps.cli.console import run
from assay.apps.cli.main import build
from assay.apps.lab.feeds.simulation import write_simulation
from assay.apps.lab.markets.shapes import STORES, open_live
from assay.apps.lab.runs.drivers import feed_messages
from assay.apps.lab.runs.setup import prepare
from assay.apps.paper.trader.hotpath import PaperTrader
from assay.apps.paper.trader.patterns import PatternWatch
from assay.market.simulation import Scenario
from assay.model.errors import OperatorError
from assay.model.messages import PatternsJudged
from assay.model.time import Timeframe
from assay.runtime.clock import SimClock
from assay.runtime.home import open_home
from assay.runtime.journal import MemoryJournal
from assay.runtime.stores.postgres import PostgresServer, open_postgres, remove_postgres
from assay.signals.recognition import MemoryShapes, Terms
from assay.signals.recognition.postgres import PostgresShapes
from assay.signals.recognition.shapes import SHAPE_SIZE
from assay.trading.brokers.paper import PaperBroker
from assay.trading.engine.loading import load_strategy
from tests.databases import Databases
from tests.replay.markets import generate_bars

COUNT = 50


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, databases: Databases
) -> Iterator[PostgresServer]:
    folder = open_home(tmp_path_factory.mktemp("shapes")).path
    databases.lay(folder)
    started = open_postgres(folder)
    assert isinstance(started, PostgresServer)
    yield started
    started.stop()
    remove_postgres(folder)


def test_neighbours_are_almost_those_of_a_full_search(server: PostgresServer) -> None:
    rng = np.random.default_rng(1)
    shapes = rng.standard_normal((800, SHAPE_SIZE)).astype(np.float32)
    ours, exact = PostgresShapes(server.dsn, series="walk"), MemoryShapes()
    other = PostgresShapes(server.dsn, series="other")
    for place, shape in enumerate(shapes):
        for store in (ours, exact):
            store.add(shape, ts_close=place, known=place + 1, move=place)
        other.add(shape, ts_close=place, known=place + 1, move=-1)
    other.close()
    found = 0
    for shape in rng.standard_normal((20, SHAPE_SIZE)).astype(np.float32):
        near = ours.nearest(shape, now=800, count=COUNT)
        assert len(set(near)) == COUNT
        found += len(set(near) & set(exact.nearest(shape, now=800, count=COUNT)))
    assert found >= 0.95 * 20 * COUNT
    # What was not known at the moment that asks is not there for it.
    assert ours.nearest(shapes[0], now=40, count=COUNT).max() == 39
    assert ours.nearest(shapes[500], now=800, count=1).tolist() == [500]
    ours.clear()
    assert ours.nearest(shapes[0], now=800, count=COUNT).tolist() == []
    ours.close()


def test_a_run_says_the_same_by_the_shapes_in_postgres(
    server: PostgresServer, tmp_path: Path
) -> None:
    series = generate_bars("EURUSD", 1_200, 1, gapped=True, quoted=True, timeframe=Timeframe.H1)
    setup = prepare([series], load_strategy("sma-cross"), given={"fast": "5", "slow": "12"})
    told, terms = [], Terms(horizon=4)
    for name in STORES:
        journal, broker = MemoryJournal(), PaperBroker(tmp_path / f"{name}.jsonl")
        trader = PaperTrader(setup, "one", journal, broker, SimClock(1))
        trader.recover()
        faults = list[str]()
        shapes = open_live(name, server.dsn, terms)
        watch = PatternWatch(trader, setup.events(), terms, faults.append, shapes)
        trader.run(feed_messages(setup, setup.events()), observe=watch.hear)
        watch.catch_up()
        watch.close()
        trader.commit()
        broker.close()
        assert faults == []
        told.append([m for m in journal.log.messages if isinstance(m, PatternsJudged)])
    assert told[0] == told[1]
    assert max(each.near_count for m in told[1] for each in m.patterns) == terms.neighbours
    with psycopg.connect(server.dsn) as connection:
        row = connection.execute(
            "select count(*) from embedding.pattern_shape where series = 'live.EURUSD.4'"
        ).fetchone()
    assert row is not None
    assert row[0] > 100


def test_a_tenant_sees_its_own_and_what_is_shared_and_changes_nothing(
    server: PostgresServer,
) -> None:
    for tenant in ("", "a", "b"):
        store = PostgresShapes(server.dsn, series="shared", tenant=tenant)
        store.add(np.zeros(SHAPE_SIZE, np.float32), ts_close=1, known=2, move=3)
        store.close()
    see = "select tenant from embedding.pattern_shape where series = 'shared' order by tenant"
    with psycopg.connect(server.tenant_dsn, autocommit=True) as connection:
        assert connection.execute(see).fetchall() == [("",)]
        connection.execute("set assay.tenant = 'a'")
        assert connection.execute(see).fetchall() == [("",), ("a",)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("delete from embedding.pattern_shape")
    with psycopg.connect(server.admin_dsn) as connection:
        row = connection.execute(
            "select relforcerowsecurity from pg_class where relname = 'pattern_shape'"
        ).fetchone()
    assert row == (True,)


def test_without_pgvector_the_rest_stands_and_shapes_are_refused(server: PostgresServer) -> None:
    with psycopg.connect(server.admin_dsn, autocommit=True) as connection:
        connection.execute("create database without template template0")
    dsn = server.place.conninfo("postgres", "without")
    with pytest.raises(OperatorError, match="install pgvector"):
        PostgresShapes(dsn, series="walk")


def test_a_scan_keeps_its_shapes_in_postgres(
    server: PostgresServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scenario = Scenario(seed=7, bars=1_000, timeframe=Timeframe.H1, symbols=("EURUSD",))
    (file,) = write_simulation(scenario, tmp_path)["files"]
    home = server.place.home
    said = []
    for given in ([], ["--store", "postgres"]):
        arguments = ["patterns", "scan", "--data", file, "--home", str(home), "--json", *given]
        assert run(build(), arguments) == 0
        said.append(json.loads(capsys.readouterr().out))
        said[-1].pop("seconds")
    assert [each.pop("trials_before") for each in said] == [0, 1]
    # As few shapes as these are searched whole, so all answers are equal.
    assert said[0] == said[1]
    with psycopg.connect(server.dsn) as connection:
        row = connection.execute(
            "select count(*) from embedding.pattern_shape where series like 'EURUSD.H1.12.%'"
        ).fetchone()
    assert row is not None
    assert row[0] > 40
