"""Commands carried to a MetaTrader 5 terminal, and what comes back."""

from __future__ import annotations

from contextlib import suppress

import msgspec

from assay.trading.brokers.mt5 import api
from assay.trading.brokers.mt5.blocking import TerminalBlockedError
from assay.trading.brokers.mt5.booking import Booking
from assay.trading.brokers.mt5.following import Following
from assay.trading.brokers.mt5.guarding import Guarding, is_netting
from assay.trading.brokers.mt5.ports import BrokerEvent, CommandKind, OrderCommand, Pace
from assay.trading.brokers.mt5.preparing import Preparing
from assay.trading.brokers.mt5.requests import Plan
from assay.trading.brokers.mt5.sending import Answer, Sender
from assay.trading.brokers.mt5.state import (
    CLOSED_DOORS,
    GatewayState,
    MT5Settings,
    OrderRecord,
    decode_state,
    encode_state,
)
from assay.trading.brokers.mt5.stops import Denial
from assay.trading.brokers.mt5.structures import TerminalApi
from assay.trading.brokers.mt5.telling import Teller
from assay.trading.brokers.mt5.watching import Watching
from assay.trading.execution import (
    Accepted,
    Ended,
    LiveOrder,
    LostSight,
    OrderState,
    Recovered,
    Refused,
    RetryClass,
    Sent,
    Stored,
)


