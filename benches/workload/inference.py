"""Batches of features for a model family's graph, beside the library that fitted it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from assay.model.time import MINUTE
from assay.signals.features import standard_set
from assay.signals.features.rounding import round_mantissa
from assay.signals.models import Examples, FitRequest, OnnxClassifier, find_family
from benches.harness import Bench, time_batch

FITTED, STOPPED, ROWS = 30_000, 3_000, 200_000
FLOOR = 200_000.0


def compare_inference(folder: Path, family: str) -> Bench:
    """Fit on rows of the standard set's width, then predict a batch by graph and by library."""
    rng = np.random.default_rng(1)
    width = len(standard_set(MINUTE).names)

    def draw(rows: int) -> Examples:
        features = round_mantissa(rng.normal(size=(rows, width)).astype(np.float32))
        lean = 0.2 * features[:, 0] - 0.1 * features[:, 1] * features[:, 2]
        return Examples(features, (rng.normal(size=rows) < lean).astype(np.int8), np.ones(rows))

    fitted = find_family(family).fit(
        FitRequest(fit=draw(FITTED), stop=draw(STOPPED), seed=1, checkpoint=folder / "checkpoint")
    )
    rows, served = draw(ROWS).features, OnnxClassifier(fitted.onnx)
    return Bench(
        what=f"{family}: {ROWS:,} rows of {width} features by its ONNX graph, one thread",
        items="rows",
        figure="rate",
        reference_what=f"the library's own prediction of the same rows, one thread ({family})",
        subject=lambda: time_batch(ROWS, lambda: served.predict(rows)),
        reference=lambda: time_batch(ROWS, lambda: fitted.predict(rows)),
        floor=FLOOR,
        notes={"facts": fitted.facts},
    )
