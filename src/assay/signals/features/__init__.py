"""Scale-free descriptions of a market at the close of a bar, the same live and in training."""

from assay.signals.features.computing import compute_features
from assay.signals.features.definition import Feature, FeatureSet, change, ewma, product, quotient
from assay.signals.features.leaders import LEADER_FEATURES
from assay.signals.features.module import FeatureModule
from assay.signals.features.rounding import round_mantissa
from assay.signals.features.standard import standard_set
from assay.signals.features.stream import FeatureStream
from assay.signals.features.values import read_values
from assay.signals.streams.columns import BarColumns
from assay.signals.streams.plan import use

__all__ = [
    "LEADER_FEATURES",
    "BarColumns",
    "Feature",
    "FeatureModule",
    "FeatureSet",
    "FeatureStream",
    "change",
    "compute_features",
    "ewma",
    "product",
    "quotient",
    "read_values",
    "round_mantissa",
    "standard_set",
    "use",
]
