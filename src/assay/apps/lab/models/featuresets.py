"""The sets of features of a home: the program's own, and the files that a tenant keeps there."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from assay.model.errors import AssayError, UsageError
from assay.model.time import Timeframe
from assay.runtime.home import Home
from assay.signals.features import SETS, FeatureSet, WrittenSet
from assay.signals.features.definition import CHANGE, EWMA, PRODUCT, QUOTIENT, Feature
from assay.signals.labels import RANGE_FEATURE
from assay.signals.plugins import Checked, check_source, load_own
from assay.signals.streams.catalogue import INDICATORS
from assay.signals.streams.indicator import Indicator
from assay.signals.streams.plan import Use, use, use_own

OPERATOR = "local"
"""The tenant whose installation it is."""
TENANTS, FEATURES, SUFFIX = "tenants", "features", ".toml"
OWN, CHECKED = "indicators", ".checked"
KINDS = {QUOTIENT: "quotient", CHANGE: "change", EWMA: "ewma", PRODUCT: "product"}
_TENANT = re.compile(r"[a-z0-9][a-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Shelf:
    """Name where a tenant keeps what it wrote; `tell` hears of an indicator that is checked."""

    home: Home
    tenant: str = OPERATOR
    tell: Callable[[str], None] | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if not _TENANT.fullmatch(self.tenant):
            raise UsageError(
                f"tenant {self.tenant!r} is no name; use small letters, digits, _ and -"
            )

    def folder(self, name: str) -> Path:
        """Return the path of a folder of the tenant's, which need not exist."""
        return self.home.path / TENANTS / self.tenant / name

    def sets(self) -> list[WrittenSet]:
        """Return the tenant's own sets, by name."""
        paths = sorted(self.folder(FEATURES).glob(f"*{SUFFIX}"))
        return [self.read(path) for path in paths]

    def read(self, path: Path) -> WrittenSet:
        """Return the set of a file; raise UsageError where it cannot be read."""
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "no UTF-8 text"
            raise UsageError(f"{path} cannot be read: {why}; name a file of TOML") from None
        return WrittenSet(path.stem, path, text, self.find_use)

    def indicators(self) -> dict[str, Path]:
        """Return the files of the tenant's own indicators, by name."""
        paths = sorted(self.folder(OWN).glob("[!._]*.py"))
        return {path.stem: path for path in paths}

    def find_use(self, name: str, **given: float) -> Use:
        """Return a use of an indicator, the program's or the tenant's, which is checked first.

        Raises UsageError and DataError for one that is unknown or breaks a check.
        """
        if any(each.name == name for each in INDICATORS):
            return use(name, **given)
        own = self.indicators()
        if name not in own:
            known = ", ".join((*own, *(each.name for each in INDICATORS)))
            raise UsageError(
                f"indicator {name!r} is unknown; use one of {known}, or write {name}.py in "
                f"{self.folder(OWN)}"
            )
        return self.use_file(own[name], **given)

    def use_file(self, path: Path, **given: float) -> Use:
        """Return a use of the indicator of a file, which is checked first; likewise."""
        source = read_source(path)
        self.check(path.stem, source, given)
        return use_own(load_own(path.stem, source), **given)

    def check(self, name: str, source: str, given: dict[str, float]) -> Checked:
        """Check an indicator in a process of its own, unless it was checked before."""
        kept = self.folder(OWN) / CHECKED
        return check_source(name, source, given, kept, tell=self.tell)


