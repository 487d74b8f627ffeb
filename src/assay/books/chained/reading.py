"""Read a chained ledger and hold every line against the chain and its head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic

import msgspec

from assay.books.audit.keys import PUBLIC, PublicKey, load_public_key
from assay.books.chained.heads import NEXT, HeadT, SignedHead, is_signed, read_head
from assay.books.chained.kinds import NO_LINE, ChainedLine, Kind, LineT
from assay.model.errors import DataError

LEDGER = "ledger.jsonl"
Flaw = tuple[int, str]


class ChainVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """Say whether a ledger holds; where not, the number of the first bad line, and why."""

    lines: int
    hash: str = NO_LINE
    ok: bool = True
    first_bad: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ChainRead(Generic[LineT]):
    """Hold the whole lines of a ledger in order up to the first bad one, and what was found.

    `octets` is how many bytes the good lines have; what follows them is the rest of a line whose
    writer was killed.
    """

    lines: Sequence[LineT]
    octets: int
    verdict: ChainVerdict


def read_chain(
    kind: Kind[LineT, HeadT], folder: Path, *, key: PublicKey | None = None,
    marks: Sequence[tuple[int, str]] = (),
) -> ChainRead[LineT]:  # fmt: skip
    """Read and verify a ledger; without a key its folder's own is trusted.

    `marks` are counts of lines with the last one's hash, kept from earlier, which must still hold.
    A line that its head does not count yet is good: its writer was killed between the two. So are
    several that a signed promise of the next head covers.
    """
    content = _read_bytes(folder / LEDGER)
    lines, octets, flaw = _follow_chain(kind, content)
    flaw = flaw or _hold_against_head(kind, folder, lines, key) or _hold_against_marks(lines, marks)
    verdict = ChainVerdict(lines=len(lines), hash=lines[-1].hash if lines else NO_LINE)
    if flaw:
        verdict = msgspec.structs.replace(verdict, ok=False, first_bad=flaw[0], reason=flaw[1])
    return ChainRead(lines, octets, verdict)


def require_whole(kind: Kind[LineT, HeadT], found: ChainRead[LineT]) -> ChainRead[LineT]:
    """Return what was read; raise DataError naming the first bad line of a ledger that fails."""
    verdict = found.verdict
    if not verdict.ok:
        raise DataError(
            f"{kind.title} does not hold at line {verdict.first_bad}: {verdict.reason}; keep the "
            f"home as it is, see `{kind.command}`, then bring a backup back with `assay restore`"
        )
    return found


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def _follow_chain(kind: Kind[LineT, HeadT], content: bytes) -> tuple[list[LineT], int, Flaw | None]:
    lines: list[LineT] = []
    octets = 0
    for piece in content.splitlines(keepends=True):
        if not piece.endswith(b"\n"):
            break
        found = kind.decode(piece, lines[-1] if lines else None)
        if isinstance(found, str):
            return lines, octets, (len(lines) + 1, found)
        lines.append(found)
        octets += len(piece)
    return lines, octets, None


def _hold_against_head(
    kind: Kind[LineT, HeadT], folder: Path, lines: Sequence[LineT], key: PublicKey | None
) -> Flaw | None:
    try:
        head, promised = read_head(folder, kind.head), read_head(folder, kind.head, NEXT)
        if head is None and promised is None:
            return (2, "the head is missing") if len(lines) > 1 else None
        own = key or load_public_key(folder)
    except DataError as error:
        return max(len(lines), 1), str(error)
    for each in (head, promised):
        if each is not None and not is_signed(each, own, kind.head_domain):
            return max(each.lines, 1), f"the head is not signed by the key in {PUBLIC}"
    return _compare_head(head or kind.head(), lines, promised)


def _compare_head(
    head: SignedHead, lines: Sequence[ChainedLine], promised: SignedHead | None
) -> Flaw | None:
    if head.lines > len(lines):
        return len(lines) + 1, f"it was cut off: the head counts {head.lines} lines"
    if promised is not None and len(lines) == promised.lines != head.lines:
        is_kept = promised.hash == lines[-1].hash
        return None if is_kept else (len(lines), "the promised head has the hash of another line")
    # A promise covers what a kill left of its lines; that is fewer, and chained like any.
    if head.lines + 1 < len(lines) and not (promised and len(lines) < promised.lines):
        return head.lines + 2, f"the head counts {head.lines} lines and vouches for no more"
    hash_ = lines[head.lines - 1].hash if head.lines else NO_LINE
    if head.hash != hash_:
        return head.lines, "the head has the hash of another line"
    return None


def _hold_against_marks(
    lines: Sequence[ChainedLine], marks: Sequence[tuple[int, str]]
) -> Flaw | None:
    for count, hash_ in sorted(marks):
        if count > len(lines):
            return len(lines) + 1, f"it was cut off: {count} lines were there when that was noted"
        if (lines[count - 1].hash if count else NO_LINE) != hash_:
            return max(count, 1), "another line was there when its hash was noted"
    return None
