"""Lay out a set of features in flat arrays that one compiled loop walks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from assay.signals.features.definition import EWMA, QUOTIENT, FeatureSet
from assay.signals.streams.columns import Float64s
from assay.signals.streams.plan import Plan, lay_out

COUNT = 0
"""Where the memory holds the number of bars seen."""


@dataclass(frozen=True)
class Layout:
    """Hold the arrays of a set, and how its memory is divided.

    operations [features, 7]: kind, above, minus, below, minus, output, state; factors
    [features, 2]: factor and limit, for EWMA the weight of a new value. Memory: bars seen, states
    of indicators, two words an average, the values, the values of the bar before. Values: those of
    the catalogue's indicators, those made beside them, the features, the features of longer bars.
    """

    feature_set: FeatureSet

    @cached_property
    def plan(self) -> Plan:
        """Return the plan of its indicators."""
        return lay_out(self.feature_set.uses)

    @cached_property
    def sizes(self) -> tuple[int, int, int, int]:
        """Return where averages and values begin, how many values are, how many are indicators'."""
        averages = 1 + self.plan.state_size
        features = self.feature_set.features
        values = averages + 2 * sum(feature.kind == EWMA for feature in features)
        wide = len(self.plan.refs) + len(self.feature_set.beside_refs)
        return averages, values, wide + len(self.feature_set.own_names), len(self.plan.refs)

    @property
    def memory_size(self) -> int:
        """Return how many numbers the memory holds."""
        _, values, count, _ = self.sizes
        return values + 2 * count

    def clear(self, memory: Float64s) -> None:
        """Make a memory what it is before the first bar."""
        memory[:] = 0.0
        memory[self.sizes[1] :] = np.nan

    @cached_property
    def arrays(self) -> tuple[np.ndarray, ...]:
        """Return steps, params, operations, factors and sizes for the compiled loop."""
        beside = self.feature_set.beside_refs
        terms = (*self.plan.refs, *beside)
        places = {ref: i for i, ref in enumerate(terms)}
        operations, factors, state = [], [], self.sizes[0]
        for out, feature in enumerate(self.feature_set.features, len(terms)):
            places[feature.name] = out
            made_of = (places[term] for term in feature.terms)
            operations.append((feature.kind, *made_of, out, state))
            is_average = feature.kind == EWMA
            state += 2 * is_average
            weight = 1 - 0.5 ** (1 / feature.factor) if is_average else feature.factor
            factors.append((weight, feature.limit))
        for each in self.feature_set.longer:
            for name in each.own_names:
                out = len(terms) + len(operations)
                zero, one = places["zero"], places["one"]
                operations.append((QUOTIENT, places[name], zero, one, zero, out, state))
                factors.append((1.0, 0.0))
        return (
            self.plan.steps,
            self.plan.params,
            np.array(operations, dtype=np.int64).reshape(len(operations), 7),
            np.array(factors, dtype=np.float64).reshape(len(factors), 2),
            np.array(self.sizes, dtype=np.int64),
        )
