"""Every program of a live desk as a process, terminal to platform, and kills of them."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from msgspec import UNSET

from assay.apps.paper.control.notices import pending_notices
from assay.apps.twin.process import appraise_past
from assay.model.messages import (
    ChangeRequested,
    DealBooked,
    EntryPosted,
    GapFound,
    OrderAccepted,
    OrderFilled,
    OrderSubmitted,
    PositionChanged,
    TwinAppraised,
)
from assay.model.time import SECOND
from assay.runtime.clock import SystemClock, require_within, wait_for
from assay.runtime.home import open_home
from assay.runtime.journal import PostgresJournal
from assay.runtime.logs import open_log
from assay.runtime.stores.postgres import open_postgres, remove_postgres
from assay.trading.terminal import connect_terminal
from tests.integration.killing import ASSAY, call, kill_all, kill_tree, processes_of, start

pytestmark = pytest.mark.running
EVER = (datetime(2001, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
DAY = 1_440
BEHIND_S = 20 * 500
UP = (
    "--source", "live", "--broker", "edge", "--symbols", "EURUSD", "--strategy", "follower",
    "--risk", "reference", "--port", "0",
)  # fmt: skip
FOLLOWER = '''"""Hold what the last bar moved towards, its stop a few points behind the market."""

from assay.kernel.records import GO_TO

NAME = "follower"
PARAMETERS = {"units": 10_000, "trail": 60}
REFERENCE_COSTS = False


def memory_words(params):
    return 1


def decide(memory, event, position, params, intent):
    if event["close"] != event["open"]:
        intent["action"] = GO_TO
        intent["quantity"] = params[0] if event["close"] > event["open"] else -params[0]
        intent["trail"] = params[1]
'''


def write_follower(home: Path) -> None:
    """Give a home the strategy that the desk trades."""
    home.joinpath("strategies").mkdir()
    home.joinpath("strategies", "follower.py").write_text(FOLLOWER, encoding="utf-8")


def write_waves(path: Path) -> Path:
    """Write a day of minutes that rise and fall in turn, so that averages cross all the time."""
    opens = [1.1 + 0.0002 * (minute % 4 in (1, 2)) for minute in range(DAY)]
    closes = [*opens[1:], opens[0]]
    table = {
        "time": pa.array([1_551_700_800_000_000 + 60_000_000 * k for k in range(DAY)],
                         pa.timestamp("us", tz="UTC")),
        "open": opens, "close": closes,
        "high": [max(each) for each in zip(opens, closes, strict=True)],
        "low": [min(each) for each in zip(opens, closes, strict=True)],
        "volume": [1.0] * DAY,
    }  # fmt: skip
    pq.write_table(pa.table(table), path)
    return path


def write_profile(path: Path, margin_mode: str) -> Path:
    """Write a broker whose EURUSD trades at every hour of every day."""
    text = files("assay.trading.terminal.profiles").joinpath("netting.toml").read_text()
    head, first, _ = text.split("[[symbols]]", 2)
    head = head.replace('zone = "NY+7"', 'zone = "UTC+0"')
    head = head.replace('margin_mode = "netting"', f'margin_mode = "{margin_mode}"')
    path.write_text(f"{head}[[symbols]]{first.rstrip()}\nsessions = [[0, 10080]]\n")
    return path


@dataclass
class Desk:
    """Hold the programs of a desk and start each again when asked."""

    folder: Path
    stack: ExitStack
    programs: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    margin_mode: str = "netting"

    def __post_init__(self) -> None:
        self.home, self.address = self.folder / "home", self.folder / "sim.json"
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.port = int(server.getsockname()[1])
        waves = write_waves(self.folder / "eurusd_m1_waves_20190304_20190304.parquet")
        profile = write_profile(self.folder / "always.toml", self.margin_mode)
        # Quotes from the future would stop trading: a fast market must begin in the past. It does
        # with a minute, so that the bars of the desk are the waves' own and not two halves.
        past = SystemClock().now_ns() // SECOND - BEHIND_S
        begin = datetime.fromtimestamp(past - past % 60, UTC)
        self.run("terminal", "mt5-sim", "--data", waves, "--profile", profile, "--begin",
                 begin.strftime("%Y-%m-%dT%H:%M:%SZ"), "--speed", "20", "--address",
                 self.address)  # fmt: skip
        token = self.folder / "token"
        call("bridge", "token", "desk", "--account", "main", "--out", str(token), home=self.home)
        self.bridge()
        require_within(self.address.exists, "the terminal's address", seconds=60)
        done = subprocess.run(
            [*ASSAY, "connector", "--confirm", "main", "--terminal", f"sim:{self.address}",
             "--symbols", "EURUSD", "--trade", str(self.folder / "trade.json"),
             "--server-clock", "0:fixed", "--json"],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        self.connector()
        assert wait_for(self.is_linked, seconds=30)

    def run(self, name: str, *words: str | Path) -> None:
        told = [*ASSAY, *(str(word) for word in words)]
        out = (self.folder / f"{name}.log").open("ab")
        self.stack.callback(out.close)
        self.programs[name] = subprocess.Popen(told, stdout=out, stderr=out)

    def bridge(self) -> None:
        self.run("bridge", "bridge", "serve", "--port", str(self.port), "--home", self.home)

    def connector(self) -> None:
        self.run("connector", "connector", "--bridge", f"ws://127.0.0.1:{self.port}", "--edge",
                 "desk", "--token-file", self.folder / "token", "--terminal",
                 f"sim:{self.address}", "--symbols", "EURUSD", "--trade",
                 self.folder / "trade.json", "--folder", self.folder / "edge")  # fmt: skip

    def kill(self, name: str) -> None:
        self.programs[name].kill()
        self.programs[name].wait(30)

    def is_linked(self) -> bool:
        found: list[dict[str, Any]] = call("bridge", "status", home=self.home)["edges"]
        return any(each["linked"] for each in found)

    def has_told(self) -> bool:
        account = self.home / "bridge" / "edges" / "local" / "desk" / "account"
        return any(path.stat().st_size > 300 for path in account.glob("*.log"))

    def deals(self) -> list[Any]:
        terminal = connect_terminal(self.address)
        try:
            assert terminal.initialize()
            return [each for each in terminal.history_deals_get(*EVER) if each.type in (0, 1)]
        finally:
            terminal.close()

    def end(self) -> None:
        kill_all(processes_of(self.home))
        for program in self.programs.values():
            program.kill()
            program.wait(30)
        if self.home.exists():
            remove_postgres(self.home)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with ExitStack() as stack:
        opened = Desk(tmp_path, stack)
        stack.callback(opened.end)
        yield opened


def read_journal(home: Path) -> list[Any]:
    postgres = open_postgres(home, None)
    try:
        journal = PostgresJournal(postgres.dsn)
        found = [each.message for each in journal.read()]
        journal.close()
        return found
    finally:
        postgres.stop()


def test_a_desk_of_programs_trades_and_survives_kills_of_each(desk: Desk) -> None:
    trade_through_kills(desk)


def trade_through_kills(desk: Desk) -> None:
    """Trade, kill each program, trade on, and hold the books to the terminal."""
    assert wait_for(desk.has_told, seconds=30)
    write_follower(desk.home)
    up = start(*UP, home=desk.home)
    assert wait_for(lambda: len(desk.deals()) >= 2, seconds=120), (desk.folder / "up").name
    desk.kill("connector")
    desk.connector()
    kill_tree(open_home(desk.home), up)
    desk.kill("bridge")
    desk.bridge()
    before = len(desk.deals())
    up = start(*UP, home=desk.home)
    assert wait_for(lambda: len(desk.deals()) >= before + 2, seconds=120)
    up.terminate()
    up.communicate(timeout=60)
    compare(desk)
    explain(desk)


def compare(desk: Desk) -> None:
    """Require that every deal of the terminal is in the books once, and each order had one."""
    messages, deals = read_journal(desk.home), {each.ticket: each for each in desk.deals()}
    booked = [each for each in messages if isinstance(each, DealBooked) and each.quantity]
    tickets = [each.ticket for each in booked]
    assert len(tickets) == len(set(tickets))
    assert set(tickets) <= set(deals)
    for each in booked:
        assert each.commission == round(100 * deals[each.ticket].commission)
        assert each.profit == round(100 * deals[each.ticket].profit)
    sent = [each.key for each in messages if isinstance(each, OrderSubmitted)]
    assert len(sent) == len(set(sent))
    assert {each.key for each in messages if isinstance(each, OrderFilled)} <= set(sent)
    posted = [each.source for each in messages if isinstance(each, EntryPosted) and each.source]
    assert posted == tickets
    assert not [each for each in messages if isinstance(each, GapFound)]
    compare_changes(messages)


def compare_changes(messages: list[Any]) -> None:
    """Require that stops were moved at the terminal, each change once and by its word."""
    asked = [each.id for each in messages if isinstance(each, ChangeRequested)]
    taken = [each.key for each in messages if isinstance(each, OrderAccepted)]
    told = [each for each in messages if isinstance(each, PositionChanged)]
    assert told
    assert all(each.trail == 60 for each in told)
    assert sum(key in set(asked) for key in taken) >= len(told)
    orders = [each for each in messages if isinstance(each, OrderSubmitted)]
    opening = [each for each in orders if each.position is UNSET]
    assert all(each.margin > 0 for each in opening)


def explain(desk: Desk) -> None:
    """Require that the twin of the day knows why its profit is not the account's."""
    told = call("twin", "--bound", "1", "--out", str(desk.folder / "twin"), home=desk.home)
    assert told["gap"] == pytest.approx(told["live"] - told["twin"])
    assert sum(one["amount"] for one in told["causes"]) == pytest.approx(told["gap"])
    # The terminal slips and charges, and orders decided while nobody traded expired.
    found = {one["cause"] for one in told["causes"] if one["amount"]}
    assert found >= {"slippage", "commission"}
    nameless = [each["what"] for each in told["items"] if each["cause"] == "unexplained"]
    assert told["unexplained"] < 0.01, nameless
    assert (desk.folder / "twin" / "waterfall.svg").stat().st_size > 1_000
    # What the process `twin` does once a day is over; its report and its line for the journal.
    home = open_home(desk.home)
    log = open_log(home, "twin", level="error", file_bytes=1 << 20)
    appraise_past(home, 1, told["day"], log)
    assert (desk.home / "twin" / f"1-{told['day']}" / "report.html").exists()
    ((_, (appraised,)),) = pending_notices(home)
    assert isinstance(appraised, TwinAppraised)
    assert sum(each.amount for each in appraised.causes) == round(100 * told["gap"])
