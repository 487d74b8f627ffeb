"""What a sized bracket promises: expected value, value at risk, and reward for its variability."""

from __future__ import annotations

import math

from assay.kernel.compiling import compiled
from assay.kernel.rounding import OVERFLOW, muldiv
from assay.trading.decision.edge import CERTAIN
from assay.trading.decision.sizing import value_of_lot

TAIL_BP = 500
"""The value at risk is the loss that is not passed in 95 % of cases."""
THOUSAND = 1_000


@compiled
def appraise(intent, forecast, market, instrument):  # type: ignore[no-untyped-def]
    """Write what the whole order is worth, may lose, and its Sharpe ratio (thousandths a trade).

    A bracket earns its gain with the side's probability and else costs its loss, both after costs:
    two outcomes, of which the worse is the 95 % value at risk where it comes more often than one
    time in twenty. The Sharpe ratio is mean / standard deviation of that, not annualised.
    """
    gain = value_of_lot(forecast.gain, market, instrument) - intent.cost
    loss = value_of_lot(forecast.loss, market, instrument) + intent.cost
    at_stop = value_of_lot(forecast.stop, market, instrument) + intent.cost
    units, lot = abs(intent.quantity), instrument.lot_units
    intent.worth = muldiv(intent.expected, units, lot)
    risked = at_stop if CERTAIN - intent.probability > TAIL_BP else max(-gain, 0)
    intent.at_risk = muldiv(risked, units, lot)
    win = float(intent.probability) / CERTAIN
    mean = win * gain - (1.0 - win) * loss
    deviation = math.sqrt(win * (1.0 - win)) * float(gain + loss)
    intent.sharpe = round(THOUSAND * mean / deviation) if deviation > 0.0 else 0
    if OVERFLOW in (intent.worth, intent.at_risk):
        intent.worth = intent.at_risk = 0
