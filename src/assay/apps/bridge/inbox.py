"""What came from an edge, on the disk before it is acknowledged, and what waits to go there."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Raw

from assay.apps.bridge.desk import Fetcher
from assay.apps.bridge.pace import Pace
from assay.apps.bridge.standing import StandingFold, read_standing, write_standing
from assay.apps.bridge.tokens import write_private
from assay.apps.link.frames import (
    ACCOUNT,
    COMMANDS,
    HISTORY,
    MARKET,
    Codec,
    Linked,
    Lost,
    Noted,
    Outcome,
    PackedCodec,
    Past,
    Quote,
    Reported,
)
from assay.apps.link.log import LogReader, SegmentLog, list_segments
from assay.apps.link.streams import Receiving, Sending
from assay.model.errors import DataError
from assay.model.messages import Message, decode_message, encode_message
from assay.model.time import SECOND
from assay.runtime.clock import Clock
from assay.runtime.ids import fresh_token
from assay.trading.brokers.mt5.ports import BrokerEvent, OrderCommand

MARKET_BYTES, HISTORY_BYTES = 1 << 30, 256 << 20
CONFIRMED = "confirmed"
"""File in which a stream's reader says up to which position it needs nothing any more."""
LINKED = "linked"
"""File that says whether the link to the edge stands."""
UNREAD_BYTES = 64 << 20
SYNC_EVERY = SECOND
PIECE_RECORDS, PIECE_OCTETS = 256, 1 << 16
"""What is read at once where records are let go of: some milliseconds."""
_SCAN = 4_096
UNHEARD_BYTES = 1 << 30
"""What is kept behind that position, of a reader that may never come back."""
Key = tuple[int, int]
NO_KEY: Key = (-1, -1)
KINDS = {MARKET: Quote, ACCOUNT: Noted | Outcome | Reported, HISTORY: Past}


def is_linked(folder: Path) -> bool:
    """Say whether the link to the edge of a folder stands, as far as the bridge noted."""
    with suppress(FileNotFoundError):
        return (folder / MARKET / LINKED).read_bytes() != b"0"
    return True


class _Standing(msgspec.Struct, frozen=True, array_like=True):
    """Hold where a stream stood when a segment began."""

    origin: str = ""
    last: int = 0
    keys: dict[str, Key] = {}
    at: int = 0
    linked: bool = True


