"""The one file in which an Expert Advisor keeps commands and what it has to tell."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

RECEIVED, BEGUN, OUTCOME, REPORTED = "received", "begun", "outcome", "reported"
NAME, ACKED = "name", "acked"
LINES_MAX = 20_000
"""At a start, what is longer is shortened to half as much and what somebody still waits for."""


class Line(NamedTuple):
    """Hold one line: its number in the stream `account` (0 for none), what it is, and of which id.

    `text` is a record of the stream, or a command as it came.
    """

    number: int
    what: str
    id: int
    text: str


class AdvisorFile:
    """Append lines, each on the disk when the call returns; a torn last line never was.

    Lines are tab-separated, for a language without a reader of anything else. A line `acked` has
    in its id up to which number the bridge holds the stream.
    """

    def __init__(self, path: Path, name: str, *, lines_max: int = LINES_MAX) -> None:
        self.lines = _read(path)
        if len(self.lines) > lines_max:
            self.lines = _shorten(self.lines, lines_max // 2)
            _write(path, self.lines)
        self._file = path.open("r+b" if path.exists() else "w+b")
        self._file.truncate(sum(len(_format(each)) for each in self.lines))
        self._file.seek(0, os.SEEK_END)
        if not self.lines:
            self.append([Line(0, NAME, 0, name)])

    @property
    def name(self) -> str:
        """Return the name under which the file's stream is known."""
        return self.lines[0].text

    @property
    def last(self) -> int:
        """Return the newest number of the stream."""
        return max(each.number for each in self.lines)

    def append(self, lines: list[Line]) -> None:
        """Write lines and bring them onto the disk."""
        self._file.write(b"".join(map(_format, lines)))
        self._file.flush()
        os.fsync(self._file.fileno())
        self.lines += lines

    def find(self, command: int, what: str) -> Line | None:
        """Return the first line of a command that is of a kind."""
        found = (each for each in self.lines if each.id == command and each.what == what)
        return next(found, None)

    def behind(self, number: int, count: int) -> list[Line]:
        """Return the records of the stream behind a number, at most so many."""
        return [each for each in self.lines if each.number > number][:count]

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _shorten(lines: list[Line], count: int) -> list[Line]:
    """Return the name, the newest lines, and of the older ones what is not told or not finished."""
    acked = max((each.id for each in lines if each.what == ACKED), default=0)
    finished = {each.id for each in lines if each.what == OUTCOME}
    last = max(each.number for each in lines)
    return [
        each
        for place, each in enumerate(lines)
        if place == 0
        or place >= len(lines) - count
        or each.number in range(acked + 1, last + 1)
        or (each.what in (RECEIVED, BEGUN) and each.id not in finished)
    ]


def _write(path: Path, lines: list[Line]) -> None:
    draft = path.with_suffix(".new")
    with draft.open("wb") as file:
        file.write(b"".join(map(_format, lines)))
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)


def _format(line: Line) -> bytes:
    return f"{line.number}\t{line.what}\t{line.id}\t{line.text}\n".encode()


def _read(path: Path) -> list[Line]:
    try:
        rows = path.read_bytes().split(b"\n")[:-1]
    except FileNotFoundError:
        return []
    parts = (row.decode().split("\t", 3) for row in rows)
    return [Line(int(number), what, int(key), text) for number, what, key, text in parts]
