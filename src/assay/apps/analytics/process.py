"""The process `store`: read the ring, write the analytics store, say how far behind it is."""

from __future__ import annotations

import sys
from collections.abc import Callable

from assay.apps.analytics.batches import KINDS, Batches
from assay.apps.analytics.lag import Lag, write_lag
from assay.apps.child import Child, run_beside
from assay.apps.paper.view.sheet import RING, Sheet, await_sheet
from assay.model.errors import AssayError
from assay.model.messages import decode_message
from assay.runtime.clock import Deadline, Stopwatch
from assay.runtime.home import Home
from assay.runtime.journal import read_journal
from assay.runtime.journal.tenant import read_as
from assay.runtime.logs import Logger
from assay.runtime.ring import RingReader
from assay.runtime.stores.clickhouse import Analytics, open_analytics, stop_owner
from assay.runtime.stores.postgres import Postgres, open_postgres
from assay.runtime.supervisor.leash import StopRequest

NAME = "store"
PAUSE_S = 0.05
WRITE_S, RETRY_S, TELL_S = 2.0, 10.0, 1.0
ROWS_MAX = 50_000
"""Rows collected before they must be written; until then the ring is left to run over."""
STEP = 5_000
OWNER_IDLE_S = 5.0
OWNER_END_S = 3.0


class Recorder:
    """Bring the analytics store to the end of the journal and keep it there."""

    def __init__(self, home: Home, sheet: Sheet, postgres: Postgres, log: Logger) -> None:
        self._home, self._sheet, self._postgres, self._log = home, sheet, postgres, log
        self._ring = RingReader(home.folder("run") / RING)
        self._batches = Batches({each.symbol: each.digits for each in sheet.traded})
        self._store: Analytics | None = None
        self._since_write, self._told = Stopwatch(), Stopwatch()
        self._oldest: Stopwatch | None = None
        self._patience, self._error = WRITE_S, ""
        self._is_started, self._is_missing, self._seen = False, True, 0

    def _opened(self) -> Analytics:
        if self._store is None:
            self._store = open_analytics(self._home, idle_s=OWNER_IDLE_S)
        return self._store

    def run(self, is_stopped: Callable[[], bool]) -> None:
        """Record until told to stop, then write what is left."""
        while not is_stopped():
            self.step()
            Deadline(PAUSE_S).pause(PAUSE_S)
        self.finish()

    def step(self) -> None:
        """Take what is new; write when enough has come together or has waited long enough."""
        is_full = self._batches.waiting >= ROWS_MAX
        if self._since_write.elapsed() >= self._patience or (is_full and not self._error):
            self._since_write.restart()
            self._try(self._write)
        elif self._is_started and not is_full:
            self._try(self._take_new)
        if self._told.elapsed() >= TELL_S:
            self._told.restart()
            self._tell()

    def finish(self) -> None:
        """Write everything that was published, and let go of the store."""
        self._try(self._drain)
        self._tell()
        self._ring.close()
        if self._store is not None:
            self._store.close()
            stop_owner(self._home, seconds=OWNER_END_S)

    def _drain(self) -> None:
        self._write()
        while self._take_new() or self._is_missing:
            if self._batches.waiting >= ROWS_MAX:
                self._write()
        self._write()

    def _write(self) -> None:
        if not self._is_started:
            self._batches.start(self._opened())
            self._is_started = True
        self._batches.write(self._opened)
        self._oldest = None

    def _take_new(self) -> bool:
        """Take frames that follow on, or read what was missed; say whether there was any."""
        frames = self._ring.poll(STEP).frames
        if frames:
            self._seen = frames[-1].mark
            self._oldest = self._oldest or Stopwatch()
        if self._is_missing:
            self._read_missed()
            return bool(frames)
        for mark, payload in frames:
            if mark > self._batches.position + 1:
                self._is_missing = True
                break
            if mark == self._batches.position + 1:
                self._batches.take(mark, decode_message(payload))
        return bool(frames)

    def _read_missed(self) -> None:
        """Read what the ring did not give from the journal, as much as fits."""
        start = self._batches.position
        with read_as(self._postgres.tenant_dsn, self._sheet.tenant) as connection:
            for recorded in read_journal(connection, start, kinds=KINDS):
                self._batches.take(recorded.position, recorded.message)
                if self._batches.waiting >= ROWS_MAX:
                    return
        # Everything up to the frame seen last was committed before it was published.
        self._batches.position = max(self._batches.position, self._seen)
        self._is_missing = False

    def _try(self, work: Callable[[], object]) -> None:
        try:
            work()
        except AssayError as error:
            # Trading never waits for analytics: it is tried again, and the lag says why.
            if str(error) != self._error:
                self._log.warning(str(error))
            self._error, self._patience = str(error), RETRY_S
        else:
            self._error, self._patience = "", WRITE_S

    def _tell(self) -> None:
        behind = max(self._seen + self._ring.behind - self._batches.written, 0)
        waited = self._oldest.elapsed() if self._oldest and behind else 0.0
        lag = Lag(
            position=self._batches.written, behind=behind, seconds=round(waited, 1),
            error=self._error,
        )  # fmt: skip
        write_lag(self._home, lag)


def record_run(child: Child, is_stopped: StopRequest) -> None:
    """Record what the trader does, from when it has said what it trades until told to stop."""
    sheet = await_sheet(child.home, is_stopped)
    if sheet is None:
        return
    postgres = open_postgres(child.home.path, child.config.postgres.dsn or None)
    try:
        Recorder(child.home, sheet, postgres, child.log).run(is_stopped)
    finally:
        postgres.stop()


def main(argv: list[str]) -> int:
    """Record for the home named first until told to stop."""
    return run_beside(NAME, argv[0], record_run)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