def read_source(path: Path) -> str:
    """Return the text of an indicator; raise UsageError where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "no UTF-8 text"
        raise UsageError(f"{path} cannot be read: {why}; name a file of Python") from None


def list_indicators(shelf: Shelf) -> list[dict[str, Any]]:
    """Return every indicator, the tenant's own after the program's, and what is wrong with it."""
    rows = [_tell_indicator(each.name, None, each) for each in INDICATORS]
    for name, path in shelf.indicators().items():
        try:
            made = shelf.use_file(path)
            rows.append(_tell_indicator(name, str(path), made.indicator))
        except AssayError as error:
            rows.append({"indicator": name, "file": str(path), "parameters": None,
                         "outputs": None, "fault": str(error)})  # fmt: skip
    return rows


def _tell_indicator(name: str, path: str | None, made: Indicator) -> dict[str, Any]:
    return {
        "indicator": name, "file": path, "fault": None, "outputs": list(made.outputs),
        "parameters": {each.name: each.default for each in made.parameters},
    }  # fmt: skip


def find_recipe(
    home: Home, text: str, tell: Callable[[str], None] | None = None
) -> Callable[[int], FeatureSet]:  # fmt: skip
    """Return what makes the set that NAME, TENANT/NAME or a path ending in .toml names.

    Raises UsageError naming those that exist.
    """
    if text in SETS:
        return SETS[text]
    # A file that changes while a command runs must not change what it is about.
    return cache(find_written(home, text, tell).at)


def find_written(
    home: Home, text: str, tell: Callable[[str], None] | None = None
) -> WrittenSet:  # fmt: skip
    """Return the tenant's set of that name or path; likewise."""
    if text.endswith(SUFFIX):
        return Shelf(home, tell=tell).read(Path(text))
    tenant, _, name = text.rpartition("/")
    shelf = Shelf(home, tenant or OPERATOR, tell)
    known = {each.name: each for each in shelf.sets()}
    if name not in known:
        there = ", ".join((*SETS, *known))
        raise UsageError(
            f"feature set {name!r} is unknown; there are {there}; a set of your own is a file in "
            f"{shelf.folder(FEATURES)}, or any path ending in {SUFFIX}"
        )
    return known[name]


def list_sets(shelf: Shelf, timeframe: Timeframe) -> list[dict[str, Any]]:
    """Return every set for bars of this length, and what is wrong with it."""
    rows: list[dict[str, Any]] = [
        {"set": name, "file": None, **_sum_up(make(timeframe)), "fault": None}
        for name, make in SETS.items()
    ]
    for one in shelf.sets():
        row: dict[str, Any] = {"set": one.name, "file": str(one.path)}
        try:
            row |= {**_sum_up(one.at(timeframe)), "fault": None}
        except AssayError as error:
            row |= {"features": None, "settling": None, "digest": None, "fault": str(error)}
        rows.append(row)
    return rows


def show_set(features: FeatureSet, timeframe: Timeframe) -> dict[str, Any]:
    """Return everything about a set for bars of this length."""
    longer = [(each.prefix, each.features) for each in features.longer]
    groups = [("", features), *longer]
    return {
        "set": features.id, "timeframe": timeframe.name, "digest": features.digest,
        "warm_up": features.warm_up, "settling": features.settling,
        "names": list(features.names), "trades": RANGE_FEATURE in features.own_names,
        "indicators": [
            prefix + use.label for prefix, one in groups for use in one.uses
        ],
        "features": [
            {"name": prefix + each.name, **_tell(each)}
            for prefix, one in groups for each in one.features
        ],
    }  # fmt: skip


def _sum_up(features: FeatureSet) -> dict[str, Any]:
    return {
        "features": len(features.names), "settling": features.settling, "digest": features.digest,
    }  # fmt: skip


def _tell(feature: Feature) -> dict[str, Any]:
    above, below = (_difference(*pair) for pair in (feature.above, feature.below))
    kind = KINDS[feature.kind]
    if feature.kind == CHANGE:
        above = feature.above[0]
    if feature.kind == EWMA:
        return {"kind": kind, "of": feature.above[0], "half_life": feature.factor}
    last = "most" if feature.kind == PRODUCT else "floor"
    return {"kind": kind, "of": above, "by": below, "factor": feature.factor, last: feature.limit}


def _difference(first: str, second: str) -> str:
    return first if second == "zero" else f"{first} - {second}"
