"""Bytes of a plain or zipped file as blocks of whole lines, refused before they can do harm."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from assay.model.errors import DataError

BLOCK_BYTES = 4 << 20
LINE_BYTES_MAX = 4096
TEXT_BYTES_MAX = 8 << 30
MEMBER_BYTES_MAX = 2 << 30
MEMBERS_MAX = 1000
RATIO_MAX = 200
_PRINTABLE = bytes([9, 10, 13, *range(32, 127)])
_ZIP_ERRORS = (
    zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError,
    OSError, OverflowError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Block:
    """Hold whole lines; `first_line` counts from 1, `is_cut` tells that no newline ends them."""

    data: bytes
    first_line: int
    is_cut: bool = False


def read_blocks(path: Path, suffix: str = ".csv") -> Iterator[Block]:
    """Yield the lines of a text file, or of the one text member of a zip.

    Raise DataError, naming file, line and remedy, for binary, over-long or unreadable content.
    """
    with open_member(path, suffix) as (stream, name):
        yield from _cut_lines(stream, name)


def peek_lines(path: Path, count: int, suffix: str = ".csv") -> list[str]:
    """Return the first lines of a text file; raise DataError where there is none."""
    for block in read_blocks(path, suffix):
        lines = [line.decode("ascii") for line in block.data[:65536].splitlines()]
        filled = [line for line in lines if line.strip()]
        if filled:
            return filled[:count]
    raise DataError(f"{path}: the file is empty; download or export it again")


@contextmanager
def open_member(path: Path, suffix: str = ".csv") -> Iterator[tuple[IO[bytes], str]]:
    """Open a file, or a zip's one member that ends in `suffix`; yield it with its name."""
    try:
        with path.open("rb") as raw:
            if raw.read(4) != b"PK\x03\x04":
                raw.seek(0)
                yield raw, str(path)
                return
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; check the path") from None
    except IsADirectoryError:
        raise DataError(f"{path}: is a folder; name one file in it") from None
    except PermissionError:
        raise DataError(f"{path}: not readable by this user; change its permissions") from None
    try:
        with zipfile.ZipFile(path) as archive:
            member = _choose_member(path, archive, suffix)
            with archive.open(member) as stream:
                yield stream, f"{path}:{member.filename}"
    except _ZIP_ERRORS as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:100]
        raise DataError(f"{path}: damaged zip ({reason}); download it again") from None


def _choose_member(path: Path, archive: zipfile.ZipFile, suffix: str) -> zipfile.ZipInfo:
    members = archive.infolist()
    if len(members) > MEMBERS_MAX:
        raise DataError(f"{path}: {len(members)} members; unpack it and import its files")
    texts = [item for item in members if item.filename.lower().endswith(suffix)]
    if len(texts) != 1:
        names = ", ".join(item.filename for item in texts[:3]) or "none"
        raise DataError(f"{path}: expected one {suffix} member, found {names}; unpack it first")
    member = texts[0]
    ratio = member.file_size / max(1, member.compress_size)
    if member.file_size > MEMBER_BYTES_MAX or (ratio > RATIO_MAX and member.file_size > 1 << 22):
        raise DataError(
            f"{path}: {member.filename} unpacks to {member.file_size} bytes "
            f"({ratio:.0f}:1), more than is read from a zip; unpack it first"
        )
    return member


def _cut_lines(stream: IO[bytes], name: str) -> Iterator[Block]:
    rest, line, total = b"", 1, 0
    stream = _as_ascii(stream)
    while True:
        try:
            fresh = stream.read(BLOCK_BYTES)
        except UnicodeError:
            raise DataError(f"{name}: line {line}: not text; export it as UTF-8") from None
        total += len(fresh)
        if total > TEXT_BYTES_MAX:
            raise DataError(f"{name}: more than {TEXT_BYTES_MAX >> 30} GiB; split it by year")
        data = rest + fresh
        _check_printable(data, name, line)
        end = len(data) if not fresh else data.rfind(b"\n") + 1
        _check_lengths(data, name, line)
        if end:
            cut = data[:end]
            yield Block(cut, line, is_cut=not fresh and not cut.endswith(b"\n"))
            line += cut.count(b"\n")
        rest = data[end:]
        if not fresh:
            return


def _as_ascii(stream: IO[bytes]) -> IO[bytes]:
    """Drop a byte-order mark; turn UTF-16, which old terminals write, into ASCII."""
    head = stream.read(3)
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return _Transcoded(_Prefixed(head, stream))
    return _Prefixed(b"" if head == b"\xef\xbb\xbf" else head, stream)


class _Prefixed(io.RawIOBase):
    def __init__(self, head: bytes, stream: IO[bytes]) -> None:
        self._head, self._stream = head, stream

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        head, self._head = self._head, b""
        return head + self._stream.read(size)

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        data = self.read(len(buffer) - len(self._head))
        buffer[: len(data)] = data
        return len(data)


class _Transcoded(io.RawIOBase):
    def __init__(self, stream: io.RawIOBase) -> None:
        self._text = io.TextIOWrapper(io.BufferedReader(stream), encoding="utf-16", newline="")

    def read(self, size: int = -1) -> bytes:
        return self._text.read(size).encode("ascii")


def _check_printable(data: bytes, name: str, line: int) -> None:
    strange = data.translate(None, _PRINTABLE)
    if strange:
        at = data.index(strange[:1])
        number = line + data.count(b"\n", 0, at)
        raise DataError(
            f"{name}: line {number}: byte 0x{strange[0]:02x} is no text; give the vendor's file"
        )


def _check_lengths(data: bytes, name: str, line: int) -> None:
    if len(data) <= LINE_BYTES_MAX:
        return
    ends = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == 10)
    lengths = np.diff(ends, prepend=-1, append=len(data))
    if lengths.max() > LINE_BYTES_MAX:
        number = line + int(np.argmax(lengths > LINE_BYTES_MAX))
        raise DataError(
            f"{name}: line {number}: longer than {LINE_BYTES_MAX} bytes; "
            "give a file with one row a line"
        )
