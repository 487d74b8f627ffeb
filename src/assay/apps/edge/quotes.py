"""Read the terminal's quotes by windows that overlap, each quote once by its key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import msgspec
import numpy as np

from assay.apps.link.frames import MARKET, PackedCodec, Quote
from assay.apps.link.log import SEGMENT_BYTES, LogReader, SegmentLog
from assay.apps.link.streams import Sending
from assay.model.errors import RetryError
from assay.model.time import SECOND
from assay.runtime.clock import Clock
from assay.runtime.ids import fresh_token

COPY_INFO = 1
"""MetaTrader's COPY_TICKS_INFO: changes of bid and ask."""
COUNT, COUNT_MAX = 1_000, 256_000
MARKET_BYTES = 256 << 20
SYNC_EVERY = SECOND
_MSC = 1_000
_SCAN = 4_096
Key = tuple[int, int]


class Quoted(NamedTuple):
    """Hold a symbol as we call it, as the broker does, and the digits of its price."""

    symbol: str
    broker_name: str
    digits: int


class TickTerminal(Protocol):
    """Give quotes as the official package does."""

    def copy_ticks_from(self, symbol: str, date_from: int, count: int, flags: int, /) -> Any: ...


class ServerTime(Protocol):
    """Turn the broker's clock into UTC."""

    def to_utc_ns(self, time_msc: int) -> int: ...


class _Head(msgspec.Struct, frozen=True, array_like=True):
    origin: str
    keys: dict[str, Key]


class MarketLog:
    """Keep quotes on the disk until the bridge has them, and know up to which key they are there.

    A power cut may cost the newest second, which the terminal's history gives again; over
    `bytes_max` the oldest quotes go, and the bridge is told which.
    """

    def __init__(self, folder: Path, clock: Clock, *, bytes_max: int = MARKET_BYTES) -> None:
        self._codec, self._clock = PackedCodec(), clock
        self.keys: dict[str, Key] = {}
        segment = min(SEGMENT_BYTES, bytes_max // 8)
        self._log = SegmentLog(folder, self._make_head, segment_bytes=segment, bytes_max=bytes_max)
        self._recall()
        self._synced = clock.now_ns()

    @property
    def origin(self) -> str:
        """Return the name of this log, which a new one does not share."""
        head: _Head = self._codec.decode(self._log.head, _Head)
        return head.origin

    @property
    def end(self) -> int:
        """Return the number of the newest record."""
        return self._log.end

    @property
    def octets(self) -> int:
        """Return how much of the disk it takes."""
        return self._log.octets

    def sending(self) -> Sending:
        """Return the outgoing stream of this log."""
        return Sending(MARKET, self._log)

    def append(self, quotes: Sequence[Quote]) -> None:
        """Write quotes down, in the order of their keys for each symbol."""
        now = self._clock.now_ns()
        is_due = now - self._synced >= SYNC_EVERY
        self._log.append([self._codec.encode(each) for each in quotes], sync=is_due)
        self.keys.update({quote.symbol: quote.key for quote in quotes})
        if is_due:
            self._synced = now

    def close(self) -> None:
        """Write all down and close."""
        self._log.close()

    def _make_head(self, known: bytes | None) -> bytes:
        origin = self._codec.decode(known, _Head).origin if known else fresh_token(8)
        return self._codec.encode(_Head(origin, self.keys))

    def _recall(self) -> None:
        head: _Head = self._codec.decode(self._log.head, _Head)
        self.keys.update(head.keys)
        reader = LogReader(self._log.folder, self._log.last_first - 1)
        while records := reader.read(_SCAN, 1 << 20):
            for record in records:
                quote = self._codec.decode(record.payload, Quote)
                self.keys[quote.symbol] = quote.key


class QuoteWindows:
    """Ask a terminal for a symbol's quotes behind a key, by windows that overlap.

    A window begins at the second of the key, so that every quote of its millisecond is seen again
    and counted alike.
    """

    def __init__(self, terminal: TickTerminal, server: ServerTime) -> None:
        self._terminal, self._server = terminal, server
        self._counts: dict[str, int] = {}

    def after(self, quoted: Quoted, key: Key) -> list[Quote]:
        """Return the next quotes behind a key, not all of them where there are many."""
        while True:
            count = self._counts.get(quoted.symbol, COUNT)
            found = self._terminal.copy_ticks_from(
                quoted.broker_name, key[0] // _MSC, count, COPY_INFO
            )
            if found is None or not len(found):
                return []
            quotes = self._new_quotes(quoted, np.asarray(found), key)
            if quotes or len(found) < count:
                return quotes
            # One second holds more than we asked for.
            if count == COUNT_MAX:
                raise RetryError(f"{quoted.broker_name} has over {count} quotes in one second")
            self._counts[quoted.symbol] = min(2 * count, COUNT_MAX)

    def _new_quotes(self, quoted: Quoted, found: np.ndarray[Any, Any], key: Key) -> list[Quote]:
        times = found["time_msc"]
        # Counted within its millisecond: place less the place of the first of the same time.
        ordinals = np.arange(len(times)) - np.searchsorted(times, times, side="left")
        is_new = (times > key[0]) | ((times == key[0]) & (ordinals > key[1]))
        scale = 10.0**quoted.digits
        bids = np.rint(found["bid"][is_new] * scale).astype(np.int64).tolist()
        asks = np.rint(found["ask"][is_new] * scale).astype(np.int64).tolist()
        rows = zip(times[is_new].tolist(), ordinals[is_new].tolist(), bids, asks, strict=True)
        return [
            Quote(
                quoted.symbol, time, ordinal, self._server.to_utc_ns(time), quoted.digits, bid, ask
            )
            for time, ordinal, bid, ask in rows
            if bid > 0 and ask > 0
        ]


class Sizes(Protocol):
    """Give a quote the sizes at its prices."""

    def sized(self, quoted: Quoted, quote: Quote) -> Quote: ...


class QuotePoller:
    """Write down what is new of several symbols; nothing known, each begins where it is told.

    The newest quote of a symbol gets its sizes, where somebody knows them.
    """

    def __init__(
        self, windows: QuoteWindows, starts: Mapping[Quoted, int], log: MarketLog,
        sizes: Sizes | None = None,
    ) -> None:  # fmt: skip
        self._windows, self._starts, self._log, self._sizes = windows, starts, log, sizes

    def poll(self) -> int:
        """Write down what is new of every symbol and return how many quotes that were."""
        return sum(self._poll_one(each) for each in self._starts)

    def _poll_one(self, quoted: Quoted) -> int:
        total = 0
        while True:
            key = self._log.keys.get(quoted.symbol, (self._starts[quoted], -1))
            quotes = self._windows.after(quoted, key)
            if not quotes:
                return total
            if self._sizes is not None:
                quotes[-1] = self._sizes.sized(quoted, quotes[-1])
            self._log.append(quotes)
            total += len(quotes)
