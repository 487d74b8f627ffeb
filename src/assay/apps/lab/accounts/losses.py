"""What a day of a run may lose, and whether value at risk, told the day before, kept its word."""

from __future__ import annotations

from assay.books.analytics.performance import daily_returns
from assay.books.reports.losses import DayLoss
from assay.books.reports.result import BacktestResult
from assay.runtime.ids import seeded_generator
from assay.trading.risk.measures import backtest_measure, estimate_loss, walk_forward
from assay.trading.risk.measures.backtests import LEAST_DAYS
from assay.trading.risk.measures.estimates import LEAST_RETURNS

CONFIDENCES = (0.95, 0.99)
WINDOW = 250
"""Days that a value at risk is estimated from: a year."""
DRAWS, SEED = 1_999, 1


def measure_losses(result: BacktestResult) -> tuple[DayLoss, ...]:
    """Return what a day loses at each confidence, by the losses that were; none of too few days."""
    returns = daily_returns(result.times, result.equity, result.cash)
    if len(returns) < LEAST_RETURNS or not returns.any():
        return ()
    found = []
    for confidence in CONFIDENCES:
        measured = estimate_loss(returns, confidence)
        told = DayLoss(
            confidence=confidence, value_at_risk=measured.value_at_risk,
            shortfall=measured.shortfall,
        )  # fmt: skip
        if len(returns) >= WINDOW + LEAST_DAYS:
            before = walk_forward(returns, WINDOW, confidence)
            kept = backtest_measure(
                -returns[WINDOW:], before, confidence, seeded_generator(SEED), DRAWS
            )
            told = DayLoss(
                confidence=confidence, value_at_risk=measured.value_at_risk,
                shortfall=measured.shortfall, days=kept.days, breaches=kept.breaches,
                expected=kept.expected, proportion=kept.proportion.p_value,
                independence=kept.independence.p_value,
            )  # fmt: skip
        found.append(told)
    return tuple(found)
