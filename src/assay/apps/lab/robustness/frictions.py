"""A course under worse conditions: wider spreads, more slippage or commission, later fills."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from assay.apps.lab.feeds.events import CORNERS
from assay.apps.lab.runs.outcome import Outcome
from assay.apps.lab.sweeps.course import Course
from assay.kernel.records import BASE_BAR, MARKET, MATCHED_ON_TICKS, TICK
from assay.model.errors import UsageError

PARTS = 100
"""Factors are told to a hundredth."""
SPREADS, SLIPPAGES, COMMISSIONS = (1.5, 2.0, 3.0), (1, 2, 5), (2.0, 3.0)


@dataclass(frozen=True, slots=True)
class Scenario:
    """Name a change of conditions and make it; it raises UsageError where it cannot be told."""

    name: str
    apply: Callable[[Course], Course]


def list_scenarios(plain: Outcome) -> list[Scenario]:
    """Return the scenarios of a run, milder ones of a kind first."""
    found = [Scenario(f"spread x {k:g}", _wider(k)) for k in SPREADS]
    found += [
        Scenario(f"slippage + {n} point{'s' if n > 1 else ''}", _slipping(n)) for n in SLIPPAGES
    ]
    found += [Scenario(f"commission x {k:g}", _dearer(k)) for k in COMMISSIONS]
    found.append(Scenario("all of it: spread x 2, slippage + 2, commission x 2", _all))
    found.append(Scenario("fills one bar or tick later", lambda course: delay(course, plain)))
    return found


def _wider(factor: float) -> Callable[[Course], Course]:
    return lambda course: widen(course, factor)


def _slipping(points: int) -> Callable[[Course], Course]:
    return lambda course: slip(course, points)


def _dearer(factor: float) -> Callable[[Course], Course]:
    return lambda course: charge(course, factor)


def _all(course: Course) -> Course:
    return charge(slip(widen(course, 2.0), 2), 2.0)


def widen(course: Course, factor: float) -> Course:
    """Return the course with every spread times a factor, about the same middle."""
    events = course.events.copy()
    for corner in CORNERS:
        spread = course.events[f"spread_{corner}"]
        wide = np.rint(spread * factor).astype(spread.dtype)
        events[corner] -= (wide - spread) // 2
        events[f"spread_{corner}"] = wide
    return replace(course, events=events)


def slip(course: Course, points: int) -> Course:
    """Return the course with so many more of the instrument's points of slippage a fill."""
    instruments = course.setup.terms[0].copy()
    finer = [
        10 ** (price.digits - spec.digits)
        for price, spec in zip(course.setup.pricing, course.setup.instruments, strict=True)
    ]
    instruments["slippage"] += points * np.array(finer)
    return _on_terms(course, instruments)


def charge(course: Course, factor: float) -> Course:
    """Return the course with every commission times a factor."""
    instruments = course.setup.terms[0].copy()
    parts = round(factor * PARTS)
    instruments["commission_num"] *= parts
    instruments["commission_den"] *= PARTS
    instruments["commission_min"] = instruments["commission_min"] * parts // PARTS
    return _on_terms(course, instruments)


def _on_terms(course: Course, instruments: np.ndarray) -> Course:
    setup = replace(course.setup, terms=(instruments, *course.setup.terms[1:]))
    return replace(course, setup=setup)


def delay(course: Course, plain: Outcome) -> Course:
    """Return the course on which a market order meets the first price of a bar or tick later.

    The engine fills at a bar's open or the next tick, so these are moved; what strategies decide on
    stays. Orders that wait for a price of their own would meet it too soon: raises UsageError.
    """
    orders = plain.orders
    waits = (orders["type"] != MARKET) | (orders["stop"] != 0) | (orders["target"] != 0)
    if waits.any():
        raise UsageError("some orders wait for a price of their own, which a later fill does not")
    events = course.events.copy()
    for number in range(len(course.setup.symbols)):
        mine = course.events["instrument"] == number
        ticks = np.flatnonzero(mine & (course.events["kind"] == TICK))
        on_ticks = course.events["flags"] & MATCHED_ON_TICKS != 0
        bars = np.flatnonzero(mine & (course.events["kind"] == BASE_BAR) & ~on_ticks)
        for rows, corners in ((ticks, CORNERS), (bars, ("open",))):
            for name in (each for corner in corners for each in (corner, f"spread_{corner}")):
                events[name][rows[:-1]] = course.events[name][rows[1:]]
    return replace(course, events=events)
