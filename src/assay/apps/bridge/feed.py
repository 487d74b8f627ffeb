"""Read on what edges sent: quotes as ticks of the platform, events of the account as they came."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from assay.apps.bridge.inbox import CONFIRMED, Kept
from assay.apps.bridge.tokens import write_private
from assay.apps.link.frames import Lost, Noted, Outcome, PackedCodec, Quote, Reported
from assay.apps.link.log import LogReader
from assay.model.errors import DataError
from assay.model.messages import Message, Tick, decode_message

COUNT = 1_024
_OCTETS = 1 << 18


class Gone(NamedTuple):
    """Hold that so many records never came: the edge had to drop them, or the bridge did."""

    records: int


class Positioned(NamedTuple):
    """Hold what was read and its position, from which a reader goes on after a restart."""

    position: int
    item: Tick | Gone


class TickFeed:
    """Give an edge's quotes in order from behind a position, in any process of the home.

    Ids come from the injected source. Prices are at the digits that the terminal gave.
    """

    def __init__(self, folder: Path, next_id: Callable[[], int], after: int = 0) -> None:
        self._reader, self._next_id = LogReader(folder, after), next_id
        self._after = after
        self._codec = PackedCodec()

    def read(self, count: int = COUNT) -> list[Positioned]:
        """Return what is new, up to `count` records; none where nothing is."""
        found: list[Positioned] = []
        for record in self._reader.read(count, _OCTETS):
            if record.number > self._after + 1:
                found.append(Positioned(record.number - 1, Gone(record.number - 1 - self._after)))
            self._after = record.number
            found.append(Positioned(record.number, self._item(record.payload)))
        return found

    def _item(self, payload: bytes) -> Tick | Gone:
        kept = self._codec.decode(payload, Kept)
        record = self._codec.decode(bytes(kept.record), Quote | Lost)
        if isinstance(record, Lost):
            return Gone(record.last - record.first + 1)
        return Tick(
            id=self._next_id(), ts_event=record.ts, ts_init=record.ts, symbol=record.symbol,
            bid=record.bid, ask=record.ask,
        )  # fmt: skip


class AccountNews(NamedTuple):
    """Hold what an edge said of a command or of its own accord.

    `command` is 0 for what the terminal reported; `how` is received, begun, executed, reconciled,
    repeated, reported or lost.
    """

    position: int
    command: int
    how: str
    events: list[Message]


class AccountFeed:
    """Give what an edge told of its account in order from behind a position."""

    def __init__(self, folder: Path, after: int = 0) -> None:
        self._reader, self._codec = LogReader(folder, after), PackedCodec()
        self._folder = folder

    def read(self, count: int = COUNT) -> list[AccountNews]:
        """Return what is new, up to `count` records."""
        return [
            self._news(record.number, self._codec.decode(record.payload, Kept))
            for record in self._reader.read(count, _OCTETS)
        ]

    def confirm(self, position: int) -> None:
        """Say that everything through a position is dealt with, so that the bridge may drop it."""
        write_private(self._folder / CONFIRMED, str(position).encode())

    def _news(self, position: int, kept: Kept) -> AccountNews:
        payload = bytes(kept.record)
        try:
            record = self._codec.decode(payload, Noted | Outcome | Reported)
        except DataError:
            self._codec.decode(payload, Lost)
            return AccountNews(position, 0, "lost", [])
        if isinstance(record, Noted):
            return AccountNews(position, record.command, record.what, [])
        events = [decode_message(bytes(each)) for each in record.events]
        if isinstance(record, Outcome):
            return AccountNews(position, record.command, record.how, events)
        return AccountNews(position, 0, "reported", events)
