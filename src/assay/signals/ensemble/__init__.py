"""Several members, one forecast: how they are weighed, chosen among and pooled."""

from assay.signals.ensemble.cells import CELLS, cells_of
from assay.signals.ensemble.choosing import AUTO, Combination, choose_combination, losses_of
from assay.signals.ensemble.methods import FEWEST_PARTS, find_method, method_names
from assay.signals.ensemble.pooling import MILLION, Pool, round_weights
from assay.signals.ensemble.ports import HeldOut, Method

__all__ = [
    "AUTO", "CELLS", "Combination", "FEWEST_PARTS", "HeldOut", "MILLION", "Method", "Pool",
    "cells_of", "choose_combination", "find_method", "losses_of", "method_names", "round_weights",
]  # fmt: skip
