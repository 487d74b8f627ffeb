"""Which gateway stands between commands and the terminal."""

from __future__ import annotations

from typing import Any

from assay.model.messages import OrderRejected
from assay.model.time import SECOND
from assay.runtime.clock import Deadline, Stopwatch
from assay.trading.brokers.mt5.gateway import MT5Gateway
from assay.trading.brokers.mt5.ports import BrokerEvent, Gateway, OrderCommand
from assay.trading.brokers.mt5.state import MT5Settings

QUOTES_ONLY = "quotes_only"


class QuotesOnlyGateway:
    """Refuse every command: this edge serves quotes and trades nothing."""

    def execute(self, command: OrderCommand, now: int) -> list[BrokerEvent]:
        """Refuse a command."""
        return [
            OrderRejected(
                id=0, ts_event=now, ts_init=now, key=command.id, account=command.account,
                symbol=command.symbol, reason=QUOTES_ONLY,
            )
        ]  # fmt: skip

    def reconcile(self, command: OrderCommand, now: int) -> list[BrokerEvent]:
        """Say that it was refused, since nothing is ever sent."""
        return self.execute(command, now)

    def poll(self, now: int) -> list[BrokerEvent]:  # noqa: ARG002 - the port has it
        """Report nothing."""
        return []

    def snapshot(self) -> bytes:
        """Return nothing to remember."""
        return b""

    def restore(self, state: bytes) -> None:
        """Remember nothing."""


class SteadyPace:
    """Measure on the machine's steady counter, and wait."""

    def __init__(self) -> None:
        self._watch = Stopwatch()

    def elapsed_ns(self) -> int:
        """Return a count of nanoseconds that only grows."""
        return self._watch.elapsed_ns()

    def wait(self, ns: int) -> None:
        """Return after that many nanoseconds."""
        Deadline(ns / SECOND).pause(ns / SECOND)


def build_gateway(terminal: Any, settings: MT5Settings | None) -> Gateway:
    """Return what carries commands out, or refuses them where no account is confirmed."""
    if settings is None:
        return QuotesOnlyGateway()
    return MT5Gateway(terminal, settings, SteadyPace())
