"""A bridge in a thread, a terminal that gives quotes, a broker that counts what reaches it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from assay.apps.bridge.feed import AccountFeed, AccountNews
from assay.apps.bridge.market import MarketReader
from assay.apps.bridge.server import BridgeServer, Listening
from assay.apps.bridge.tokens import EdgeGrant, EdgeTokens
from assay.apps.edge.dialing import Bridge
from assay.apps.edge.process import Connector, Surroundings
from assay.apps.edge.quotes import MARKET_BYTES, MarketLog, Quoted, QuotePoller, QuoteWindows
from assay.apps.link.conversation import Terms
from assay.apps.link.frames import Lost, Quote
from assay.model.messages import Message, OrderAccepted, OrderUnknown
from assay.runtime.clock import SystemClock
from assay.runtime.home import Home, open_home
from assay.runtime.ids import Rng
from assay.runtime.logs import open_log
from assay.trading.brokers.mt5.ports import OrderCommand

QUICK = Terms(beat_s=0.05, dead_s=0.6)
TICK = np.dtype(
    [("time", "<i8"), ("bid", "<f8"), ("ask", "<f8"), ("last", "<f8"), ("volume", "<u8"),
     ("time_msc", "<i8"), ("flags", "<u4"), ("volume_real", "<f8")]
)  # fmt: skip
SYMBOLS = ("EURUSD", "XAUUSD")
START_MSC = 1_700_000_000_000


def make_ticks(count: int, seed: int) -> np.ndarray[Any, Any]:
    """Return quotes of which many share a millisecond, as a busy market's do."""
    rng = np.random.default_rng(seed)
    ticks = np.zeros(count, TICK)
    ticks["time_msc"] = START_MSC + np.cumsum(rng.integers(0, 3, count))
    ticks["time"] = ticks["time_msc"] // 1_000
    ticks["bid"] = (110_000 + rng.integers(-500, 500, count)) / 1e5
    ticks["ask"] = ticks["bid"] + 0.0001
    return ticks


@dataclass
class QuoteTerminal:
    """Give the quotes of a day up to the point that `shown` has reached."""

    ticks: dict[str, np.ndarray[Any, Any]]
    shown: int = 0

    def copy_ticks_from(self, symbol: str, date_from: int, count: int, flags: int) -> Any:
        ticks = self.ticks[symbol][: self.shown]
        start = int(np.searchsorted(ticks["time"], date_from))
        return ticks[start : start + count]

    def keys(self, symbol: str) -> list[tuple[int, int]]:
        """Return the key of every quote shown."""
        times = self.ticks[symbol]["time_msc"][: self.shown]
        ordinals = np.arange(len(times)) - np.searchsorted(times, times)
        return list(zip(times.tolist(), ordinals.tolist(), strict=True))


class Utc:
    """Say that the broker's clock is UTC."""

    def to_utc_ns(self, time_msc: int) -> int:
        return time_msc * 1_000_000


@dataclass
class Broker:
    """Count what reaches it; it lives on when the gateway dies."""

    executed: list[int] = field(default_factory=list)

    def send(self, command: OrderCommand) -> None:
        self.executed.append(command.id)


