"""Read on what edges told of their accounts, as it came."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from assay.apps.bridge.inbox import CONFIRMED, Kept
from assay.apps.bridge.standing import read_standing
from assay.apps.bridge.tokens import write_private
from assay.apps.link.frames import Lost, Noted, Outcome, PackedCodec, Reported
from assay.apps.link.log import LogReader, Record
from assay.model.errors import DataError
from assay.model.messages import DealBooked, Message, decode_message

COUNT = 1_024
STANDING = "standing"
_OCTETS = 1 << 18


class AccountNews(NamedTuple):
    """Hold what an edge said of a command or of its own accord.

    `command` is 0 for what the terminal reported; `how` is received, begun, executed, reconciled,
    repeated, reported, lost or standing: how the account stood at that position.
    """

    position: int
    command: int
    how: str
    events: list[Message]


class AccountFeed:
    """Give what an edge told of its account in order from behind a position.

    Who begins at 0 where records were left out hears first how the account stood after them; who
    was away for so long that they are gone unheard gets a DataError.
    """

    def __init__(self, folder: Path, after: int = 0) -> None:
        self._folder, self._codec = folder, PackedCodec()
        self._ahead: list[Record] = []
        self._is_fresh = after == 0
        self._begin(after)

    def _begin(self, after: int) -> None:
        standing = read_standing(self._folder)
        self._standing = standing if after == 0 else None
        self._left_out = standing.position if standing is not None else 0
        self._deals = frozenset(standing.deals if standing is not None else ())
        begin = self._standing.position if self._standing is not None else after
        self._reader = LogReader(self._folder, begin)

    def read(self, count: int = COUNT) -> list[AccountNews]:
        """Return what is new, up to `count` records."""
        records, self._ahead = self._ahead, []
        if not records:
            after = self._reader.after
            records = self._reader.read(count, _OCTETS)
            if records and records[0].number > after + 1:
                self._begin_later(after, records[0].number)
                return self.read(count)
        self._is_fresh = self._is_fresh and not records and self._standing is None
        if self._standing is not None:
            standing, self._standing, self._ahead = self._standing, None, records
            return [AccountNews(standing.position, 0, STANDING, standing.messages())]
        return [self._news(each.number, self._codec.decode(each.payload, Kept)) for each in records]

    def _begin_later(self, after: int, first: int) -> None:
        """Begin with a newer standing, where the bridge let go of more before anything was read."""
        known = self._left_out
        if self._is_fresh:
            self._begin(0)
        if not self._is_fresh or self._left_out <= known:
            raise DataError(
                f"the bridge let go of records {after + 1} to {first - 1} of the account, which "
                "nobody heard for too long; remove live/anchor.json of the home, and the next "
                "start begins a run with how the account stands"
            )

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
        if position > self._left_out and self._deals:
            # Its money is in the balance of the standing already.
            events = [
                each for each in events
                if not (isinstance(each, DealBooked) and each.ticket in self._deals)
            ]  # fmt: skip
        if isinstance(record, Outcome):
            return AccountNews(position, record.command, record.how, events)
        return AccountNews(position, 0, "reported", events)
