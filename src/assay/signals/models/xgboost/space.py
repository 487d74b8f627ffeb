"""What may be searched: how large and how many-sided trees are, and how strongly held back."""

from __future__ import annotations

from assay.signals.models.space import Bounds

SPACE = (
    Bounds("max_leaves", 3, 24, 6, by_ratio=True),
    Bounds("learning_rate", 0.03, 0.4, 0.12, by_ratio=True),
    Bounds("max_bin", 4, 64, 8, by_ratio=True),
    Bounds("subsample", 0.1, 0.9, 0.3),
    Bounds("colsample_bytree", 0.2, 1.0, 0.6),
    Bounds("colsample_bynode", 0.05, 1.0, 0.1, by_ratio=True),
    Bounds("reg_lambda", 1.0, 1_000.0, 50.0, by_ratio=True),
    Bounds("leaf_share", 0.002, 0.05, 0.01, by_ratio=True),
)
"""`leaf_share` is the share of the rows that a leaf has at least."""
