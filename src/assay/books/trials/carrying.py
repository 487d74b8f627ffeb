"""A restore and the ledger: what was tried since the backup stays tried."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from shutil import copyfile

import msgspec

from assay.books.audit.keys import PRIVATE, PUBLIC
from assay.books.trials.heads import HEAD
from assay.books.trials.ledger import append_lines, require_whole
from assay.books.trials.lines import Line, Outcome
from assay.books.trials.reading import LEDGER, read_ledger


def copy_ledger(folder: Path, target: Path) -> list[Path]:
    """Copy a ledger with head and keys to a folder; return the names that were there.

    The caller holds the lock of the ledger, so that the copies belong together.
    """
    names = [Path(name) for name in (LEDGER, PRIVATE, PUBLIC)] + [HEAD]
    found = [name for name in names if (folder / name).is_file()]
    for name in found:
        copy = target / name
        copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        copyfile(folder / name, copy)
    return found


def carry_over(replaced: Path, restored: Path, now: int) -> int:
    """Enter in a restored ledger the lines that it lacks of the one it replaces; return how many.

    Both begin alike where the backup was of this home; lines after that are entered again behind
    the restored ones. Of a ledger that does not hold, the lines before the first bad one are taken,
    since a restore is what mends it. Raises DataError where the restored one does not hold.
    """
    mine = require_whole(read_ledger(restored))
    theirs = read_ledger(replaced).lines
    known = _count_shared(mine.lines, theirs)
    moved = len(mine.lines) - known
    lines = [_renumber(line, known, moved) for line in theirs[known:]]
    if lines:
        append_lines(restored, mine, lines, now)
    return len(lines)


def _count_shared(mine: Sequence[Line], theirs: Sequence[Line]) -> int:
    for place, (one, other) in enumerate(zip(mine, theirs, strict=False)):
        if one.hash != other.hash:
            return place
    return min(len(mine), len(theirs))


def _renumber(line: Line, known: int, moved: int) -> Line:
    if isinstance(line, Outcome) and line.trial > known:
        return msgspec.structs.replace(line, trial=line.trial + moved)
    return line
