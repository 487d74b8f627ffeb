"""A gateway over a simulated terminal, with the market and the user's hand within reach."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from assay.model.instruments import instrument_for
from assay.model.messages import Message
from assay.model.time import MINUTE, SECOND, parse_time
from assay.trading.brokers.mt5.account import lock_of
from assay.trading.brokers.mt5.gateway import MT5Gateway
from assay.trading.brokers.mt5.ports import OrderCommand
from assay.trading.brokers.mt5.servertime import ServerClock
from assay.trading.brokers.mt5.state import MT5Settings
from assay.trading.brokers.mt5.structures import TerminalApi
from assay.trading.brokers.mt5.symbols import link_of
from assay.trading.execution import ExecutionBook
from assay.trading.terminal import BrokerProfile, SimulatedTerminal, load_profile
from assay.trading.terminal.hand import Hand
from assay.trading.terminal.profile import Latency, Slippage

FIRST_KEY = 7_000
TUESDAY = parse_time("2024-03-05T10:00:00Z")
NAMES = {"netting": ("EURUSD", "XAUUSD"), "hedging": ("EURUSD.m", "GOLD")}
CLOCKS = {
    "netting": ServerClock(offset_s=7_200, family="new-york"),
    "hedging": ServerClock(offset_s=7_200, family="europe"),
}
QUOTES = {"EURUSD": (110_000, 110_010), "XAUUSD": (210_000, 210_030)}
Kind = TypeVar("Kind", bound=Message)


class SimulatedPace:
    """Let time pass in the terminal alone."""

    def __init__(self, terminal: SimulatedTerminal) -> None:
        self._terminal = terminal

    def elapsed_ns(self) -> int:
        return self._terminal.now

    def wait(self, ns: int) -> None:
        self._terminal.advance(self._terminal.now + ns)


def quiet(profile: BrokerProfile) -> BrokerProfile:
    """Return a broker that neither slips nor is late, so that figures are told by hand."""
    symbols = tuple(
        msgspec.structs.replace(terms, slippage=Slippage()) for terms in profile.symbols
    )
    return msgspec.structs.replace(profile, symbols=symbols, latency=Latency())


class Rig:
    """Hold a terminal, its user's hand, a gateway and the book of what it said."""

    def __init__(self, kind: str = "netting", *, seed: int = 1, **changes: Any) -> None:
        profile, still = load_profile(kind), changes.pop("still", True)
        profile = msgspec.structs.replace(quiet(profile) if still else profile, **changes)
        self.profile = profile
        self.terminal = SimulatedTerminal(profile, seed=seed, start=TUESDAY)
        self.hand = Hand(self.terminal)
        self.kind = kind
        self.names = dict(zip(("EURUSD", "XAUUSD"), NAMES[kind], strict=True))
        for symbol in self.names:
            self.quote(symbol, *QUOTES[symbol])
        assert self.terminal.initialize()
        info = self.terminal.account_info()
        assert info is not None
        links = tuple(link_of(instrument_for(ours), name) for ours, name in self.names.items())
        self.settings = MT5Settings(
            account="live", lock=lock_of(info), links=links, begin=TUESDAY, clock=CLOCKS[kind]
        )
        self.book, self.opening = ExecutionBook(), self.terminal.desk.book.balance
        self.events: list[Message] = []
        self.gateway = self.open()
        self.keys = 0

    def open(self, terminal: TerminalApi | None = None, **changes: Any) -> MT5Gateway:
        """Start a gateway that remembers nothing."""
        settings = msgspec.structs.replace(self.settings, **changes)
        return MT5Gateway(terminal or self.terminal, settings, SimulatedPace(self.terminal))

    @property
    def now(self) -> int:
        return self.terminal.now

    def quote(self, symbol: str, bid: int, ask: int, **more: int) -> None:
        self.terminal.quote(self.names[symbol], bid, ask, **more)

    def pass_time(self, ns: int = MINUTE) -> None:
        self.terminal.advance(self.now + ns)

    def command(self, kind: str = "submit", **fields: Any) -> OrderCommand:
        """Return a command of the next key; 0.10 lots of EURUSD unless told otherwise."""
        self.keys += 1
        values = {
            "id": FIRST_KEY + self.keys, "kind": kind, "account": "live", "symbol": "EURUSD",
            "strategy": "sma-cross", "ordinal": self.keys, "ts": self.now, "deviation": 20,
            "expiry_ns": self.now + 10 * SECOND,
        }  # fmt: skip
        if kind == "submit":
            values["quantity"] = 10_000
        if fields.get("symbol") == "XAUUSD":
            values["digits"] = 2
        return msgspec.convert({**values, **fields, "type": "OrderCommand"}, OrderCommand)

    def take(self, events: list[Any]) -> list[Any]:
        """Put events into the book, as the platform does."""
        self.events += events
        for event in events:
            self.book.apply(event)
        return events

    def do(self, kind: str = "submit", **fields: Any) -> list[Any]:
        """Carry a command out at once."""
        return self.run(self.command(kind, **fields))

    def run(self, command: OrderCommand) -> list[Any]:
        if command.kind in ("submit", "close"):
            self.book.open_order(command.id, command.quantity)
        return self.take(self.gateway.execute(command, self.now))

    def poll(self) -> list[Any]:
        return self.take(self.gateway.poll(self.now))

    def open_position(self, **fields: Any) -> int:
        """Buy at market and return the position's ticket."""
        self.do(**fields)
        self.poll()
        positions = self.terminal.positions_get()
        assert positions
        return positions[-1].ticket


def only(events: list[Any], kind: type[Kind]) -> Kind:
    """Return the one message of a kind."""
    found = [event for event in events if isinstance(event, kind)]
    assert len(found) == 1, events
    return found[0]


def all_of(events: list[Any], kind: type[Kind]) -> list[Kind]:
    """Return the messages of a kind."""
    return [event for event in events if isinstance(event, kind)]
