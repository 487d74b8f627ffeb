"""An evidence file: chains, heads and public key as JSON lines, verified without a database."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import IO, TypeVar

import msgspec

from assay.books.audit.entries import AuditEntry
from assay.books.audit.heads import Head
from assay.books.audit.ports import Chains
from assay.books.audit.seals import Seal
from assay.books.audit.verifying import Heads, Observe
from assay.model.errors import DataError
from assay.runtime.journal import RawRecord

FORMAT = 1
_LINE_MAX = 1 << 26
_REPORT_EVERY = 1_000


class StartLine(msgspec.Struct, frozen=True, tag="start", tag_field="line"):
    """Open a file: its format, who wrote it and when (nanoseconds UTC), and the public key."""

    format: int
    program: str
    created: int
    public_key: str


class ChainLine(msgspec.Struct, frozen=True, tag="chain", tag_field="line"):
    """Open the chain of a tenant."""

    tenant: str


class EntryLine(msgspec.Struct, frozen=True, tag="entry", tag_field="line"):
    """Hold an entry of the chain; the payload is in base64."""

    number: int
    position: int
    kind: str
    ts_event: int
    message_id: int
    cause: int
    payload: bytes


class SealLine(msgspec.Struct, frozen=True, tag="seal", tag_field="line"):
    """Hold the seal of the entries before it; hashes and signature are in base64."""

    number: int
    first: int
    count: int
    position: int
    sealed_at: int
    previous: bytes
    root: bytes
    hash: bytes
    signature: bytes
    leaves: bytes


class HeadLine(msgspec.Struct, frozen=True, tag="head", tag_field="line"):
    """Hold the head of the chain and end it."""

    head: Head


class EndLine(msgspec.Struct, frozen=True, tag="end", tag_field="line"):
    """End a file: how many lines come before, and SHA-256 of their bytes in hexadecimal."""

    lines: int
    sha256: str


Line = StartLine | ChainLine | EntryLine | SealLine | HeadLine | EndLine
Kind = TypeVar("Kind", StartLine, ChainLine, EntryLine, SealLine, HeadLine, EndLine)


class _Sink:
    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._digest, self._lines = file, sha256(), 0

    def write(self, line: Line) -> None:
        content = msgspec.json.encode(line) + b"\n"
        self._digest.update(content)
        self._lines += 1
        self._file.write(content)

    def end(self) -> None:
        self.write(EndLine(self._lines, self._digest.hexdigest()))


def write_export(
    file: IO[bytes],
    chains: Chains,
    heads: Heads,
    start: StartLine,
    observe: Observe = lambda _: None,
) -> int:
    """Write every chain as it is, sound or not; return the number of entries."""
    sink, written = _Sink(file), 0
    sink.write(start)
    for tenant in sorted({*chains.lengths(), *heads}):
        sink.write(ChainLine(tenant))
        entries = chains.entries(tenant)
        waiting = next(entries, None)
        for seal in chains.seals(tenant):
            while waiting is not None and waiting.number <= seal.last:
                sink.write(EntryLine(*waiting[1:]))
                waiting, written = next(entries, None), written + 1
                if written % _REPORT_EVERY == 0:
                    observe(_REPORT_EVERY)
            sink.write(SealLine(*seal[1:]))
        while waiting is not None:
            sink.write(EntryLine(*waiting[1:]))
            waiting, written = next(entries, None), written + 1
        head = heads.get(tenant)
        if isinstance(head, Head):
            sink.write(HeadLine(head))
    sink.end()
    observe(written % _REPORT_EVERY)
    return written


def _mark_of(kind: type[Line]) -> bytes:
    return f'{{"line":"{kind.__struct_config__.tag}"'.encode()


def _decode(content: bytes, kind: type[Kind], place: str) -> Kind:
    try:
        line = msgspec.json.decode(content, type=kind)
    except (msgspec.MsgspecError, ValueError) as error:
        raise DataError(f"{place} cannot be read ({error})") from None
    # Anything else than what was written is a change, be it only a space.
    if msgspec.json.encode(line) + b"\n" != content:
        raise DataError(f"{place} was edited")
    return line


class ExportFile:
    """Read an evidence file; opening it reads it once to its end.

    `flaw` says what is wrong with the file as such. Raises DataError for anything that is no
    evidence file at all.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._starts: dict[str, int] = {}
        self._counts: dict[str, tuple[int, int]] = {}
        self.heads: dict[str, Head | str] = {}
        self.flaw: str | None = None
        try:
            with path.open("rb") as file:
                self.start = _decode(file.readline(_LINE_MAX), StartLine, f"{path}, line 1")
                self._scan(file)
        except OSError as error:
            raise DataError(
                f"{path} cannot be read ({error.strerror}); name a file of `assay audit export`"
            ) from error
        if self.start.format != FORMAT:
            raise DataError(f"{path} has format {self.start.format}, not {FORMAT}")

    def _scan(self, file: IO[bytes]) -> None:
        end = file.tell()
        file.seek(0)
        digest = sha256(file.read(end))
        tenant, lines, entries, seals = None, 1, 0, 0
        place, content = end, file.readline(_LINE_MAX)
        while content and not content.startswith(_mark_of(EndLine)):
            lines += 1
            digest.update(content)
            if content.startswith(_mark_of(ChainLine)):
                tenant, entries, seals = self._open_chain(content, lines, file.tell()), 0, 0
            elif content.startswith(_mark_of(HeadLine)) and tenant is not None:
                self._keep_head(content, tenant, lines)
            entries += content.startswith(_mark_of(EntryLine))
            seals += content.startswith(_mark_of(SealLine))
            if tenant is not None:
                self._counts[tenant] = (entries, seals)
            place, content = file.tell(), file.readline(_LINE_MAX)
        self._check_end(content, lines, digest.hexdigest(), file.read(1))
        self._end = place

    def _open_chain(self, content: bytes, line: int, place: int) -> str | None:
        try:
            tenant = _decode(content, ChainLine, f"line {line}").tenant
        except DataError as error:
            self.flaw = self.flaw or str(error)
            return None
        if tenant in self._starts:
            self.flaw = self.flaw or f"line {line} opens the chain of {tenant!r} again"
            return None
        self._starts[tenant] = place
        return tenant

    def _keep_head(self, content: bytes, tenant: str, line: int) -> None:
        try:
            self.heads[tenant] = _decode(content, HeadLine, f"the head in line {line}").head
        except DataError as error:
            self.heads[tenant] = str(error)

    def _check_end(self, content: bytes, lines: int, digest: str, rest: bytes) -> None:
        try:
            end = _decode(content, EndLine, "the last line")
        except DataError as error:
            self.flaw = self.flaw or str(error)
            return
        if end != EndLine(lines, digest) or rest:
            self.flaw = self.flaw or "the last line does not fit the lines before it"

    def lengths(self) -> dict[str, tuple[int, int]]:
        """Return how many entries and seals each tenant has."""
        return {tenant: self._counts.get(tenant, (0, 0)) for tenant in self._starts}

    def entries(self, tenant: str) -> Iterator[AuditEntry]:
        """Yield a tenant's entries as they stand in the file."""
        mark, others = _mark_of(EntryLine), (_mark_of(SealLine), _mark_of(HeadLine))
        for content in self._lines(tenant):
            if content.startswith(mark):
                line = _decode(content, EntryLine, "its line")
                yield AuditEntry(tenant, *msgspec.structs.astuple(line))
            elif not content.startswith(others):
                raise DataError("its line is of no known kind")

    def seals(self, tenant: str) -> Iterator[Seal]:
        """Yield a tenant's seals as they stand in the file."""
        for content in self._lines(tenant):
            if content.startswith(_mark_of(SealLine)):
                line = _decode(content, SealLine, "the line of a seal")
                yield Seal(tenant, *msgspec.structs.astuple(line))

    def _lines(self, tenant: str) -> Iterator[bytes]:
        if tenant not in self._starts:
            return
        with self.path.open("rb") as file:
            file.seek(self._starts[tenant])
            while file.tell() < self._end:
                content = file.readline(_LINE_MAX)
                if content.startswith(_mark_of(ChainLine)):
                    return
                yield content

    def journal(self, tenant: str) -> Iterator[RawRecord] | None:  # noqa: ARG002 - the port's
        """Return None: a file holds no journal."""
        return None

    def covered(self) -> int:
        """Return 0: a file holds no journal."""
        return 0
