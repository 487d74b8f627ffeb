"""Terminals that the gateway's contract is held on: simulated ones, and a real one where it is.

With `ASSAY_MT5=real` the official package is used, on a demo account that is logged in and flat in
EURUSD; orders are of the smallest volume. Nothing else about the tests differs.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, Protocol

import msgspec
import pytest

from assay.model.instruments import instrument_for
from assay.model.time import SECOND
from assay.runtime.clock import Deadline, Stopwatch, SystemClock
from assay.trading.brokers.mt5.account import lock_of
from assay.trading.brokers.mt5.blocking import bound_terminal
from assay.trading.brokers.mt5.gateway import MT5Gateway
from assay.trading.brokers.mt5.ports import OrderCommand
from assay.trading.brokers.mt5.state import MT5Settings
from assay.trading.brokers.mt5.structures import SymbolInfo, TerminalApi
from assay.trading.brokers.mt5.symbols import find_symbol
from tests.unit.trading.mt5.rig import Rig

# Read while tests are collected: running ones know no variable of ours.
IS_REAL = os.environ.get("ASSAY_MT5") == "real"
WAIT_S = 30.0


class Stage(Protocol):
    """Give the contract a terminal, a clock and a way to let time pass."""

    terminal: TerminalApi
    settings: MT5Settings

    def open(self) -> MT5Gateway: ...

    def now(self) -> int: ...

    def until(self, condition: Callable[[], bool]) -> None: ...


class SimulatedStage:
    """Stand on a simulated terminal of a typical broker, with latency and slippage."""

    def __init__(self, kind: str) -> None:
        self._rig = Rig(kind, still=False)
        self.terminal: TerminalApi = self._rig.terminal
        self.settings = self._rig.settings

    def open(self) -> MT5Gateway:
        return self._rig.open()

    def now(self) -> int:
        return self._rig.now

    def until(self, condition: Callable[[], bool]) -> None:
        for _ in range(int(WAIT_S)):
            if condition():
                return
            self._rig.pass_time(SECOND)
            self._rig.quote("EURUSD", 110_000, 110_010)
        raise AssertionError(f"not within {WAIT_S:g} simulated seconds")


class RealPace:
    """Measure and spend real time."""

    def __init__(self) -> None:
        self._watch = Stopwatch()
        self._clock = SystemClock()

    def elapsed_ns(self) -> int:
        return self._watch.elapsed_ns()

    def wait(self, ns: int) -> None:
        self._clock.wait_until(self._clock.now_ns() + ns)


class RealStage:
    """Stand on the official package beside a terminal."""

    def __init__(self) -> None:
        self.terminal = bound_terminal(import_module("MetaTrader5"))  # type: ignore[arg-type]
        assert self.terminal.initialize(), self.terminal.last_error()
        info = self.terminal.account_info()
        assert info is not None
        lock = lock_of(info)
        assert lock.trade_mode == "demo", "these tests trade; log in to a demo account"
        found = find_symbol(instrument_for("EURUSD"), self.terminal.symbols_get() or ())
        assert found.link is not None, found.text
        self.settings = MT5Settings(
            account="demo", lock=lock, links=(found.link,), begin=self.now() - SECOND
        )

    def open(self) -> MT5Gateway:
        return MT5Gateway(self.terminal, self.settings, RealPace())

    def now(self) -> int:
        return SystemClock().now_ns()

    def until(self, condition: Callable[[], bool]) -> None:
        deadline = Deadline(WAIT_S)
        while not condition():
            assert not deadline.has_passed(), f"not within {WAIT_S:g} seconds"


STAGES: dict[str, Callable[[], Stage]] = {
    "netting": lambda: SimulatedStage("netting"),
    "hedging": lambda: SimulatedStage("hedging"),
    "real": RealStage,
}


class Trader:
    """Give commands of the smallest volume and collect what is told."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.gateway = stage.open()
        self.told: list[Any] = []
        self.poll()
        self._key = stage.now()
        link = stage.settings.links[0]
        assert stage.terminal.symbol_select(link.name, True)
        info = stage.terminal.symbol_info(link.name)
        assert info is not None
        self.info: SymbolInfo = info
        self.units = round(info.volume_min * info.trade_contract_size)

    def poll(self) -> None:
        self.told += self.gateway.poll(self.stage.now())

    def bid(self, below: float = 0.0) -> int:
        """Return the bid, or a price that far below, in points of five digits."""
        tick = self.stage.terminal.symbol_info_tick(self.info.name)
        assert tick is not None
        return round((tick.bid - below) * 100_000)

    def command(self, kind: str, **fields: Any) -> OrderCommand:
        self._key += 1
        now = self.stage.now()
        values = {
            "type": "OrderCommand", "id": self._key, "kind": kind, "account": "demo",
            "symbol": "EURUSD", "deviation": 50, "strategy": "contract", "ts": now,
            "expiry_ns": now + 10 * SECOND,
        }  # fmt: skip
        return msgspec.convert({**values, **fields}, OrderCommand)

    def run(self, command: OrderCommand) -> list[Any]:
        events = self.gateway.execute(command, self.stage.now())
        self.told += events
        return list(events)

    def of(self, kind: type[Any], key: int) -> list[Any]:
        """Return what was told of a kind about a key."""
        return [event for event in self.told if isinstance(event, kind) and event.key == key]

    def wait_for(self, kind: type[Any], key: int) -> Any:
        """Poll until something of a kind is told about a key."""

        def is_told() -> bool:
            self.poll()
            return bool(self.of(kind, key))

        self.stage.until(is_told)
        return self.of(kind, key)[0]


def make_trader(name: str) -> Iterator[Trader]:
    """Open a stage; a real one only where it was asked for."""
    if name == "real" and not IS_REAL:
        pytest.skip("no terminal here; set ASSAY_MT5=real beside one, on a demo account")
    yield Trader(STAGES[name]())