class Kept(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Hold a record as the bridge keeps it: the edge's number of it, and what it is.

    `at` is when it came, by the bridge's clock (ns); 0 where that is not kept.
    """

    number: int
    record: Raw
    at: int = 0


class Arrivals:
    """Give each record of all edges' quotes a time of its own, in the order in which they come."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._last = clock, 0

    def next(self) -> int:
        """Return the time (ns), behind every one that was given before."""
        self._last = max(self._clock.now_ns(), self._last + 1)
        return self._last

    def follow(self, at: int) -> None:
        """Go on behind a time that was given in an earlier life."""
        self._last = max(self._last, at)


class StreamInbox:
    """Keep one stream of one edge in order, each record once.

    Everything is in one log: its own numbers are the positions that readers know, each record has
    the edge's number beside it, and each segment begins with where the stream stood. A quote whose
    key is not behind the last one of its symbol is known already and is left out.
    """

    def __init__(
        self, folder: Path, stream: str, clock: Clock, *, arrivals: Arrivals | None = None,
        bytes_max: int | None = None,
    ) -> None:  # fmt: skip
        self.stream, self._clock = stream, clock
        self._arrivals = arrivals or Arrivals(clock)
        self._packed = PackedCodec()
        self._origin, self._keys = "", dict[str, Key]()
        self._at, self._linked = 0, True
        self.receiving = Receiving()
        self._log = SegmentLog(folder, self._tell_standing, bytes_max=bytes_max)
        self._recall()
        self._synced = clock.now_ns()
        self.known = self.lost = 0
        self.pace = Pace()

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
        kind, fresh = KINDS[self.stream], dict[str, Key]()
        kept = []
        for number, raw in enumerate(records, first):
            record = codec.decode(bytes(raw), kind)
            if isinstance(record, Quote):
                newest = fresh.get(record.symbol) or self._keys.get(record.symbol, NO_KEY)
                if record.key <= newest:
                    self.known += 1
                    continue
                fresh[record.symbol] = record.key
            elif isinstance(record, Outcome | Reported):
                events = [_pack_event(each, codec) for each in record.events]
                record = msgspec.structs.replace(record, events=events)
            kept.append(self._keep(number, record))
            if isinstance(record, Quote):
                self.pace.take(record.ts, self._at)
        self._append(kept)
        # What the disk did not take comes again, and is new then.
        self._keys.update(fresh)

    def miss(self, first: int, last: int) -> None:
        """Store that the edge had to drop records."""
        self.lost += last - first + 1
        self._append([self._keep(last, Lost(self.stream, first, last))])

    def note_link(self, *, linked: bool) -> None:
        """Store that the link to the edge stands from here on, or that it ended."""
        write_private(self.folder / LINKED, b"1" if linked else b"0")
        if linked != self._linked:
            self._linked = linked
            self._append([self._keep(self.receiving.last, Linked(linked))])

    def trim(self) -> None:
        """Let go of what its reader has confirmed, all at once."""
        for _ in self.trim_in_pieces():
            pass

    def trim_in_pieces(self) -> Iterator[None]:
        """Let go of what its reader has confirmed, as far as whole segments reach.

        How the account stood after it is written down before. Where nobody ever read, the newest
        records stay; where a reader never came back, more of them. Between two pieces, of so many
        records or a segment, whoever trims may do something else and records may be taken.
        """
        try:
            confirmed = int((self.folder / CONFIRMED).read_text(encoding="ascii"))
            through = self._log.last_whole(min(confirmed, self.end))
            through = max(through, self._log.last_whole(self.end, keep=UNHEARD_BYTES))
        except FileNotFoundError:
            through = self._log.last_whole(self.end, keep=UNREAD_BYTES)
        except ValueError:
            return  # torn by a power cut; its reader writes it anew
        if not through or not (yield from self._write_standing(through)):
            return
        for segment in list_segments(self.folder)[1:]:
            if segment.first <= through + 1:
                self._log.drop_through(segment.first - 1)
                yield

    def _write_standing(self, through: int) -> Generator[None, None, bool]:
        before = read_standing(self.folder)
        if before is not None and before.position >= through:
            return True
        fold, codec = StandingFold(before), PackedCodec()
        reader = LogReader(self.folder, before.position if before is not None else 0)
        while reader.after < through:
            records = reader.read(min(PIECE_RECORDS, through - reader.after), PIECE_OCTETS)
            if not records:
                raise DataError(f"{self.folder} ends before {through}; restore it from a backup")
            for record in records:
                fold.take(_events_of(codec, codec.decode(record.payload, Kept)))
            yield
        standing = fold.stand(through)
        if standing is not None:
            write_standing(self.folder, standing)
        return standing is not None

    def close(self) -> None:
        """Write all down and close."""
        self._log.close()

    def _keep(self, number: int, record: object) -> bytes:
        self._at = self._arrivals.next() if self.stream == MARKET else 0
        return self._packed.encode(Kept(number, Raw(self._packed.encode(record)), self._at))

    def _append(self, kept: list[bytes]) -> None:
        now = self._clock.now_ns()
        is_due = self.stream != MARKET or now - self._synced >= SYNC_EVERY
        if kept:
            self._log.append(kept, sync=is_due)
        if is_due:
            self._synced = now

    def _tell_standing(self, _: bytes | None) -> bytes:
        standing = _Standing(
            self._origin, self.receiving.last, self._keys, self._at, self._linked
        )  # fmt: skip
        return self._packed.encode(standing)

    def _recall(self) -> None:
        standing: _Standing = self._packed.decode(self._log.head, _Standing)
        self._origin, self.receiving.last = standing.origin, standing.last
        self._keys.update(standing.keys)
        self._at, self._linked = standing.at, standing.linked
        reader = LogReader(self._log.folder, self._log.last_first - 1)
        while records := reader.read(_SCAN, 1 << 20):
            for record in records:
                self._recall_one(self._packed.decode(record.payload, Kept))
        self._arrivals.follow(self._at)

    def _recall_one(self, kept: Kept) -> None:
        self.receiving.last = kept.number
        if self.stream != MARKET:
            return
        self._at = kept.at
        record = self._packed.decode(bytes(kept.record), Quote | Lost | Linked)
        if isinstance(record, Quote):
            self._keys[record.symbol] = record.key
        elif isinstance(record, Linked):
            self._linked = record.linked


def _events_of(codec: PackedCodec, kept: Kept) -> list[Message]:
    try:
        record = codec.decode(bytes(kept.record), KINDS[ACCOUNT])
    except DataError:
        codec.decode(bytes(kept.record), Lost)
        return []
    if isinstance(record, Noted):
        return []
    return [decode_message(bytes(each)) for each in record.events]


def _pack_event(raw: Raw, codec: Codec) -> Raw:
    """Return an event as the platform writes it; raise DataError for what no broker says."""
    event: BrokerEvent = codec.decode(bytes(raw), BrokerEvent)
    return Raw(encode_message(event))


class EdgeBox:
    """Hold everything of one edge: the streams from there, and the commands that go there."""

    def __init__(
        self, folder: Path, clock: Clock, arrivals: Arrivals | None = None, *,
        market_bytes: int = MARKET_BYTES,
    ) -> None:  # fmt: skip
        self.market = StreamInbox(
            folder / MARKET, MARKET, clock, arrivals=arrivals, bytes_max=market_bytes
        )
        self.account = StreamInbox(folder / ACCOUNT, ACCOUNT, clock)
        self.history = StreamInbox(folder / HISTORY, HISTORY, clock, bytes_max=HISTORY_BYTES)
        self.incoming = {each.stream: each for each in (self.account, self.market, self.history)}
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
        for each in (*self.incoming.values(), self._commands):
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
