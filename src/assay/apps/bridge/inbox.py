"""What came from an edge, on the disk before it is acknowledged, and what waits to go there."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Raw

from assay.apps.bridge.desk import Fetcher
from assay.apps.link.frames import (
    ACCOUNT,
    COMMANDS,
    MARKET,
    Codec,
    Lost,
    Noted,
    Outcome,
    PackedCodec,
    Quote,
    Reported,
)
from assay.apps.link.log import LogReader, SegmentLog
from assay.apps.link.streams import Receiving, Sending
from assay.model.messages import encode_message
from assay.model.time import SECOND
from assay.runtime.clock import Clock
from assay.runtime.ids import fresh_token
from assay.trading.brokers.mt5.ports import BrokerEvent, OrderCommand

MARKET_BYTES = 1 << 30
CONFIRMED = "confirmed"
"""File in which a stream's reader says up to which position it needs nothing any more."""
SYNC_EVERY = SECOND
_SCAN = 4_096
Key = tuple[int, int]
KINDS = {MARKET: Quote, ACCOUNT: Noted | Outcome | Reported}


class _Standing(msgspec.Struct, frozen=True, array_like=True):
    """Hold where a stream stood when a segment began."""

    origin: str = ""
    last: int = 0
    keys: dict[str, Key] = {}


class Kept(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Hold a record as the bridge keeps it: the edge's number of it, and what it is."""

    number: int
    record: Raw


class StreamInbox:
    """Keep one stream of one edge in order, each record once.

    Everything is in one log: its own numbers are the positions that readers know, each record has
    the edge's number beside it, and each segment begins with where the stream stood. A quote whose
    key is not behind the last one of its symbol is known already and is left out.
    """

    def __init__(
        self, folder: Path, stream: str, clock: Clock, *, bytes_max: int | None = None
    ) -> None:
        self.stream, self._clock = stream, clock
        self._packed = PackedCodec()
        self._origin, self._keys = "", dict[str, Key]()
        self.receiving = Receiving()
        self._log = SegmentLog(folder, self._tell_standing, bytes_max=bytes_max)
        self._recall()
        self._synced = clock.now_ns()
        self.known = 0

    @property
    def keys(self) -> dict[str, Key]:
        """Return the key of the newest quote of each symbol."""
        return self._keys

    @property
    def folder(self) -> Path:
        """Return where the log lies."""
        return self._log.folder

    @property
    def end(self) -> int:
        """Return the position of the newest record."""
        return self._log.end

    def meet(self, origin: str) -> int:
        """Return how far the edge's log of that name is held; another log begins at 0."""
        if origin != self._origin:
            self._origin = origin
            self.receiving.last = self.receiving.asked = 0
            self._log.roll()
        return self.receiving.last

    def take(self, first: int, records: list[Raw], codec: Codec) -> None:
        """Store new records; what concerns the account is on the disk when this returns."""
        kind = KINDS[self.stream]
        kept = []
        for number, raw in enumerate(records, first):
            record = codec.decode(bytes(raw), kind)
            if isinstance(record, Quote):
                if not self._is_new(record):
                    continue
            elif not isinstance(record, Noted):
                events = [_pack_event(each, codec) for each in record.events]
                record = msgspec.structs.replace(record, events=events)
            kept.append(self._keep(number, record))
        self._append(kept)

    def miss(self, first: int, last: int) -> None:
        """Store that the edge had to drop records."""
        self._append([self._keep(last, Lost(self.stream, first, last))])

    def trim(self) -> None:
        """Let go of what its reader has confirmed, as far as whole segments reach."""
        with suppress(FileNotFoundError):
            confirmed = int((self.folder / CONFIRMED).read_text(encoding="ascii"))
            self._log.drop_through(min(confirmed, self.end))

    def close(self) -> None:
        """Write all down and close."""
        self._log.close()

    def _keep(self, number: int, record: object) -> bytes:
        return self._packed.encode(Kept(number, Raw(self._packed.encode(record))))

    def _append(self, kept: list[bytes]) -> None:
        now = self._clock.now_ns()
        is_due = self.stream != MARKET or now - self._synced >= SYNC_EVERY
        if kept:
            self._log.append(kept, sync=is_due)
        if is_due:
            self._synced = now

    def _is_new(self, quote: Quote) -> bool:
        before = self._keys.get(quote.symbol)
        if before is not None and quote.key <= before:
            self.known += 1
            return False
        self._keys[quote.symbol] = quote.key
        return True

    def _tell_standing(self, _: bytes | None) -> bytes:
        return self._packed.encode(_Standing(self._origin, self.receiving.last, self._keys))

    def _recall(self) -> None:
        standing: _Standing = self._packed.decode(self._log.head, _Standing)
        self._origin, self.receiving.last = standing.origin, standing.last
        self._keys.update(standing.keys)
        reader = LogReader(self._log.folder, self._log.last_first - 1)
        while records := reader.read(_SCAN, 1 << 20):
            for record in records:
                self._recall_one(self._packed.decode(record.payload, Kept))

    def _recall_one(self, kept: Kept) -> None:
        self.receiving.last = kept.number
        if self.stream != MARKET:
            return
        record = self._packed.decode(bytes(kept.record), Quote | Lost)
        if isinstance(record, Quote):
            self._keys[record.symbol] = record.key


def _pack_event(raw: Raw, codec: Codec) -> Raw:
    """Return an event as the platform writes it; raise DataError for what no broker says."""
    event: BrokerEvent = codec.decode(bytes(raw), BrokerEvent)
    return Raw(encode_message(event))


class EdgeBox:
    """Hold everything of one edge: both incoming streams, and the commands that go there."""

    def __init__(self, folder: Path, clock: Clock, *, market_bytes: int = MARKET_BYTES) -> None:
        self.market = StreamInbox(folder / MARKET, MARKET, clock, bytes_max=market_bytes)
        self.account = StreamInbox(folder / ACCOUNT, ACCOUNT, clock)
        self._codec, self._fetcher = PackedCodec(), Fetcher(folder)
        self._commands = SegmentLog(
            folder / COMMANDS, lambda known: known or fresh_token(8).encode()
        )

    @property
    def origin(self) -> str:
        """Return the name of the log of commands."""
        return self._commands.head.decode()

    def submit(self, command: OrderCommand) -> int:
        """Put a command on the disk, to go to the edge when it is there; return its number."""
        return self._commands.append([self._codec.encode(command)], sync=True)

    def fetch(self) -> bool:
        """Take over what other processes submitted; say whether there was anything."""
        found = self._fetcher.fetch()
        if found:
            self._commands.append(found, sync=True)
            self._fetcher.settle()
        return bool(found)

    def sending(self, codec: Codec) -> Sending:
        """Return the outgoing stream of commands, in the words of a connection."""
        return Sending(COMMANDS, self._commands, shown=self._translation(codec))

    def close(self) -> None:
        """Write all down and close."""
        for each in (self.market, self.account, self._commands):
            each.close()

    def _translation(self, codec: Codec) -> Callable[[bytes], bytes] | None:
        if isinstance(codec, PackedCodec):
            return None

        def translate(payload: bytes) -> bytes:
            # Whoever reads it there knows no defaults: every field is told.
            command = self._codec.decode(payload, OrderCommand)
            tag = str(command.__struct_config__.tag)
            return codec.encode({"type": tag, **msgspec.structs.asdict(command)})

        return translate
