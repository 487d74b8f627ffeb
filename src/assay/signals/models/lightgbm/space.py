"""What may be searched: how large and how many-sided trees are, and how strongly held back."""

from __future__ import annotations

from assay.signals.models.space import Bounds

SPACE = (
    Bounds("num_leaves", 3, 24, 6, by_ratio=True),
    Bounds("learning_rate", 0.015, 0.2, 0.06, by_ratio=True),
    Bounds("feature_fraction", 0.1, 1.0, 0.6),
    Bounds("bagging_fraction", 0.1, 0.9, 0.3),
    Bounds("lambda_l2", 1.0, 1_000.0, 50.0, by_ratio=True),
    Bounds("leaf_share", 0.002, 0.05, 0.01, by_ratio=True),
)
"""`leaf_share` is the share of the rows that a leaf has at least."""
