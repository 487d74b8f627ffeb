"""The trading desk as a module: market messages in, decisions, orders, fills and marks out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from struct import Struct
from typing import Any

import msgspec
import numpy as np
from msgspec import UNSET

from assay.kernel.compiling import bind_types
from assay.kernel.records import (
    BASE_BAR,
    CANCEL_WANTED,
    CHILD_ORDER,
    EQUITY_LOG,
    EVENT,
    EXITS,
    MATCHED_ON_TICKS,
    NOTE_LOG,
    ORDER_CHANGE,
    ORDER_LOG,
    ORDER_TERMS,
    POSITION_CHANGE,
    RISK_ACT,
    SWAP,
    TICK,
)
from assay.model.accounts import AccountSpec
from assay.model.errors import InvariantError
from assay.model.ids import derive_order_key
from assay.model.messages import (
    BarClosed,
    CancelRequested,
    ChangeRequested,
    DecisionMade,
    EquityMarked,
    GatewayAlarm,
    Message,
    OrderApproved,
    OrderCancelled,
    OrderChanged,
    OrderDenied,
    OrderFilled,
    OrderSubmitted,
    PositionChanged,
    Predicted,
    RiskThresholdBreached,
    SwapCharged,
    Tick,
    TradingHalted,
    TradingResumed,
)
from assay.model.time import SECOND
from assay.trading.decision.reasons import describe_decision
from assay.trading.engine.acting import ACTS, RiskActs
from assay.trading.engine.loading import Strategy
from assay.trading.engine.loop import MARKED, TRADED, clear_intent, finish_event
from assay.trading.engine.naming import (
    DENIALS,
    ENDINGS,
    TYPE_NAMES,
    forecast_record,
    name_terms,
    units_of,
)
from assay.trading.engine.told import TOLD, take_halt
from assay.trading.engine.venue import VENUE_MESSAGES, VenueAccounts
from assay.trading.engine.watching import Watch
from assay.trading.engine.world import World, restore_state, take_state
from assay.trading.risk.catalogue import RULES
from assay.trading.risk.telling import tell_checks

PLAIN_WORDS = len(ORDER_LOG.names or ()) - len(ORDER_TERMS)
_TELLS, _SEQUENCE = ((ORDER_LOG.names or ()).index(name) for name in ("tells", "sequence"))
_NOTE, _FILL, _CHILD = range(3)
_KIND = (NOTE_LOG.names or ()).index("kind")
KEYS_KEPT = 1024
EVENT_BYTES = Struct("<qqqqqiiiihbbi")
_EQUITY_BYTES = Struct("<qqqq")
_COUNT_BYTES = Struct("<qqq")
MARKS = 3
"""Place of the equity rows among the counts, after orders, fills and notes."""
_unpack_equity = _EQUITY_BYTES.unpack
assert EVENT_BYTES.size == EVENT.itemsize
assert _EQUITY_BYTES.size == EQUITY_LOG.itemsize


@dataclass(frozen=True, slots=True)
class DeskPlan:
    """Say what a desk trades: symbols in the order of the engine's instruments, and for whom."""

    symbols: Sequence[str]
    digits: Sequence[int]
    accounts: Sequence[AccountSpec]
    strategy: Strategy
    pips: Sequence[int] = ()
    """Points of a pip by instrument, for limits that change while the desk trades."""


