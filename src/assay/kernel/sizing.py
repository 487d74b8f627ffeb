"""How much to trade."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.kernel.rounding import OVERFLOW, muldiv

BASIS_POINTS = 10_000


@compiled
def floor_to_step(units: int, step: int, minimum: int, maximum: int) -> int:
    """Return the volume floored to the step and capped; 0 below the minimum, never up.

    >>> floor_to_step(2_900, 1_000, 1_000, 5_000), floor_to_step(900, 1_000, 1_000, 5_000)
    (2000, 0)
    """
    floored = min(units, maximum) // step * step
    return floored if floored >= minimum else 0


@compiled
def size_fixed_risk(equity: int, risk_bp: int, loss_per_lot: int, lot_units: int) -> int:
    """Return the units whose loss at the stop is risk_bp of equity (both in minor units).

    >>> size_fixed_risk(10_000_000, 100, 50_000, 100_000)
    200000
    """
    if loss_per_lot <= 0 or equity <= 0:
        return 0
    budget = muldiv(equity, risk_bp, BASIS_POINTS)
    units = muldiv(budget, lot_units, loss_per_lot)
    return 0 if units == OVERFLOW else units


@compiled
def kelly_bp(win_probability_bp: int, gain: int, loss: int, fraction_bp: int, cap_bp: int) -> int:
    """Return the share of equity to risk, in basis points: fraction x (p - q x loss / gain).

    Source: J. L. Kelly, "A New Interpretation of Information Rate", 1956. A negative edge is 0.

    >>> kelly_bp(6_000, 100, 100, 5_000, 10_000), kelly_bp(4_000, 100, 100, 5_000, 10_000)
    (1000, 0)
    """
    if gain <= 0 or loss <= 0:
        return 0
    edge = win_probability_bp - muldiv(BASIS_POINTS - win_probability_bp, loss, gain)
    return min(max(muldiv(edge, fraction_bp, BASIS_POINTS), 0), cap_bp)
