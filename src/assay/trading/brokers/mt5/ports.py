"""What the connector asks of the adapter, and what the adapter asks of its surroundings."""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

from assay.model.messages import (
    AccountReported,
    DealBooked,
    ForeignActivity,
    GatewayAlarm,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderRejected,
    OrderUnknown,
    PositionReported,
)

CommandKind = Literal["submit", "cancel", "modify", "close", "close_by", "watch"]
OrderType = Literal["market", "limit", "stop", "stop_limit"]
TimeInForce = Literal["gtc", "gtd", "day", "ioc", "fok"]

BrokerEvent = (
    OrderAccepted
    | OrderRejected
    | OrderUnknown
    | OrderExpired
    | OrderCancelled
    | DealBooked
    | PositionReported
    | AccountReported
    | ForeignActivity
    | GatewayAlarm
)


class OrderCommand(
    msgspec.Struct,
    tag="OrderCommand",
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """Ask for one act at the broker, once by its `id` (the order's key, 63 bits).

    `quantity` is in signed units (positive buys); a close names a position by `ticket` and how
    much of it, 0 for all. A modify gives every value anew: price 0 keeps the price, a stop or
    target of 0 removes it. Prices are integers of 10^-digits; `margin` is what the kernel expects
    the order to tie up, in minor units, 0 where it does not say. Times are nanoseconds UTC:
    `expires` ends the order (time in force gtd), after `expiry_ns` it must not be sent any more.

    A login may have two roads. A watch sends nothing: the order `key` went, or may have gone, by
    the other one, and what the terminal shows of it is told. A close by the road that did not open
    the position says how much of it is `own`, in signed units; a cancel of its order, just that.
    """

    id: int
    kind: CommandKind
    account: str
    symbol: str
    quantity: int = 0
    order_type: OrderType = "market"
    price: int = 0
    limit_price: int = 0
    stop: int = 0
    target: int = 0
    digits: int = 5
    time_in_force: TimeInForce = "gtc"
    expires: int = 0
    ticket: int = 0
    other_ticket: int = 0
    deviation: int = 0
    strategy: str = ""
    ordinal: int = 0
    margin: int = 0
    ts: int = 0
    expiry_ns: int = 0
    key: int = 0
    own: int = 0


class Gateway(Protocol):
    """Carry commands to a broker and tell what comes back; times are nanoseconds UTC."""

    def execute(self, command: OrderCommand, now: int) -> list[BrokerEvent]:
        """Carry a command out, once by its id; its key is on disk before this is called."""
        ...

    def reconcile(self, command: OrderCommand, now: int) -> list[BrokerEvent]:
        """Find out what became of a command that was in flight when the program ended."""
        ...

    def poll(self, now: int) -> list[BrokerEvent]:
        """Return what happened since: deals, fates of orders, positions, the account."""
        ...

    def snapshot(self) -> bytes:
        """Return what a start must know; an older one only makes some events come again."""
        ...

    def restore(self, state: bytes) -> None:
        """Go on from a snapshot."""
        ...


class Pace(Protocol):
    """Measure and spend time while a command is carried out."""

    def elapsed_ns(self) -> int:
        """Return a count of nanoseconds that only grows."""
        ...

    def wait(self, ns: int) -> None:
        """Return after that many nanoseconds."""
        ...
