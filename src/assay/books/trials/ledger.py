"""Enter trials before they look, and what came of them; nothing is ever changed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from assay.books.audit.keys import open_key
from assay.books.trials.heads import TrialsHead, write_head
from assay.books.trials.lines import Line, Outcome, Trial, chain_line, encode_line
from assay.books.trials.reading import LEDGER, Read, read_ledger
from assay.model.errors import DataError, OperatorError
from assay.runtime.home import Home

FOLDER = "trials"
"""Where a home keeps its ledger of trials, its head and its key; also the name of its lock."""
WAIT_S = 30.0


class TrialLedger:
    """Keep the trial ledger of a home, for one command among several at once."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.path = home.path / FOLDER

    def enter(self, trial: Trial) -> Trial:
        """Write a trial, flushed to the disk, and return it with its number.

        To be called before anything is looked at. Raises OperatorError where it cannot be written
        and DataError where the ledger does not hold: then nothing may be looked at.
        """
        with self._open() as (folder, found):
            (entered,) = append_lines(folder, found, [trial], self.home.clock.now_ns())
        assert isinstance(entered, Trial)
        return entered

    def conclude(self, outcome: Outcome) -> Read:
        """Write what came of a trial, and return the ledger as it was before; raises likewise."""
        with self._open() as (folder, found):
            append_lines(folder, found, [outcome], self.home.clock.now_ns())
        return found

    def read(self) -> Read:
        """Return the ledger as it is; raise DataError where it does not hold."""
        return require_whole(read_ledger(self.path))

    @contextmanager
    def hold(self) -> Iterator[Path]:
        """Keep everybody from writing for a moment; give the ledger's folder."""
        with self._guard():
            folder = self.home.folder(FOLDER)
            with self.home.wait_lock(FOLDER, seconds=WAIT_S):
                yield folder

    @contextmanager
    def _open(self) -> Iterator[tuple[Path, Read]]:
        with self.hold() as folder:
            yield folder, require_whole(read_ledger(folder))

    @contextmanager
    def _guard(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise OperatorError(
                f"the trial ledger in {self.path} cannot be written "
                f"({error.strerror}), and nothing is looked at uncounted; free some disk, mend "
                "that folder or choose another --home"
            ) from error


def require_whole(found: Read) -> Read:
    """Return what was read; raise DataError naming the first bad line of a ledger that fails."""
    report = found.report
    if not report.ok:
        raise DataError(
            f"the trial ledger does not hold at line {report.first_bad}: {report.reason}; keep the "
            "home as it is, see `assay trials verify`, then bring a backup back with "
            "`assay restore`"
        )
    return found


def append_lines(folder: Path, found: Read, lines: Sequence[Line], now: int) -> list[Line]:
    """Write lines behind those found, then the head, and return them with numbers and hashes.

    The caller holds the lock of the ledger, or the folder is its own.
    """
    key = open_key(folder)
    chained: list[Line] = []
    last = found.lines[-1] if found.lines else None
    for line in lines:
        last = chain_line(line, last)
        chained.append(last)
    content = b"".join(map(encode_line, chained))
    _write_behind(folder / LEDGER, found.octets, content)
    trials = sum(isinstance(line, Trial) for line in chained)
    head = TrialsHead(
        lines=len(found.lines) + len(chained), trials=found.report.trials + trials,
        hash=chained[-1].hash, at=now,
    )  # fmt: skip
    write_head(folder, head.sign(key))
    return chained


def _write_behind(path: Path, octets: int, content: bytes) -> None:
    is_new = not path.exists()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        # A line whose writer was killed in the middle was never looked upon.
        os.ftruncate(descriptor, octets)
        os.lseek(descriptor, octets, os.SEEK_SET)
        written = 0
        while written < len(content):
            written += os.write(descriptor, content[written:])
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if is_new:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
