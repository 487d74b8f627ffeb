"""Rows of a run that grow with its length: in memory while they are few, in a file from then on."""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct
from tempfile import TemporaryFile
from typing import BinaryIO, cast
from weakref import finalize

import numpy as np

KEPT = 1 << 18
"""Bytes that wait in memory at most."""


class Rows:
    """Gather rows of 64-bit integers; the file has no name and goes with whoever maps it last."""

    def __init__(self, dtype: np.dtype[np.void]) -> None:
        self._dtype = dtype
        self._pack = Struct(f"<{dtype.itemsize // 8}q").pack
        self._waiting = bytearray()
        self._file: BinaryIO | None = None
        self._written = 0

    def __len__(self) -> int:
        return (self._written + len(self._waiting)) // self._dtype.itemsize

    def append(self, row: Sequence[int]) -> None:
        """Take one row."""
        self.extend(self._pack(*row))

    def extend(self, octets: bytes | bytearray) -> None:
        """Take rows as their bytes."""
        self._waiting += octets
        if len(self._waiting) > KEPT:
            self._write()

    def _write(self) -> None:
        if self._file is None:
            self._file = cast("BinaryIO", TemporaryFile(prefix="assay-rows-"))  # noqa: SIM115
            finalize(self, self._file.close)
        self._file.write(self._waiting)
        self._file.flush()
        self._written += len(self._waiting)
        self._waiting.clear()

    def array(self) -> np.ndarray:
        """Return every row so far; those of a file are read as they are looked at."""
        if self._file is None:
            return np.frombuffer(bytearray(self._waiting), self._dtype)
        if self._waiting:
            self._write()
        return np.asarray(np.memmap(self._file, self._dtype, mode="c"))
