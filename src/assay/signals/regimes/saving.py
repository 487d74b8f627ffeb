"""A fitted classifier as a file of the home, with what it remembers of the bars it was shown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import msgspec

from assay.model.errors import DataError, UsageError
from assay.signals.regimes.chain import Chain
from assay.signals.regimes.classifier import Classifier
from assay.signals.regimes.features import regime_set
from assay.signals.regimes.forest import Forest
from assay.signals.regimes.labelling import Rules

FOLDER, SUFFIX = "regimes", ".regimes"
MARK = b"assay.regimes.1\n"
_HEAD = len(MARK) + 32
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Hold a classifier, of what it is, and its memory after the bar that closed at `until`.

    Prices are in 10^-digits, times in ns UTC; it was fitted on bars that closed by `fitted_until`.
    """

    classifier: Classifier
    symbol: str
    timeframe: int
    digits: int
    fitted_until: int
    until: int
    memory: bytes


class _Written(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    symbol: str
    timeframe: int
    digits: int
    fitted_until: int
    until: int
    memory: bytes
    digest: str
    chain: Chain
    rules: Rules
    shares: tuple[float, ...]
    tilt: float
    cell_tilt: float
    onnx: bytes


def place_of(home: Path, name: str) -> Path:
    """Return the file of a name; raise UsageError for a name that would be no plain file."""
    if not _NAME.fullmatch(name):
        raise UsageError(f"name {name!r} is unfit; use small letters, digits, - and _")
    return home / FOLDER / f"{name}{SUFFIX}"


def write_classifier(path: Path, kept: Kept) -> None:
    """Write the file in one step; one of that name is replaced."""
    classifier, forest = kept.classifier, kept.classifier.forest
    payload = msgspec.msgpack.encode(
        _Written(
            symbol=kept.symbol, timeframe=kept.timeframe, digits=kept.digits,
            fitted_until=kept.fitted_until, until=kept.until, memory=kept.memory,
            digest=classifier.digest, chain=classifier.chain, rules=classifier.rules,
            shares=forest.shares, tilt=forest.tilt, cell_tilt=forest.cell_tilt, onnx=forest.onnx,
        )
    )  # fmt: skip
    fresh = path.with_suffix(".new")
    fresh.write_bytes(MARK + sha256(payload).digest() + payload)
    fresh.replace(path)


def read_classifier(path: Path) -> Kept:
    """Return what a file holds; its classifier says what it said when it was saved, to the bit.

    Raises UsageError where there is none, DataError where it is damaged or was fitted to features
    that this program no longer makes.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise UsageError(
            f"regimes {path.stem} are unknown; `assay regimes --save {path.stem}` makes them"
        ) from None
    payload = content[_HEAD:]
    if content[:_HEAD] != MARK + sha256(payload).digest():
        raise DataError(f"{path} is damaged; save it again by `assay regimes --save {path.stem}`")
    found = msgspec.msgpack.decode(payload, type=_Written)
    classifier = Classifier(
        regime_set(found.timeframe, found.rules.ahead), found.chain, found.rules,
        Forest(found.onnx, found.shares, found.tilt, found.cell_tilt),
    )  # fmt: skip
    if classifier.digest != found.digest:
        raise DataError(
            f"{path} was fitted to other features than this program makes; save it again by "
            f"`assay regimes --save {path.stem}`"
        )
    return Kept(
        classifier=classifier, symbol=found.symbol, timeframe=found.timeframe,
        digits=found.digits, fitted_until=found.fitted_until, until=found.until,
        memory=found.memory,
    )  # fmt: skip
