"""A restore and a ledger: what was entered since the backup stays entered."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from shutil import copyfile

from assay.books.audit.keys import PRIVATE, PUBLIC
from assay.books.chained.heads import HEAD, NEXT, HeadT
from assay.books.chained.kinds import ChainedLine, Kind, LineT
from assay.books.chained.ledger import append_lines
from assay.books.chained.reading import LEDGER, read_chain, require_whole


def copy_ledger(folder: Path, target: Path) -> list[Path]:
    """Copy a ledger with head and keys to a folder; return the names that were there.

    The caller holds the lock of the ledger, so that the copies belong together.
    """
    names = [Path(name) for name in (LEDGER, PRIVATE, PUBLIC)] + [HEAD, NEXT]
    found = [name for name in names if (folder / name).is_file()]
    for name in found:
        copy = target / name
        copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        copyfile(folder / name, copy)
    return found


def carry_over(kind: Kind[LineT, HeadT], replaced: Path, restored: Path, now: int) -> int:
    """Enter in a restored ledger the lines that it lacks of the one it replaces; return how many.

    Both begin alike where the backup was of this home; lines after that are entered again behind
    the restored ones. Of a ledger that does not hold, the lines before the first bad one are taken,
    since a restore is what mends it. Raises DataError where the restored one does not hold.
    """
    mine = require_whole(kind, read_chain(kind, restored))
    theirs = read_chain(kind, replaced).lines
    known = _count_shared(mine.lines, theirs)
    moved = len(mine.lines) - known
    lines = [kind.renumber(line, known, moved) for line in theirs[known:]]
    if lines:
        append_lines(kind, restored, mine, lines, now=now)
    return len(lines)


def _count_shared(mine: Sequence[ChainedLine], theirs: Sequence[ChainedLine]) -> int:
    for place, (one, other) in enumerate(zip(mine, theirs, strict=False)):
        if one.hash != other.hash:
            return place
    return min(len(mine), len(theirs))
