"""The lines of the trial ledger: each carries the hash of the line before and its own."""

from __future__ import annotations

from hashlib import sha256

import msgspec

_DOMAIN = b"assay.trials.line.1\n"
NO_LINE = "0" * 64
"""What the first line has for the hash of the one before."""


class Trial(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="line",
    tag="trial",
):  # fmt: skip
    """Say who looked at which instruments over which time, with what; written before the look.

    `at`, `start` and `end` are in nanoseconds UTC, `end` the first moment not looked at.
    `parameters` and `data` are SHA-256 in hexadecimal.
    """

    number: int = 0
    at: int
    kind: str
    who: str
    symbols: tuple[str, ...]
    start: int
    end: int
    strategy: str
    parameters: str
    data: str
    previous: str = NO_LINE
    hash: str = ""

    def overlaps(self, other: Trial) -> bool:
        """Return whether both touch one instrument at one time."""
        shared = set(self.symbols) & set(other.symbols)
        return bool(shared) and self.start < other.end and other.start < self.end

    @property
    def what(self) -> tuple[str, str, str, str]:
        """Return what makes a second look the same look again."""
        return self.kind, self.strategy, self.parameters, self.data


class Outcome(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="line",
    tag="outcome",
):  # fmt: skip
    """Say what came of the trial on line `trial`: Sharpe ratio a day, days, and their sketch.

    `sharpe` is None where there is none; `sketch` is of `sketch_returns`, empty likewise.
    """

    number: int = 0
    at: int
    trial: int
    sharpe: float | None
    days: int
    sketch: str
    previous: str = NO_LINE
    hash: str = ""


Line = Trial | Outcome
_decoder: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line)


def chain_line(line: Line, before: Line | None) -> Line:
    """Return the line as the next one behind another, with its number and hashes."""
    placed = msgspec.structs.replace(
        line, number=before.number + 1 if before else 1,
        previous=before.hash if before else NO_LINE, hash="",
    )  # fmt: skip
    return msgspec.structs.replace(placed, hash=hash_line(placed))


def hash_line(line: Line) -> str:
    """Return SHA-256 over "assay.trials.line.1", a line feed, and its JSON with an empty hash."""
    bare = msgspec.structs.replace(line, hash="")
    return sha256(_DOMAIN + msgspec.json.encode(bare)).hexdigest()


def encode_line(line: Line) -> bytes:
    """Return the bytes of a line, the line feed included."""
    return msgspec.json.encode(line) + b"\n"


def read_line(content: bytes, before: Line | None) -> Line | str:
    """Return the line that follows another, or in words why these bytes are not it."""
    try:
        line = _decoder.decode(content)
    except (msgspec.MsgspecError, ValueError) as error:
        return f"it is no line of the ledger ({' '.join(str(error).split())})"
    if encode_line(line) != content or hash_line(line) != line.hash:
        return "it was edited: its hash is of other words"
    expected = chain_line(line, before)
    if line.number != expected.number:
        return f"it is numbered {line.number}, so that a line is missing or was moved"
    if line.previous != expected.previous:
        return "it does not follow the line before, so that one of them was replaced"
    return line
