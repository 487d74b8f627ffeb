"""The process `conditions`: watch what a run trades, beside the hot path, and tell the trader."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence

import msgspec

from assay.apps.child import Child, run_beside
from assay.apps.conditions.following import Follower
from assay.apps.conditions.state import write_state
from assay.apps.conditions.watches import Watches
from assay.apps.gateway.board.refill import Reading
from assay.apps.paper.control.notices import KINDS, NoticeBoard
from assay.apps.paper.view.sheet import RING, Sheet, await_sheet, read_past
from assay.model.messages import Message, PlatformRecovered, PlatformStarted, encode_message
from assay.runtime.clock import Deadline, Stopwatch
from assay.runtime.home import Home
from assay.runtime.journal import Recorded, read_journal
from assay.runtime.journal.tenant import read_as
from assay.runtime.ring import RingReader
from assay.runtime.stores.postgres import Postgres, open_postgres
from assay.runtime.supervisor.leash import StopRequest

NAME = "conditions"
NICENESS = 10
PAUSE_S, TELL_S = 0.05, 1.0
STARTS = ("PlatformStarted", "PlatformRecovered")
"""After either, what was left to the trader before and is not recorded is told again."""


class Session:
    """Watch one run from its first bar until the trader starts anew.

    Nothing is kept: what is told follows from the journal alone, and what that holds already is
    not told again, so a kill of either process loses nothing and repeats nothing.
    """

    def __init__(
        self, home: Home, postgres: Postgres, sheet: Sheet, watches: Watches, off: dict[str, str]
    ) -> None:
        self._home, self._watches, self._off = home, watches, off
        self._dsn, self._tenant = postgres.tenant_dsn, sheet.tenant
        self._ring = RingReader(home.folder("run") / RING)
        with read_as(self._dsn, self._tenant) as connection:
            begun, _ = Reading(connection).span()
        self._starts = {each.message.id for each in self._recorded(STARTS, begun - 1)}
        self._follower = Follower(self._ring, self._read, begun)
        watches.begin(read_past(home))
        self._board = NoticeBoard(home)
        self._told = {_key(each.message) for each in self._recorded(KINDS, self._follower.place)}
        self._since, self._shown = Stopwatch(), -1

    def _recorded(self, kinds: Sequence[str], after: int = 0) -> Iterator[Recorded]:
        with read_as(self._dsn, self._tenant) as connection:
            yield from read_journal(connection, after, kinds=kinds)

    def _read(self, place: int) -> Iterator[Recorded]:
        return self._recorded((*self._watches.hears, *STARTS), place)

    def run(self, is_stopped: Callable[[], bool]) -> None:
        """Watch until told to stop, or until the trader has started anew."""
        while not is_stopped() and self.step():
            if not self._follower.is_behind:
                Deadline(PAUSE_S).pause(PAUSE_S)
        self.show()

    def close(self) -> None:
        """Let go of the ring."""
        self._ring.close()

    def step(self) -> bool:
        """Take what is new and tell what it shows; return False where the trader started anew."""
        messages = self._follower.take()
        told = [each for each in self._watches.take(messages) if _key(each) not in self._told]
        if told:
            self._told.update(map(_key, told))
            self._board.leave(told)
        if self._since.elapsed() >= TELL_S and self._shown != self._follower.place:
            self._since.restart()
            self.show()
        return not any(
            isinstance(each, PlatformStarted | PlatformRecovered) and each.id not in self._starts
            for each in messages
        )

    def show(self) -> None:
        """Write what is known now."""
        self._shown = self._follower.place
        write_state(self._home, self._shown, self._watches.now(), self._off)


def _key(notice: Message) -> bytes:
    """Return what is the same of a notice however often it is made; its id is the trader's."""
    return encode_message(msgspec.structs.replace(notice, id=0))


def watch_run(child: Child, is_stopped: StopRequest) -> None:
    """Watch what the trader says it trades, run after run, until told to stop."""
    home, config = child.home, child.config
    sheet = await_sheet(home, is_stopped)
    if sheet is None:
        return
    postgres = open_postgres(home.path, config.postgres.dsn or None)
    try:
        while not is_stopped():
            watches, off = Watches.of_run(home, config.conditions, sheet)
            for part, why in off.items():
                child.log.info(f"{part} are not watched: {why}")
            session = Session(home, postgres, sheet, watches, off)
            session.run(is_stopped)
            session.close()
            sheet = await_sheet(home, is_stopped) or sheet
    finally:
        postgres.stop()


def main(argv: list[str]) -> int:
    """Watch for the home named first until told to stop."""
    return run_beside(NAME, argv[0], watch_run, niceness=NICENESS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