class CountingGateway:
    """Hand each command to the broker and accept it."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker

    def execute(self, command: OrderCommand, now: int) -> list[Message]:
        self.broker.send(command)
        return [accepted(command, now)]

    def reconcile(self, command: OrderCommand, now: int) -> list[Message]:
        if command.id in self.broker.executed:
            return [accepted(command, now)]
        return [
            OrderUnknown(id=0, ts_event=now, ts_init=now, key=command.id, account=command.account,
                         symbol=command.symbol, reason="not_found")
        ]  # fmt: skip

    def poll(self, now: int) -> list[Message]:
        return []

    def snapshot(self) -> bytes:
        return b""

    def restore(self, state: bytes) -> None:
        assert state


def accepted(command: OrderCommand, now: int) -> Message:
    return OrderAccepted(
        id=0, ts_event=now, ts_init=now, key=command.id, account=command.account,
        symbol=command.symbol, ticket=command.id + 1, quantity=command.quantity, price_digits=5,
    )  # fmt: skip


def command(number: int, account: str = "main") -> OrderCommand:
    return OrderCommand(id=number, kind="submit", account=account, symbol="EURUSD", quantity=1_000)


class RunningBridge:
    """Run a bridge's server in a thread of its own; it can be killed and started again."""

    def __init__(
        self, home: Home, *, terms: Terms = QUICK, listening: Listening | None = None
    ) -> None:
        self.home, self._terms = home, terms
        self._listening = listening or Listening()
        self.port = self.advisor_port = 0
        self.loop = asyncio.new_event_loop()
        self.server = self._make()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(10), "the bridge did not start"

    def stop(self) -> None:
        self.call(self.server.stop())
        self._end()

    def kill(self) -> None:
        """Let every socket break; nothing more is flushed, said or acknowledged."""
        self.call(self._break())
        self._end()

    async def _break(self) -> None:
        boxes = list(self.server._boxes.values())
        self.server._boxes.clear()
        for box in boxes:
            box.market.note_link = lambda **_: None  # type: ignore[method-assign]
            for log in (*(each._log for each in box.incoming.values()), box._commands):
                log._file.close()
        await self.server.stop()

    def call(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(10)

    def submit(self, grant: EdgeGrant, wanted: OrderCommand) -> None:
        async def put() -> None:
            self.server.submit(grant, wanted)

        self.call(put())

    def _make(self) -> BridgeServer:
        return BridgeServer(self.home, open_log(None, "bridge", stream=None), terms=self._terms)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        listening = replace(self._listening, port=self.port, advisor_port=self.advisor_port)
        self.loop.run_until_complete(self.server.start(listening))
        self.port, self.advisor_port = self.server.port, self.server.advisor_port
        self._ready.set()
        self.loop.run_forever()
        self.loop.close()

    def _end(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        assert not self._thread.is_alive()


@dataclass
class Desk:
    """Hold a home with one edge's token, and what its feeds gave so far."""

    home: Home
    grant: EdgeGrant
    ticks: list[Quote] = field(default_factory=list)
    gone: int = 0
    news: list[AccountNews] = field(default_factory=list)

    def __post_init__(self) -> None:
        folder = self.home.folder("bridge") / "edges" / self.grant.place
        self._feeds = (
            MarketReader([folder / "market"], [0]),
            AccountFeed(folder / "account"),
        )

    def home_edge(self, name: str) -> Desk:
        """Return the desk of another edge of this home."""
        grant = EdgeTokens(self.home).find(name)
        assert grant is not None
        return Desk(self.home, grant)

    def read(self) -> None:
        """Read on what the bridge keeps."""
        market, account = self._feeds
        while (came := market.next()) is not None:
            if isinstance(came.item, Lost):
                self.gone += came.item.last - came.item.first + 1
            elif isinstance(came.item, Quote):
                self.ticks.append(came.item)
        while told := account.read():
            self.news += told

    def count(self) -> int:
        self.read()
        return len(self.ticks)

    @property
    def end(self) -> int:
        """Return the position of the newest record of quotes that was read."""
        return self._feeds[0].positions[0]

    def outcomes(self) -> dict[int, list[str]]:
        self.read()
        found: dict[int, list[str]] = {}
        for each in self.news:
            if each.how in ("executed", "reconciled", "repeated"):
                found.setdefault(each.command, []).append(each.how)
        return found


def make_desk(folder: Path, edge: str = "desk") -> Desk:
    home = open_home(folder / "home")
    EdgeTokens(home).issue(edge, tenant="own", account="main")
    grant = EdgeTokens(home).find(edge)
    assert grant is not None
    return Desk(home, grant)


@contextmanager
def running_bridge(home: Home) -> Iterator[RunningBridge]:
    bridge = RunningBridge(home)
    bridge.start()
    try:
        yield bridge
    finally:
        bridge.stop()


@dataclass
class Told:
    """Hand each line of a log on."""

    hear: Callable[[str], object]

    def write(self, text: str, /) -> None:
        self.hear(text)

    def flush(self) -> None:
        pass


@contextmanager
def running_edge(
    folder: Path, desk: Desk, url: str, terminal: QuoteTerminal, gateway: Any, *,
    market_bytes: int = MARKET_BYTES, authority: Path | None = None,
    told: Callable[[str], object] = lambda _: None,
) -> Iterator[Connector]:  # fmt: skip
    """Run a connector in a thread of its own and stop it in order; `told` gets its warnings."""

    def polls(log: MarketLog) -> QuotePoller:
        starts = {Quoted(name, name, 5): 0 for name in terminal.ticks}
        return QuotePoller(QuoteWindows(terminal, Utc()), starts, log)

    log = open_log(None, "edge", level="warning", stream=Told(told))
    bridge = Bridge(url, desk.grant.edge, desk.grant.token, authority)
    connector = Connector(
        folder, bridge, gateway, polls, Surroundings(SystemClock(), Rng(7), log),
        market_bytes=market_bytes,
    )  # fmt: skip
    failures: list[BaseException] = []

    def work() -> None:
        try:
            connector.run()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield connector
    finally:
        connector.stop()
        thread.join(10)
        assert not thread.is_alive()
        assert not failures, failures


def tick_keys(ticks: list[Quote], symbol: str) -> list[int]:
    """Return the times (ms) of a symbol's quotes in the order in which they came."""
    return [each.ts // 1_000_000 for each in ticks if each.symbol == symbol]
