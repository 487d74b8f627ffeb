"""Sets of features as a person writes them: a TOML file of groups of indicators and features."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import msgspec

from assay.model.errors import DataError, UsageError
from assay.model.time import Timeframe
from assay.signals.features.definition import (
    HALF_POINT,
    LARGEST,
    Feature,
    FeatureSet,
    Longer,
    change,
    ewma,
    in_floats,
    product,
    quotient,
)
from assay.signals.features.sets import SETS, STANDARD
from assay.signals.streams.plan import Use, use

Made = TypeVar("Made")
NAME = re.compile(r"[a-z][a-z0-9_]*")
FindUse = Callable[..., Use]
"""Given the name of an indicator and its parameters, return its use; raise UsageError."""

KINDS = {
    "quotient": {"by", "factor", "floor"}, "change": {"by", "factor"}, "ewma": {"half_life"},
    "product": {"by", "factor", "most"},
}  # fmt: skip
"""The kinds of features and, of each, what else may be told."""


class WrittenGroup(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hold a group as it stands in the file; without a timeframe it is of the bars themselves."""

    timeframe: str = ""
    indicators: list[str | dict[str, str | float]] = []
    features: list[dict[str, str | float]] = []


class Writing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hold a set as it stands in the file."""

    version: int = 1
    extends: str = ""
    drop: list[str] = []
    group: list[WrittenGroup] = []


@dataclass(frozen=True, slots=True)
class WrittenSet:
    """Hold the text of a set and the file that it stands in; `find_use` knows the indicators.

    What it is depends on the length of the bars: a set for minutes is another than for hours.
    """

    name: str
    path: Path
    text: str
    find_use: FindUse = field(default=use)

    def at(self, timeframe: int) -> FeatureSet:
        """Return the set for bars of this length (ns); raise UsageError, naming line and remedy."""
        written = self.read()
        base = _extended(written, timeframe, self)
        uses, features, longer = list(base.uses), list(base.features), list[Longer]()
        for number, group in enumerate(written.group, 1):
            told_uses = [self._read_use(each, number) for each in group.indicators]
            told = [self._read_feature(each, number) for each in group.features]
            if group.timeframe:
                length = self._guard(group.timeframe, Timeframe.parse, group.timeframe)
                inner = self._guard("", _set_of, self.name, written.version, told_uses, told)
                longer.append(Longer(int(length), inner))
            else:
                uses += [each for each in told_uses if each not in uses]
                features += told
        return self._guard("", _whole, self.name, written.version, (uses, features), timeframe,
                           tuple(longer))  # fmt: skip

    def read(self) -> Writing:
        """Return what the file says, its names and terms not looked at yet."""
        if not NAME.fullmatch(self.name):
            raise UsageError(
                f"{self.path}: a set is named after its file, and {self.name!r} is no name; use "
                "small letters, digits and underscores, beginning with a letter"
            )
        if self.name in SETS:
            raise UsageError(
                f"{self.path}: {self.name} is the program's own; name the file another"
            )
        try:
            written = msgspec.convert(tomllib.loads(self.text), Writing)
        except tomllib.TOMLDecodeError as error:
            raise UsageError(f"{self.path}: {error}; correct the TOML there") from None
        except msgspec.ValidationError as error:
            raise UsageError(f"{self.path}: {_in_words(str(error))}; correct it") from None
        return written

    def _read_use(self, told: str | dict[str, str | float], group: int) -> Use:
        given = {"use": told} if isinstance(told, str) else dict(told)
        name = given.pop("use", None)
        if not isinstance(name, str):
            raise UsageError(
                f"{self.path}: an indicator of group {group} has no `use`; write "
                '{ use = "sma", period = 20 }'
            )
        wrong = [key for key, value in given.items() if isinstance(value, str)]
        if wrong:
            raise self._refuse(name, f"{name}: {wrong[0]} is no number")
        return self._guard(name, self.find_use, name, **given)

    def _read_feature(self, told: dict[str, str | float], group: int) -> Feature:
        name = told.get("name")
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise UsageError(
                f"{self.path}: a feature of group {group} is named {name!r}; name it with small "
                "letters, digits and underscores, beginning with a letter"
            )
        kinds = [kind for kind in KINDS if kind in told]
        if len(kinds) != 1:
            raise self._refuse(
                name, f"feature {name} is of {len(kinds)} kinds; give one of {', '.join(KINDS)}"
            )
        (kind,) = kinds
        unknown = sorted(set(told) - KINDS[kind] - {"name", kind})
        if unknown:
            raise self._refuse(
                name, f"feature {name}: {kind} knows no {unknown[0]!r}; it takes "
                f"{', '.join(sorted(KINDS[kind]))}"
            )  # fmt: skip
        try:
            return _make_feature(name, kind, msgspec.convert(told, _Told))
        except msgspec.ValidationError as error:
            raise self._refuse(name, f"feature {name}: {_in_words(str(error))}") from None

    def _guard(self, name: str, make: Callable[..., Made], *given: object, **named: object) -> Made:
        """Return what a maker makes; whose refusal gets the file and the line."""
        try:
            return make(*given, **named)
        except (UsageError, DataError) as error:
            raise self._refuse(name, str(error)) from None

    def _refuse(self, name: str, why: str) -> UsageError:
        quoted = [name] if name else re.findall(r"(?:feature|takes) '?([A-Za-z0-9_]+)'?", why)
        lines = self.text.splitlines()
        for number, line in enumerate(lines, 1):
            if any(re.search(rf"[\"']{re.escape(each)}[\"']", line) for each in quoted):
                return UsageError(f"{self.path} line {number}: {why}")
        return UsageError(f"{self.path}: {why}")


class _Told(msgspec.Struct, frozen=True, kw_only=True):
    quotient: str = ""
    change: str = ""
    ewma: str = ""
    product: str = ""
    by: str = "one"
    factor: float = 1.0
    floor: float = HALF_POINT
    most: float = LARGEST
    half_life: float = 0.0


def _make_feature(name: str, kind: str, told: _Told) -> Feature:
    if kind == "quotient":
        return quotient(name, told.quotient, told.by, factor=told.factor, floor=told.floor)
    if kind == "change":
        return change(name, told.change, told.by, factor=told.factor)
    if kind == "ewma":
        return ewma(name, told.ewma, told.half_life)
    return product(name, told.product, told.by, most=told.most, factor=told.factor)


def _extended(written: Writing, timeframe: int, of: WrittenSet) -> FeatureSet:
    """Return what a set begins with: one of the program's without what it drops, or nothing."""
    if written.extends not in ("", *SETS):
        raise of._refuse(
            written.extends, f"extends {written.extends!r}: only {', '.join(SETS)} can be extended"
        )
    if not written.extends:
        if written.drop:
            raise of._refuse("drop", f'drop goes with extends = "{STANDARD}"; add that line')
        return FeatureSet(of.name, written.version, (), ())
    whole = SETS[written.extends](timeframe)
    unknown = [name for name in written.drop if name not in whole.names]
    if unknown:
        raise of._refuse(
            unknown[0], f"drop names {unknown[0]!r}, which is no feature of {whole.id}; `assay "
            f"features show {written.extends}` names them"
        )  # fmt: skip
    kept = in_floats(each for each in whole.features if each.name not in written.drop)
    dropped = {each.name for each in whole.features} - {each.name for each in kept}
    for each in kept:
        for term in each.terms:
            if term in dropped:
                raise of._refuse(
                    term, f"feature {each.name} is made of {term}, which is dropped; drop "
                    f"{each.name} too"
                )  # fmt: skip
    terms = {term for each in kept for term in each.terms}
    terms |= {word for each in _features_told(written) for word in _words_of(each)}
    uses = tuple(each for each in whole.uses if terms & set(each.refs))
    return FeatureSet(of.name, written.version, uses, kept)


