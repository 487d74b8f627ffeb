"""Orders as the page shows them: each in its true state, parts gathered under what they are of."""

from __future__ import annotations

from collections import OrderedDict

import msgspec

from assay.apps.gateway.board.scale import Scale, moment, side_of
from assay.apps.gateway.views import Order, OrderState
from assay.model.messages import (
    CancelRequested,
    OrderAccepted,
    OrderCancelled,
    OrderChanged,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
    OrderUnknown,
)

FINAL: frozenset[OrderState] = frozenset({"filled", "cancelled", "expired", "rejected", "denied"})
"""States that only a late deal still changes."""
WHOLE, EXPIRED = "worked", "expired"
"""Why an order that is sent in parts ended with all of it filled; why one ended by its time."""
Asked = OrderAccepted | OrderRejected | OrderUnknown | OrderExpired | CancelRequested
ASKED_STATES: dict[type[Asked], OrderState] = {
    OrderAccepted: "accepted", OrderRejected: "rejected", OrderUnknown: "unknown",
    OrderExpired: "expired", CancelRequested: "cancelling",
}  # fmt: skip


class Followed(msgspec.Struct, kw_only=True):
    """Hold an order with its signed units, and how many of them are filled."""

    view: Order
    units: int
    filled: int = 0
    parent: int = 0


class Orders:
    """Follow the last orders, at most so many `kept` besides those that are not done."""

    def __init__(self, scale: Scale, kept: int) -> None:
        self._scale, self._kept = scale, kept
        self._orders: OrderedDict[int, Followed] = OrderedDict()

    def __len__(self) -> int:
        """Return how many are held."""
        return len(self._orders)

    def get(self, key: int | None) -> Order | None:
        """Return an order by its key; None where it is not held."""
        found = self._orders.get(key or 0)
        return found.view if found else None

    def newest(self, limit: int) -> tuple[Order, ...]:
        """Return the newest first, and after `limit` those that are not done."""
        found = [each.view for each in reversed(self._orders.values())]
        return (*found[:limit], *(each for each in found[limit:] if each.state not in FINAL))

    def keys_of(self, key: int | None) -> frozenset[int]:
        """Return the key of an order and of all its parts."""
        parts = (each for each, part in self._orders.items() if key and part.parent == key)
        return frozenset({*parts, key or 0})

    def parts_of(self, key: int | None) -> tuple[Order, ...]:
        """Return the parts of an order, the oldest first."""
        return tuple(part.view for part in self._orders.values() if key and part.parent == key)

    def enter(self, order: OrderSubmitted | OrderDenied) -> tuple[Order, ...]:
        """Take an order that goes to the broker or was denied; return it and what it is of.

        A change that was denied leaves its order as it is.
        """
        scale, symbol = self._scale, order.symbol
        is_denied = isinstance(order, OrderDenied)
        if is_denied and order.key in self._orders:
            return ()
        parent = order.parent if isinstance(order.parent, int) else 0
        view = Order(
            key=str(order.key), time=moment(order.ts_event), symbol=symbol, type=order.order_type,
            side=side_of(order.quantity), lots=scale.lots(symbol, order.quantity), filled=0.0,
            price=scale.price_or_none(symbol, order.price),
            stop=scale.price_or_none(symbol, order.stop),
            target=scale.price_or_none(symbol, order.target),
            state="denied" if is_denied else "submitted",
            reason=order.reason if isinstance(order, OrderDenied) else "",
            changes=0, parent=str(parent) if parent else None,
        )  # fmt: skip
        self._orders[order.key] = Followed(view=view, units=order.quantity, parent=parent)
        self._trim()
        whole = self._orders.get(parent)
        if whole is None or is_denied or whole.view.state != "submitted":
            return (view,)
        return view, self._turn(whole, "working")

    def change(self, changed: OrderChanged) -> tuple[Order, ...]:
        """Take what an order is from now on; its quantity is what is left to fill."""
        known = self._orders.get(changed.key)
        if known is None:
            return ()
        scale, symbol = self._scale, changed.symbol
        sign = 1 if changed.quantity > 0 else -1
        known.units = changed.quantity + sign * known.filled
        known.view = msgspec.structs.replace(
            known.view, type=changed.order_type, lots=scale.lots(symbol, known.units),
            price=scale.price_or_none(symbol, changed.price),
            stop=scale.price_or_none(symbol, changed.stop),
            target=scale.price_or_none(symbol, changed.target), changes=known.view.changes + 1,
        )  # fmt: skip
        return (known.view,)

    def hear(self, told: Asked) -> tuple[Order, ...]:
        """Take what a venue says of an order, or what it was asked to do with it."""
        known = self._orders.get(told.key)
        if known is None:
            return ()
        if isinstance(told, OrderAccepted):
            return self._accept(known, told)
        if known.view.state in FINAL:
            return ()
        reason = getattr(told, "reason", EXPIRED)
        return (self._turn(known, ASKED_STATES[type(told)], reason),)

    def _accept(self, known: Followed, told: OrderAccepted) -> tuple[Order, ...]:
        if known.view.state not in ("submitted", "unknown"):
            return ()
        scale, symbol = self._scale, told.symbol
        known.units = told.quantity or known.units
        known.view = msgspec.structs.replace(
            known.view, lots=scale.lots(symbol, known.units),
            stop=scale.price_or_none(symbol, told.stop) or known.view.stop,
            target=scale.price_or_none(symbol, told.target) or known.view.target,
        )  # fmt: skip
        return (self._turn(known, "partly_filled" if known.filled else "accepted"),)

    def cancel(self, cancelled: OrderCancelled) -> tuple[Order, ...]:
        """Note that an order will not fill, or not fill any more."""
        known = self._orders.get(cancelled.key)
        if known is None or known.view.state in FINAL:
            return ()
        state: OrderState = "cancelled"
        if cancelled.reason == EXPIRED:
            state = "expired"
        elif cancelled.reason == WHOLE and known.filled:
            state = "filled"
        return (self._turn(known, state, cancelled.reason),)

    def fill(self, filled: OrderFilled) -> tuple[Order, ...]:
        """Take an execution of an order; return it, and the order that it is a part of.

        What closes a position bears the key of the order that opened it, and is no fill of that.
        """
        known = self._orders.get(filled.key)
        if known is None or (known.units > 0) != (filled.quantity > 0):
            return ()
        turned = self._count(known, filled.quantity, filled.reason)
        whole = self._orders.get(known.parent)
        return (turned, self._count(whole, filled.quantity, "")) if whole else (turned,)

    def _count(self, known: Followed, quantity: int, reason: str) -> Order:
        known.filled += abs(quantity)
        is_part = known.filled < abs(known.units)
        state: OrderState = "partly_filled" if is_part else "filled"
        if is_part and known.view.state in (*FINAL, "cancelling"):
            state = known.view.state
        lots = self._scale.lots(known.view.symbol, known.filled)
        known.view = msgspec.structs.replace(known.view, filled=lots)
        return self._turn(known, state, known.view.reason if state == "cancelled" else reason)

    def _turn(self, known: Followed, state: OrderState, reason: str = "") -> Order:
        known.view = msgspec.structs.replace(known.view, state=state, reason=reason)
        return known.view

    def _trim(self) -> None:
        if len(self._orders) <= self._kept:
            return
        done = (key for key, each in self._orders.items() if each.view.state in FINAL)
        oldest = next(done, None)
        if oldest is not None:
            del self._orders[oldest]
