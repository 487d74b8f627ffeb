"""The lines of the governance log: retrainings, comparisons, acts, refusals, fallbacks."""

from __future__ import annotations

import msgspec

from assay.books.chained import NO_LINE, Kind
from assay.model.time import MINUTE

FIRST, PROMOTED, ROLLED_BACK = "first", "promoted", "rolled back"
"""What an act may be: the first champion, one in the place of another, the one before again."""


class Scope(msgspec.Struct, frozen=True, array_like=True):
    """Say of what a model is champion: symbols, bar length (ns), and a market of its own or ''.

    >>> str(Scope(("EURUSD", "USDJPY"), 300_000_000_000, ""))
    'EURUSD,USDJPY at 5 minutes'
    """

    symbols: tuple[str, ...]
    timeframe: int
    market: str = ""

    def __str__(self) -> str:
        where = f" of {self.market}" if self.market else ""
        return f"{','.join(self.symbols)} at {self.timeframe / MINUTE:g} minutes{where}"


class Act(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="line",
    tag="act",
):  # fmt: skip
    """Say who made which model champion of what, in whose place, on which evidence.

    `at` is in nanoseconds UTC, `digest` SHA-256 of the model's description (which has its graph's)
    and `evidence` that of the comparison, empty without one; `override` names who did without it.
    """

    number: int = 0
    at: int
    act: str
    who: str
    scope: Scope
    model: str
    digest: str
    before: str
    evidence: str = ""
    override: str = ""
    reason: str = ""
    previous: str = NO_LINE
    hash: str = ""


class Comparison(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="line",
    tag="comparison",
):  # fmt: skip
    """Say who held which challenger against which champion, over which time, with what outcome.

    `log_score` and `profit` are log e-values, `tries` the challengers and starts held against this
    champion until then, this one included; `evidence` is SHA-256 of the comparison's file.
    """

    number: int = 0
    at: int
    who: str
    scope: Scope
    champion: str
    challenger: str
    start: int
    end: int
    labels: int
    log_score: float
    profit: float
    tries: int
    proven: bool
    evidence: str
    previous: str = NO_LINE
    hash: str = ""


class Refusal(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="line",
    tag="refusal",
):  # fmt: skip
    """Say whose act on which model was refused, and why."""

    number: int = 0
    at: int
    act: str
    who: str
    scope: Scope
    model: str
    reason: str
    previous: str = NO_LINE
    hash: str = ""


class Fallback(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="line",
    tag="fallback",
):  # fmt: skip
    """Say which champion could not be loaded, why, and which one before it served instead."""

    number: int = 0
    at: int
    who: str
    scope: Scope
    model: str
    served: str
    reason: str
    previous: str = NO_LINE
    hash: str = ""


class Retraining(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="line",
    tag="retraining",
):  # fmt: skip
    """Say which challenger of which champion was trained, on bars until when (ns UTC), and why."""

    number: int = 0
    at: int
    who: str
    scope: Scope
    champion: str
    challenger: str
    until: int
    reason: str
    previous: str = NO_LINE
    hash: str = ""


GovernanceLine = Act | Comparison | Refusal | Fallback | Retraining


class ActsHead(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say how many lines the governance log has, the hash of the last one, and since when."""

    lines: int = 0
    hash: str = NO_LINE
    at: int = 0
    signature: str = ""


ACTS: Kind[GovernanceLine, ActsHead] = Kind(
    folder="governance", title="the governance log", vow="nothing is done unrecorded",
    command="assay models verify", line_domain=b"assay.governance.line.1\n",
    head_domain=b"assay.governance.head.1\n", decoder=msgspec.json.Decoder(GovernanceLine),
    head=ActsHead,
)  # fmt: skip
