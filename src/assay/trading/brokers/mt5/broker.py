"""A gateway as the broker of a platform that runs beside its terminal."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import msgspec

from assay.model.errors import InvariantError
from assay.model.messages import CancelRequested, OrderSubmitted, OrderTerms
from assay.model.time import SECOND
from assay.trading.brokers.mt5.gateway import MT5Gateway
from assay.trading.brokers.mt5.ports import BrokerEvent, OrderCommand, OrderType, TimeInForce

ORDER_TYPES: dict[str, OrderType] = {
    "market": "market",
    "limit": "limit",
    "stop": "stop",
    "stop_limit": "stop_limit",
}
_LIVES: dict[str, TimeInForce] = {each: each for each in get_args(TimeInForce)}
SENT_WITHIN_NS = 10 * SECOND


def make_command(order: OrderSubmitted, digits: int, now: int) -> OrderCommand:
    """Return the command that sends an order; `digits` are those of its prices."""
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


class Memory(msgspec.Struct, kw_only=True):
    """Hold what outlives the program: the gateway's state and what nobody has taken in yet.

    `pending` is a command that was about to be carried out.
    """

    state: bytes = b""
    pending: OrderCommand | None = None
    events: list[BrokerEvent] = []


class MT5Broker:
    """Send orders by their key to a terminal; what came of them waits in `take`.

    The memory is a file that is replaced whole, before and after each order. What `take` returned
    comes again after a kill, unless `take` was called once more: whoever takes it knows deals by
    their ticket.
    """

    def __init__(
        self, gateway: MT5Gateway, memory: Path, clock: Callable[[], int], digits: dict[str, int]
    ) -> None:
        self._gateway = gateway
        self._path = memory
        self._clock = clock
        self._digits = digits
        self._events: list[BrokerEvent] = []
        self._taken = 0
        if memory.exists():
            self._recover(msgspec.msgpack.decode(memory.read_bytes(), type=Memory))

    def _recover(self, memory: Memory) -> None:
        self._events = memory.events
        if memory.state:
            self._gateway.restore(memory.state)
        if memory.pending is not None:
            self._events += self._gateway.reconcile(memory.pending, self._clock())
        self._save()

    def send(self, order: OrderSubmitted) -> None:
        """Hand an order over; raises InvariantError for a key that was sent already."""
        if self.knows(order.key):
            raise InvariantError(f"order key {order.key} was sent twice")
        now = self._clock()
        self._carry_out(make_command(order, self._digits[order.symbol], now), now)

    def cancel(self, wish: CancelRequested) -> None:
        """Ask for an order to be cancelled; a wish that was handed over is passed over."""
        if not self.knows(wish.id):
            now = self._clock()
            self._carry_out(make_cancel(wish, self._digits[wish.symbol], now), now)

    def _carry_out(self, command: OrderCommand, now: int) -> None:
        self._save(command)
        self._events += self._gateway.execute(command, now)
        self._save()

    def knows(self, key: int) -> bool:
        """Say whether a key was handed over, by memory or by the terminal's records."""
        return self._gateway.knows(key, self._clock())

    def take(self) -> list[BrokerEvent]:
        """Return what happened since: answers of `send` and whatever the terminal shows."""
        del self._events[: self._taken]
        self._events += self._gateway.poll(self._clock())
        self._taken = len(self._events)
        self._save()
        return list(self._events)

    def _save(self, pending: OrderCommand | None = None) -> None:
        memory = Memory(state=self._gateway.snapshot(), pending=pending, events=self._events)
        draft = self._path.with_suffix(".part")
        with draft.open("wb") as file:
            file.write(msgspec.msgpack.encode(memory))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)

    def close(self) -> None:
        """Let go of the terminal; what it received stays received."""
        self._save()
