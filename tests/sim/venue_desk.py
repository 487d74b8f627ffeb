"""A whole desk in one process: terminal, gateway, edge's log, bridge's folder, trader and books.

Everything is what runs in production but the sockets between edge and bridge; what crosses them
is carried over record by record.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from msgspec import Raw

from assay.apps.bridge.desk import BridgeBroker
from assay.apps.bridge.feed import AccountFeed
from assay.apps.bridge.inbox import Arrivals, EdgeBox
from assay.apps.bridge.tokens import EdgeTokens
from assay.apps.config import Config
from assay.apps.edge.accountlog import AccountLog, Received
from assay.apps.edge.commands import Executor
from assay.apps.lab.runs.setup import Setup
from assay.apps.link.frames import ACCOUNT, COMMANDS, PackedCodec, Quote
from assay.apps.link.log import LogReader
from assay.apps.paper.market.live import LiveFeed, anchor_plan, prepare_live
from assay.apps.paper.plan import Plan
from assay.apps.paper.trader.hotpath import PaperTrader
from assay.apps.paper.venue.bridge import VenueEar, open_bridge_broker
from assay.apps.paper.venue.edges import edge_folder
from assay.apps.paper.venue.roads import RoadBroker
from assay.model.messages import DealBooked, Message
from assay.model.time import SECOND
from assay.runtime.clock import SimClock
from assay.runtime.home import Home, open_home
from assay.runtime.journal import MemoryJournal
from assay.runtime.journal.memory import MemoryLog
from assay.runtime.logs import open_log
from assay.trading.brokers.mt5.ports import Gateway, OrderCommand
from assay.trading.brokers.mt5.state import decode_state, encode_state
from tests.sim.crashing import FragileJournal, Fuse
from tests.unit.trading.mt5.rig import TUESDAY, Rig

EDGE = "desk"
SYMBOLS = ("EURUSD", "XAUUSD")
DIGITS = {"EURUSD": 5, "XAUUSD": 2}


class EdgeSide:
    """One edge and its box at the bridge: what crosses the socket is carried record by record."""

    def join(
        self, home: Home, edge: str, folder: Path, gateway: Callable[[], Gateway], *,
        arrivals: Arrivals, clock: SimClock,
    ) -> None:  # fmt: skip
        """Meet the bridge for the first time."""
        self.codec, self.edge_clock, self.edge_log = PackedCodec(), clock, folder
        self.gateway_of = gateway
        self.box = EdgeBox(edge_folder(home, edge), clock, arrivals)
        self.commands = LogReader(edge_folder(home, edge) / COMMANDS)
        self.logger = open_log(home, "edge", level="error", file_bytes=1 << 20)
        self.is_alive = self.is_linked = True
        self.open_edge()
        self.exchange()

    def open_edge(self) -> None:
        """Start the connector: it knows what its log says."""
        self.account = AccountLog(self.edge_log)
        gateway = self.gateway_of()
        self.executor = Executor(self.account, gateway, self.edge_clock, self.logger, lambda: None)
        self.executor.recover()

    def restart_edge(self) -> None:
        """Let the connector die and start again."""
        self.account.close()
        self.open_edge()

    def link(self, *, linked: bool) -> None:
        """Let the bridge lose the edge, or find it again."""
        self.is_linked = linked
        self.box.market.note_link(linked=linked)

    def exchange(self) -> None:
        """Carry orders to the terminal and what it says to the bridge."""
        self.box.fetch()
        if self.is_linked and self.is_alive:
            for record in self.commands.read(1_000):
                command: OrderCommand = self.codec.decode(record.payload, OrderCommand)
                came = Received(command.id, "origin", record.number, record.payload)
                self.executor.carry_out([came], lambda _: None)
        if self.is_alive:
            self.executor.poll()
        if not (self.is_linked and self.is_alive):
            return
        sending = self.account.sending()
        sending.resume(self.box.account.receiving.last)
        while (batch := sending.take()) is not None:
            self.box.account.take(batch.first, batch.records, self.codec)
            self.box.account.receiving.advance(batch.first + len(batch.records) - 1)

    def leave(self) -> None:
        """Close every file."""
        self.account.close()
        self.box.close()


@dataclass
class VenueDesk(EdgeSide):
    """Hold what outlives a crash of the trader or of the edge, and carry records between them."""

    path: Path
    strategy: str = "sma-cross"
    params: dict[str, str] = field(default_factory=dict)
    rig: Rig = field(default_factory=Rig)
    said: list[Message] = field(default_factory=list)
    quoted: int = 0
    setup_id: str = "live"
    config: Config = field(default_factory=Config)
    other_road: str | None = None

    def __post_init__(self) -> None:
        self.clock = SimClock(TUESDAY)
        self.home: Home = open_home(self.path, self.clock)
        EdgeTokens(self.home).issue(EDGE, tenant="local", account="live")
        self.log, self.arrivals = MemoryLog(), Arrivals(self.clock)
        self.join(
            self.home, EDGE, self.path / "edge", self.rig.open, arrivals=self.arrivals,
            clock=self.clock,
        )  # fmt: skip

    def forget_stops(self) -> None:
        """Let the connector start again as one that never saw how positions were protected."""
        state = decode_state(self.account.state)
        for held in state.positions.values():
            held.is_seen, held.stop, held.target = False, 0.0, 0.0
        self.account.report([], encode_state(state))
        self.restart_edge()

    def plan(self) -> Plan:
        """Return what is traded, behind what the bridge kept before."""
        wanted = Plan(
            source="live", symbols=SYMBOLS, strategy=self.strategy, params=self.params,
            broker="edge", risk="reference", edge=EDGE,
        )  # fmt: skip
        return anchor_plan(self.home, wanted)

    def setup(self) -> tuple[Plan, Setup]:
        plan = self.plan()
        return plan, prepare_live(plan, self.config, strategies=self.home.path / "strategies")

    def start(self, fuse: Fuse | None = None) -> Life:
        """Start a trader on what is there."""
        return Life(self, fuse or Fuse())

    def quote(self, symbol: str, bid: int, spread: int, *, after: int = SECOND) -> None:
        """Show a price at the terminal, and bring its quote to the bridge."""
        self.rig.pass_time(after)
        self.rig.quote(symbol, bid, bid + spread)
        ts = self.rig.now
        self.clock.advance_to(ts)
        kept = Quote(symbol, ts // 1_000_000, 0, ts, DIGITS[symbol], bid, bid + spread)
        self.quoted += 1
        self.box.market.take(self.quoted, [Raw(self.codec.encode(kept))], self.codec)

    def balance(self) -> int:
        """Return the terminal's balance in cents."""
        info = self.rig.terminal.account_info()
        assert info is not None
        return round(info.balance * 100)

    def held(self, symbol: str) -> int:
        """Return what the terminal says we hold, in units."""
        feed, events = AccountFeed(edge_folder(self.home, EDGE) / ACCOUNT), list[Message]()
        while news := feed.read():
            events += [event for each in news for event in each.events]
        deals = {each.ticket: each for each in events if isinstance(each, DealBooked)}
        return sum(each.own for each in deals.values() if each.symbol == symbol)

    def close(self) -> None:
        """Close every file."""
        self.leave()


