"""Put made rows beside those that a family fits on, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from assay.model.errors import InvariantError
from assay.signals.augmentation.ports import Augmentation, Made, MakeRequest
from assay.signals.models import Examples, Features, FitRequest, Windows
from assay.signals.models.windows import as_windows, trim_windows

SHARE = 0.5
"""The part of the rows to fit on that are made, of equal weight in all."""


def widen(
    request: FitRequest, by: Augmentation, checkpoint: Path,
    on_progress: Callable[[int, int], None] | None = None,
) -> FitRequest:  # fmt: skip
    """Return the request with made rows after the real ones to fit on; those to stop by stay.

    Whoever makes them is shown the rows to fit on alone: of windows, none but their own bars.
    """
    fit = request.fit
    features = trim_windows(fit.features) if isinstance(fit.features, Windows) else fit.features
    asked = MakeRequest(
        like=replace(fit, features=features), count=round(len(fit) * SHARE / (1 - SHARE)),
        seed=request.seed, checkpoint=checkpoint, on_progress=on_progress,
    )  # fmt: skip
    made = by.make(asked)
    _check(made, asked, by.name)
    weight = np.full(asked.count, fit.weight.mean())
    return replace(
        request,
        fit=Examples(
            _join(fit.features, made.features),
            np.concatenate([fit.up, made.up]),
            np.concatenate([fit.weight, weight]),
        ),
    )


def _check(made: Made, asked: MakeRequest, name: str) -> None:
    shape = (asked.count, *asked.like.features.shape[1:])
    if made.features.shape != shape or made.up.shape != shape[:1]:
        raise InvariantError(
            f"augmentation {name} made features of shape {made.features.shape} and directions of "
            f"{made.up.shape}, {shape} and {shape[:1]} were asked for"
        )


def _join(real: Features, made: Features) -> Features:
    if not isinstance(real, Windows):
        return np.concatenate([real, np.asarray(made, real.dtype)])
    more = as_windows(made)
    return Windows(
        np.concatenate([real.rows, np.asarray(more.rows, real.rows.dtype)]),
        np.concatenate([real.last, more.last + len(real.rows)]),
        real.length,
    )
