"""What may be lost: value at risk and expected shortfall, and whether they kept their word."""

from assay.trading.risk.measures.backtests import Backtest, Verdict, backtest_measure
from assay.trading.risk.measures.estimates import (
    METHODS,
    Measured,
    estimate_loss,
    profit_and_loss,
    walk_forward,
)
from assay.trading.risk.measures.meter import RiskMeter, Terms

__all__ = [
    "METHODS",
    "Backtest",
    "Measured",
    "RiskMeter",
    "Terms",
    "Verdict",
    "backtest_measure",
    "estimate_loss",
    "profit_and_loss",
    "walk_forward",
]
