"""Training of the family xgboost on 100,000 rows of 50 features, beside XGBoost's own defaults."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xgboost

from assay.signals.models import Examples, FitRequest, find_family
from benches.harness import Bench, time_batch

ROWS, STOPPED, WIDTH = 100_000, 10_000, 50
LONGEST_S = 60.0


def build(folder: Path) -> Bench:
    """Fit afresh in each round: rows and thread are the same, rounds as many as ours came to."""
    rng = np.random.default_rng(1)

    def draw(rows: int) -> Examples:
        features = rng.normal(size=(rows, WIDTH)).astype(np.float32)
        lean = 0.2 * features[:, 0] - 0.1 * features[:, 1] * features[:, 2]
        return Examples(features, (rng.normal(size=rows) < lean).astype(np.int8), np.ones(rows))

    fit, stop = draw(ROWS), draw(STOPPED)
    checkpoint, facts = folder / "checkpoint", {}

    def teach() -> None:
        checkpoint.unlink(missing_ok=True)
        request = FitRequest(fit=fit, stop=stop, seed=1, checkpoint=checkpoint)
        facts.update(find_family("xgboost").fit(request).facts)

    def teach_default() -> None:
        train = xgboost.DMatrix(fit.features, label=fit.up, nthread=1)
        parameters = {"objective": "binary:logistic", "nthread": 1}
        xgboost.train(parameters, train, int(facts["rounds"]))

    return Bench(
        what=f"xgboost taught on {ROWS:,} rows of {WIDTH} features, stopped by later rows",
        items="rows",
        figure="rate",
        reference_what="xgboost.train by its default parameters, as many rounds, one thread",
        subject=lambda: time_batch(ROWS, teach),
        reference=lambda: time_batch(ROWS, teach_default),
        floor=ROWS / LONGEST_S,
        notes={"facts": facts},
    )
