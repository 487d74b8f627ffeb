"""What a set of features is: names, how each comes from indicators, and a digest of all that."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from typing import Any

from assay.kernel.flow import FLOW_COLUMNS
from assay.model.errors import UsageError
from assay.model.time import DAY, Timeframe
from assay.signals.features.leaders import LEADER_PREFIX, Lead
from assay.signals.streams.indicator import bars_to_forget
from assay.signals.streams.own import own_among
from assay.signals.streams.plan import FIXED, Use

QUOTIENT, CHANGE, EWMA, PRODUCT = range(4)
LARGEST = 1000.0
"""Features are held within this, so that no jump after a dead market becomes infinite."""

HALF_POINT = 0.5
"""The least that a price distance is measured in: a market cannot move by less than a point."""


@dataclass(frozen=True, slots=True)
class Feature:
    """Hold how one feature is made; `above` and `below` are the two terms of a difference.

    QUOTIENT: factor x (above[0] - above[1]) / max(below[0] - below[1], limit); CHANGE: the same
    with above[1] taken from the bar before; EWMA: above[0] averaged with half-life `factor` bars;
    PRODUCT: factor x (above[0] - above[1]) x (below[0] - below[1]), the latter held within `limit`
    of 0. A term is an output of an indicator (`rsi_14.rsi`), a column (`bar.close`), `zero`, `one`
    or an earlier feature. What is divided by nothing is 0; what lacks a term is NaN.
    """

    name: str
    kind: int
    above: tuple[str, str]
    below: tuple[str, str]
    factor: float
    limit: float

    @property
    def terms(self) -> tuple[str, ...]:
        """Return the names of everything it is made from."""
        return (*self.above, *self.below)


def quotient(
    name: str, above: str, below: str = "one", *, factor: float = 1.0, floor: float = HALF_POINT
) -> Feature:
    """Return a feature that divides one term or difference (`a - b`) by another."""
    return Feature(name, QUOTIENT, _difference(above), _difference(below), factor, floor)


def change(name: str, of: str, below: str, *, factor: float = 1.0) -> Feature:
    """Return a feature that divides the change of a term since the bar before."""
    return Feature(name, CHANGE, (of, of), _difference(below), factor, HALF_POINT)


def ewma(name: str, of: str, half_life: float) -> Feature:
    """Return a feature that averages another with weights that halve every `half_life` bars."""
    return Feature(name, EWMA, (of, "zero"), ("one", "zero"), half_life, 0.0)


def product(name: str, of: str, by: str, *, most: float = LARGEST, factor: float = 1.0) -> Feature:
    """Return a feature that multiplies a term or difference by another, held within `most`."""
    return Feature(name, PRODUCT, _difference(of), _difference(by), factor, most)


def in_floats(features: Iterable[Feature]) -> tuple[Feature, ...]:
    """Return features with whole numbers as floats, which they are once they have travelled."""
    return tuple(
        replace(each, factor=float(each.factor), limit=float(each.limit)) for each in features
    )


def _difference(text: str) -> tuple[str, str]:
    first, _, second = text.partition(" - ")
    return first, second or "zero"


@dataclass(frozen=True, slots=True)
class Longer:
    """Hold what is taken of longer bars (length in ns) of the same instrument.

    Its terms and features are known by the name of the length, as `H1.ema_20.ema`.
    """

    timeframe: int
    features: FeatureSet

    @property
    def prefix(self) -> str:
        """Return what comes before the names of its terms, such as `H1.`."""
        return f"{Timeframe(self.timeframe).name}."

    @property
    def refs(self) -> tuple[str, ...]:
        """Return the names of what it tells whoever is beside it: all but the constants."""
        return tuple(self.prefix + ref for ref in self.features.known_terms[2:])

    @property
    def own_names(self) -> tuple[str, ...]:
        """Return the names of its features."""
        return tuple(self.prefix + name for name in self.features.own_names)

    def most_bars(self, timeframe: int) -> int:
        """Return how many bars of this length (ns) its bar has at most: a day may have 25 hours."""
        bars = self.timeframe / timeframe
        return math.ceil(bars * 25 / 24) if self.timeframe >= DAY else int(bars)


@dataclass(frozen=True, slots=True)
class FeatureSet:
    """Hold a named, versioned, ordered set of features; raise UsageError where it cannot be made.

    `leaders` say who follows whom. The features named in `leader_features` of whomever a symbol
    follows, itself where nobody, come after the symbol's own, as `lead.return_1`. Features of
    `longer` bars come after those of the bars themselves, whose length `timeframe` (ns) is then
    needed; a longer bar is seen once it has closed.
    """

    name: str
    version: int
    uses: tuple[Use, ...]
    features: tuple[Feature, ...]
    leaders: tuple[Lead, ...] = ()
    leader_features: tuple[str, ...] = ()
    timeframe: int = 0
    longer: tuple[Longer, ...] = ()

    def __post_init__(self) -> None:
        names = [feature.name for feature in self.features]
        self._check_longer()
        known = self._check_terms()
        for feature in self.features:
            for term in feature.terms:
                if term not in known:
                    raise UsageError(f"feature {feature.name}: its term {term!r} is unknown")
            if feature.name in known:
                raise UsageError(f"feature {feature.name!r} stands twice in {self.name}")
            if feature.kind == EWMA and not feature.factor > 0:
                raise UsageError(
                    f"feature {feature.name}: half-life {feature.factor} is not above 0"
                )
            if feature.kind == PRODUCT and not feature.limit > 0:
                raise UsageError(f"feature {feature.name}: most {feature.limit} is not above 0")
            known.add(feature.name)
        for name in self.leader_features:
            if name not in names:
                raise UsageError(f"leader feature {name!r} is no feature of {self.name}")
        followers = [lead.follower for lead in self.leaders]
        if len(set(followers)) < len(followers):
            raise UsageError(f"a symbol follows twice among {', '.join(followers)}")
        for lead in self.leaders:
            if lead.leader == lead.follower or lead.sign not in (1, -1):
                raise UsageError(
                    f"{lead.follower} follows {lead.leader} with sign {lead.sign}; name another "
                    "symbol, and the sign 1 or -1"
                )

    def _check_terms(self) -> set[str]:
        """Return the terms that features may be made of, each of which one indicator tells."""
        if len(set(self.uses)) < len(self.uses):
            raise UsageError("an indicator stands twice in the list; name each choice once")
        terms = self.known_terms[: -len(self.own_names) or None]
        known = set(terms)
        if len(known) < len(terms):
            twice = next(term for term in terms if terms.count(term) > 1)
            raise UsageError(
                f"term {twice!r} is told by two indicators of {self.name}; name your own another"
            )
        return known

    def _check_longer(self) -> None:
        for each in self.longer:
            if self.timeframe < 1 or each.timeframe <= self.timeframe or (
                each.timeframe % self.timeframe
            ):  # fmt: skip
                raise UsageError(
                    f"{self.name} takes {each.prefix[:-1]} bars of bars of {self.timeframe / 1e9:g}"
                    " s; take bars that are longer, by a whole number of times"
                )
            if each.features.longer or each.features.leaders:
                raise UsageError(f"{self.name}: longer bars have features of their own alone")
            if each.features.inputs:
                absent = ", ".join(each.features.inputs)
                raise UsageError(
                    f"{self.name}: {each.prefix[:-1]} bars tell no {absent}; only the bars "
                    "themselves do"
                )
        if len({each.timeframe for each in self.longer}) < len(self.longer):
            raise UsageError(f"{self.name} takes bars of one length twice; put them in one group")

    @property
    def id(self) -> str:
        """Return name and version, such as `standard.1`."""
        return f"{self.name}.{self.version}"

    @property
    def own_names(self) -> tuple[str, ...]:
        """Return the names of the features of the instrument itself, those of longer bars last."""
        own = (feature.name for feature in self.features)
        return (*own, *(name for each in self.longer for name in each.own_names))

    @property
    def beside_refs(self) -> tuple[str, ...]:
        """Return the terms that are made beside the loop of the catalogue."""
        own = (ref for each in own_among(self.uses) for ref in each.refs)
        return (*own, *(ref for each in self.longer for ref in each.refs))

    @property
    def known_terms(self) -> tuple[str, ...]:
        """Return every term in the order in which the loop holds them, the features last."""
        listed = (ref for each in self.uses if each.own is None for ref in each.refs)
        return (*FIXED, *listed, *self.beside_refs, *self.own_names)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of all features, those of whom a symbol follows last."""
        return (*self.own_names, *(f"{LEADER_PREFIX}{name}" for name in self.told_names))

    @property
    def told_names(self) -> tuple[str, ...]:
        """Return the names of the features that leaders tell; none where nobody follows."""
        return self.leader_features if self.leaders else ()

    @property
    def told_places(self) -> tuple[int, ...]:
        """Return the places of what leaders tell among a symbol's own features."""
        return tuple(self.own_names.index(name) for name in self.told_names)

    def lead_of(self, symbol: str) -> Lead | None:
        """Return whom a symbol follows; None for itself."""
        return next((lead for lead in self.leaders if lead.follower == symbol), None)

    def leading(self, symbols: Sequence[str]) -> tuple[str, ...]:
        """Return the leaders of some symbols, sorted, each once."""
        return tuple(sorted({each.leader for each in self.leaders if each.follower in symbols}))

    @property
    def inputs(self) -> tuple[str, ...]:
        """Return the columns of flow that it reads, in their order; none where prices serve."""
        read = {name for each in self.uses for name in each.indicator.inputs}
        return tuple(name for name in FLOW_COLUMNS if name in read)

    @property
    def flow_places(self) -> tuple[int, ...]:
        """Return the places of the own features that are made of flow, however indirectly."""
        made = {ref for each in self.uses if each.indicator.inputs for ref in each.refs}
        for feature in self.features:
            if not made.isdisjoint(feature.terms):
                made.add(feature.name)
        return tuple(place for place, name in enumerate(self.own_names) if name in made)

    @property
    def warm_up(self) -> int:
        """Return how many bars it takes until every feature has a value."""
        return max(warm for warm, _ in self._ages().values())

    @property
    def settling(self) -> int:
        """Return after how many bars the start no longer shows; live start-up loads as many."""
        return max(settled for _, settled in self._ages().values())

    @property
    def digest(self) -> str:
        """Return 64 hex digits over the whole definition."""
        text = json.dumps([self._tell(), LARGEST], sort_keys=True, separators=(",", ":"))
        return sha256(text.encode()).hexdigest()

    def _tell(self) -> dict[str, Any]:
        """Return the definition; what a set does not have is not told, so that digests stay."""
        told = {
            "name": self.name, "version": self.version, "uses": [_tell_use(u) for u in self.uses],
            "features": [asdict(each) for each in self.features],
            "leaders": [asdict(each) for each in self.leaders],
            "leader_features": self.leader_features,
        }  # fmt: skip
        if self.longer:
            groups = [(each.timeframe, each.features._tell()) for each in self.longer]
            told |= {"timeframe": self.timeframe, "longer": groups}
        return told

    def _ages(self) -> dict[str, tuple[int, int]]:
        ages = self._term_ages()
        return {name: ages[name] for name in self.own_names}

    def _term_ages(self) -> dict[str, tuple[int, int]]:
        """Return after how many bars each term has a value, and shows no more where it began."""
        ages = dict.fromkeys(FIXED, (1, 1))
        for longer in self.longer:
            most = longer.most_bars(self.timeframe)
            # The first longer bar may have begun before the data did.
            ages |= {
                longer.prefix + term: (warm * most, (settled + 1) * most)
                for term, (warm, settled) in longer.features._term_ages().items()
            }
        for each in self.uses:
            indicator, values = each.indicator, each.values
            ages |= dict.fromkeys(
                each.refs, (indicator.warm_up(values), indicator.settling(values))
            )
        for feature in self.features:
            warm = max(ages[term][0] for term in feature.terms)
            settled = max(ages[term][1] for term in feature.terms)
            if feature.kind == EWMA:
                settled += bars_to_forget(0.5 ** (1 / feature.factor))
            later = int(feature.kind == CHANGE)
            ages[feature.name] = (warm + later, settled + later)
        return ages


def _tell_use(use: Use) -> dict[str, Any]:
    told: dict[str, Any] = {"name": use.name, "params": use.params}
    return told if use.own is None else told | {"own": use.own.digest}
