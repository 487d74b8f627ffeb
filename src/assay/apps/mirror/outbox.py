"""What is to be told MLflow, kept in the home until it was told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from assay.runtime.home import Home
from assay.runtime.ids import fresh_token

FOLDER, OUTBOX = "mlflow", "outbox"
MOST = 10_000
"""Entries that wait at most; the oldest make room, for a mirror may lack what nobody asks for."""


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """Say of which registered model a trained one is a version, and whether it is champion."""

    name: str
    model: str
    is_champion: bool = False


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one run as MLflow shows it; a second one of the same `key` adds to the first.

    `at` and `until` are in nanoseconds UTC. `params` are what was asked, and never change; `parent`
    is the key of the run that it is part of.
    """

    key: str
    name: str
    kind: str
    at: int
    until: int
    params: dict[str, str] = {}
    metrics: dict[str, float] = {}
    tags: dict[str, str] = {}
    parent: str = ""
    registration: Registration | None = None
    failed: bool = False


class Outbox:
    """Keep entries in order, each in a file of its own, until they are removed."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._folder = home.path / FOLDER / OUTBOX

    def put(self, entries: Sequence[Entry]) -> None:
        """Add entries behind the others."""
        self._home.folder(f"{FOLDER}/{OUTBOX}")
        now = self._home.clock.now_ns()
        for place, entry in enumerate(entries):
            path = self._folder / f"{now:020}-{place:06}-{fresh_token(4)}.json"
            beside = path.with_suffix(".part")
            beside.write_bytes(msgspec.json.encode(entry))
            beside.replace(path)
        for path in self.paths()[:-MOST]:
            path.unlink(missing_ok=True)

    def paths(self) -> list[Path]:
        """Return the files of what waits, oldest first."""
        return sorted(self._folder.glob("*.json"))

    def waiting(self) -> Iterator[tuple[Path, Entry | None]]:
        """Yield each entry with its file, oldest first; None for one that cannot be read."""
        for path in self.paths():
            try:
                yield path, msgspec.json.decode(path.read_bytes(), type=Entry)
            except FileNotFoundError:
                continue
            except msgspec.MsgspecError:
                yield path, None
