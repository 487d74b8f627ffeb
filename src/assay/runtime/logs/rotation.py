"""A file that never grows past its bound, also with several writing processes."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from assay.runtime.home.exclusive import BINARY, CLOEXEC, wait_lock


class RotatingFile:
    """Append lines to a file; at `size_max` bytes it becomes `.1`, `.1` becomes `.2`, and so on."""

    def __init__(self, path: Path, *, size_max: int, files: int) -> None:
        self.path = path
        self._size_max = size_max
        self._files = files
        self._guard = threading.Lock()
        self._descriptor = self._open()

    def write(self, line: bytes) -> None:
        """Append one line in one system call, so that lines of processes never mix."""
        with self._guard:
            if os.fstat(self._descriptor).st_size + len(line) > self._size_max:
                self._rotate()
            os.write(self._descriptor, line)

    def close(self) -> None:
        """Close the file."""
        with self._guard:
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1

    def _open(self) -> int:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | CLOEXEC | BINARY
        return os.open(self.path, flags, 0o600)

    def _rotate(self) -> None:
        wait_lock(self._descriptor)
        if self._is_current():
            for number in range(self._files - 1, 0, -1):
                self._move(self._numbered(number), self._numbered(number + 1))
            self._move(self.path, self._numbered(1))
        os.close(self._descriptor)
        self._descriptor = self._open()

    def _is_current(self) -> bool:
        # Another process may have rotated while we waited for the lock.
        try:
            return os.path.samestat(os.fstat(self._descriptor), self.path.stat())
        except FileNotFoundError:
            return False

    def _numbered(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")

    def _move(self, source: Path, target: Path) -> None:
        if not source.exists():
            return
        if target == self._numbered(self._files):
            source.unlink()
        else:
            source.replace(target)
