"""What an event offers to trade, and what an account took of it.

Every account meets the market alone; its own orders share what there is. A quote offers its sizes
once, a bar (or a quote that tells none) the stated depth once on each side.
"""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.kernel.records import TICK


@compiled
def offered(world, a, i, event, quantity):  # type: ignore[no-untyped-def]
    """Return how much of a signed quantity this event still offers to the account."""
    position, market, instrument = world.positions[a, i], world.markets[i], world.instruments[i]
    whole = instrument.depth
    if event.kind == TICK and instrument.size_units:
        told = market.ask_units if quantity > 0 else market.bid_units
        whole = told if told else whole
    if whole == 0:
        return quantity
    if position.taken_at != market.events + 1:
        position.taken_at, position.bought, position.sold = market.events + 1, 0, 0
    if quantity > 0:
        return min(quantity, max(whole - position.bought, 0))
    return -min(-quantity, max(whole - position.sold, 0))


@compiled
def note_taken(position, quantity):  # type: ignore[no-untyped-def]
    """Count a fill against what its event offers."""
    if quantity > 0:
        position.bought += quantity
    else:
        position.sold -= quantity
