"""What may be searched: how deep the network is, what lies between, and how it is taught."""

from __future__ import annotations

from assay.signals.models.space import Bounds

SPACE = (
    Bounds("layers", 1, 6, 6),
    Bounds("between", 16, 128, 64, by_ratio=True),
    Bounds("dropout", 0.0, 0.4, 0.1),
    Bounds("rate", 5e-5, 5e-3, 5e-4, by_ratio=True),
    Bounds("decay", 1e-4, 0.3, 0.01, by_ratio=True),
)
