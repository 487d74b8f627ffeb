"""Open the log of one process."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, Protocol, cast

import msgspec
import structlog

from assay.model.errors import UsageError
from assay.model.time import format_time
from assay.runtime.clock import Clock, SystemClock
from assay.runtime.home import Home
from assay.runtime.logs.rotation import RotatingFile
from assay.runtime.redaction import redact

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
_FILE_LEVEL = LEVELS["info"]


class Logger(Protocol):
    """Say what happened: an event in plain words and its values by name."""

    def debug(self, event: str, **values: object) -> object: ...
    def info(self, event: str, **values: object) -> object: ...
    def warning(self, event: str, **values: object) -> object: ...
    def error(self, event: str, **values: object) -> object: ...
    def bind(self, **values: object) -> Logger: ...


class Stream(Protocol):
    """Take text for people."""

    def write(self, text: str, /) -> object: ...
    def flush(self) -> object: ...


class Stderr:
    """Write to what `sys.stderr` is at the moment of writing."""

    def write(self, text: str, /) -> None:
        """Write a text."""
        sys.stderr.write(text)

    def flush(self) -> None:
        """Pass it on at once."""
        sys.stderr.flush()


class _Sink:
    """Write each event as a JSON line to the file and as a human line to the stream."""

    def __init__(self, file: RotatingFile | None, stream: Stream | None, level: int) -> None:
        self._file = file
        self._stream = stream
        self._level = level

    def write(self, entry: Mapping[str, Any]) -> None:
        rank = LEVELS[entry["level"]]
        if self._file is not None and rank >= min(_FILE_LEVEL, self._level):
            self._file.write(msgspec.json.encode(entry, enc_hook=str) + b"\n")
        if self._stream is not None and rank >= self._level:
            self._stream.write(human_line(entry) + "\n")
            self._stream.flush()

    debug = info = warning = error = critical = write


def human_line(entry: Mapping[str, Any]) -> str:
    """Return one line for people: time of day, level, event, values.

    >>> human_line({"ts": "2026-01-05T10:00:00.123456789Z", "level": "info", "event": "up", "n": 1})
    '10:00:00.123 info    up n=1'
    """
    clock = str(entry.get("ts", "")).partition("T")[2].rstrip("Z")[:12]
    hidden = ("ts", "level", "event", "process", "pid")
    values = " ".join(f"{key}={value}" for key, value in entry.items() if key not in hidden)
    return f"{clock} {entry['level']:<7} {entry['event']} {values}".rstrip()


_STDERR = Stderr()


def open_log(
    home: Home | None,
    process: str,
    *,
    level: str = "info",
    file_bytes: int = 10_000_000,
    files: int = 5,
    stream: Stream | None = _STDERR,
) -> Logger:
    """Return the logger of a process.

    JSON lines go to `<home>/logs/<process>.jsonl` (info and above, at most `files` files of
    `file_bytes`), human lines at `level` to `stream`. Without a home nothing is kept. Values of
    keys that name secrets are masked.
    """
    if level not in LEVELS:
        raise UsageError(f"log level {level!r} is unknown; use {', '.join(LEVELS)}")
    file = None
    if home is not None:
        path = home.folder("logs") / f"{process}.jsonl"
        file = RotatingFile(path, size_max=file_bytes, files=files)
    clock: Clock = home.clock if home is not None else SystemClock()
    lowest = min(LEVELS[level], _FILE_LEVEL)
    logger = structlog.wrap_logger(
        _Sink(file, stream, LEVELS[level]),
        processors=[_stamp(clock, process), _finish],
        wrapper_class=structlog.make_filtering_bound_logger(lowest),
        cache_logger_on_first_use=False,
    )
    # structlog types its loggers as Any; ours answers to the protocol.
    return cast(Logger, logger)


def _stamp(clock: Clock, process: str) -> structlog.typing.Processor:
    def stamp(_: Any, level: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        head = {"ts": format_time(clock.now_ns()), "level": level, "process": process}
        return {**head, "pid": os.getpid(), "event": event.pop("event", ""), **event}

    return stamp


def _finish(_: Any, __: str, event: MutableMapping[str, Any]) -> Any:
    return ((redact(event),), {})
