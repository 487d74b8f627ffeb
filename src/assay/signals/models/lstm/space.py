"""What may be searched: how wide and deep the network is, and how it is taught."""

from __future__ import annotations

from assay.signals.models.space import Bounds

SPACE = (
    Bounds("units", 8, 192, 128, by_ratio=True),
    Bounds("layers", 1, 2, 2),
    Bounds("dropout", 0.0, 0.5, 0.2),
    Bounds("rate", 1e-4, 1e-2, 1e-3, by_ratio=True),
    Bounds("decay", 1e-4, 0.3, 0.01, by_ratio=True),
)
