"""Orders of the platform as commands that a gateway carries out."""

from __future__ import annotations

from typing import get_args

import msgspec

from assay.model.errors import InvariantError
from assay.model.messages import CancelRequested, ChangeRequested, OrderSubmitted, OrderTerms
from assay.model.time import SECOND
from assay.trading.brokers.mt5.ports import OrderCommand, OrderType, TimeInForce

ORDER_TYPES: dict[str, OrderType] = {
    "market": "market",
    "limit": "limit",
    "stop": "stop",
    "stop_limit": "stop_limit",
    # Its price follows the market by changes.
    "trailing_stop": "stop",
}
_LIVES: dict[str, TimeInForce] = {each: each for each in get_args(TimeInForce)}
SENT_WITHIN_NS = 10 * SECOND


def make_command(order: OrderSubmitted, digits: int, now: int) -> OrderCommand:
    """Return the command that sends an order; `digits` are those of its prices.

    One that names a position there closes it, or both of two.
    """
    if order.position is not msgspec.UNSET:
        return _make_close(order, order.position, digits, now)
    kind = ORDER_TYPES.get(order.order_type)
    if kind is None:
        raise InvariantError(f"order type {order.order_type!r} has no name at the terminal")
    terms = OrderTerms() if order.terms is msgspec.UNSET else order.terms
    return OrderCommand(
        id=order.key,
        kind="submit",
        account=order.account,
        symbol=order.symbol,
        quantity=order.quantity,
        order_type=kind,
        price=order.price,
        stop=order.stop,
        target=order.target,
        limit_price=terms.limit,
        time_in_force=_LIVES[terms.time_in_force],
        expires=terms.expires if terms.time_in_force == "gtd" else 0,
        digits=digits,
        strategy=order.strategy,
        ordinal=order.ordinal,
        margin=0 if order.margin is msgspec.UNSET else order.margin,
        ts=order.ts_init,
        expiry_ns=now + SENT_WITHIN_NS,
    )


def _make_close(order: OrderSubmitted, position: int, digits: int, now: int) -> OrderCommand:
    terms = OrderTerms() if order.terms is msgspec.UNSET else order.terms
    against = 0 if order.position_by is msgspec.UNSET else order.position_by
    return OrderCommand(
        id=order.key,
        kind="close_by" if against else "close",
        account=order.account,
        symbol=order.symbol,
        quantity=order.quantity,
        time_in_force=_LIVES[terms.time_in_force],
        ticket=position,
        other_ticket=against,
        digits=digits,
        strategy=order.strategy,
        ordinal=order.ordinal,
        ts=order.ts_init,
        expiry_ns=now + SENT_WITHIN_NS,
    )


def make_cancel(wish: CancelRequested, digits: int, now: int) -> OrderCommand:
    """Return the command that cancels an order, known by the id of the wish."""
    return OrderCommand(
        id=wish.id,
        kind="cancel",
        account=wish.account,
        symbol=wish.symbol,
        ticket=wish.ticket,
        digits=digits,
        ts=now,
    )


def make_change(wish: ChangeRequested, digits: int, now: int) -> OrderCommand:
    """Return the command that changes an order or a position, known by the id of the wish.

    One that is late does not go out: by then something else may be wanted.
    """
    return OrderCommand(
        id=wish.id,
        kind="modify",
        account=wish.account,
        symbol=wish.symbol,
        price=wish.price,
        limit_price=wish.limit,
        stop=wish.stop,
        target=wish.target,
        ticket=wish.ticket,
        digits=digits,
        ts=now,
        expiry_ns=now + SENT_WITHIN_NS,
    )