class MT5Gateway:
    """Carry out each command once and tell deals, fates, positions and alarms.

    A start restores the last snapshot, calls `reconcile` for every command handed over since
    that snapshot, and only then polls: a deal must find the order that made it.
    """

    def __init__(self, terminal: TerminalApi, settings: MT5Settings, pace: Pace) -> None:
        self._terminal = terminal
        self._settings = settings
        self._pace = pace
        self._teller = Teller(settings)
        self._sender = Sender(terminal, pace, settings)
        self._use(GatewayState())

    def _use(self, state: GatewayState) -> None:
        parts = (self._terminal, self._settings, state, self._teller)
        self._state = state
        self._guarding = Guarding(*parts)
        self._booking = Booking(*parts)
        self._following = Following(*parts, self._booking)
        self._watching = Watching(*parts, self._booking)
        self._preparing = Preparing(*parts, self._guarding)

    def snapshot(self) -> bytes:
        """Return what a start must know; an older one only makes some events come again."""
        return encode_state(self._state)

    def restore(self, state: bytes) -> None:
        """Go on from a snapshot."""
        self._use(decode_state(state))

    def acknowledge(self, what: str, now: int) -> str:
        """Accept a change (account, server-time, contract:SYMBOL) by a person's word."""
        return self._guarding.acknowledge(what, now)

    @property
    def stopped(self) -> dict[str, str]:
        """Return why orders are refused, by what a person must acknowledge."""
        return dict(self._state.stopped)

    def execute(self, command: OrderCommand, now: int) -> list[BrokerEvent]:
        """Carry a command out, once by its id; its key is on disk before this is called."""
        self._teller.now, began = now, self._pace.elapsed_ns()
        if command.kind == "watch":
            return self._watch(command)
        known = self._state.orders.get(command.id)
        if known is not None and not self._may_send(known, command):
            return self._repeat(known)
        with suppress(TerminalBlockedError):
            self._booking.take_over()
        record = self._enter(command)
        events: list[BrokerEvent] = []
        try:
            events += self._guarding.check_hour(now)
            if command.kind == "submit" and is_netting(self._settings):
                events += self._following.catch_up() or []
            return events + self._carry_out(record, began)
        except TerminalBlockedError as error:
            # Not from sending, which answers for itself: nothing went out.
            answer = Answer(found=RetryClass.NEVER, reason="blocked", text=str(error))
            return events + self._reject(record, answer.denial)

    def _may_send(self, known: OrderRecord, command: OrderCommand) -> bool:
        """Say whether an order that was looked for is still to be sent.

        Who asks for an exit of another road's knows that it was not carried out there.
        """
        is_sought = known.is_watched and not known.order.ticket
        return is_sought and (bool(command.own) or known.order.state is OrderState.REJECTED)

    def _enter(self, command: OrderCommand) -> OrderRecord:
        order = LiveOrder(key=command.id, quantity=abs(command.quantity))
        record = OrderRecord(command=command, order=order, sent=self._teller.now)
        record.since = self._teller.now
        record.advance(Stored())
        self._state.orders[command.id] = record
        return record

    def _repeat(self, record: OrderRecord) -> list[BrokerEvent]:
        """Say of a command that came again what is known of it."""
        state = record.order.state
        if state is OrderState.REJECTED:
            return [self._teller.rejected(record, Denial(record.order.reason, "said before"))]
        if state is OrderState.UNKNOWN:
            return [self._teller.unknown(record, "said before")]
        return [self._teller.accepted(record)]

    def _carry_out(self, record: OrderRecord, began: int) -> list[BrokerEvent]:
        command, attempts, floats = record.command, 0, False
        while True:
            now = self._teller.now + self._pace.elapsed_ns() - began
            if command.expiry_ns and now > command.expiry_ns:
                record.advance(Ended(OrderState.EXPIRED, "not sent in time"))
                return [self._teller.expired(record)]
            plan = self._preparing.prepare(command, now, floats=floats)
            if isinstance(plan, Denial):
                return self._reject(record, plan)
            answer, plan = self._sender.check(plan)  # nothing is out yet
            if answer.retcode == api.TRADE_RETCODE_INVALID_STOPS and not floats:
                floats = True  # a level of 0 that means the spread
                continue
            is_sent = answer.found is RetryClass.DONE
            if is_sent:
                denial = self._preparing.weigh(command, plan, self._sender)
                if denial:
                    return self._reject(record, denial)
                answer = self._send(record, plan, now)
                if answer.found in (RetryClass.DONE, RetryClass.UNKNOWN):
                    return self._answered(record, plan, answer)
            attempts += 1
            again = self._settings.retry.may_retry(answer.found, attempts)
            if not again:
                return self._reject(record, answer.denial, answer)
            if is_sent:
                record.advance(Refused(answer.reason, again=True))
            if answer.found is RetryClass.WAIT:
                self._pace.wait(self._settings.retry.wait_ns(attempts))

    def _send(self, record: OrderRecord, plan: Plan, now: int) -> Answer:
        request = plan.request
        record.order = msgspec.structs.replace(record.order, quantity=abs(plan.units))
        record.units, record.sent, record.since = plan.units, now, now
        record.type, record.lots = int(request.get("type", -1)), float(request.get("volume", 0))
        record.price = float(request.get("price", 0))
        record.stop, record.target = float(request.get("sl", 0)), float(request.get("tp", 0))
        record.position = plan.position
        record.advance(Sent())
        return self._sender.send(plan)

    def _answered(self, record: OrderRecord, plan: Plan, answer: Answer) -> list[BrokerEvent]:
        events: list[BrokerEvent] = []
        if answer.found is RetryClass.DONE:
            is_order = record.command.kind in ("submit", "close", "close_by")
            record.advance(Accepted(answer.ticket if is_order else 0))
            events.append(self._teller.accepted(record, plan))
        else:
            record.advance(LostSight(answer.reason))
            events.append(self._teller.unknown(record, answer.text))
        if answer.took_ns > self._settings.block_ns:
            events.append(self._not_flat(f"a send took {answer.took_ns // 1_000_000} ms"))
        return events

    def _reject(
        self, record: OrderRecord, denial: Denial, answer: Answer | None = None
    ) -> list[BrokerEvent]:
        record.advance(Refused(denial.reason))
        retcode = answer.retcode if answer else 0
        events: list[BrokerEvent] = [self._teller.rejected(record, denial, retcode)]
        if denial.reason in CLOSED_DOORS:
            events.append(self._not_flat(f"{denial.reason}: {denial.text}"))
        return events

    def _not_flat(self, text: str) -> BrokerEvent:
        is_open = self._watching.describe_open()
        code = "not_flat" if is_open else "trading_off"
        return self._teller.alarm(code, f"{text}; NOT FLAT: {is_open or 'nothing of ours'}")

    def reconcile(self, command: OrderCommand, now: int) -> list[BrokerEvent]:
        """Find out what became of a command that was in flight when the program ended."""
        self._teller.now = now
        record = self._state.orders.get(command.id)
        if record is None:
            record = self._enter(command)
            self._preparing.recall(record)
        if record.advance(Recovered()):
            record.since = now
            return [self._teller.unknown(record, "the program ended while it was on its way")]
        return self._repeat(record)

    def _watch(self, command: OrderCommand) -> list[BrokerEvent]:
        """Look from now on for an order that went, or may have gone, by another road."""
        record = self._state.orders.get(command.key)
        if record is not None and (record.order.ticket or not record.order.is_final):
            return self._repeat(record)
        kind: CommandKind = "close" if command.ticket else "submit"
        record = self._enter(msgspec.structs.replace(command, id=command.key, kind=kind, key=0))
        self._preparing.recall(record)
        record.is_watched = True
        # Until it has expired the other road may still send it.
        record.since = max(self._teller.now, command.expiry_ns)
        record.advance(Recovered())
        return [self._teller.unknown(record, "it went by another road")]

    def resolve(self, key: int, ticket: int, now: int) -> list[BrokerEvent]:
        """Say by a person's word which order of the broker a command is; ticket 0 for none."""
        self._teller.now = now
        record = self._state.orders.get(key)
        if record is None or record.order.state is not OrderState.UNKNOWN:
            return []
        return self._following.resolve(record, ticket)

    def poll(self, now: int) -> list[BrokerEvent]:
        """Return what happened since: deals, fates of orders, positions, the account."""
        self._teller.now = now
        try:
            self._booking.take_over()
            events = self._watching.account()
            if "account" in self._state.stopped:
                return events
            events += self._guarding.check_hour(now)
            events += self._following.catch_up() or []
            events += self._watching.positions()
        except TerminalBlockedError as error:
            return self._watching.alarm_while(True, "blocked", str(error))
        self._watching.alarm_while(False, "blocked", "")
        self._state.forget_old(now)
        return events
