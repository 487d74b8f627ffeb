"""A simulated terminal served in this process, for connectors in processes of their own."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from assay.model.instruments import instrument_for
from assay.runtime.clock import SystemClock
from assay.runtime.environment import child_environment
from assay.trading.brokers.mt5.account import lock_of
from assay.trading.brokers.mt5.servertime import ServerClock
from assay.trading.brokers.mt5.state import MT5Settings
from assay.trading.brokers.mt5.symbols import link_of
from assay.trading.terminal import SimulatedTerminal, load_profile
from assay.trading.terminal.profile import Slippage
from assay.trading.terminal.serving import TerminalHost

WEEK_MINUTES = 7 * 24 * 60
PROGRAM = "from assay.apps.cli.main import main; main()"


class ServedTerminal:
    """Hold a terminal whose market never closes, and the files by which others reach it."""

    def __init__(self, folder: Path) -> None:
        profile = load_profile("netting")
        symbols = tuple(
            msgspec.structs.replace(each, slippage=Slippage(), sessions=((0, WEEK_MINUTES),))
            for each in profile.symbols
        )
        profile = msgspec.structs.replace(profile, symbols=symbols)
        begin = SystemClock().now_ns()
        self.terminal = SimulatedTerminal(profile, seed=1, start=begin)
        self.host = TerminalHost(self.terminal, speed=1.0)
        self.address = folder / "terminal.json"
        self.host.write_address(self.address)
        self._caller = self.terminal.caller
        assert self.terminal.initialize()
        info = self.terminal.account_info()
        assert info is not None
        settings = MT5Settings(
            account="main", lock=lock_of(info),
            links=(link_of(instrument_for("EURUSD"), "EURUSD"),), begin=begin,
            clock=ServerClock(offset_s=7_200, family="new-york"),
            settle_ns=1_000_000_000,
        )  # fmt: skip
        self.account = folder / "account.json"
        self.account.write_bytes(msgspec.json.encode(settings))
        self._quotes = 0

    def quote(self, count: int) -> None:
        """Let so many quotes come, each another price."""
        for _ in range(count):
            self._quotes += 1
            bid = 110_000 + self._quotes % 50
            with self.host._lock:
                self.terminal.quote("EURUSD", bid, bid + 10)

    def times(self) -> list[int]:
        """Return the time (ms UTC) of every quote of the history."""
        ticks = self._ask("copy_ticks_from", "EURUSD", 0, 1_000_000, 1)
        return [time - 7_200_000 for time in ticks["time_msc"].tolist()]

    def _ask(self, name: str, *values: object) -> Any:
        with self.host._lock:
            self.terminal.caller = self._caller
            return getattr(self.terminal, name)(*values)

    def orders_by_magic(self) -> dict[int, int]:
        """Return how many entry deals each key has in the terminal's history."""
        deals = self._ask("history_deals_get", 0, 1 << 33)
        found: dict[int, int] = {}
        for deal in deals or ():
            if deal.magic:
                found[deal.magic] = found.get(deal.magic, 0) + 1
        return found


@contextmanager
def served_terminal(folder: Path) -> Iterator[ServedTerminal]:
    served = ServedTerminal(folder)
    thread = threading.Thread(target=served.host.run, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        served.host.stop()
        thread.join(10)


def start_connector(folder: Path, served: ServedTerminal, url: str) -> subprocess.Popen[str]:
    """Start `assay connector` in a process of its own."""
    arguments = [
        "connector", "--bridge", url, "--terminal", f"sim:{served.address}", "--edge", "desk",
        "--symbols", "EURUSD", "--trade", str(served.account), "--folder", str(folder / "edge"),
        "--token-file", str(folder / "token"),
    ]  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments],
        env=child_environment(), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def end(process: subprocess.Popen[Any], *, kill: bool) -> str:
    """End a connector, in order or by a kill; return what it said."""
    if kill:
        process.kill()
    else:
        process.terminate()
    _, said = process.communicate(timeout=20)
    return said or ""
