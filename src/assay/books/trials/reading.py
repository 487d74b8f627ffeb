"""Read the trial ledger and hold every line against the chain and its head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from assay.books.audit.keys import PUBLIC, PublicKey, load_public_key
from assay.books.trials.heads import TrialsHead, read_head
from assay.books.trials.lines import NO_LINE, Line, Trial, read_line
from assay.model.errors import DataError

LEDGER = "ledger.jsonl"


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
    """Hold the whole lines of a ledger in order up to the first bad one, and what was found.

    `octets` is how many bytes the good lines have; what follows them is the rest of a line whose
    writer was killed.
    """

    lines: Sequence[Line]
    octets: int
    report: TrialsReport


def read_ledger(
    folder: Path, *, key: PublicKey | None = None, marks: Sequence[tuple[int, str]] = ()
) -> Read:
    """Read and verify a ledger; without a key its folder's own is trusted.

    `marks` are counts of lines with the last one's hash, kept from earlier, which must still hold.
    A line that its head does not count yet is good: its writer was killed between the two.
    """
    content = _read_bytes(folder / LEDGER)
    lines, octets, flaw = _follow_chain(content)
    flaw = flaw or _hold_against_head(folder, lines, key) or _hold_against_marks(lines, marks)
    trials = sum(isinstance(line, Trial) for line in lines)
    last = lines[-1].hash if lines else NO_LINE
    report = TrialsReport(lines=len(lines), trials=trials, hash=last)
    if flaw:
        report = msgspec.structs.replace(report, ok=False, first_bad=flaw[0], reason=flaw[1])
    return Read(lines, octets, report)


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def _follow_chain(content: bytes) -> tuple[list[Line], int, tuple[int, str] | None]:
    lines: list[Line] = []
    octets = 0
    for piece in content.splitlines(keepends=True):
        if not piece.endswith(b"\n"):
            break
        found = read_line(piece, lines[-1] if lines else None)
        if isinstance(found, str):
            return lines, octets, (len(lines) + 1, found)
        lines.append(found)
        octets += len(piece)
    return lines, octets, None


def _hold_against_head(
    folder: Path, lines: Sequence[Line], key: PublicKey | None
) -> tuple[int, str] | None:
    try:
        head = read_head(folder)
        if head is None:
            return (2, "the head is missing") if len(lines) > 1 else None
        own = key or load_public_key(folder)
    except DataError as error:
        return max(len(lines), 1), str(error)
    if not head.is_signed(own):
        return max(head.lines, 1), f"the head is not signed by the key in {PUBLIC}"
    return _compare_head(head, lines)


def _compare_head(head: TrialsHead, lines: Sequence[Line]) -> tuple[int, str] | None:
    if head.lines > len(lines):
        return len(lines) + 1, f"it was cut off: the head counts {head.lines} lines"
    if head.lines + 1 < len(lines):
        return head.lines + 2, f"the head counts {head.lines} lines and vouches for no more"
    hash_ = lines[head.lines - 1].hash if head.lines else NO_LINE
    if head.hash != hash_:
        return head.lines, "the head has the hash of another line"
    return None


def _hold_against_marks(
    lines: Sequence[Line], marks: Sequence[tuple[int, str]]
) -> tuple[int, str] | None:
    for count, hash_ in sorted(marks):
        if count > len(lines):
            return len(lines) + 1, f"it was cut off: {count} lines were there when that was noted"
        if (lines[count - 1].hash if count else NO_LINE) != hash_:
            return max(count, 1), "another line was there when its hash was noted"
    return None
