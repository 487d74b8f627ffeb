"""Scale-free descriptions of a market at the close of a bar, the same live and in training."""

from assay.signals.features.computing import (
    Described,
    check_inputs,
    compute_features,
    describe_bars,
    join_leader,
    tell,
)
from assay.signals.features.definition import (
    Feature,
    FeatureSet,
    Longer,
    change,
    ewma,
    product,
    quotient,
)
from assay.signals.features.description import DescribedSet, build_set, follow, tell_set
from assay.signals.features.leaders import (
    LEADER_FEATURES,
    Lead,
    Told,
    find_absent,
)
from assay.signals.features.module import FeatureModule
from assay.signals.features.rounding import round_mantissa
from assay.signals.features.sets import SETS, STANDARD
from assay.signals.features.standard import standard_set
from assay.signals.features.stream import FeatureStream
from assay.signals.features.values import read_values
from assay.signals.features.views import see_as, split_member
from assay.signals.features.written import WrittenSet
from assay.signals.streams.columns import BarColumns
from assay.signals.streams.plan import use

__all__ = [
    "LEADER_FEATURES",
    "SETS",
    "STANDARD",
    "BarColumns",
    "Described",
    "DescribedSet",
    "Feature",
    "FeatureModule",
    "FeatureSet",
    "FeatureStream",
    "Lead",
    "Longer",
    "Told",
    "WrittenSet",
    "build_set",
    "change",
    "check_inputs",
    "compute_features",
    "describe_bars",
    "ewma",
    "find_absent",
    "follow",
    "join_leader",
    "product",
    "quotient",
    "read_values",
    "round_mantissa",
    "see_as",
    "split_member",
    "standard_set",
    "tell",
    "tell_set",
    "use",
]
