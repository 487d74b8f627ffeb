"""Carry each command out once by its id, whatever fails in between."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Raw

from assay.apps.edge.accountlog import AccountLog, Received
from assay.apps.link.frames import Outcome, PackedCodec
from assay.model.errors import DataError
from assay.model.messages import (
    DealBooked,
    Message,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderRejected,
    encode_message,
)
from assay.model.time import SECOND
from assay.runtime.clock import Clock
from assay.runtime.logs import Logger
from assay.trading.brokers.mt5.ports import Gateway, OrderCommand

EXECUTED, RECONCILED = "executed", "reconciled"
UNREADABLE = "unreadable"
FATES = (OrderAccepted, OrderRejected, OrderExpired, OrderCancelled, DealBooked)
RECONCILE_EVERY = 2 * SECOND


class Executor:
    """Hand commands to the gateway, each stored before and its outcome after.

    One that was begun and has no outcome is UNKNOWN: the gateway is asked what became of it; where
    it does not know it looks, and tells by `poll`. It is never carried out again. `told` is called
    whenever there is more to send.
    """

    def __init__(
        self, log: AccountLog, gateway: Gateway, clock: Clock, logger: Logger,
        told: Callable[[], None],
    ) -> None:  # fmt: skip
        self._log, self._gateway, self._clock = log, gateway, clock
        self._logger, self._told = logger, told
        self._codec = PackedCodec()
        self._unknown: list[Received] = []
        self._awaited: set[int] = set()
        self._asked = 0
        if log.state:
            gateway.restore(log.state)

    @property
    def unknown(self) -> int:
        """Return how many commands nobody knows the outcome of."""
        return len(self._unknown) + len(self._awaited)

    def recover(self) -> None:
        """Take up what an earlier run left: ask after what was begun, carry out what was not."""
        begun, waiting = self._log.unfinished()
        self._unknown = begun
        self.reconcile()
        for command in waiting:
            self._log.begin(command.id)
            self._execute(command)

    def carry_out(self, came: Sequence[Received], stored: Callable[[Received], None]) -> None:
        """Store commands, tell so, and carry out those that are new."""
        fresh: list[Received] = []
        for each in came:
            if self._log.knows(each.id) or any(each.id == other.id for other in fresh):
                self._logger.warning("a command came again", command=each.id)
            else:
                fresh.append(each)
        starts = bool(fresh) and fresh[0] is came[0]
        self._log.receive(list(came), begins=starts)
        stored(came[-1])
        for each in came:
            if each not in fresh:
                # Without an outcome it is on its way, and that will be told.
                self._log.repeat(each.id)
                self._told()
                continue
            if not (starts and each is came[0]):
                self._log.begin(each.id)
            self._execute(each)

    def poll(self) -> None:
        """Tell what the terminal reports of its own accord."""
        # A clock that was set back holds nothing up.
        is_due = not 0 <= self._clock.now_ns() - self._asked < RECONCILE_EVERY
        if self._unknown and is_due:
            self.reconcile()
        events = self._settle(self._gateway.poll(self._clock.now_ns()))
        # A state without events only spares some asking: it can wait for the next ones.
        if events:
            self._log.report(_encode(events), self._gateway.snapshot())
            self._told()

    def _settle(self, events: Sequence[Message]) -> Sequence[Message]:
        """Finish the commands whose fate is told, and return the other events."""
        settled = self._awaited & {_key_of(each) for each in events if _is_fate(each)}
        for key in sorted(settled):
            fate = [each for each in events if _key_of(each) == key]
            # The gateway's state stays the old one until the other events are written down too.
            self._log.finish(Outcome(key, RECONCILED, _encode(fate)), self._log.state)
            self._told()
        self._awaited -= settled
        return [each for each in events if _key_of(each) not in settled]

    def reconcile(self) -> None:
        """Ask what became of the commands that nobody knows the outcome of."""
        self._asked = self._clock.now_ns()
        left = []
        for each in self._unknown:
            events = self._ask(each)
            if not events:
                left.append(each)
            elif any(map(_is_fate, events)):
                self._finish(each.id, RECONCILED, events)
            else:
                self._awaited.add(each.id)
                self._log.report(_encode(events), self._gateway.snapshot())
                self._told()
        self._unknown = left

    def _ask(self, received: Received) -> Sequence[Message]:
        try:
            return self._gateway.reconcile(self._decode(received), self._clock.now_ns())
        except Exception as error:  # the terminal may be away: then it is asked again later
            self._logger.error("reconciling failed", command=received.id, error=str(error))
            return []

    def _execute(self, received: Received) -> None:
        try:
            self._decode(received)
        except DataError as error:
            self._finish(received.id, EXECUTED, [self._refuse(received, str(error))])
            return
        try:
            events = self._gateway.execute(self._decode(received), self._clock.now_ns())
        except Exception as error:  # whatever it was, the order may have reached the broker
            self._logger.error("a command is unknown", command=received.id, error=str(error))
            self._unknown.append(received)
            return
        # On its way the gateway may have found what became of others.
        self._finish(received.id, EXECUTED, self._settle(events))

    def _finish(self, command: int, how: str, events: Sequence[Message]) -> None:
        self._log.finish(Outcome(command, how, _encode(events)), self._gateway.snapshot())
        self._told()

    def _refuse(self, received: Received, text: str) -> Message:
        now = self._clock.now_ns()
        return OrderRejected(
            id=0, ts_event=now, ts_init=now, key=received.id, account="", symbol="",
            reason=UNREADABLE, text=text,
        )  # fmt: skip

    def _decode(self, received: Received) -> OrderCommand:
        command: OrderCommand = self._codec.decode(received.command, OrderCommand)
        return command


def _is_fate(event: Message) -> bool:
    return isinstance(event, FATES)


def _key_of(event: Message) -> int:
    return int(getattr(event, "key", 0))


def _encode(events: Sequence[Message]) -> list[Raw]:
    return [Raw(encode_message(each)) for each in events]
