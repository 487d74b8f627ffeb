"""What may be searched: how large trees are, and how much of the rows and features each sees."""

from __future__ import annotations

from assay.signals.models.space import Bounds

SPACE = (
    Bounds("max_leaf_nodes", 4, 64, 12, by_ratio=True),
    Bounds("max_features", 0.03, 0.6, 0.1, by_ratio=True),
    Bounds("drawn", 0.05, 0.8, 0.2, by_ratio=True),
    Bounds("leaf_share", 0.002, 0.05, 0.01, by_ratio=True),
)
"""`drawn` is the share of the rows that a tree draws, `leaf_share` that which a leaf has at
least."""
