"""Write lines behind a ledger that holds; nothing is ever changed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Generic

from assay.books.audit.keys import open_key
from assay.books.chained.heads import NEXT, HeadT, sign_head, write_head
from assay.books.chained.kinds import Kind, LineT
from assay.books.chained.reading import LEDGER, ChainRead, read_chain, require_whole
from assay.model.errors import OperatorError
from assay.runtime.home import Home

WAIT_S = 30.0


class ChainedLedger(Generic[LineT, HeadT]):
    """Keep one ledger of a home, for one command among several at once."""

    def __init__(self, home: Home, kind: Kind[LineT, HeadT]) -> None:
        self.home, self.kind = home, kind
        self.path = home.path / kind.folder

    def read_lines(self) -> ChainRead[LineT]:
        """Return the ledger as it is; raise DataError where it does not hold."""
        return require_whole(self.kind, read_chain(self.kind, self.path))

    @contextmanager
    def hold(self) -> Iterator[Path]:
        """Keep everybody from writing for a moment; give the ledger's folder."""
        with self._guard():
            folder = self.home.folder(self.kind.folder)
            with self.home.wait_lock(self.kind.folder, seconds=WAIT_S):
                yield folder

    @contextmanager
    def open(self) -> Iterator[tuple[Path, ChainRead[LineT]]]:
        """Hold the ledger and give its folder and lines; raise DataError where it fails."""
        with self.hold() as folder:
            yield folder, require_whole(self.kind, read_chain(self.kind, folder))

    @contextmanager
    def _guard(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise OperatorError(
                f"{self.kind.title} in {self.path} cannot be written "
                f"({error.strerror}), and {self.kind.vow}; free some disk, mend "
                "that folder or choose another --home"
            ) from error


def append_lines(
    kind: Kind[LineT, HeadT], folder: Path, found: ChainRead[LineT], lines: Sequence[LineT],
    *, now: int,
) -> list[LineT]:  # fmt: skip
    """Write lines behind those found, then the head, and return them with numbers and hashes.

    Of several lines the head is promised before them, so that a kill among them leaves a ledger
    that holds. The caller holds the lock of the ledger, or the folder is its own.
    """
    key = open_key(folder)
    chained: list[LineT] = []
    last = found.lines[-1] if found.lines else None
    for line in lines:
        last = kind.follow(line, last)
        chained.append(last)
    make: Callable[..., HeadT] = kind.head
    head = make(
        lines=len(found.lines) + len(chained), hash=chained[-1].hash, at=now,
        **kind.count([*found.lines, *chained]),
    )  # fmt: skip
    signed = sign_head(head, key, kind.head_domain)
    if len(chained) > 1:
        write_head(folder, signed, NEXT)
    _write_behind(folder / LEDGER, found.octets, b"".join(map(kind.encode, chained)))
    write_head(folder, signed)
    (folder / NEXT).unlink(missing_ok=True)
    return chained


def _write_behind(path: Path, octets: int, content: bytes) -> None:
    is_new = not path.exists()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        # A line whose writer was killed in the middle was never acted upon.
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