def _features_told(written: Writing) -> list[dict[str, str | float]]:
    return [each for group in written.group for each in group.features if not group.timeframe]


def _words_of(feature: dict[str, str | float]) -> Sequence[str]:
    return [word for value in feature.values() for word in str(value).split(" - ")]


def _set_of(name: str, version: int, uses: list[Use], features: list[Feature]) -> FeatureSet:
    return FeatureSet(name, version, tuple(uses), tuple(features))


def _whole(
    name: str, version: int, own: tuple[list[Use], list[Feature]], timeframe: int,
    longer: tuple[Longer, ...],
) -> FeatureSet:  # fmt: skip
    uses, features = own
    made = FeatureSet(
        name, version, tuple(uses), tuple(features), timeframe=int(timeframe), longer=longer
    )
    if not made.own_names:
        raise UsageError(f"set {name} has no feature; add a group with some")
    return made


def _in_words(text: str) -> str:
    """Return what a decoder says with places counted from 1 and named as they are written."""
    where = re.search(r" - at `\$\.?(.*)`$", text)
    if where is None:
        return text
    place = re.sub(r"\[(\d+)\]", lambda found: f" {int(found.group(1)) + 1}", where.group(1))
    return f"{place.replace('.', ', ')}: {text[: where.start()]}"
