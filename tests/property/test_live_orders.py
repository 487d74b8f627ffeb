"""Live orders against a slow, obvious model of the two parties and of the wire between them."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from assay.model.errors import InvariantError
from assay.trading.execution import (
    Accepted,
    Dealt,
    Ended,
    LiveOrder,
    LostSight,
    OrderEvent,
    OrderState,
    Recovered,
    Refused,
    Sent,
    Stored,
    advance,
)

QUANTITY = 7
TICKET = 900
ENDS = {"cancelled": OrderState.CANCELLED, "expired": OrderState.EXPIRED}


class Server:
    """Remember everything that happened at the broker; nothing is ever worked out from it here."""

    def __init__(self) -> None:
        self.requests = 0
        self.taken = 0
        self.fills: list[tuple[int, int]] = []
        self.ended = ""

    @property
    def left(self) -> int:
        return QUANTITY - sum(units for _, units in self.fills)

    @property
    def is_resting(self) -> bool:
        return self.taken == 1 and not self.ended and self.left > 0

    def truth(self) -> tuple[OrderState, int]:
        """Say what an order is, from all that happened, one plain question after the other."""
        filled = sum(units for _, units in self.fills)
        if self.taken == 0:
            return OrderState.REJECTED, 0
        if filled == QUANTITY:
            return OrderState.FILLED, filled
        if self.ended:
            return ENDS[self.ended], filled
        if filled:
            return OrderState.PARTLY_FILLED, filled
        return OrderState.ACCEPTED, 0


class LiveOrderMachine(RuleBasedStateMachine):
    """Let both parties act in any order, and the wire lose, delay, double and reorder."""

    def __init__(self) -> None:
        super().__init__()
        self.server = Server()
        self.order = advance(LiveOrder(key=5, quantity=QUANTITY), Stored())
        self.disk = msgspec.msgpack.encode(self.order)
        self.wire: list[OrderEvent] = []
        self.refusals = 0

    def _hear(self, event: OrderEvent) -> None:
        self.order = advance(self.order, event)

    @precondition(lambda self: self.order.state is OrderState.STORED)
    @rule(answer=st.sampled_from(["accept", "requote", "reject", "timeout", "lost", "kill"]))
    def send(self, answer: str) -> None:
        self._hear(Sent())
        self.server.requests += 1
        if answer == "requote":
            self._hear(Refused("requote", again=self.refusals < 3))
            self.refusals += 1
            return
        if answer == "reject":
            self._hear(Refused("no_money"))
            return
        if answer != "lost":
            self.server.taken += 1
        if answer == "accept":
            self._hear(Accepted(TICKET))
        elif answer == "kill":
            self.restart()
        else:
            self._hear(LostSight("timeout"))

    @precondition(lambda self: self.server.is_resting)
    @rule(data=st.data())
    def fill(self, data: st.DataObject) -> None:
        units = data.draw(st.integers(1, self.server.left))
        deal = 100 + len(self.server.fills)
        self.server.fills.append((deal, units))
        self.wire.append(Dealt(deal, units))

    @precondition(lambda self: self.server.is_resting)
    @rule(how=st.sampled_from(sorted(ENDS)))
    def end(self, how: str) -> None:
        self.server.ended = how
        self.wire.append(Ended(ENDS[how], how))

    @precondition(lambda self: self.wire)
    @rule(data=st.data(), again=st.booleans())
    def deliver(self, data: st.DataObject, again: bool) -> None:
        place = data.draw(st.integers(0, len(self.wire) - 1))
        event = self.wire[place] if again else self.wire.pop(place)
        self._hear(event)

    @rule()
    def save(self) -> None:
        self.disk = msgspec.msgpack.encode(self.order)

    @rule()
    def restart(self) -> None:
        """Start again from the disk, and hear of every deal again, as polling with overlap does."""
        self.order = msgspec.msgpack.decode(self.disk, type=LiveOrder)
        self._hear(Recovered())
        self.wire = [Dealt(deal, units) for deal, units in self.server.fills]
        if self.server.ended:
            self.wire.append(Ended(ENDS[self.server.ended], self.server.ended))
        self.disk = msgspec.msgpack.encode(self.order)

    @precondition(lambda self: self.order.state is OrderState.UNKNOWN)
    @rule()
    def reconcile(self) -> None:
        if self.server.taken:
            self._hear(Accepted(TICKET))
        else:
            self._hear(Ended(OrderState.REJECTED, "never_arrived"))

    @invariant()
    def nothing_is_taken_twice(self) -> None:
        assert self.server.taken <= 1

    @invariant()
    def what_was_taken_is_never_called_failed(self) -> None:
        if self.server.taken:
            assert self.order.state is not OrderState.REJECTED

    @invariant()
    def fills_are_those_of_the_broker(self) -> None:
        assert self.order.filled <= sum(units for _, units in self.server.fills)
        assert len(set(self.order.deals)) == len(self.order.deals)

    @invariant()
    def what_may_have_been_taken_is_not_sent_again(self) -> None:
        if self.server.taken:
            with pytest.raises(InvariantError):
                advance(self.order, Sent())

    def teardown(self) -> None:
        """Hear everything and ask once: both parties then agree."""
        if self.order.state is OrderState.STORED:
            return
        if self.order.state is OrderState.UNKNOWN:
            self.reconcile()
        for event in self.wire:
            self._hear(event)
        assert (self.order.state, self.order.filled) == self.server.truth()


LiveOrderMachine.TestCase.settings = settings(
    max_examples=150, stateful_step_count=30, deadline=None, derandomize=True
)
TestLiveOrders = LiveOrderMachine.TestCase


def test_the_model_finds_an_order_that_is_sent_again_blind() -> None:
    machine = LiveOrderMachine()
    machine.send("timeout")
    machine.order = msgspec.structs.replace(machine.order, state=OrderState.STORED)
    machine.send("accept")
    with pytest.raises(AssertionError):
        machine.nothing_is_taken_twice()
