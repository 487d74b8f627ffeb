"""What the edge knows of commands and of the account, on the disk before anybody is told.

One log holds each command as it came, that it was begun, its outcome, and what the terminal
reported; the same records, without their bodies, are the stream `account` that the bridge is sent.
So no outcome is told and forgotten, or kept and never told.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import Raw

from assay.apps.link.frames import ACCOUNT, Noted, Outcome, PackedCodec, Reported
from assay.apps.link.log import LogReader, SegmentLog
from assay.apps.link.streams import Sending
from assay.runtime.ids import fresh_token

KEPT_BYTES = 64 << 20
"""Of what is acknowledged: outcomes of some hundred thousand commands stay known."""
RECEIVED, BEGUN = "received", "begun"
REPEATED = "repeated"
_SCAN = 1_024


class _Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Hold a record of the stream and what only this disk keeps: a command, a gateway's state."""

    shown: Raw
    command: Raw = Raw(b"\xc0")
    origin: str = ""
    number: int = 0
    state: bytes = b""


class Received(NamedTuple):
    """Hold a command as it came: its number in the stream of that origin, and its bytes."""

    id: int
    origin: str
    number: int
    command: bytes


@dataclass
class _Known:
    received: Received | None = None
    is_begun: bool = False
    outcome: int = 0


@dataclass
class Memory:
    """Hold what the log says: unfinished commands by id, in the order in which they came."""

    commands: dict[int, _Known] = field(default_factory=dict)
    origin: str = ""
    last: int = 0
    state: bytes = b""


class AccountLog:
    """Write down commands and events, and know again after a crash where each command stood."""

    def __init__(self, folder: Path, *, kept_bytes: int = KEPT_BYTES) -> None:
        self._codec = PackedCodec()
        self._log = SegmentLog(folder, lambda known: known or fresh_token(8).encode())
        self._kept_bytes = kept_bytes
        self._memory = Memory()
        self._recall()

    @property
    def origin(self) -> str:
        """Return the name of this log, which a new one does not share."""
        return self._log.head.decode()

    @property
    def end(self) -> int:
        """Return the number of the newest record."""
        return self._log.end

    @property
    def state(self) -> bytes:
        """Return the newest state of the gateway, empty where there is none."""
        return self._memory.state

    def sending(self) -> Sending:
        """Return the outgoing stream of this log."""
        return Sending(ACCOUNT, self._log, shown=self._show, keep=self._kept_bytes)

    def last_of(self, origin: str) -> int:
        """Return how far the commands of an origin are stored, 0 for another origin."""
        return self._memory.last if origin == self._memory.origin else 0

    def receive(self, commands: list[Received], *, begins: bool) -> None:
        """Store commands that came, and with `begins` that the first is begun, in one flush."""
        entries = [
            _Entry(self._raw(Noted(each.id, RECEIVED)), Raw(each.command), each.origin, each.number)
            for each in commands
        ]
        if begins:
            entries.insert(1, _Entry(self._raw(Noted(commands[0].id, BEGUN))))
        self._append(entries)
        for each in commands:
            self._learn_received(each)
        if begins:
            self._memory.commands[commands[0].id].is_begun = True

    def begin(self, command: int) -> None:
        """Store that a command is handed to the gateway now."""
        self._append([_Entry(self._raw(Noted(command, BEGUN)))])
        self._memory.commands[command].is_begun = True

    def finish(self, outcome: Outcome, state: bytes) -> None:
        """Store what became of a command, and the gateway's state after it."""
        end = self._append([_Entry(self._raw(outcome), state=self._changed(state))])
        self._learn_outcome(outcome.command, end)
        self._memory.state = state

    def report(self, events: list[Raw], state: bytes) -> None:
        """Store what the terminal told, and the gateway's state after it."""
        self._append([_Entry(self._raw(Reported(events)), state=self._changed(state))])
        self._memory.state = state

    def repeat(self, command: int) -> bool:
        """Tell a stored outcome once more; return False where there is none."""
        known = self._memory.commands.get(command)
        if known is None or not known.outcome:
            return False
        [record] = LogReader(self._log.folder, known.outcome - 1).read(1)
        entry = self._codec.decode(record.payload, _Entry)
        outcome = self._codec.decode(bytes(entry.shown), Outcome)
        self._append([_Entry(self._raw(Outcome(command, REPEATED, outcome.events)))])
        return True

    def knows(self, command: int) -> bool:
        """Say whether a command was received before."""
        return command in self._memory.commands

    def unfinished(self) -> tuple[list[Received], list[Received]]:
        """Return the commands that were begun and have no outcome, and those never begun."""
        open_ones = [
            each for each in self._memory.commands.values() if each.received and not each.outcome
        ]
        begun = [each.received for each in open_ones if each.is_begun and each.received]
        waiting = [each.received for each in open_ones if not each.is_begun and each.received]
        return begun, waiting

    def close(self) -> None:
        """Write all down and close."""
        self._log.close()

    def _changed(self, state: bytes) -> bytes:
        """Return a state that is new, and nothing for the one that the log has."""
        return state if state != self._memory.state else b""

    def _raw(self, record: object) -> Raw:
        return Raw(self._codec.encode(record))

    def _append(self, entries: list[_Entry]) -> int:
        return self._log.append([self._codec.encode(each) for each in entries], sync=True)

    def _show(self, payload: bytes) -> bytes:
        return bytes(self._codec.decode(payload, _Entry).shown)

    def _recall(self) -> None:
        reader = LogReader(self._log.folder)
        while records := reader.read(_SCAN, 1 << 20):
            for record in records:
                self._learn(record.number, self._codec.decode(record.payload, _Entry))

    def _learn(self, number: int, entry: _Entry) -> None:
        record = self._codec.decode(bytes(entry.shown), Noted | Outcome | Reported)
        self._memory.state = entry.state or self._memory.state
        if isinstance(record, Reported):
            return
        if isinstance(record, Outcome):
            self._learn_outcome(record.command, number)
        elif record.what == RECEIVED:
            came = Received(record.command, entry.origin, entry.number, bytes(entry.command))
            self._learn_received(came)
        else:
            self._memory.commands.setdefault(record.command, _Known()).is_begun = True

    def _learn_received(self, came: Received) -> None:
        memory = self._memory
        known = memory.commands.setdefault(came.id, _Known())
        # A command that comes once more keeps its first place.
        known.received = known.received or came
        memory.origin, memory.last = came.origin, came.number

    def _learn_outcome(self, command: int, number: int) -> None:
        known = self._memory.commands.setdefault(command, _Known())
        known.outcome = known.outcome or number
        # The body has served; the number of its outcome is what a repetition needs.
        known.received = None
