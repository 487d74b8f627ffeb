"""What an exam has found: figures with their intervals, and what could not be measured."""

from __future__ import annotations

import msgspec

from assay.trading.exam.estimates import Bracket, Estimate


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one figure of a broker; `told` is what the terminal says of it, if it does.

    `sure` is False where the interval is wide or what was seen contradicts what is told.
    """

    name: str
    symbol: str = ""
    value: float | str | None = None
    low: float | None = None
    high: float | None = None
    count: int = 0
    unit: str = ""
    told: str = ""
    sure: bool = True
    note: str = ""


def of_estimate(name: str, estimate: Estimate, unit: str, symbol: str = "") -> Finding:
    """Return the finding of an estimate; one without observations is no figure."""
    if not estimate.seen:
        return Finding(name=name, symbol=symbol, unit=unit, sure=False, note="never seen")
    return Finding(
        name=name, symbol=symbol, value=estimate.value, low=estimate.low, high=estimate.high,
        count=estimate.seen, unit=unit, sure=estimate.is_sure,
        note="" if estimate.is_sure else "few observations",
    )  # fmt: skip


def of_bracket(name: str, bracket: Bracket, told: float, unit: str, symbol: str) -> Finding:
    """Return the finding of a bracket that what is told lies in, or does not."""
    value, fits = bracket.settle(told)
    return Finding(
        name=name, symbol=symbol, value=value, low=bracket.low, high=bracket.high,
        count=bracket.seen, unit=unit, told=f"{told:g}", sure=fits,
        note="" if fits else "not what the terminal says",
    )  # fmt: skip
