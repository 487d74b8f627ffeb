"""Lay out a choice of indicators in flat arrays that one compiled loop walks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assay.model.errors import UsageError
from assay.signals.streams.catalogue import INDICATORS
from assay.signals.streams.columns import COLUMN_NAMES, Float64s, Int64s
from assay.signals.streams.indicator import Indicator
from assay.signals.streams.own import Own

FIXED = ("zero", "one", *(f"bar.{name}" for name in COLUMN_NAMES))
"""The values before the first output of an indicator."""

FIRST_OUTPUT = len(FIXED)


def indicator_named(name: str) -> Indicator:
    """Return an indicator; raise UsageError naming those that exist."""
    for indicator in INDICATORS:
        if indicator.name == name:
            return indicator
    names = ", ".join(indicator.name for indicator in INDICATORS)
    raise UsageError(f"indicator {name!r} is unknown; use one of {names}")


@dataclass(frozen=True, slots=True)
class Use:
    """Hold one indicator with its parameters, in the order that it declares them.

    `own` is the indicator itself where it is none of the catalogue.
    """

    name: str
    params: tuple[float, ...]
    own: Own | None = None

    @property
    def indicator(self) -> Indicator:
        """Return what is used."""
        return indicator_named(self.name) if self.own is None else self.own.indicator

    @property
    def values(self) -> dict[str, float]:
        """Return the parameters by name."""
        return dict(zip((p.name for p in self.indicator.parameters), self.params, strict=True))

    @property
    def label(self) -> str:
        """Return name and parameters in one word, such as `macd_12_26_9`."""
        return "_".join((self.name, *(f"{value:g}" for value in self.params)))

    @property
    def refs(self) -> tuple[str, ...]:
        """Return the names of its outputs, such as `macd_12_26_9.signal`."""
        return tuple(f"{self.label}.{output}" for output in self.indicator.outputs)


def use(name: str, **given: float) -> Use:
    """Return an indicator with these parameters; raise UsageError for those it refuses.

    >>> use("macd", fast=10).label
    'macd_10_26_9'
    """
    return Use(name, tuple(indicator_named(name).resolve(given).values()))


def use_own(own: Own, **given: float) -> Use:
    """Return an indicator of a tenant's own with these parameters; likewise."""
    return Use(own.name, tuple(own.indicator.resolve(given).values()), own)


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Hold where each indicator's code, state, parameters and outputs lie.

    steps [n, 7]: code, state from and to, params from and to, outputs from and to among `refs`.
    """

    uses: tuple[Use, ...]
    refs: tuple[str, ...]
    steps: Int64s
    params: Float64s
    state_size: int


def lay_out(uses: Sequence[Use]) -> Plan:
    """Return the plan of those of these indicators that the catalogue has, in their order."""
    if len(set(uses)) != len(uses):
        raise UsageError("an indicator stands twice in the list; name each choice once")
    uses = [each for each in uses if each.own is None]
    codes = {indicator.name: code for code, indicator in enumerate(INDICATORS)}
    refs, params = list(FIXED), list[float]()
    steps, size = [], 0
    for each in uses:
        wide = each.indicator.state_size(each.values)
        outputs, held = len(refs), len(params)
        refs += each.refs
        params += each.params
        steps.append((codes[each.name], size, size + wide, held, len(params), outputs, len(refs)))
        size += wide
    table = np.array(steps, dtype=np.int64).reshape(len(steps), 7)
    return Plan(tuple(uses), tuple(refs), table, np.array(params, dtype=np.float64), size)
