"""Read the logs of a home back, merged over processes and rotations."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from assay.model.errors import UsageError
from assay.runtime.clock import Deadline
from assay.runtime.home import Home
from assay.runtime.logs.open import LEVELS

LogEntry = dict[str, Any]  # Any: the values that the program logged
_POLL_S = 0.2


def read_logs(
    home: Home, *, count: int, process: str | None = None, level: str = "debug"
) -> list[LogEntry]:
    """Return the last `count` entries of the home in order of time."""
    wanted = _filter(process, level)
    found: list[LogEntry] = []
    for path in _current_files(home):
        found.extend(_tail(path, count, wanted))
    found.sort(key=lambda entry: str(entry.get("ts", "")))
    return found[-count:] if count else []


def follow_logs(
    home: Home,
    *,
    process: str | None = None,
    level: str = "debug",
    until: Callable[[], bool] = lambda: False,
) -> Iterator[LogEntry]:
    """Yield what is logged from now on until `until` holds."""
    wanted = _filter(process, level)
    places = {path: (_identity(path), path.stat().st_size) for path in _current_files(home)}
    while True:
        ending = until()
        for path in _current_files(home):
            yield from filter(wanted, _news(path, places))
        if ending:
            return
        Deadline(_POLL_S).pause(_POLL_S)


def _news(path: Path, places: dict[Path, tuple[int, int]]) -> list[LogEntry]:
    identity, offset = places.get(path, (0, 0))
    found: list[LogEntry] = []
    try:
        if _identity(path) != identity:
            rotated = path.with_name(path.name + ".1")
            if identity and rotated.exists() and _identity(rotated) == identity:
                found.extend(_entries(_whole_lines(rotated, offset)))
            identity, offset = _identity(path), 0
        fresh = _whole_lines(path, offset)
    except FileNotFoundError:
        return found
    places[path] = (identity, offset + len(fresh))
    return found + _entries(fresh)


def _whole_lines(path: Path, offset: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        content = file.read()
    return content[: content.rfind(b"\n") + 1]


def _identity(path: Path) -> int:
    return path.stat().st_ino


def _current_files(home: Home) -> list[Path]:
    return sorted((home.path / "logs").glob("*.jsonl"))


def _filter(process: str | None, level: str) -> Callable[[LogEntry], bool]:
    if level not in LEVELS:
        raise UsageError(f"log level {level!r} is unknown; use {', '.join(LEVELS)}")
    lowest = LEVELS[level]

    def is_wanted(entry: LogEntry) -> bool:
        rank = LEVELS.get(str(entry.get("level")), 0)
        return rank >= lowest and process in (None, entry.get("process"))

    return is_wanted


def _tail(path: Path, count: int, wanted: Callable[[LogEntry], bool]) -> list[LogEntry]:
    kept: deque[LogEntry] = deque(maxlen=count)
    rotated = sorted(path.parent.glob(path.name + ".[0-9]*"), key=lambda each: -_number(each))
    for each in (*rotated, path):
        try:
            kept.extend(filter(wanted, _entries(each.read_bytes())))
        except FileNotFoundError:
            continue  # rotated away while we looked
    return list(kept)


def _number(path: Path) -> int:
    return int(path.suffix[1:])


def _entries(content: bytes) -> list[LogEntry]:
    found = []
    for line in content.splitlines():
        try:
            entry = msgspec.json.decode(line)
        except msgspec.MsgspecError:
            continue  # a line cut by a crash
        if isinstance(entry, dict):
            found.append(entry)
    return found
