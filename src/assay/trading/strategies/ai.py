"""Trade what a model forecasts: a bracket on the better side when its worth is above its cost."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.kernel.records import GO_TO
from assay.trading.decision.choice import (
    ABSTAIN,
    ENTER,
    EXIT,
    HOLD_ON,
    TOO_SMALL,
    size_choice,
    weigh_sides,
)

NAME = "ai"
PARAMETERS = {"kelly_percent": 25, "risk_cap_bp": 100}
REFERENCE_COSTS = False
USES_FORECAST = True
BASIS_POINTS_A_PERCENT = 100


def memory_words(params: dict[str, int]) -> int:  # noqa: ARG001
    """Return the words of memory: bars since the position was wanted, and for how many."""
    return 2


@compiled
def decide(memory, event, position, params, intent, view):  # type: ignore[no-untyped-def]
    """Hold an open bracket to its end; when flat, take the better side or abstain."""
    forecast, account, market, instrument = view
    if position.quantity != 0:
        memory[0] += 1
        intent.outcome = HOLD_ON
        if memory[0] >= memory[1]:
            intent.outcome, intent.action, intent.quantity = EXIT, GO_TO, 0
        return
    intent.outcome = ABSTAIN
    intent.reason = weigh_sides(event, forecast, market, instrument, intent)
    if intent.reason:
        return
    kelly = (params[0] * BASIS_POINTS_A_PERCENT, params[1])
    units = size_choice(intent, forecast, account, market, instrument, kelly)
    if units == 0:
        intent.reason = TOO_SMALL
        return
    memory[0], memory[1] = 0, forecast.horizon
    intent.outcome, intent.action, intent.quantity = ENTER, GO_TO, intent.side * units
    exit_price = event.close if intent.side > 0 else event.close + event.spread_close
    intent.stop = exit_price - intent.side * forecast.stop
    intent.target = exit_price + intent.side * forecast.target