@dataclass(slots=True)
class TradingDesk:
    """Step the engine by one market message and say what came of it.

    The engine decides, checks, matches and settles; here its log rows become messages. Equity is
    marked after every base bar.
    """

    plan: DeskPlan
    world: World
    next_id: Callable[[], int]
    name: str = "trading"
    consumes: tuple[type[Message], ...] = (
        BarClosed, Tick, Predicted, TradingHalted, TradingResumed, *TOLD, *ACTS, *VENUE_MESSAGES,
    )  # fmt: skip
    watch: Watch | None = None
    """Who tells of limits that accounts reach; in a backtest nobody."""
    acts: RiskActs = field(init=False)
    has_stepped: bool = False
    """Whether the engine is over the next bar already; only its messages are wanted then."""
    worths: np.ndarray = field(init=False)
    """The rows of the equity log as integers: time (ns), balance, equity and margin (minor)."""
    publishes: tuple[type[Message], ...] = (
        DecisionMade, OrderApproved, OrderDenied, OrderSubmitted, OrderChanged, OrderCancelled,
        PositionChanged, OrderFilled, SwapCharged, EquityMarked, RiskThresholdBreached,
        CancelRequested, ChangeRequested, GatewayAlarm,
    )  # fmt: skip
    _event: Any = field(init=False)
    _octets: Any = field(init=False)
    _counts: Any = field(init=False)
    _orders: Any = field(init=False)
    _fills: Any = field(init=False)
    _notes: Any = field(init=False)
    _checks: Any = field(init=False)
    _step: Callable[[int], int] = field(init=False)
    _index: dict[str, int] = field(init=False)
    _decides: bool = field(init=False)
    # Any: each method takes the one type of message that is its key.
    _takers: dict[type[Message], Callable[[Any], list[Message]]] = field(init=False)
    _owners: list[tuple[memoryview, str, str]] = field(init=False)
    key_of: Callable[[int, int, int, str, int], int] = field(init=False)
    """Return an order's key by account, instrument, time, intent and ordinal."""
    _strategy: str = field(init=False)
    _told: dict[str, Any] = field(init=False, default_factory=dict)
    _venues: VenueAccounts = field(init=False)

    def __post_init__(self) -> None:
        self._event = self.world.event
        self._octets = _octets_of(self._event)
        self._counts = _octets_of(self.world.counts)
        self._checks = self.world.checks.view(np.int64).reshape(*self.world.checks.shape, -1)
        self._view_logs()
        self._step = bind_types(self.plan.strategy.step, self.world.address)
        self._index = {symbol: i for i, symbol in enumerate(self.plan.symbols)}
        self._strategy = self.plan.strategy.name
        # An order's key is asked for when it is sent and again when it fills.
        self.key_of = lru_cache(KEYS_KEPT)(self._derive_key)
        self._decides = not self.plan.strategy.is_compiled
        self._takers = {
            BarClosed: self._take_bar,
            Tick: self._take_tick,
            Predicted: self._take_forecast,
            TradingHalted: self._set_halt,
            TradingResumed: self._set_halt,
        }
        self._takers |= {kind: partial(take, self) for kind, take in TOLD.items()}
        self.acts = RiskActs(self, self.key_of)
        self._takers |= dict.fromkeys(ACTS, self.acts.take)
        self._venues = VenueAccounts(
            self.plan, self.world, next_id=self.next_id, key_of=self.key_of
        )
        if self._venues:
            self._takers |= dict.fromkeys(VENUE_MESSAGES, self._venues.take)
            self._takers = {kind: self._pursued(take) for kind, take in self._takers.items()}

    @property
    def venues(self) -> VenueAccounts:
        """Return the accounts that venues fill."""
        return self._venues

    def _pursued(self, take: Callable[[Any], list[Message]]) -> Callable[[Any], list[Message]]:
        """Return what takes a message and then asks venues for what is wanted otherwise."""
        return lambda message: take(message) + self._venues.follow(message)

    def handle(self, message: Message) -> list[Message]:
        """Return what one message leads to, in order."""
        return self._takers[type(message)](message)

    def route(self, kind: type[Message]) -> Callable[[Any], list[Message]] | None:
        """Return what takes a type of message; None where nothing does."""
        return self._takers.get(kind)

    def _take_bar(self, bar: BarClosed) -> list[Message]:
        if self.has_stepped:
            self.has_stepped = False
            return self._drain(bar)
        EVENT_BYTES.pack_into(
            self._octets, 0, bar.ts_event, bar.open, bar.high, bar.low, bar.close,
            bar.spread_open, bar.spread_high, bar.spread_low, bar.spread_close,
            self._index[bar.symbol], BASE_BAR, MATCHED_ON_TICKS if bar.has_ticks else 0,
            bar.timeframe // SECOND,
        )  # fmt: skip
        came = self._step(self.world.address) or self._step(self._grow())
        if self._decides:
            self._decide_in_python(bar)
            return self._drain(bar)
        if came == TRADED:
            return self._drain(bar)
        return self._mark(bar) if came == MARKED else []

    def _take_tick(self, tick: Tick) -> list[Message]:
        bid, spread = tick.bid, tick.ask - tick.bid
        EVENT_BYTES.pack_into(
            self._octets, 0, tick.ts_event, bid, bid, bid, bid, spread, spread, spread, spread,
            self._index[tick.symbol], TICK, 0, 0,
        )  # fmt: skip
        self.world.depths[0] = self._depth_of(tick)
        came = self._step(self.world.address) or self._step(self._grow())
        return self._drain(tick) if came == TRADED else []

    def _depth_of(self, tick: Tick) -> tuple[int, int]:
        units = int(self.world.instruments[self._index[tick.symbol]]["size_units"])
        return units_of(tick.bid_size, units), units_of(tick.ask_size, units)

    def _take_forecast(self, predicted: Predicted) -> list[Message]:
        """Decide on the bar that was matched last, for every account, and tell why."""
        conclude, i = self.plan.strategy.conclude, self._index.get(predicted.symbol)
        if conclude is None or i is None:
            return []
        event = self._event[0]
        if event["ts"] != predicted.ts_event or event["instrument"] != i:
            raise InvariantError(
                f"a forecast of {predicted.symbol} for {predicted.ts_event} came after another bar"
            )
        self.world.forecasts[0] = forecast_record(predicted)
        found: list[Message] = []
        for a in range(len(self.plan.accounts)):
            conclude(self.world.handle, self._event, 0, a)
            spec, intent = self.plan.accounts[a], self.world.intent[0]
            money = 10.0**spec.currency_digits
            self._told = describe_decision(intent, predicted, money, spec.venue)
            placed = self._drain_trades(predicted) if self.world.counts[0] else []
            found += placed or [self._decide_nothing(a, i, predicted)]
        self._told = {}
        return found + self._drain(predicted)

    def _decide_nothing(self, a: int, i: int, predicted: Predicted) -> Message:
        spec, held = self.plan.accounts[a], int(self.world.positions[a, i]["quantity"])
        return DecisionMade(
            id=self.next_id(), cause=predicted.id, tenant=spec.tenant,
            ts_event=predicted.ts_event, ts_init=predicted.ts_init, account=spec.id,
            symbol=predicted.symbol, strategy=self._strategy, ts_bar=predicted.ts_event,
            target=held, position=held, reason=self._told["outcome"], **self._told,
        )  # fmt: skip

    def _grow(self) -> int:
        self.world.grow()
        self._view_logs()
        return self.world.address

    def _view_logs(self) -> None:
        world = self.world
        octets, size = _octets_of(world.equity), _EQUITY_BYTES.size
        self._owners = [
            (octets[k * size : (k + 1) * size], spec.tenant, spec.id)
            for k, spec in enumerate(self.plan.accounts)
        ]
        # Rows of plain integers become lists several times faster than records become tuples.
        self._orders, self._fills, self._notes, self.worths = (
            log.view(np.int64).reshape(len(log), -1)
            for log in (world.order_log, world.fills, world.notes, world.equity)
        )

    def _decide_in_python(self, bar: BarClosed) -> None:
        world, i, event = self.world, self._index[bar.symbol], self._event[0]
        intent, strategy = world.intent[0], self.plan.strategy
        for a in range(len(world.accounts)):
            clear_intent(intent)
            tickets = (world.open_tickets(a, i),) if strategy.takes_tickets else ()
            strategy.module.decide(
                world.memory[a, i], event, world.positions[a, i], world.params[a, i], intent,
                *tickets,
            )  # fmt: skip
            finish_event(world.handle, a, i, event)

    def _set_halt(self, message: Message) -> list[Message]:
        take_halt(self, message)
        return self._drain(message)

    def tell_act(self, cause: Message, told: dict[str, Any], strategy: str = "") -> list[Message]:
        """Return what an act led to; the decision says whose it was, in whose name, and why."""
        own, self._told, self._strategy = self._strategy, told, strategy or self._strategy
        found = self._drain_trades(cause)
        self._told, self._strategy = {}, own
        return found

    def _drain(self, cause: Message) -> list[Message]:
        """Turn the rows logged since the last call into messages; rows of one event, in order."""
        found = self._drain_trades(cause)
        if self.world.counts[MARKS]:
            self.world.counts[MARKS] = 0
            found += self._mark(cause)
        return found

    def _mark(self, cause: Message) -> list[Message]:
        cause_id, ts_init, next_id = cause.id, cause.ts_init, self.next_id
        found: list[Message] = []
        for row, tenant, account in self._owners:
            ts, balance, equity, margin = _unpack_equity(row)
            found.append(
                EquityMarked(
                    id=next_id(), cause=cause_id, tenant=tenant, ts_event=ts, ts_init=ts_init,
                    account=account, balance=balance, equity=equity, margin=margin,
                )
            )  # fmt: skip
        return found + self.watch.tell(cause, next_id) if self.watch else found

    def _drain_trades(self, cause: Message) -> list[Message]:
        orders, fills, notes = _COUNT_BYTES.unpack_from(self._counts)
        _COUNT_BYTES.pack_into(self._counts, 0, 0, 0, 0)
        found: list[Message] = []
        asked = self._orders[:orders].tolist() if orders else []
        children = [row for row in asked if row[_TELLS] == CHILD_ORDER]
        if notes or children:
            # A child may be cancelled in the step that sent it, so that all go in their order.
            rows = [(row[-1], _NOTE, row) for row in self._notes[:notes].tolist()]
            rows += [(row[-1], _FILL, row) for row in self._fills[:fills].tolist()]
            rows += [(row[_SEQUENCE], _CHILD, row) for row in children]
            rows.sort()
            for _, kind, row in rows:
                found += self._take_row(kind, row, cause)
        elif fills:
            found += [self._to_fill(row, cause) for row in self._fills[:fills].tolist()]
        for row in asked:
            if row[_TELLS] != CHILD_ORDER:
                found += self._to_order(row, cause)
        return found

    def _take_row(self, kind: int, row: list[int], cause: Message) -> list[Message]:
        if kind == _CHILD:
            return self._to_child(row, cause)
        if kind == _NOTE and row[_KIND] == CANCEL_WANTED:
            return self._venues.want_cancelled(row, cause)
        return [self._to_fill(row, cause) if kind == _FILL else self._to_note(row, cause)]

    def _to_child(self, row: list[int], cause: Message) -> list[Message]:
        (ts, a, i, _, ordinal, kind, quantity, price, stop, target, denied, _, _, _, _, parent_ts,
         parent_ordinal, *tickets, _) = row[:PLAIN_WORDS]  # fmt: skip
        spec = self.plan.accounts[a]
        key = self.key_of(a, i, ts, "order", ordinal)
        shared: dict[str, Any] = {
            "tenant": spec.tenant, "ts_event": ts, "ts_init": cause.ts_init, "key": key,
            "account": spec.id, "symbol": self.plan.symbols[i], "quantity": quantity,
        }  # fmt: skip
        told: dict[str, Any] = {
            "ordinal": ordinal, "order_type": TYPE_NAMES[kind], "price": price, "stop": stop,
            "target": target, "terms": name_terms(row[PLAIN_WORDS:]),
            "parent": self.key_of(a, i, parent_ts, "order", parent_ordinal),
            **self._name_tickets(a, i, tickets),
        }  # fmt: skip
        if denied:
            reason = DENIALS[denied]
            return [OrderDenied(id=self.next_id(), cause=cause.id, reason=reason, **shared, **told)]
        passed = OrderApproved(id=self.next_id(), cause=cause.id, rules=len(RULES), **shared)
        sent = OrderSubmitted(
            id=self.next_id(), cause=passed.id, strategy=self._strategy, ts_bar=ts, **shared, **told
        )
        if self._venues:
            return [passed, *self._venues.enter(sent, row[3] + 1)]
        return [passed, sent]

    def _derive_key(self, a: int, i: int, ts: int, intent: str, ordinal: int) -> int:
        account, symbol = self.plan.accounts[a].id, self.plan.symbols[i]
        return derive_order_key(account, self.plan.strategy.name, symbol, ts, intent, ordinal)

    def _name_tickets(self, a: int, i: int, told: Sequence[int]) -> dict[str, int]:
        """Return what an order says of the tickets of a hedging account."""
        ticket, ticket_ts, ticket_ordinal, by_ts, by_ordinal = told
        found = {}
        if ticket < 0 or ticket_ts:
            known = self.key_of(a, i, ticket_ts, "order", ticket_ordinal) if ticket_ts else ticket
            found["ticket"] = known
        if by_ts:
            found["by"] = self.key_of(a, i, by_ts, "order", by_ordinal)
        return found

    def _to_note(self, row: list[int], cause: Message) -> Message:
        ts, a, i, kind, _, amount, nights, position, order_ts, ordinal, ticket, _ = row
        spec, symbol = self.plan.accounts[a], self.plan.symbols[i]
        shared = {"id": self.next_id(), "cause": cause.id, "tenant": spec.tenant, "ts_event": ts,
                  "ts_init": cause.ts_init, "account": spec.id, "symbol": symbol}  # fmt: skip
        key = self.key_of(a, i, order_ts, "order", ordinal)
        if kind == SWAP:
            return SwapCharged(
                position=position, nights=nights, amount=amount, ticket=key if ticket else UNSET,
                **shared,  # type: ignore[arg-type]
            )  # fmt: skip
        asked = "halted" if type(cause) is TradingHalted else "cancelled"
        reason = ENDINGS.get(kind, asked)
        return OrderCancelled(**shared, key=key, reason=reason)  # type: ignore[arg-type]

    def _to_fill(self, row: list[int], cause: Message) -> Message:
        (ts, a, i, _, number, quantity, price, commission, profit, spread_cost, slippage_cost,
         rate_num, rate_den, position, modelled, reason, order_ts, ordinal, ticket, ticket_ts,
         ticket_ordinal, _) = row  # fmt: skip
        spec = self.plan.accounts[a]
        intent = TYPE_NAMES[reason] if reason in EXITS else "order"
        return OrderFilled(
            id=self.next_id(), cause=cause.id, tenant=spec.tenant, ts_event=ts,
            ts_init=cause.ts_init, key=self.key_of(a, i, order_ts, intent, ordinal), fill=number,
            account=spec.id, symbol=self.plan.symbols[i], quantity=quantity, price=price,
            price_digits=self.plan.digits[i], commission=commission, profit=profit,
            spread_cost=spread_cost, slippage_cost=slippage_cost, rate_num=rate_num,
            rate_den=rate_den, position=position, kind="modelled" if modelled else "exact",
            reason=TYPE_NAMES[reason],
            ticket=self.key_of(a, i, ticket_ts, "order", ticket_ordinal) if ticket else UNSET,
        )  # fmt: skip

    def _to_order(self, row: list[int], cause: Message) -> list[Message]:
        (ts, a, i, number, ordinal, kind, quantity, price, stop, target, denied, position, wanted,
         tells, key_ts, _, _, *told, _) = row[:PLAIN_WORDS]  # fmt: skip
        terms = name_terms(row[PLAIN_WORDS:])
        spec, symbol, strategy = self.plan.accounts[a], self.plan.symbols[i], self._strategy
        tenant, account, ts_init, next_id = spec.tenant, spec.id, cause.ts_init, self.next_id
        order_type = TYPE_NAMES[kind]
        intent = order_type if tells == POSITION_CHANGE else "order"
        tickets: dict[str, Any] = self._name_tickets(a, i, told) if any(told) else {}
        key = self.key_of(a, i, key_ts, intent, ordinal)
        # An account places one order at most in a step, so these are the answers about this one.
        # What protects a position is no order, and what risk itself orders only reduces: no rule is
        # asked.
        asked = tells not in (POSITION_CHANGE, RISK_ACT)
        checks = tell_checks(self._checks[a].tolist(), denied) if asked else ()
        decided = DecisionMade(
            id=next_id(), cause=cause.id, tenant=tenant, ts_event=ts, ts_init=ts_init,
            account=account, symbol=symbol, strategy=strategy, ts_bar=ts, target=wanted,
            position=position, reason=order_type, **self._told,
        )  # fmt: skip
        if denied:
            refused = OrderDenied(
                id=next_id(), cause=decided.id, tenant=tenant, ts_event=ts, ts_init=ts_init,
                account=account, symbol=symbol, key=key, quantity=quantity,
                reason=DENIALS[denied], ordinal=ordinal, order_type=order_type, price=price,
                stop=stop, target=target, checks=checks, terms=terms, **tickets,
            )  # fmt: skip
            return [decided, refused]
        shared = {"tenant": tenant, "ts_event": ts, "ts_init": ts_init, "account": account,
                  "symbol": symbol, "stop": stop, "target": target}  # fmt: skip
        # What is at a venue is changed once the venue says so.
        if tells == POSITION_CHANGE and self._venues.owns(account):
            return [decided]
        if tells == POSITION_CHANGE:
            trail = row[PLAIN_WORDS + ORDER_TERMS.index("trail")]
            return [decided, PositionChanged(
                id=next_id(), cause=decided.id, trail=trail, **shared, **tickets,  # type: ignore[arg-type]
            )]  # fmt: skip
        passed = OrderApproved(
            id=next_id(), cause=decided.id, tenant=tenant, ts_event=ts, ts_init=ts_init,
            account=account, symbol=symbol, key=key, quantity=quantity,
            rules=len(RULES) if asked else 0, checks=checks,
        )  # fmt: skip
        if tells == ORDER_CHANGE and self._venues.owns(account):
            return [decided, passed]
        if tells == ORDER_CHANGE:
            return [decided, passed, OrderChanged(
                id=next_id(), cause=passed.id, key=key, ordinal=ordinal, ts_bar=key_ts,
                order_type=order_type, quantity=quantity, price=price, terms=terms,
                **shared,  # type: ignore[arg-type]
            )]  # fmt: skip
        sent = OrderSubmitted(
            id=next_id(), cause=passed.id, tenant=tenant, ts_event=ts, ts_init=ts_init,
            account=account, symbol=symbol, key=key, strategy=strategy, ts_bar=ts,
            ordinal=ordinal, order_type=order_type, quantity=quantity, price=price, stop=stop,
            target=target, terms=terms, **tickets,
        )  # fmt: skip
        if self._venues:
            return [decided, passed, *self._venues.enter(sent, number + 1)]
        return [decided, passed, sent]

    def snapshot(self) -> bytes:
        """Return the bytes of everything the desk's future depends on."""
        parts = (take_state(self.world), self._venues.snapshot(), self.acts.snapshot())
        return msgspec.msgpack.encode(parts)

    def restore(self, state: bytes) -> None:
        """Bring the desk to a state taken before."""
        world, venues, acts = msgspec.msgpack.decode(state, type=tuple[bytes, bytes, bytes])
        restore_state(self.world, world)
        self._venues.restore(venues)
        self.acts.restore(acts)
        if self.watch:
            self.watch.renew()


def _octets_of(array: np.ndarray) -> memoryview:
    return array.view(np.uint8).data
