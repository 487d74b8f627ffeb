"""A provider's quotes as a terminal gives them, so that a connector sends them like a broker's."""

from __future__ import annotations

import threading
import urllib.request
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from assay.apps.edge.providerfile import Provider, ProviderQuote, read_provider
from assay.runtime.clock import Clock, SystemClock
from assay.runtime.logs import Logger, open_log
from assay.trading.brokers.mt5 import api

KEPT = 65_536
"""Quotes kept of a symbol: a connector takes them twenty times a second."""
MESSAGE_BYTES = 1 << 20
ANSWER_S, PAUSE_S = 5.0, 1.0


class Shown(NamedTuple):
    """Hold what a connector asks of a symbol: the digits of its price."""

    digits: int


class Newest(NamedTuple):
    """Hold when a symbol's newest quote was."""

    time_msc: int


class ProviderTerminal:
    """Give the quotes of a provider by the functions by which a terminal is asked for them.

    There is no account, no history and no bar. Times are UTC; a quote that comes later than one
    behind it is left out, and so is one that says again what the one before it said.
    """

    def __init__(self, provider: Provider, clock: Clock, logger: Logger) -> None:
        self._provider, self._clock, self._logger = provider, clock, logger
        self._rows: dict[str, list[tuple[int, float, float]]] = {
            name: [] for name in provider.symbols
        }
        self._guard, self._stopped = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._listen, name="provider", daemon=True)

    def initialize(self) -> bool:
        """Begin to listen."""
        self._thread.start()
        return True

    def shutdown(self) -> None:
        """Listen no more."""
        self._stopped.set()
        self._thread.join(ANSWER_S)

    def terminal_info(self) -> Shown:
        """Say that there is somebody to ask: lines that break are mended here."""
        return Shown(0)

    def account_info(self) -> None:
        """Return that there is no account."""

    def symbol_select(self, name: str, _enable: bool = True, /) -> bool:
        """Say whether the provider has a symbol."""
        return name in self._rows

    def symbol_info(self, name: str, /) -> Shown | None:
        """Return what is known of a symbol."""
        digits = self._provider.symbols.get(name)
        return None if digits is None else Shown(digits)

    def symbol_info_tick(self, name: str, /) -> Newest | None:
        """Return the newest quote's time; None where none came."""
        with self._guard:
            rows = self._rows.get(name)
            return Newest(rows[-1][0]) if rows else None

    def copy_ticks_from(self, symbol: str, date_from: int, count: int, _flags: int, /) -> Any:
        """Return the quotes since a second, oldest first."""
        with self._guard:
            rows = [row for row in self._rows[symbol] if row[0] >= date_from * 1_000][:count]
        ticks = np.zeros(len(rows), dtype=api.TICKS_COLUMNS)
        if rows:
            ticks["time_msc"], ticks["bid"], ticks["ask"] = zip(*rows, strict=True)
            ticks["time"] = ticks["time_msc"] // 1_000
        return ticks

    def market_book_add(self, _name: str, /) -> bool:
        """Say that there is no book."""
        return False

    def copy_rates_from_pos(self, *_: object) -> None:
        """Return that there are no bars."""

    def take(self, message: bytes | str) -> int:
        """Keep the quotes of a message; return how many are new."""
        found = 0
        now = self._clock.now_ns() // 1_000_000
        with self._guard:
            for quote in self._provider.quotes(message):
                found += self._keep(quote, now)
        return found

    def _keep(self, quote: ProviderQuote, now: int) -> bool:
        rows = self._rows[quote.name]
        row = (now if quote.time_msc is None else quote.time_msc, quote.bid, quote.ask)
        before = rows[-1] if rows else None
        is_known = before is not None and (
            row == before
            or row[0] < before[0]
            or (quote.time_msc is None and row[1:] == before[1:])
        )
        if is_known:
            return False
        rows.append(row)
        if len(rows) >= 2 * KEPT:
            del rows[:KEPT]
        return True

    def _listen(self) -> None:
        while not self._stopped.is_set():
            try:
                for message in self._messages():
                    self.take(message)
                    if self._stopped.is_set():
                        return
            except (OSError, WebSocketException, HTTPException) as error:
                # Its text may hold the address, and that the key.
                self._logger.warning(
                    "the provider does not answer",
                    provider=self._provider.place, error=type(error).__name__,
                )  # fmt: skip
            self._stopped.wait(PAUSE_S)

    def _messages(self) -> Iterator[bytes | str]:
        return self._streamed() if self._provider.is_stream else self._asked()

    def _streamed(self) -> Iterator[bytes | str]:
        provider = self._provider
        with connect(
            provider.url, additional_headers=provider.headers, open_timeout=ANSWER_S,
            ping_interval=ANSWER_S, ping_timeout=ANSWER_S, max_size=MESSAGE_BYTES, proxy=None,
        ) as line:  # fmt: skip
            for text in provider.hello:
                line.send(text)
            while not self._stopped.is_set():
                try:
                    yield line.recv(timeout=PAUSE_S)
                except TimeoutError:
                    continue  # a quiet market; a dead line does not answer the pings

    def _asked(self) -> Iterator[bytes]:
        provider = self._provider
        # The scheme is http or https: whoever reads the description refuses others.
        request = urllib.request.Request(provider.url, headers=provider.headers)  # noqa: S310
        while not self._stopped.is_set():
            with urllib.request.urlopen(request, timeout=ANSWER_S) as answer:  # noqa: S310
                yield answer.read(MESSAGE_BYTES)
            self._stopped.wait(provider.every_s)


def open_provider(file: Path) -> ProviderTerminal:
    """Return the quotes of a provider that a file describes, listening."""
    terminal = ProviderTerminal(read_provider(file), SystemClock(), open_log(None, "edge"))
    terminal.initialize()
    return terminal
