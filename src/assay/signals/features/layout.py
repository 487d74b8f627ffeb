"""Lay out a set of features in flat arrays that one compiled loop walks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from assay.signals.features.definition import EWMA, FeatureSet
from assay.signals.streams.columns import Float64s
from assay.signals.streams.plan import Plan, lay_out

COUNT = 0
"""Where the memory holds the number of bars seen."""


@dataclass(frozen=True)
class Layout:
    """Hold the arrays of a set, and how its memory is divided.

    operations [features, 7]: kind, above, minus, below, minus, output, state; factors
    [features, 2]: factor and limit, for EWMA the weight of a new value. Memory: bars seen, states
    of indicators, two words an average, the values, the values of the bar before.
    """

    feature_set: FeatureSet

    @cached_property
    def plan(self) -> Plan:
        """Return the plan of its indicators."""
        return lay_out(self.feature_set.uses)

    @cached_property
    def sizes(self) -> tuple[int, int, int]:
        """Return where the states of averages and the values begin, and how many values are."""
        averages = 1 + self.plan.state_size
        features = self.feature_set.features
        values = averages + 2 * sum(feature.kind == EWMA for feature in features)
        return averages, values, len(self.plan.refs) + len(features)

    def new_memory(self) -> Float64s:
        """Return the memory before the first bar."""
        _, values, count = self.sizes
        memory = np.zeros(values + 2 * count)
        memory[values:] = np.nan
        return memory

    @cached_property
    def arrays(self) -> tuple[np.ndarray, ...]:
        """Return steps, params, operations, factors and sizes for the compiled loop."""
        places = {ref: i for i, ref in enumerate((*self.plan.refs, *self.feature_set.own_names))}
        operations, factors, state = [], [], self.sizes[0]
        for feature in self.feature_set.features:
            terms = (places[term] for term in feature.terms)
            operations.append((feature.kind, *terms, places[feature.name], state))
            is_average = feature.kind == EWMA
            state += 2 * is_average
            weight = 1 - 0.5 ** (1 / feature.factor) if is_average else feature.factor
            factors.append((weight, feature.limit))
        return (
            self.plan.steps,
            self.plan.params,
            np.array(operations, dtype=np.int64).reshape(len(operations), 7),
            np.array(factors, dtype=np.float64).reshape(len(factors), 2),
            np.array(self.sizes, dtype=np.int64),
        )
