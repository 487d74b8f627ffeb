"""Read the trial ledger and hold every line against the chain and its head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from assay.books.audit.keys import PublicKey
from assay.books.chained import NO_LINE, ChainRead, read_chain
from assay.books.chained.heads import read_head as read_signed_head
from assay.books.trials.heads import TrialsHead
from assay.books.trials.lines import TRIALS, Line, count_trials


class TrialsReport(msgspec.Struct, frozen=True, kw_only=True):
    """Say whether the ledger holds; where not, the number of the first bad line, and why."""

    lines: int
    trials: int
    hash: str = NO_LINE
    ok: bool = True
    first_bad: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Read:
    """Hold the whole lines of a ledger in order up to the first bad one, and what was found."""

    lines: Sequence[Line]
    report: TrialsReport


def describe(found: ChainRead[Line]) -> Read:
    """Return what was read with its trials counted."""
    told = msgspec.structs.asdict(found.verdict)
    return Read(found.lines, TrialsReport(trials=count_trials(found.lines), **told))


def read_ledger(
    folder: Path, *, key: PublicKey | None = None, marks: Sequence[tuple[int, str]] = ()
) -> Read:
    """Read and verify a ledger, see read_chain."""
    return describe(read_chain(TRIALS, folder, key=key, marks=marks))


def read_head(folder: Path) -> TrialsHead | None:
    """Return the head of a ledger's folder, None where there is none.

    Raises DataError for one that is damaged or was edited.
    """
    return read_signed_head(folder, TrialsHead)
