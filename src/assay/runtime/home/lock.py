"""Exclusive locks that name their holder and vanish with it."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType

import msgspec

from assay.model.errors import RetryError
from assay.model.time import format_time
from assay.runtime.home.exclusive import BINARY, CLOEXEC, try_lock


class Holder(msgspec.Struct, frozen=True):
    """Name the process that holds a lock, and since when in nanoseconds UTC."""

    pid: int
    since: int


def read_holder(path: Path) -> Holder | None:
    """Return who wrote the lock file last, or None when it says nothing readable."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Holder)
    except (OSError, msgspec.MsgspecError):
        return None


def _refusal(path: Path) -> RetryError:
    holder = read_holder(path)
    who = "another process"
    if holder:
        who = f"process {holder.pid} since {format_time(holder.since)}"
    return RetryError(
        f"{path.stem!r} of home {path.parent.parent} is in use by {who}; "
        "wait for it or end it with `assay stop`"
    )


class HomeLock:
    """Hold an exclusive file lock until released or until the process ends, however it ends."""

    def __init__(self, path: Path, now_ns: int) -> None:
        self.path = path
        flags = os.O_RDWR | os.O_CREAT | CLOEXEC | BINARY
        self._descriptor: int | None = os.open(path, flags, 0o600)
        if not try_lock(self._descriptor):
            os.close(self._descriptor)
            self._descriptor = None
            raise _refusal(path)
        os.ftruncate(self._descriptor, 0)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        os.write(self._descriptor, msgspec.json.encode(Holder(os.getpid(), now_ns)))

    def release(self) -> None:
        """Give the lock back; a second call does nothing."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> HomeLock:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def is_locked(path: Path) -> bool:
    """Return whether a living process holds the lock at this moment."""
    try:
        descriptor = os.open(path, os.O_RDWR | CLOEXEC | BINARY)
    except FileNotFoundError:
        return False
    try:
        return not try_lock(descriptor, shared=True)
    finally:
        os.close(descriptor)
