"""A set of features in words that travel with a model, and the set made of them again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec

from assay.model.errors import DataError
from assay.signals.features.definition import Feature, FeatureSet, Longer
from assay.signals.features.leaders import LEADER_FEATURES, Lead
from assay.signals.features.standard import standard_set
from assay.signals.plugins import digest_source, load_own
from assay.signals.streams.plan import Use, use, use_own


class DescribedUse(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Hold the name of an indicator and its parameters, in the order that it declares them."""

    name: str
    params: tuple[float, ...]


class DescribedGroup(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hold the indicators and features of bars of one length (ns)."""

    timeframe: int
    uses: tuple[DescribedUse, ...]
    features: tuple[Feature, ...]


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hold an indicator of a tenant's own: its name, its text and the SHA-256 of that."""

    name: str
    sha256: str
    text: str


class DescribedSet(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hold a whole set but for its leaders; the first group is that of the bars themselves."""

    name: str
    version: int
    groups: tuple[DescribedGroup, ...]
    sources: tuple[Source, ...] = ()

    def __post_init__(self) -> None:
        for each in self.sources:
            if digest_source(each.text) != each.sha256:
                raise ValueError(f"indicator {each.name} is not the one of its SHA-256")


def describe_set(features: FeatureSet) -> DescribedSet:
    """Return a set as it travels."""
    longer = ((each.timeframe, each.features) for each in features.longer)
    groups = ((features.timeframe, features), *longer)
    return DescribedSet(
        name=features.name, version=features.version,
        groups=tuple(
            DescribedGroup(
                timeframe=timeframe, features=one.features,
                uses=tuple(DescribedUse(use.name, use.params) for use in one.uses),
            )
            for timeframe, one in groups
        ),
        sources=_tell_sources([features, *(each.features for each in features.longer)]),
    )  # fmt: skip


def tell_set(features: FeatureSet, timeframe: int) -> DescribedSet | msgspec.UnsetType:
    """Return what a model tells of its set; nothing where it is the standard one of its bars."""
    usual = standard_set(timeframe, features.leaders)
    return msgspec.UNSET if features.digest == usual.digest else describe_set(features)


def _tell_sources(sets: Sequence[FeatureSet]) -> tuple[Source, ...]:
    own = {use.name: use.own for one in sets for use in one.uses if use.own is not None}
    return tuple(
        Source(name=name, sha256=each.digest, text=each.source)
        for name, each in sorted(own.items())
    )


def build_set(told: DescribedSet) -> FeatureSet:
    """Return the set that was described; raise UsageError where this program has not all of it."""

    sources = {each.name: each for each in told.sources}

    def uses(group: DescribedGroup) -> tuple[Use, ...]:
        return tuple(_build_use(each, sources.get(each.name)) for each in group.uses)

    own, *others = told.groups
    longer = tuple(
        Longer(each.timeframe, FeatureSet(told.name, told.version, uses(each), each.features))
        for each in others
    )
    return FeatureSet(
        told.name, told.version, uses(own), own.features, timeframe=own.timeframe, longer=longer
    )


def _build_use(told: DescribedUse, source: Source | None) -> Use:
    found = use(told.name) if source is None else use_own(load_own(source.name, source.text))
    names = [each.name for each in found.indicator.parameters]
    if len(names) != len(told.params):
        raise DataError(f"indicator {told.name} has other parameters by now; train the model again")
    values = found.indicator.resolve(dict(zip(names, told.params, strict=True)))
    return replace(found, params=tuple(values.values()))


def follow(features: FeatureSet, leaders: Sequence[Lead]) -> FeatureSet:
    """Return a set with leaders, whose momentum it must have itself; without any as it was."""
    if not leaders:
        return features
    return replace(features, leaders=tuple(leaders), leader_features=LEADER_FEATURES)
