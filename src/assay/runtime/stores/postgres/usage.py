"""Who uses the server of a home: file locks that vanish with their process."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assay.model.errors import OperatorError, RetryError
from assay.runtime.clock import Deadline

_CHANGE = "postgres-change.lock"
_USE = "postgres-use.lock"
_PATIENCE_S = 180.0


def _open(home: Path, name: str) -> int:
    folder = home / "locks"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        owner = home.stat()
        if os.geteuid() == 0 and owner.st_uid != 0:
            # A visit by root must not lock the owner of the home out of it later.
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
            if folder.stat().st_uid == 0:
                os.chown(folder, owner.st_uid, owner.st_gid)
    except OSError as error:
        raise OperatorError(
            f"home {home} cannot be used: {error.strerror}; choose a writable folder with --home"
        ) from error
    return descriptor


@contextmanager
def changing(home: Path) -> Iterator[None]:
    """Hold the right to start or stop the server; wait while another process does so."""
    descriptor = _open(home, _CHANGE)
    deadline = Deadline(_PATIENCE_S)
    try:
        while not _try(descriptor, fcntl.LOCK_EX):
            if deadline.has_passed():
                raise RetryError(f"PostgreSQL of home {home} is being started or stopped; wait")
            deadline.pause()
        yield
    finally:
        os.close(descriptor)


def _try(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class Use:
    """Count ourselves among the users of the server until released or until the process ends."""

    def __init__(self, home: Path) -> None:
        self._descriptor: int | None = _open(home, _USE)
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    def release(self) -> None:
        """Stop being a user; a second call does nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def is_used(home: Path) -> bool:
    """Return whether a living process uses the server at this moment."""
    descriptor = _open(home, _USE)
    try:
        return not _try(descriptor, fcntl.LOCK_EX)
    finally:
        os.close(descriptor)
