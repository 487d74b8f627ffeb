"""How far a run has come: written with every commit, read by the next start."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from assay.runtime.journal import Journal

MODULE = "paper"


class Shadowing(msgspec.Struct, frozen=True):
    """Say which challenger has forecast all of the first `shown` events of a run.

    Those after them are behind the `position` of the journal, with nothing said of them yet.
    """

    model: str = ""
    position: int = 0
    shown: int = 0


class Ordered(msgspec.Struct, frozen=True):
    """Say which challenger was ordered while a run went on, '' for none.

    It stands until a start asks for another one than `start`, the one before the order asked for.
    """

    start: str = ""
    model: str = ""
    digest: str = ""


class Cursor(msgspec.Struct, frozen=True):
    """Say how far the feed is committed: the run, its setup, and the place of the next event.

    `fed` is how many events earlier runs were fed, `ids` how many ids are given: no two messages
    of a home share an id. After a promotion `setup` is that of a start with the promoted `model`,
    and `line` the one of the governance log that made it champion. `shadowing` is how far a
    challenger has come, `judged` of how many events of the run patterns were told, -1 where nobody
    looks for them. `ordered` is the last word on who challenges, None where only starts had one.
    `heard` is how many records of its venue were taken in.
    """

    run: int
    setup: str
    next: int
    fed: int = 0
    ids: int = 0
    model: str = ""
    line: int = 0
    shadowing: Shadowing = Shadowing()
    judged: int = -1
    ordered: Ordered | None = None
    heard: int = 0


class Saved(msgspec.Struct, frozen=True, array_like=True):
    """Hold a snapshot of everything that the future depends on."""

    modules: bytes
    ids: int
    next: int


@dataclass(slots=True, kw_only=True)
class Recovery:
    """Hold what a start found: where the feed goes on, and how much was replayed."""

    next: int
    run: int
    position: int = 0
    replayed: int = 0
    found: bool = False


def read_cursor(journal: Journal) -> Cursor | None:
    """Return how far the feed is committed; None for a journal without a run."""
    inbox = journal.load_inbox(MODULE)
    return msgspec.json.decode(inbox[1], type=Cursor) if inbox else None
