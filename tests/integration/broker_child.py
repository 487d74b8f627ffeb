"""A program that sends orders to a served terminal until somebody kills it.

Usage: python -m tests.integration.broker_child FOLDER ORDERS
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import msgspec

from assay.apps.edge.accountlog import AccountLog, Received
from assay.apps.edge.commands import Executor
from assay.apps.link.frames import PackedCodec
from assay.model.messages import OrderSubmitted
from assay.model.time import SECOND
from assay.runtime.clock import SimClock
from assay.runtime.logs import open_log
from assay.trading.brokers.mt5.broker import make_command
from assay.trading.brokers.mt5.gateway import MT5Gateway
from assay.trading.brokers.mt5.state import MT5Settings
from assay.trading.terminal import TerminalClient, connect_terminal

UNITS = 1_000


class ServedPace:
    """Let time pass in the served terminal alone."""

    def __init__(self, terminal: TerminalClient) -> None:
        self._terminal = terminal

    def elapsed_ns(self) -> int:
        return int(self._terminal.control("now"))

    def wait(self, ns: int) -> None:
        self._terminal.control("advance", self.elapsed_ns() + ns)


def append(path: Path, lines: list[bytes]) -> None:
    """Write lines that are on disk on return."""
    with path.open("ab") as file:
        file.writelines(line + b"\n" for line in lines)
        file.flush()
        os.fsync(file.fileno())


def read_keys(folder: Path) -> list[int]:
    """Return the keys that were committed; a torn last line was not."""
    path = folder / "keys"
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    return [int(line) for line in lines]


def order_of(key: int, now: int) -> OrderSubmitted:
    """Return the order of a key: small, and mostly back and forth."""
    return OrderSubmitted(
        id=1, ts_event=now, ts_init=now, key=key, account="live", strategy="kill", symbol="EURUSD",
        ts_bar=now, ordinal=key, order_type="market", quantity=UNITS if key % 3 else -2 * UNITS,
        price=0, stop=0, target=0,
    )  # fmt: skip


class ServedClock(SimClock):
    """Tell the time of the served terminal."""

    def __init__(self, pace: ServedPace) -> None:
        super().__init__(pace.elapsed_ns())
        self._pace = pace

    def now_ns(self) -> int:
        return self._pace.elapsed_ns()


def main(folder: Path, orders: int) -> None:
    """Commit each key, hand its order to a connector's executor, and tell what comes of it."""
    terminal = connect_terminal(folder / "address.json")
    assert terminal.initialize(), terminal.last_error()
    pace, codec, log = ServedPace(terminal), PackedCodec(), AccountLog(folder / "edge")
    settings = msgspec.json.decode((folder / "settings.json").read_bytes(), type=MT5Settings)
    gateway = MT5Gateway(terminal, settings, pace)  # type: ignore[arg-type]
    clock, logger = ServedClock(pace), open_log(None, "edge", stream=None)
    executor = Executor(log, gateway, clock, logger, lambda: None)
    executor.recover()
    committed = read_keys(folder)
    for key in range(1, orders + 1):
        if key not in committed:
            append(folder / "keys", [b"%d" % key])
        if not log.knows(key):
            command = make_command(order_of(key, clock.now_ns()), 5, clock.now_ns())
            came = Received(key, "origin", key, codec.encode(command))
            executor.carry_out([came], lambda _: None)
        executor.poll()
    for _ in range(2):
        pace.wait(150 * SECOND)
        executor.poll()
    log.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
