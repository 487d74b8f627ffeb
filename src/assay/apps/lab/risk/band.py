"""A live run beside the band that the evidence of its strategy draws."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assay.apps.lab.output import appearing_together
from assay.apps.lab.risk.recorded import DIGITS, RecordedRun, daily_profits
from assay.books.analytics.band import (
    LEVEL,
    Watch,
    draw_band,
    watch_live,
    weigh_evidence,
)
from assay.books.reports.band import Told, write_band
from assay.model.errors import UsageError
from assay.model.time import format_time

MONEY = 10**DIGITS


@dataclass(frozen=True, slots=True, kw_only=True)
class BandRequest:
    """Say which run is evidence and which is live; both at one size, for each its own capital."""

    evidence: RecordedRun
    live: RecordedRun
    out: Path | None = None


def hold_to_band(request: BandRequest) -> dict[str, Any]:
    """Return the verdicts on a live run; with `out` write its chart there.

    Profits are compared as shares of each run's initial balance, day by day of UTC.
    """
    past, live = request.evidence, request.live
    if min(past.initial, live.initial) <= 0:
        raise UsageError("a run that starts without money has no profit per money")
    _, known = daily_profits(past)
    times, profits = daily_profits(live)
    evidence = weigh_evidence(known * (live.initial / past.initial / MONEY))
    watch = watch_live(evidence, profits / MONEY)
    told = {
        "evidence": past.name, "live": live.name,
        "evidence_days": evidence.days, "mean": evidence.mean, "scale": evidence.scale,
        "days": len(profits), "size": watch.size, "level": LEVEL,
        "profit": float(watch.sums[-1]), "expected": float(watch.band.centre[-1]),
        "lower": float(watch.band.lower[-1]), "upper": float(watch.band.upper[-1]),
        "e_value": float(watch.e_values[-1]), "e_value_most": float(watch.e_values.max()),
        "verdicts": [
            {"at": format_time(int(times[one.day - 1])), "day": one.day, "size": one.size,
             "reason": one.reason}
            for one in watch.verdicts
        ],
        "lower_after_a_year": float(draw_band(evidence, 252).lower[-1]),
    }  # fmt: skip
    if request.out:
        told["charts"] = _draw(request.out, times, watch)
    return told


def _draw(out: Path, times: np.ndarray, watch: Watch) -> list[str]:
    marks = [(int(times[one.day - 1]), one.size) for one in watch.verdicts]
    with appearing_together(out) as folder:
        names = write_band(Told(times, watch.sums, watch.band, watch.e_values, marks), folder)
    return [str(out / name) for name in names]
