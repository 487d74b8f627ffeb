"""Orders by hand: the same step places them, under the same rules and keys as a strategy's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from assay.kernel.records import (
    CANCEL,
    CANCEL_ONE,
    FREE,
    MODIFY,
    OLDEST,
    PLACE_ICEBERG,
    PLACE_LIMIT,
    PLACE_MARKET,
    PLACE_STOP,
    PLACE_STOP_LIMIT,
    PLACE_TRAILING,
    PLACE_TWAP,
    PLACE_VWAP,
    PROTECT,
    TIMES_IN_FORCE,
)
from assay.model.messages import Message, OrderTerms, TradeRequested
from assay.trading.engine.loop import clear_intent
from assay.trading.engine.step import place_intent

if TYPE_CHECKING:
    from assay.trading.engine.module import TradingDesk

BY_HAND = "by-hand"
"""The strategy under which a person's orders are kept apart in the books."""
CLOSE, CANCELS, CHANGE, PROTECTS = "close", "cancel", "change", "protect"
PLACED = {
    "market": PLACE_MARKET, "limit": PLACE_LIMIT, "stop": PLACE_STOP,
    "stop_limit": PLACE_STOP_LIMIT, "trailing_stop": PLACE_TRAILING, "twap": PLACE_TWAP,
    "vwap": PLACE_VWAP, "iceberg": PLACE_ICEBERG,
}  # fmt: skip
"""What the engine is asked for by each type of order."""
ACTIONS = (*PLACED, CLOSE, CANCELS, CHANGE, PROTECTS)
NOBODY = 0
"""No order has this reference."""


def take_trade(desk: TradingDesk, told: TradeRequested) -> list[Message]:
    """Ask the engine for what a person wants, at the time of the market's last event."""
    world, found = desk.world, list[Message]()
    if told.symbol not in desk.plan.symbols:
        return found
    i, ts = desk.plan.symbols.index(told.symbol), int(world.markets["ts"].max())
    reasons = (f"by_hand: {told.by}, {told.reason}",)
    for a, spec in enumerate(desk.plan.accounts):
        if (spec.tenant, spec.id) != (told.tenant, told.account):
            continue
        clear_intent(world.intent[0])
        _write_intent(desk, a, i, told)
        place_intent(world.handle, a, i, ts)
        clear_intent(world.intent[0])
        found += desk.tell_act(told, {"reasons": reasons}, BY_HAND)
    return found


def find_reference(desk: TradingDesk, a: int, i: int, key: int) -> int:
    """Return how a waiting order is referred to in the engine; NOBODY where there is none."""
    for slot in desk.world.orders[a, i]:
        placed = int(slot["ts"]), "order", int(slot["ordinal"])
        if slot["state"] != FREE and desk.key_of(a, i, *placed) == key:
            return int(slot["number"]) + 1
    return NOBODY


def _write_intent(desk: TradingDesk, a: int, i: int, told: TradeRequested) -> None:
    intent = desk.world.intent[0]
    if told.action == CLOSE:
        _close(desk, a, i, told.quantity)
        return
    intent["quantity"], intent["price"] = told.quantity, told.price
    intent["stop"], intent["target"] = told.stop, told.target
    _write_terms(intent, told.terms)
    if told.action == PROTECTS:
        intent["action"] = PROTECT
    elif told.action == CHANGE:
        intent["action"], intent["order"] = MODIFY, find_reference(desk, a, i, told.key)
    elif told.action != CANCELS:
        intent["action"] = PLACED[told.action]
    elif not told.key:
        intent["action"] = CANCEL
    elif reference := find_reference(desk, a, i, told.key):
        intent["action"], intent["order"] = CANCEL_ONE, reference


def _close(desk: TradingDesk, a: int, i: int, most: int) -> None:
    """Want what is held less so many units, the oldest tickets first; nothing is opened."""
    intent, position = desk.world.intent[0], desk.world.positions[a, i]
    held = int(position["quantity"])
    units = min(abs(held), most) if most else abs(held)
    if units:
        intent["action"], intent["quantity"] = PLACE_MARKET, -units if held > 0 else units
        intent["ticket"] = OLDEST if desk.world.accounts[a]["hedges"] else 0


def _write_terms(intent: Any, terms: OrderTerms | msgspec.UnsetType) -> None:
    if isinstance(terms, msgspec.UnsetType):
        return
    for name, value in msgspec.structs.asdict(terms).items():
        intent[name] = TIMES_IN_FORCE.index(value) if name == "time_in_force" else value
