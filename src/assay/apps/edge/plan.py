"""What a connector is asked to do, and how it is set up from that."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from assay.apps.edge.confirming import confirm_account, describe_contracts, keep_account
from assay.apps.edge.depth import BestSizes
from assay.apps.edge.dialing import Bridge
from assay.apps.edge.gateways import build_gateway
from assay.apps.edge.history import HistoryPoller
from assay.apps.edge.process import Connector, Surroundings
from assay.apps.edge.quotes import MarketLog, QuotePoller, QuoteWindows
from assay.apps.edge.setup import (
    UTC_CLOCK,
    choose_symbols,
    find_starts,
    parse_clock,
    read_trading,
)
from assay.apps.edge.terminals import PROVIDED, WakingTerminal, open_terminal
from assay.model.errors import RetryError, UsageError
from assay.runtime.clock import SystemClock
from assay.runtime.ids import Rng, fresh_seed
from assay.runtime.logs import open_log
from assay.trading.brokers.mt5.gateway import MT5Gateway
from assay.trading.brokers.mt5.state import MT5Settings


@dataclass(frozen=True, kw_only=True)
class ConnectorPlan:
    """Hold what the command line asks of a connector."""

    bridge: str
    edge: str
    terminal: str
    symbols: str
    server_clock: str | None
    folder: Path
    authority: Path | None = None
    trading: Path | None = None
    arm: Path | None = None
    acknowledged: tuple[str, ...] = ()
    seconds: float | None = None


def run_connector(plan: ConnectorPlan, token: str) -> None:
    """Serve a terminal until told to stop; raise UsageError, OperatorError or RetryError."""
    bridge = Bridge(plan.bridge, plan.edge, token, plan.authority)
    is_provided = plan.terminal.startswith(PROVIDED)
    if is_provided and plan.trading:
        raise UsageError(f"terminal {plan.terminal} has no account to trade; leave out --trade")
    settings = read_trading(plan.trading, plan.arm) if plan.trading else None
    told = plan.server_clock or (UTC_CLOCK if is_provided else None)
    server = (settings.clock if settings else None) or parse_clock(told)
    terminal = open_terminal(plan.terminal)
    quoted = choose_symbols(plan.symbols, terminal, settings)
    system, logger = SystemClock(), open_log(None, "edge")

    def polls(log: MarketLog) -> QuotePoller:
        windows = QuoteWindows(WakingTerminal(terminal, system), server)
        sizes = BestSizes(terminal, system)
        return QuotePoller(windows, find_starts(terminal, quoted), log, sizes)

    def pasts(folder: Path) -> HistoryPoller:
        return HistoryPoller(terminal, server, quoted, folder, system)

    gateway = build_gateway(terminal, settings)
    connector = Connector(
        plan.folder, bridge, gateway, polls, Surroundings(system, Rng(fresh_seed()), logger)
    )
    connector.tell_past(pasts)
    try:
        if isinstance(gateway, MT5Gateway):
            for what in plan.acknowledged:
                text = gateway.acknowledge(what, system.now_ns())
                connector.account.report([], gateway.snapshot())
                logger.warning("a change was acknowledged", what=what, text=text)
        with _stops(connector, plan.seconds):
            connector.run()
    finally:
        # One that hangs cannot be let go of, and is not waited for.
        with suppress(RetryError):
            terminal.shutdown()


def confirm_terminal(
    name: str, account: str, symbols: str, file: Path, server_clock: str | None
) -> dict[str, Any]:
    """Write down the account that a terminal shows, and return it in the words of the file.

    Beside it stand, as `instruments`, the contracts that nobody has described.
    """
    terminal = open_terminal(name)
    try:
        clock = parse_clock(server_clock) if server_clock else None
        now = SystemClock().now_ns()
        settings = confirm_account(terminal, account, symbols, begin=now, clock=clock)
        settings = msgspec.structs.replace(settings, begin=_begin(terminal, settings, now))
        contracts = describe_contracts(terminal, settings.links)
    finally:
        terminal.shutdown()
    keep_account(file, settings)
    found: dict[str, Any] = msgspec.to_builtins(settings)
    # Config.toml of the platform must say these: it sees no terminal.
    return {**found, "instruments": contracts} if contracts else found


def _begin(terminal: Any, settings: MT5Settings, now: int) -> int:
    """Return the time of the newest quote: a terminal's market may lie behind our clock."""
    names = [link.name for link in settings.links if terminal.symbol_select(link.name, True)]
    ticks = [terminal.symbol_info_tick(name) for name in names]
    shown = [tick.time_msc for tick in ticks if tick is not None and tick.time_msc]
    if settings.clock is None or not shown:
        return now
    return min(now, settings.clock.to_utc_ns(max(shown)))


@contextmanager
def _stops(connector: Connector, seconds: float | None) -> Iterator[None]:
    """Let Ctrl-C, SIGTERM and the end of the time stop the connector in order."""
    numbers = [
        getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name)
    ]
    before = [signal.signal(number, lambda *_: connector.stop()) for number in numbers]
    timer = threading.Timer(seconds, connector.stop) if seconds is not None else None
    if timer:
        timer.daemon = True
        timer.start()
    try:
        yield
    finally:
        if timer:
            timer.cancel()
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
