"""How an entry is placed: at the market, or waiting where the forecast is too unsure to pay."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.kernel.records import GO_TO, GTD, PLACE_LIMIT
from assay.trading.decision.timing import SECOND


@compiled
def place_entry(intent, event, forecast, units, width):  # type: ignore[no-untyped-def]
    """Write the order of an entry, with its bracket.

    Where the bounds of the probability are further apart than `width` (ten-thousandths; 0 asks for
    nothing) it does not pay the spread: a limit at the quote's near side, for one bar. The bracket
    is as far from where it could be closed as that of a market order.
    """
    side, spread = intent.side, event.spread_close
    near = event.close if side > 0 else event.close + spread
    intent.quantity = side * units
    if width and intent.upper - intent.lower > width:
        intent.action, intent.price, intent.entry = PLACE_LIMIT, near, near
        intent.time_in_force, intent.expires = GTD, event.ts + event.seconds * SECOND
        closed_at = near - side * spread
    else:
        intent.action, intent.entry = GO_TO, near + side * spread
        closed_at = near
    intent.stop = closed_at - side * forecast.stop
    intent.target = closed_at + side * forecast.target
