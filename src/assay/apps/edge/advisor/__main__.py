"""Run the twin in the place of the Expert Advisor: python -m assay.apps.edge.advisor --help."""

from __future__ import annotations

import argparse
import json
import ssl
from pathlib import Path
from typing import Any

import msgspec

from assay.apps.edge.advisor.file import AdvisorFile
from assay.apps.edge.advisor.line import Frame
from assay.apps.edge.advisor.twin import Advised, AdvisorTwin, Event, Key, Quote
from assay.apps.edge.commands import FATES
from assay.apps.edge.gateways import build_gateway
from assay.apps.edge.quotes import QuoteWindows
from assay.apps.edge.setup import choose_symbols, find_starts, parse_clock, read_trading
from assay.apps.edge.terminals import open_terminal
from assay.apps.link.proof import read_token
from assay.runtime.clock import Deadline, Stopwatch, SystemClock
from assay.runtime.ids import Rng, fresh_seed, fresh_token
from assay.trading.brokers.mt5.ports import Gateway, OrderCommand

STEP_S = 0.05


class GatewayTrader:
    """Carry out commands that come as JSON by a gateway, and tell its events as JSON."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway, self._clock = gateway, SystemClock()
        self._fates: dict[int, list[Event]] = {}

    def execute(self, command: Frame) -> list[Event]:
        """Carry a command out."""
        return self._note(self._gateway.execute(_read(command), self._clock.now_ns()))

    def reconcile(self, command: Frame) -> list[Event] | None:
        """Return what became of a command, None while nobody knows."""
        key = command["id"]
        if key not in self._fates:
            self._fates[key] = []
            events = self._gateway.reconcile(_read(command), self._clock.now_ns())
            self._fates[key] = _tell([each for each in events if isinstance(each, FATES)])
        return self._fates[key] or None

    def poll(self) -> list[Event]:
        """Return what happened since."""
        return self._note(self._gateway.poll(self._clock.now_ns()))

    def _note(self, events: list[Any]) -> list[Event]:
        """Keep the fates that somebody waits for."""
        for each in events:
            if isinstance(each, FATES) and self._fates.get(each.key) == []:
                self._fates[each.key] = _tell([each])
        return _tell(events)


def _read(command: Frame) -> OrderCommand:
    return msgspec.convert(command, OrderCommand)


def _tell(events: list[Any]) -> list[Event]:
    told: list[Event] = json.loads(msgspec.json.encode(events))
    return told


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="assay.apps.edge.advisor", description=__doc__)
    parser.add_argument("--bridge", required=True, metavar="HOST:PORT")
    parser.add_argument("--edge", required=True)
    parser.add_argument("--token-file", type=Path)
    parser.add_argument("--terminal", default="mt5")
    parser.add_argument("--symbols", required=True)
    parser.add_argument("--server-clock")
    parser.add_argument("--trade", type=Path, metavar="FILE")
    parser.add_argument("--file", type=Path, default=Path("advisor.txt"))
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--seconds", type=float, default=None)
    return parser.parse_args()


def main() -> None:
    """Dial in and serve a terminal until the time is up."""
    asked = _parse()
    host, _, port = asked.bridge.rpartition(":")
    terminal = open_terminal(asked.terminal)
    settings = read_trading(asked.trade) if asked.trade else None
    quoted = {each.symbol: each for each in choose_symbols(asked.symbols, terminal, settings)}
    server = (settings.clock if settings else None) or parse_clock(asked.server_clock)
    windows = QuoteWindows(terminal, server)
    starts = find_starts(terminal, list(quoted.values()))

    def quotes_after(symbol: str, key: Key | None) -> list[Quote]:
        named = quoted[symbol]
        found = windows.after(named, key or (starts[named], -1))
        return [(each.key, each.ts, each.digits, each.bid, each.ask) for each in found]

    watch = Stopwatch()
    advised = Advised(
        host, int(port), asked.edge, read_token(asked.token_file), list(quoted),
        lambda: fresh_token(16), Rng(fresh_seed()).random,
        ssl.create_default_context() if asked.tls else None,
    )  # fmt: skip
    trader = GatewayTrader(build_gateway(terminal, settings))
    file = AdvisorFile(asked.file, fresh_token(8))
    twin = AdvisorTwin(advised, file, trader, quotes_after, watch.elapsed)
    deadline = Deadline(asked.seconds if asked.seconds is not None else float("inf"))
    try:
        while not deadline.has_passed():
            twin.step(STEP_S)
            if not twin.is_linked:
                deadline.pause(STEP_S)
    finally:
        twin.close()
        terminal.shutdown()


if __name__ == "__main__":
    main()
