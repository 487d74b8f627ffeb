"""Run `assay up` through real kills, and hold what it leaves against a run without any."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from operator import attrgetter
from pathlib import Path
from typing import Any

import msgspec
import psutil

from assay.apps.cli.console import run
from assay.apps.cli.main import build
from assay.apps.config import Config
from assay.apps.lab.models.forecasting import forecast_events
from assay.apps.lab.runs.drivers import PLATFORM, feed_messages, sweep
from assay.apps.lab.runs.outcome import OutcomeCollector
from assay.apps.lab.runs.setup import Setup
from assay.apps.paper.plan import Plan
from assay.apps.paper.preparing import prepare_plan
from assay.apps.paper.process import PICTURE
from assay.apps.paper.trader.hotpath import PaperTrader
from assay.apps.paper.trader.patterns import PatternWatch
from assay.apps.paper.view.picture import read_picture
from assay.books.audit.entries import LIFECYCLE
from assay.books.audit.postgres import open_chains
from assay.model.messages import (
    EntryPosted,
    Message,
    PatternsJudged,
    PlatformRecovered,
    PlatformStarted,
    encode_message,
)
from assay.runtime.clock import SimClock, wait_for
from assay.runtime.home import Home, open_home
from assay.runtime.journal import MemoryJournal, PostgresJournal
from assay.runtime.stores.postgres import open_postgres
from assay.runtime.stores.postgres.place import find_place
from assay.runtime.supervisor import read_state
from assay.signals.recognition import Terms
from assay.trading.brokers.paper import PaperBroker, ReceivedOrder

ASSAY = (sys.executable, "-c", "from assay.apps.cli.main import main; main()")
LONG_S = 120.0


def call(*words: str, home: Path, code: int = 0, seconds: float = LONG_S) -> dict[str, Any]:
    """Run a command to its end; return the one JSON object that it prints.

    A platform is a process of its own; what is asked of one is asked from here.
    """
    told = [*words, "--home", str(home), "--json"]
    if words[0] == "up":
        done = subprocess.run(
            [*ASSAY, *told], capture_output=True, text=True, timeout=seconds, check=False
        )
        ended, output, error = done.returncode, done.stdout, done.stderr
    else:
        with redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as err:
            ended = run(build(), told)
        output, error = out.getvalue(), err.getvalue()
    assert ended == code, error
    if code:
        assert output == ""
        return {"error": error.splitlines()[-1]}
    found: dict[str, Any] = json.loads(output)
    return found


def start(*words: str, home: Path) -> subprocess.Popen[bytes]:
    """Start `assay up` and leave it running."""
    told = [*ASSAY, "up", "--plain", *words, "--home", str(home)]
    return subprocess.Popen(told, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def processes_of(home: Path) -> list[psutil.Process]:
    """Return the living processes that name a home, or the folder of its PostgreSQL."""
    named = [str(home.resolve())]
    place = find_place(home.resolve()) if home.exists() else None
    if place is not None:
        named += [str(place.folder)]
    found = []
    for process in psutil.process_iter():
        try:
            told = " ".join(process.cmdline())
            if process.status() != psutil.STATUS_ZOMBIE and any(name in told for name in named):
                found.append(process)
        except psutil.Error:
            continue
    return found


def events_of(home: Home) -> int:
    picture = read_picture(home.path / "run" / PICTURE)
    return picture.events if picture else 0


def trader_of(home: Home) -> psutil.Process | None:
    """Return the trader that runs now."""
    return child_of(home, "trader")


def child_of(home: Home, name: str) -> psutil.Process | None:
    """Return a child of the platform that runs now."""
    state = read_state(home)
    for child in state.children if state else ():
        if child.name == name and child.status == "running":
            try:
                return psutil.Process(child.pid)
            except psutil.NoSuchProcess:  # it has ended since the state was written
                continue
    return None


def kill_all(processes: Sequence[psutil.Process]) -> None:
    for process in processes:
        try:
            process.send_signal(signal.SIGKILL)
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(processes, timeout=20)


def kill_tree(home: Home, up: subprocess.Popen[bytes]) -> None:
    """Kill the platform with all its children and PostgreSQL with all of its own, at once."""
    tree = [psutil.Process(up.pid), *psutil.Process(up.pid).children(recursive=True)]
    server = [each for each in processes_of(home.path) if each not in tree]
    server += [child for each in server for child in each.children(recursive=True)]
    kill_all([*tree, *server])
    up.communicate()


@dataclass
class Ordeal:
    """Hold a home, what is traded in it, and how it is killed."""

    home: Home
    data: Path
    rng: random.Random
    speed: str
    model: str | None = None
    where: list[str] = field(default_factory=list)

    @property
    def plan(self) -> Plan:
        strategy = "ai" if self.model else "sma-cross"
        data = (str(self.data),)
        return Plan(source="replay", data=data, strategy=strategy, model=self.model)

    @property
    def words(self) -> list[str]:
        words = ["--source", "replay", "--data", str(self.data), "--port", "0"]
        words += ["--speed", self.speed]
        return [*words, "--model", self.model] if self.model else words

    def _await_moment(self, up: subprocess.Popen[bytes], events: int) -> None:
        # Mostly in the middle of trading; sometimes at any moment of a start.
        target = events_of(self.home) + self.rng.randint(1, max(events, 1))
        seconds = LONG_S if self.rng.random() < 0.7 else self.rng.uniform(0.2, 3.0)

        def is_time() -> bool:
            picture = read_picture(self.home.path / "run" / PICTURE)
            reached = picture is not None and (picture.events >= target or picture.done)
            return reached or up.poll() is not None

        wait_for(is_time, seconds=seconds, step=0.005)

    def _await_child(self, name: str) -> psutil.Process:
        assert wait_for(lambda: child_of(self.home, name) is not None, seconds=LONG_S)
        found = child_of(self.home, name)
        assert found is not None
        return found

    def kill(self, kinds: Sequence[str], events: int) -> None:
        """Kill once for each kind: `tree`, or the child `trader` or `audit` alone.

        The platform is started where it is gone.
        """
        up: subprocess.Popen[bytes] | None = None
        for number, kind in enumerate(kinds):
            if up is None:
                up = start(*self.words, home=self.home.path)
            leap = (events - events_of(self.home)) // (len(kinds) - number + 1)
            self._await_moment(up, leap)
            assert up.poll() is None, up.communicate()[1]
            if kind == "tree":
                kill_tree(self.home, up)
                up = None
            else:
                kill_all([self._await_child(kind)])
            self.where.append(f"{kind} at {events_of(self.home)}")
        if up is not None:
            up.wait(LONG_S)
            up.communicate()


def whole_run(setup: Setup, book: Path) -> list[Message]:
    """Return what a run without a kill commits."""
    journal, broker = MemoryJournal(), PaperBroker(book)
    trader = PaperTrader(setup, "whole", journal, broker, SimClock(1))
    trader.recover()
    watch = PatternWatch(trader, setup.events(), Terms())
    trader.run(feed_messages(setup, setup.events()), observe=watch.hear)
    watch.catch_up()
    trader.commit()
    broker.close()
    return journal.log.messages


def followed(messages: Sequence[Message]) -> list[Message]:
    """Return what followed from the feed: all but starts, recoveries and the dated deposit."""
    ours = [message for message in messages if message.id >> 48 == PLATFORM]
    assert isinstance(ours[0], EntryPosted)
    return ours[1:]


def said_of_patterns(messages: Sequence[Message]) -> list[bytes]:
    """Return what was said of patterns, sorted: when it is said is left to the pauses."""
    return sorted(encode_message(each) for each in messages if isinstance(each, PatternsJudged))


def audited(home: Home) -> list[bytes]:
    """Return what the chains of all tenants hold but lifecycle, in the journal's order."""
    server = open_postgres(home.path)
    try:
        with open_chains(server.dsn) as chains:
            entries = [each for tenant in chains.lengths() for each in chains.entries(tenant)]
    finally:
        server.stop()
    entries.sort(key=attrgetter("position"))
    return [entry.payload for entry in entries if entry.kind != LIFECYCLE]


