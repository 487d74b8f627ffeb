"""What is held against: how features, forecasts and losses lay on the calibration span."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from assay.model.errors import DataError, UsageError

Floats = NDArray[np.float64]
BINS = 10
TAIL = 0.001
FILE = "reference.json"


class Reference(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hold how one stream lay: shares of rows between edges, mean, spread, and nearly its range.

    Bins are open at both ends and of about equal mass; values that are equal share a bin. The last
    share is of what is not finite: features may be absent.
    """

    rows: int
    mean: float
    deviation: float
    low: float
    high: float
    edges: tuple[float, ...]
    shares: tuple[float, ...]


class ModelReference(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hold the references of a model: its forecasts, their log losses, and each feature's."""

    model: str
    score: Reference
    loss: Reference
    features: dict[str, Reference]


def measure_reference(values: Floats) -> Reference:
    """Return the reference of a stream; raise UsageError where it is empty.

    >>> measure_reference(np.arange(100.0)).edges[0]
    10.0
    """
    if not len(values):
        raise UsageError("a reference of no rows is none; give at least one")
    known = values[np.isfinite(values)]
    edges = np.empty(0)
    if len(known):
        cuts = np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1], method="higher")
        # An edge at the lowest value would leave the bin below it empty for ever.
        edges = np.unique(cuts[cuts > known.min()])
    counts = np.bincount(find_bins(edges, values), minlength=len(edges) + 2)
    seen = known if len(known) else np.zeros(1)
    low, high = np.quantile(seen, [TAIL, 1 - TAIL])
    return Reference(
        rows=len(values), mean=float(seen.mean()), deviation=float(seen.std()),
        low=float(low), high=float(high), edges=tuple(edges.tolist()),
        shares=tuple((counts / len(values)).tolist()),
    )  # fmt: skip


def find_bins(edges: Floats, values: Floats) -> NDArray[np.int64]:
    """Return the bin of each value; what is not finite has the bin after the last."""
    at = np.searchsorted(edges, values, side="right")
    return np.where(np.isfinite(values), at, len(edges) + 1)


def write_reference(folder: Path, reference: ModelReference) -> None:
    """Write the reference of a model into its folder, in one step."""
    beside = folder / f".{FILE}"
    beside.write_bytes(msgspec.json.format(msgspec.json.encode(reference), indent=1))
    beside.replace(folder / FILE)


def read_reference(folder: Path) -> ModelReference | None:
    """Return the reference of a model, None where it has none; raise DataError for a torn one."""
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=ModelReference)
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError as error:
        raise DataError(f"{folder / FILE}: {error}; train the model again") from None
