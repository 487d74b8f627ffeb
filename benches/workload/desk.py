"""A desk that trades a model on its real stores, with an open page and the analytics store."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

import psycopg

from assay.apps.analytics.lag import FILE as LAG
from assay.apps.config import Config
from assay.apps.gateway.address import web_program
from assay.apps.lab.feeds.simulation import write_simulation
from assay.apps.lab.models.training import TrainingRequest, read_series, train_model
from assay.apps.lab.runs.drivers import feed_messages
from assay.apps.paper.plan import Plan
from assay.apps.paper.preparing import identify_setup, prepare_plan
from assay.apps.paper.trader.hotpath import PaperTrader
from assay.apps.paper.trader.standing import describe_desk, take_standing
from assay.apps.paper.view.sheet import RING, SHEET, STANDING, write_whole
from assay.market.simulation import Scenario
from assay.model.messages import Message
from assay.people.access import LocalAccess
from assay.runtime.clock import Deadline, SystemClock
from assay.runtime.home import Home, open_home
from assay.runtime.journal import PostgresJournal
from assay.runtime.logs import open_log
from assay.runtime.ring import CAPACITY, RingWriter
from assay.runtime.stores.postgres import open_postgres, remove_postgres
from assay.runtime.supervisor import Program, Supervisor
from assay.trading.brokers.paper import PaperBroker

BARS, TAUGHT, SETTLING = 40_000, 25_000, 3_000
PAYLOAD = b"\x5a" * 256
PORT = 8_765


class ModelDesk:
    """Trade a simulated market with a model taught on its past; rounds go on where one stopped."""

    def __init__(self, folder: Path, *, bars_per_second: int) -> None:
        self._pace_ns = 1_000_000_000 // bars_per_second
        self._stack = ExitStack()
        (folder / "home").mkdir(mode=0o700)
        home = open_home(folder / "home")
        plan = _teach(home, folder / "sim")
        setup = prepare_plan(plan, Config(), home.path)
        server = open_postgres(home.path)
        self._stack.callback(remove_postgres, home.path)
        self._stack.callback(server.stop)
        journal = PostgresJournal(server.dsn)
        self._stack.callback(journal.close)
        broker = PaperBroker(home.folder("broker") / "paper.jsonl")
        self._stack.callback(broker.close)
        self._trader = PaperTrader(
            setup, identify_setup(plan, setup), journal, broker, SystemClock()
        )
        self._trader.ring = RingWriter(home.folder("run") / RING, CAPACITY)
        self._trader.recover()
        write_whole(home.path / "run" / SHEET, describe_desk(plan, self._trader, 1))
        write_whole(home.path / "run" / STANDING, take_standing(self._trader))
        self._bars: Iterator[Message] = feed_messages(setup, setup.events()[TAUGHT - SETTLING :])
        self._trader.run(islice(self._bars, SETTLING + 100))
        self._watch(home)
        self._bare = psycopg.connect(server.admin_dsn, autocommit=True)
        self._stack.callback(self._bare.close)
        self._bare.execute("create table bare (id bigint generated always as identity, load bytea)")
        self._due = time.perf_counter_ns()

    def _watch(self, home: Home) -> None:
        """Start page and store as `assay up` does, and a browser's stream."""
        supervisor = self._stack.enter_context(
            Supervisor(home, home.clock, open_log(home, "bench", level="error"), stop_s=10.0)
        )
        argv = (sys.executable, "-m", "assay.apps.analytics.process", str(home.path))
        supervisor.start(Program(name="store", argv=argv, vital=False))
        supervisor.start(web_program(home, PORT))
        _await(lambda: (home.path / "run" / LAG).exists() and _answers(PORT))
        link = f"http://127.0.0.1:{PORT}/open?token={LocalAccess(home).issue_link()}"
        viewer = subprocess.Popen(
            [sys.executable, "-m", "benches.workload.viewer", link], stdout=subprocess.PIPE
        )
        self._stack.callback(viewer.wait)
        self._stack.callback(viewer.terminate)
        assert viewer.stdout is not None
        assert viewer.stdout.readline() == b"connected\n"

    def trade_bar(self) -> int:
        """Handle one bar when it is due; return ns until all that it led to is committed."""
        self._wait()
        bar = next(self._bars)
        started = time.perf_counter_ns()
        self._trader.handle(bar)
        self._trader.commit()
        return time.perf_counter_ns() - started

    def insert_bare(self) -> int:
        """Commit one row when it is due and nothing else; return ns until it is committed."""
        self._wait()
        started = time.perf_counter_ns()
        with self._bare.transaction():
            self._bare.execute("insert into bare (load) values (%b)", (PAYLOAD,))
        return time.perf_counter_ns() - started

    def _wait(self) -> None:
        while time.perf_counter_ns() < self._due:
            time.sleep(0.0005)
        self._due = max(self._due + self._pace_ns, time.perf_counter_ns())

    def close(self) -> None:
        """Stop every process and close the stores."""
        self._stack.close()


def _teach(home: Home, folder: Path) -> Plan:
    scenario = Scenario(seed=5, bars=BARS, kind="linear", strength=0.8, symbols=("EURUSD",))
    write_simulation(scenario, folder)
    data = sorted(folder.glob("eurusd_*.parquet"))
    series = read_series(data, ())
    found = train_model(
        TrainingRequest(
            series=series, until=int(series[0].ts_open[TAUGHT]), models=home.folder("models")
        )
    )
    files = tuple(str(path) for path in data)
    return Plan(source="replay", data=files, strategy="ai", model=found["model"])


def _answers(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _await(holds: object) -> None:
    deadline = Deadline(60.0)
    while not holds():  # type: ignore[operator]
        if deadline.has_passed():
            raise RuntimeError("page and store did not start within 60 s")
        deadline.pause(0.05)
