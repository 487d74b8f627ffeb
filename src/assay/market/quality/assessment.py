"""Apply every rule in turn and keep what each one rejected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from assay.market.quality import rules
from assay.market.reading import RawSeries, ReadRequest, Source, to_series
from assay.market.series import Bools, Int64s, Series
from assay.model.errors import DataError
from assay.model.time import SECOND

RULES: tuple[tuple[str, Callable[[Series], Bools]], ...] = (
    ("non_positive", rules.reject_non_positive),
    ("inconsistent", rules.reject_inconsistent),
    ("crossed", rules.reject_crossed),
    ("empty", rules.reject_empty),
    ("order", lambda series: rules.reject_disorder(series.time)),
    ("duplicate", rules.reject_repeated),
    ("spike", rules.reject_spikes),
)
HARMLESS = frozenset({"duplicate", "empty", "ambiguous_hour"})


@dataclass(frozen=True, slots=True, eq=False)
class Rejects:
    """Hold rejected rows: position in the file, ns UTC, rule, and the prices as they stood."""

    row: Int64s
    time: Int64s
    rule: list[str]
    text: list[str]

    def __len__(self) -> int:
        return len(self.row)


@dataclass(frozen=True, slots=True, eq=False)
class Assessment:
    """Hold the accepted series, each row's place in the file, and what was rejected."""

    series: Series
    places: Int64s
    read: int
    rejects: Rejects

    @property
    def counts(self) -> dict[str, int]:
        """Return how many rows each rule rejected, rules without any left out."""
        names, numbers = np.unique(np.array(self.rejects.rule, dtype=object), return_counts=True)
        return dict(zip(names.tolist(), numbers.tolist(), strict=True))


def assess(raw: RawSeries) -> Assessment:
    """Turn a file's rows into an accepted series; a row is counted under the first rule it breaks.

    Each rule sees the rows that those before it left, so that one bad row condemns no neighbour.
    """
    series, fit = to_series(raw)
    verdict = np.full(len(raw), "", dtype=object)
    verdict[raw.unresolved] = "ambiguous_hour"
    finite = np.ones(len(raw), dtype=np.bool_)
    for column in raw.prices.values():
        finite &= np.isfinite(column)
    positive = np.ones(len(raw), dtype=np.bool_)
    for column in raw.prices.values():
        positive &= column > 0
    verdict[(verdict == "") & ~fit & (positive | ~finite)] = "off_grid"
    verdict[(verdict == "") & ~fit] = "non_positive"
    kept = np.flatnonzero(verdict == "")
    for name, rule in RULES:
        if len(kept) == 0:
            break
        bad = rule(series.select(kept))
        verdict[kept[bad]] = name
        kept = kept[~bad]
    rejects = describe_rejects(raw, np.flatnonzero(verdict != ""), verdict)
    return Assessment(series.select(kept), kept, len(raw), rejects)


def assess_file(source: Source, request: ReadRequest) -> Assessment:
    """Read and assess one file; raise DataError where its rows cannot be what they are called."""
    raw = source.read(request)
    _require_timeframe(request, raw)
    found = assess(raw)
    broken = {rule: count for rule, count in found.counts.items() if rule not in HARMLESS}
    if broken and sum(broken.values()) == found.read:
        told = ", ".join(f"{rule} {count}" for rule, count in broken.items())
        raise DataError(
            f"{request.path}: no row passes the quality rules ({told}); check format, columns "
            "and symbol"
        )
    return found


def _require_timeframe(request: ReadRequest, raw: RawSeries) -> None:
    steps = np.diff(raw.time)
    steps = steps[steps > 0]
    if raw.timeframe is None or len(steps) < 2:
        return
    usual = int(np.median(steps))
    if usual < 0.9 * raw.timeframe:
        raise DataError(
            f"{request.path}: rows {usual / SECOND:g} s apart are no {raw.timeframe.name} bars; "
            "give their own --timeframe"
        )


def describe_rejects(raw: RawSeries, rows: Int64s, verdict: np.ndarray) -> Rejects:
    """Return the rejected rows with their prices as text."""
    columns = [(name, column[rows]) for name, column in raw.prices.items()]
    text = [
        " ".join(f"{name}={column[place]:.10g}" for name, column in columns)
        for place in range(len(rows))
    ]
    return Rejects(rows, raw.time[rows], verdict[rows].tolist(), text)
