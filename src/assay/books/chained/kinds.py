"""What a kind of ledger is: its lines, their chain, and the words that tell of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from assay.books.chained.heads import HeadT, change

NO_LINE = "0" * 64
"""What the first line has for the hash of the one before."""


class ChainedLine(Protocol):
    """Have a number, the hash of the line before, and the hash of its own words."""

    @property
    def number(self) -> int: ...

    @property
    def previous(self) -> str: ...

    @property
    def hash(self) -> str: ...


LineT = TypeVar("LineT", bound=ChainedLine)


def keep_as_it_is(line: LineT, known: int, moved: int) -> LineT:  # noqa: ARG001 - the port's
    """Return a line that names no other by its number, so that it may move as it is."""
    return line


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Generic[LineT, HeadT]):
    """Say how the lines of one kind of ledger are written, chained, counted and told of.

    `folder` is the folder and the lock in the home, `title` and `vow` the words for an error,
    `command` the command that verifies. `count` gives what its head says beside lines and hash;
    `renumber(line, known, moved)` mends a line that names others which moved behind line `known`.
    """

    folder: str
    title: str
    vow: str
    command: str
    line_domain: bytes
    head_domain: bytes
    decoder: msgspec.json.Decoder[LineT]
    head: type[HeadT]
    count: Callable[[Sequence[LineT]], dict[str, Any]] = lambda _: {}
    renumber: Callable[[LineT, int, int], LineT] = keep_as_it_is

    def follow(self, line: LineT, before: LineT | None) -> LineT:
        """Return the line as the next one behind another, with its number and hashes."""
        placed: LineT = change(
            line, number=before.number + 1 if before else 1,
            previous=before.hash if before else NO_LINE, hash="",
        )  # fmt: skip
        followed: LineT = change(placed, hash=self.digest(placed))
        return followed

    def digest(self, line: LineT) -> str:
        """Return SHA-256 over the domain and the JSON of a line with an empty hash."""
        bare = change(line, hash="")
        return sha256(self.line_domain + msgspec.json.encode(bare)).hexdigest()

    def encode(self, line: LineT) -> bytes:
        """Return the bytes of a line, the line feed included."""
        return msgspec.json.encode(line) + b"\n"

    def decode(self, content: bytes, before: LineT | None) -> LineT | str:
        """Return the line that follows another, or in words why these bytes are not it."""
        try:
            line = self.decoder.decode(content)
        except (msgspec.MsgspecError, ValueError) as error:
            return f"it is no line of the ledger ({' '.join(str(error).split())})"
        if self.encode(line) != content or self.digest(line) != line.hash:
            return "it was edited: its hash is of other words"
        expected = self.follow(line, before)
        if line.number != expected.number:
            return f"it is numbered {line.number}, so that a line is missing or was moved"
        if line.previous != expected.previous:
            return "it does not follow the line before, so that one of them was replaced"
        return line
