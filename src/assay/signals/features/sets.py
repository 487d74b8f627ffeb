"""The sets of features that come with the program, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from assay.signals.features.definition import FeatureSet
from assay.signals.features.flow import flow_set
from assay.signals.features.standard import standard_set

STANDARD = "standard"
SETS: Mapping[str, Callable[[int], FeatureSet]] = {STANDARD: standard_set, "flow": flow_set}
"""Given the length of bars in ns, each returns a set without leaders."""
