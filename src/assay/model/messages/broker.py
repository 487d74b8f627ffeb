"""Broker: what a foreign venue says of our orders, and of what others do on the account.

A broker's adapter makes these beside its terminal, with `id` 0; whoever takes them into a home
gives the id. Volumes are signed integer units (positive buys), prices integers of
10^-price_digits, money integer minor units of the account's currency. A symbol that nobody has
mapped carries the broker's name, and volumes of 10^-2 of its contract's unit.
"""

import msgspec

from assay.model.messages.envelope import Message


class OrderAccepted(Message, frozen=True, kw_only=True):
    """Carry that the broker has an order, as it was sent: volume floored, stops widened.

    `ticket` is the broker's number of it; `widened` says by how many points the stop had to move
    away to keep the broker's distance (the volume shrank so that no more is at risk).
    """

    key: int
    account: str
    symbol: str
    ticket: int
    quantity: int
    price_digits: int
    stop: int = 0
    target: int = 0
    widened: int = 0


class OrderRejected(Message, frozen=True, kw_only=True):
    """Carry that an order will not be carried out: refused before sending, or by the broker.

    `retcode` is the broker's number, 0 where it was never asked.
    """

    key: int
    account: str
    symbol: str
    reason: str
    retcode: int = 0
    text: str = ""


class OrderUnknown(Message, frozen=True, kw_only=True):
    """Carry that nobody knows yet whether the broker has an order; it is not sent again."""

    key: int
    account: str
    symbol: str
    reason: str
    text: str = ""


class OrderExpired(Message, frozen=True, kw_only=True):
    """Carry that an order's time ran out, at the broker or before it was sent; `filled` stays."""

    key: int
    account: str
    symbol: str
    filled: int = 0


class DealBooked(Message, frozen=True, kw_only=True):
    """Carry one deal of the broker's history, once by its `ticket`.

    `key` is the order of ours that made it, 0 for none; `position_key` the order that opened the
    position it changed. `own` is the part of `quantity` that changed what is ours: a user who
    closes our position makes a deal without key whose `own` is all of it. `kind` is buy, sell or
    the name of a money movement, `entry` in, out, inout, out_by or empty, `reason` who made it.
    """

    account: str
    ticket: int
    order: int
    position: int
    key: int
    position_key: int
    symbol: str
    kind: str
    entry: str
    reason: str
    quantity: int
    own: int
    price: int
    price_digits: int
    commission: int
    swap: int
    fee: int
    profit: int


class PositionReported(Message, frozen=True, kw_only=True):
    """Carry a position as the broker shows it, whosever it is; quantity 0 says that it is gone.

    `ticket` is what closes it, `position` what its deals name.
    """

    account: str
    ticket: int
    position: int
    key: int
    symbol: str
    quantity: int
    own: int
    price: int
    price_digits: int
    stop: int
    target: int
    swap: int
    profit: int


class AccountReported(Message, frozen=True, kw_only=True):
    """Carry the state of the account; `level` is the margin level in hundredths of a percent.

    An edge may leave `leverage` out. `other_road` is told by the platform where this edge's door is
    closed: whether a second edge of the same login carries exits.
    """

    account: str
    login: int
    server: str
    mode: str
    margin_mode: str
    currency: str
    currency_digits: int
    balance: int
    credit: int
    equity: int
    margin: int
    level: int
    connected: bool
    trade_allowed: bool
    leverage: int | msgspec.UnsetType = msgspec.UNSET
    other_road: bool | msgspec.UnsetType = msgspec.UNSET


class ForeignActivity(Message, frozen=True, kw_only=True):
    """Carry what somebody else did on the account: `key` is the order of ours concerned, or 0.

    `what` is opened, closed, changed, reversed, stops_edited, stop_removed, order_edited,
    order_removed or money_moved.
    """

    account: str
    symbol: str
    ticket: int
    key: int
    what: str
    quantity: int
    text: str = ""


class GatewayAlarm(Message, frozen=True, kw_only=True):
    """Carry what a person must look at; trading of the account may have stopped for it."""

    account: str
    code: str
    text: str