def assert_sound(ordeal: Ordeal, book: Path) -> None:
    """Compare the home with a run without a kill, row by row; stop it and find nothing left."""
    home, told = ordeal.home, f"{ordeal.where}"
    setup = prepare_plan(ordeal.plan, Config(), home.path)
    server = open_postgres(home.path)
    try:
        journal = PostgresJournal(server.dsn)
        recorded = [each.message for each in journal.read()]
        assert journal.unconfirmed_orders() == [], told
        journal.close()
    finally:
        server.stop()
    whole = whole_run(setup, book)
    assert followed(recorded) == followed(whole), told
    assert said_of_patterns(recorded) == said_of_patterns(whole), told
    collector = OutcomeCollector(setup)
    for message in recorded:
        collector.take(message)
    assert collector.outcome().digest(setup) == sweep(forecast_events(setup)).outcome.digest(
        setup
    ), told
    lines = (home.path / "broker" / "paper.jsonl").read_bytes().splitlines()
    keys = [msgspec.json.decode(line, type=ReceivedOrder).key for line in lines]
    assert len(set(keys)) == len(keys) == int((collector.outcome().orders["denied"] == 0).sum())
    assert call("ledger", "trial-balance", home=home.path)["balanced"], told
    # Every message once, with the bytes of the journal, and nothing lags after a clean end.
    audit = call("audit", "verify", home=home.path)
    assert (audit["ok"], audit["entries"]) == (True, len(recorded)), (told, audit["reason"])
    # The audit of a run without a kill, but for the deposit, which has the time of its start.
    lifecycle = (PlatformStarted, PlatformRecovered)
    wanted = [encode_message(each) for each in whole if not isinstance(each, lifecycle)]
    spoken = set(said_of_patterns(whole))
    sealed, wanted = ([e for e in each if e not in spoken] for each in (audited(home), wanted))
    assert sealed[1:] == wanted[1:], told
    call("stop", home=home.path)
    assert processes_of(home.path) == [], told


def survive_kills(
    folder: Path,
    data: Path,
    *,
    seed: int,
    kills: int,
    events: int,
    speed: str,
    model: str | None = None,
) -> list[str]:
    """Trade a file through so many kills of trader, audit, and the tree; return where."""
    ordeal = Ordeal(open_home(folder / "home"), data, random.Random(seed), speed, model)
    ordeal.kill(["trader", "audit", "tree"] * kills, events)
    figures = call("up", *ordeal.words, home=ordeal.home.path)
    assert figures["finished"], (seed, ordeal.where)
    assert_sound(ordeal, folder / "whole.jsonl")
    return ordeal.where
