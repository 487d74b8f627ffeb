"""What instruments have in common: their currencies, and the clusters that they belong to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assay.model.errors import UsageError
from assay.model.instruments import METALS, Instrument

CLUSTERS_MAX = 62
"""A cluster is one bit of an integer."""

Clusters = Mapping[str, Sequence[str]]


def usual_clusters(instruments: Sequence[Instrument]) -> dict[str, list[str]]:
    """Return a cluster for each currency that an instrument is priced in or of, and the metals."""
    found: dict[str, list[str]] = {}
    for spec in instruments:
        names = [side for side in (spec.base, spec.quote) if side not in METALS]
        for name in [*names, *(["metals"] if spec.base in METALS else [])]:
            found.setdefault(name, []).append(spec.symbol)
    return dict(sorted(found.items()))


def group_instruments(rows: Any, instruments: Sequence[Instrument], clusters: Clusters) -> None:
    """Write currencies and clusters into the LIMITS of an account, one row an instrument.

    Raise UsageError for more clusters than there are bits.
    """
    grouped = clusters or usual_clusters(instruments)
    if len(grouped) > CLUSTERS_MAX:
        raise UsageError(f"{len(grouped)} clusters were given, {CLUSTERS_MAX} are the most")
    sides = sorted({side for spec in instruments for side in (spec.base, spec.quote)})
    numbers = {side: number for number, side in enumerate(sides, 1)}
    for row, spec in zip(rows, instruments, strict=True):
        row["base"], row["quote"] = numbers[spec.base], numbers[spec.quote]
        row["clusters"] = sum(
            1 << bit for bit, name in enumerate(sorted(grouped)) if spec.symbol in grouped[name]
        )
