"""The lines of the trial ledger: each carries the hash of the line before and its own."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from assay.books.chained import NO_LINE, Kind
from assay.books.trials.heads import TrialsHead


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


def _count_trials(lines: Sequence[Line]) -> dict[str, int]:
    return {"trials": count_trials(lines)}


def count_trials(lines: Sequence[Line]) -> int:
    """Return how many of the lines are trials."""
    return sum(isinstance(line, Trial) for line in lines)


def _renumber(line: Line, known: int, moved: int) -> Line:
    if isinstance(line, Outcome) and line.trial > known:
        return msgspec.structs.replace(line, trial=line.trial + moved)
    return line


TRIALS: Kind[Line, TrialsHead] = Kind(
    folder="trials", title="the trial ledger", vow="nothing is looked at uncounted",
    command="assay trials verify", line_domain=b"assay.trials.line.1\n",
    head_domain=b"assay.trials.head.1\n", decoder=msgspec.json.Decoder(Line), head=TrialsHead,
    count=_count_trials, renumber=_renumber,
)  # fmt: skip
