"""Trade what a model forecasts: a bracket on the better side when its worth is above its cost."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.kernel.records import GO_TO
from assay.trading.decision.appraisal import appraise
from assay.trading.decision.choice import (
    ABSTAIN,
    ENTER,
    ENTRY_WAITS,
    EXIT,
    HOLD_ON,
    TOO_SMALL,
    UNMEASURED,
    weigh_sides,
)
from assay.trading.decision.placing import place_entry
from assay.trading.decision.sizing import METHODS, VOLATILITY, size_choice
from assay.trading.decision.timing import (
    WHOLE_BP,
    WORDS,
    calm_bp,
    follow_market,
    swing_over,
    time_entry,
    time_exit,
    usual_spread,
)

NAME = "ai"
PARAMETERS = {
    "kelly_percent": 25, "risk_cap_bp": 100, "sizing": 1, "risk_bp": 50, "shares": 4,
    "spread_cap_percent": 0, "turn_minutes": 0, "swing_cap_percent": 0, "lean_cap_percent": 0,
    "exit_spread_percent": 0, "exit_wait_bars": 5, "limit_width_bp": 0,
}  # fmt: skip
"""Fraction of Kelly, cap of the loss at the stop, method of sizing with its risk (bp of equity) and
shares of it; the widest spread that is entered at (per cent of the usual), how long before a
session or trading day turns nothing is, the swing (per cent of the usual) above which sizes shrink,
how far the sizes of a quote may lean against the side; the widest spread that is left at, once the
horizon is over, and for how many bars that is waited for; how far apart the bounds of a probability
may be (ten-thousandths) for an entry to pay the spread. 0 asks for nothing."""
CHOICES = {"sizing": METHODS}
REFERENCE_COSTS = False
USES_FORECAST = True
BASIS_POINTS_A_PERCENT = 100
OPEN_FOR, HORIZON, MARKET_FROM = 0, 1, 2
"""Words of memory: bars since the position was wanted, for how many, then those of timing."""


def memory_words(params: dict[str, int]) -> int:  # noqa: ARG001
    """Return the words of memory."""
    return MARKET_FROM + WORDS


@compiled
def decide(memory, event, position, params, intent, view):  # type: ignore[no-untyped-def]
    """Hold an open bracket to its end; when flat, take the better side or abstain."""
    forecast, account, market, instrument = view
    usual = memory[MARKET_FROM:]
    follow_market(usual, event)
    if position.quantity != 0:
        memory[OPEN_FOR] += 1
        intent.outcome, late = HOLD_ON, memory[OPEN_FOR] - memory[HORIZON]
        if late >= 0:
            intent.spread, intent.usual_spread = event.spread_close, usual_spread(usual)
            intent.reason = time_exit(usual, event, market, late, (params[9], params[10]))
            if intent.reason == 0:
                intent.outcome, intent.action, intent.quantity = EXIT, GO_TO, 0
        return
    intent.outcome = ABSTAIN
    if params[11] and position.resting_orders:
        intent.reason = ENTRY_WAITS
        return
    intent.reason = weigh_sides(event, forecast, market, instrument, intent)
    if intent.reason == 0:
        intent.spread, intent.usual_spread = event.spread_close, usual_spread(usual)
        asked = (params[5], params[6], params[8])
        intent.reason = time_entry(usual, event, market, intent.side, asked)
    if intent.reason:
        return
    swing = swing_over(usual, forecast.horizon)
    if params[2] == VOLATILITY and swing == 0:
        intent.reason = UNMEASURED
        return
    calm = calm_bp(usual, params[7]) if params[7] else WHOLE_BP
    if calm < 0:
        intent.reason = UNMEASURED
        return
    terms = (params[2], params[0] * BASIS_POINTS_A_PERCENT, params[1], params[3], params[4], calm)
    units = size_choice(intent, forecast, account, (market, instrument), swing, terms)
    if units == 0:
        intent.reason = TOO_SMALL
        return
    memory[OPEN_FOR], memory[HORIZON] = 0, forecast.horizon
    intent.outcome = ENTER
    place_entry(intent, event, forecast, units, params[11])
    appraise(intent, forecast, market, instrument)