class Life:
    """One life of a trader: from a start to its end or its death."""

    def __init__(self, desk: VenueDesk, fuse: Fuse) -> None:
        self.desk, self.fuse = desk, fuse
        plan, setup = desk.setup()
        self.journal = MemoryJournal(desk.log)
        self.broker: BridgeBroker = open_bridge_broker(desk.home, EDGE, setup, desk.other_road)
        try:
            self.trader = PaperTrader(
                setup, desk.setup_id, FragileJournal(self.journal, fuse),  # type: ignore[arg-type]
                FragileOrders(self.broker, fuse), desk.clock,  # type: ignore[arg-type]
            )  # fmt: skip
            self.trader.recover()
            roads = self.broker.roads if isinstance(self.broker, RoadBroker) else None
            self.ear = VenueEar(desk.home, EDGE, self.trader, roads)
            self.feed = LiveFeed(
                desk.home, plan, setup, fed=self.trader.fed, handled=self.trader.next
            )
        except BaseException:
            self.end()
            raise

    def listen(self) -> list[Message]:
        """Take in all that has come, as the process does between two waits."""
        answers = self.ear.listen()
        while (messages := self.feed.next()) is not None:
            for message in messages:
                answers += self.trader.handle(message)
        self.trader.commit()
        self.feed.keep(self.trader.next)
        return answers

    def turn(self) -> list[Message]:
        """Listen, let orders out, and hear what became of them."""
        answers = self.listen()
        self.desk.exchange()
        return answers + self.listen()

    def end(self) -> None:
        """Let go of journal and orders."""
        self.broker.close()
        self.journal.close()


class FragileOrders:
    """Pass every call to the orders' log, unless the fuse burns at it."""

    def __init__(self, orders: BridgeBroker, fuse: Fuse) -> None:
        self._fuse, self._orders = fuse, orders
        self.knows, self.close = orders.knows, orders.close

    def send(self, order: object) -> None:
        self._guard("send", lambda: self._orders.send(order))  # type: ignore[arg-type]

    def lapse(self, order: object) -> None:
        self._guard("send", lambda: self._orders.lapse(order))  # type: ignore[arg-type]

    def cancel(self, wish: object) -> None:
        self._guard("send", lambda: self._orders.cancel(wish))  # type: ignore[arg-type]

    def change(self, wish: object) -> None:
        self._guard("send", lambda: self._orders.change(wish))  # type: ignore[arg-type]

    def _guard(self, name: str, act: Callable[[], object]) -> None:
        self._fuse.guard(name, act, lambda: None)
