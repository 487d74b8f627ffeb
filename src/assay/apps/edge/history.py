"""Send the terminal's bars of one minute: those of the past once, then each as it is finished."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from assay.apps.edge.quotes import Quoted, ServerTime
from assay.apps.link.frames import HISTORY, PackedCodec, Past
from assay.apps.link.log import LogReader, SegmentLog
from assay.apps.link.streams import Sending
from assay.model.time import MINUTE, SECOND
from assay.runtime.clock import Clock
from assay.runtime.ids import fresh_token

BARS = 20_000
"""Bars of the past: three weeks, in which every feature settles."""
BARS_PER_RECORD = 60
EVERY = 10 * SECOND
HISTORY_BYTES = 64 << 20
TIMEFRAME_M1, LENGTH = 1, 60
_SCAN = 1_024
_MSC = 1_000


class BarTerminal(Protocol):
    """Give bars as the official package does."""

    def copy_rates_from_pos(
        self, symbol: str, timeframe: int, start_pos: int, count: int, /
    ) -> Any: ...


class HistoryPoller:
    """Write down what is new of the terminal's bars; the one in the making is not.

    A terminal may have its older bars later than its newer ones: while more come, all are asked
    for. What was written down once is not written again.
    """

    def __init__(
        self,
        terminal: BarTerminal,
        server: ServerTime,
        quoted: Sequence[Quoted],
        folder: Path,
        clock: Clock,
    ) -> None:
        self._terminal, self._server, self._clock = terminal, server, clock
        self._quoted, self._codec = quoted, PackedCodec()
        self._log = SegmentLog(
            folder, lambda known: known or fresh_token(8).encode(), bytes_max=HISTORY_BYTES
        )
        self._known: dict[str, tuple[int, int]] = {}
        self._asked_again = dict.fromkeys((each.symbol for each in quoted), True)
        self._due = 0
        self._recall()

    @property
    def origin(self) -> str:
        """Return the name of this log, which a new one does not share."""
        return self._log.head.decode()

    @property
    def end(self) -> int:
        """Return the number of the newest record."""
        return self._log.end

    def sending(self) -> Sending:
        """Return the outgoing stream of this log."""
        return Sending(HISTORY, self._log, keep=HISTORY_BYTES)

    def close(self) -> None:
        """Write all down and close."""
        self._log.close()

    def poll(self) -> int:
        """Write down what is new of every symbol, at times; return how many bars that were."""
        now = self._clock.now_ns()
        if now < self._due:
            return 0
        self._due = now + EVERY
        return sum(self._poll_one(each, now) for each in self._quoted)

    def _poll_one(self, quoted: Quoted, now: int) -> int:
        oldest, newest = self._known.get(quoted.symbol, (now, 0))
        count = BARS
        if not self._asked_again[quoted.symbol]:
            count = min(BARS, max(now - newest, 0) // MINUTE + 3)
        rates = self._terminal.copy_rates_from_pos(quoted.broker_name, TIMEFRAME_M1, 1, count)
        if rates is None or not len(rates):
            return 0
        rows = self._rows(quoted, np.asarray(rates))
        fresh = [row for row in rows if row[0] < oldest or row[0] > newest]
        self._asked_again[quoted.symbol] = any(row[0] < oldest for row in fresh)
        self._keep(quoted, fresh)
        return len(fresh)

    def _rows(self, quoted: Quoted, rates: Any) -> list[tuple[int, ...]]:
        scale = 10.0**quoted.digits
        prices = [
            np.rint(rates[name] * scale).astype(np.int64).tolist()
            for name in ("open", "high", "low", "close")
        ]
        # A bar that closes in the hour that a clock repeats has the time of the bar before.
        closes = [
            self._server.to_utc_ns((int(time) + LENGTH) * _MSC) for time in rates["time"].tolist()
        ]
        return list(zip(closes, *prices, rates["spread"].tolist(), strict=True))

    def _keep(self, quoted: Quoted, rows: list[tuple[int, ...]]) -> None:
        parts = [rows[k : k + BARS_PER_RECORD] for k in range(0, len(rows), BARS_PER_RECORD)]
        records = [Past(quoted.symbol, quoted.digits, LENGTH, tuple(part)) for part in parts]  # type: ignore[arg-type]
        if records:
            self._log.append([self._codec.encode(each) for each in records], sync=True)
        for record in records:
            self._note(record)

    def _note(self, record: Past) -> None:
        oldest, newest = self._known.get(record.symbol, (record.bars[0][0], 0))
        closes = [bar[0] for bar in record.bars]
        self._known[record.symbol] = min(oldest, *closes), max(newest, *closes)

    def _recall(self) -> None:
        reader = LogReader(self._log.folder)
        while records := reader.read(_SCAN, 1 << 20):
            for record in records:
                self._note(self._codec.decode(record.payload, Past))
