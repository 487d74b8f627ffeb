"""Locks on open files that vanish with their process, on POSIX systems and on Windows."""

from __future__ import annotations

import os
import sys

if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 40
    """Windows locks bytes, also against reading; those lie behind every file's end."""

    def try_lock(descriptor: int, *, shared: bool = False) -> bool:  # noqa: ARG001 - as below
        """Take the lock if it is free; there is no shared one here, a probe takes it whole."""
        try:
            os.lseek(descriptor, _FAR, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def wait_lock(descriptor: int) -> None:
        """Take the lock as soon as it is free."""
        while not try_lock(descriptor):
            # This call itself tries once a second, ten times, before it gives up.
            try:
                msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
            except OSError:
                continue
            return

else:
    import fcntl

    def try_lock(descriptor: int, *, shared: bool = False) -> bool:
        """Take the lock if it is free; a shared one only asks whether somebody has it."""
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def wait_lock(descriptor: int) -> None:
        """Take the lock as soon as it is free."""
        fcntl.flock(descriptor, fcntl.LOCK_EX)


CLOEXEC = getattr(os, "O_CLOEXEC", 0)
"""Windows hands no descriptor on unasked."""
BINARY = getattr(os, "O_BINARY", 0)
