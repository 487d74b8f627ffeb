"""The warden: lets judges look at an account after each price, and sees their wishes through."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import numpy as np
from msgspec import UNSET

from assay.kernel.records import FREE, NO_VENUE
from assay.kernel.sanity import SANE_TICKS, SANITY, judge_tick
from assay.model.halts import OPERATOR
from assay.model.messages import (
    AccountReported,
    BarClosed,
    DealBooked,
    EntriesHalted,
    EntriesReleased,
    EquityMarked,
    Message,
    OrderFilled,
    OrderRejected,
    PositionNotFlat,
    ReductionRequested,
    RegimeChanged,
    SizeScaled,
    StopTightened,
    Tick,
)
from assay.model.time import MINUTE, SECOND
from assay.trading.engine.following import is_quiet
from assay.trading.engine.module import TradingDesk
from assay.trading.risk.acts.judge import (
    AccountView,
    Halt,
    Holding,
    Judge,
    Reduce,
    Release,
    Scale,
    Tighten,
    Wish,
)

PATIENCE = 5 * SECOND
"""How long an order may be on its way before a position is told to be not flat."""
RETRY_FIRST, RETRY_LAST = 5 * SECOND, MINUTE
"""Pauses between attempts: each is twice the one before."""
BY = "assay"


class _Errand(msgspec.Struct):
    """Hold a reduction that is to be seen through: of what, by whom, why, and what was done."""

    symbol: str
    ticket: int
    side: int
    keep: int
    source: str
    reason: str
    for_margin: bool
    attempts: int = 0
    asked: int = 0
    due: int = 0
    told: int = 0
    retcode: int = 0


class _State(msgspec.Struct):
    errands: dict[tuple[str, int], _Errand] = {}
    agreed: dict[str, int] = {}
    held_back: dict[str, int] = {}
    has_ticks: bool = False
    sanity: bytes = b""


class RiskWarden:
    """Let judges look at the first account of a desk, and carry out what they wish.

    A quote that cannot be believed is looked at by nobody. What closes positions in an emergency
    waits until three sane quotes in a row, a second source, or the close of a bar of history say
    so. A reduction is seen through, a person's too: one that was refused, or whose fate nobody
    tells, is NOT FLAT, and asked for again at growing pauses once its order is known to be over.
    """

    name = "warden"
    consumes: tuple[type[Message], ...] = (
        BarClosed, Tick, EquityMarked, OrderFilled, OrderRejected, DealBooked, AccountReported,
        EntriesReleased, ReductionRequested, RegimeChanged,
    )  # fmt: skip
    publishes: tuple[type[Message], ...] = (
        EntriesHalted, EntriesReleased, ReductionRequested, SizeScaled, StopTightened,
        PositionNotFlat,
    )  # fmt: skip

    def __init__(
        self, desk: TradingDesk, judges: Sequence[Judge], next_id: Callable[[], int]
    ) -> None:
        self._desk, self._judges, self._next_id = desk, judges, next_id
        self._world, self._spec = desk.world, desk.plan.accounts[0]
        self._places = {symbol: i for i, symbol in enumerate(desk.plan.symbols)}
        self._sanity = np.zeros(len(self._places), SANITY)
        self._state = _State()

    def handle(self, message: Message) -> list[Message]:
        """Take in what happened; return what is to be done about it."""
        if not self._is_ours(message):
            return []
        if isinstance(message, ReductionRequested):
            self._adopt(message)
            return []
        if not self._judges and not self._state.errands:
            return []
        for judge in self._judges:
            judge.hear(message)
        if isinstance(message, Tick):
            i = self._places[message.symbol]
            if not judge_tick(self._sanity, i, message.ts_event, message.bid, message.ask):
                self._state.agreed.clear()
                return []
            # The feed says so where a second source shows the same price.
            return self._look(message, is_sure=message.confirmed is True)
        if isinstance(message, EquityMarked):
            return self._look(message, is_sure=not self._state.has_ticks)
        if isinstance(message, BarClosed):
            self._state.has_ticks = message.has_ticks
        elif isinstance(message, OrderRejected):
            self._refuse(message)
        return self._chase(message)

    def _is_ours(self, message: Message) -> bool:
        account = getattr(message, "account", "")
        return account in ("", self._spec.id) and message.tenant in ("", self._spec.tenant)

    def _adopt(self, told: ReductionRequested) -> None:
        """Take on a reduction that a person asked for; the desk has sent its order by now."""
        if told.source != OPERATOR:
            return
        quantity = int(self._world.positions[0, self._places[told.symbol]]["quantity"])
        tickets = self._tickets().get(told.symbol, ()) if told.keep == 0 else ()
        for ticket, units in [(one.ticket, one.quantity) for one in tickets] or [(0, quantity)]:
            place = told.symbol, ticket
            if place in self._state.errands or abs(units) <= told.keep:
                continue
            # A person does not wait for the rollover to be over.
            self._state.errands[place] = _Errand(
                *place, 1 if units > 0 else -1, told.keep, told.source, told.reason,
                for_margin=True, attempts=1, asked=told.ts_event, due=told.ts_event + RETRY_FIRST,
            )  # fmt: skip

    def _refuse(self, message: OrderRejected) -> None:
        for errand in self._state.errands.values():
            if errand.symbol == message.symbol:
                errand.retcode = message.retcode

    def _look(self, message: Message, *, is_sure: bool) -> list[Message]:
        """Ask every judge; what is sure needs no more prices to agree."""
        view, found = self._view(message), list[Message]()
        streak = self._shortest_streak(view)
        if streak == 0:
            return []
        for judge in self._judges:
            wishes = judge.look(view)
            counted = self._agree(judge.source, wishes, at_close=view.at_close)
            is_agreed = is_sure or min(streak, counted) >= SANE_TICKS
            for wish in wishes:
                if isinstance(wish, Reduce):
                    if is_agreed or not wish.emergency:
                        self._note(judge.source, wish, view)
                else:
                    found += self._carry_out(judge.source, wish, message)
        return found + self._chase(message)

    def _shortest_streak(self, view: AccountView) -> int:
        """Return how many quotes in a row are believed, of what is held and quoted at all."""
        rows = [self._sanity[self._places[symbol]] for symbol in {*view.held, *view.tickets}]
        return min((int(row["streak"]) for row in rows if row["ts"]), default=SANE_TICKS)

    def _agree(self, source: str, wishes: Sequence[Wish], *, at_close: bool) -> int:
        """Count the quotes in a row at which a judge sees an emergency."""
        agreed = self._state.agreed
        if not any(isinstance(wish, Reduce) and wish.emergency for wish in wishes):
            agreed.pop(source, None)
            return 0
        if not at_close:
            agreed[source] = agreed.get(source, 0) + 1
        return agreed.get(source, 0)

    def _view(self, message: Message) -> AccountView:
        account = self._world.accounts[0]
        balance = int(account["balance"])
        return AccountView(
            message.ts_event, isinstance(message, EquityMarked), balance,
            balance + int(account["unrealised"]), int(account["margin"]), self._holdings(),
            self._tickets() if account["hedges"] else {},
        )  # fmt: skip

    def _holdings(self) -> dict[str, Holding]:
        world, found = self._world, dict[str, Holding]()
        quantities = world.positions[0]["quantity"].tolist()
        for symbol, quantity in zip(self._places, quantities, strict=True):
            if not quantity:
                continue
            i = self._places[symbol]
            held, market = world.positions[0, i], world.markets[i]
            price = int(market["bid"] if quantity > 0 else market["ask"])
            found[symbol] = Holding(
                quantity, int(held["waiting"]), int(held["cost"]), int(held["stop"]), price,
                self._worth(i, abs(quantity) * int(market["bid"])), int(held["unrealised"]),
            )  # fmt: skip
        return found

    def _tickets(self) -> dict[str, list[Holding]]:
        found: dict[str, list[Holding]] = {}
        for symbol, i in self._places.items():
            market, opened = self._world.markets[i], self._world.open_tickets(0, i)
            for key, one in zip(self._desk.acts.tickets(0, i), opened, strict=True):
                quantity = int(one["quantity"])
                price = int(market["bid"] if quantity > 0 else market["ask"])
                found.setdefault(symbol, []).append(
                    Holding(quantity, 0, int(one["cost"]), int(one["stop"]), price, 0, 0, key)
                )
        return found

    def _worth(self, i: int, raw: int) -> int:
        terms, leg = self._world.instruments[i], int(self._world.markets[i]["leg_bid"])
        worth = raw * int(terms["value_num"]) // int(terms["value_den"])
        if int(terms["leg"]) < 0 or not leg:
            return worth
        return worth // leg if terms["leg_divides"] else worth * leg

    def _carry_out(self, source: str, wish: Wish, cause: Message) -> list[Message]:
        """Return the message of a wish, unless it is as wished already."""
        if not self._is_new(source, wish, cause.ts_event):
            return []
        shared = {"id": self._next_id(), "cause": cause.id, "tenant": self._spec.tenant,
                  "ts_event": cause.ts_event, "ts_init": cause.ts_init, "source": source,
                  "reason": wish.reason, "account": self._spec.id}  # fmt: skip
        if isinstance(wish, Halt):
            return [EntriesHalted(**shared, by=BY, symbol=wish.symbol)]  # type: ignore[arg-type]
        if isinstance(wish, Release):
            return [EntriesReleased(**shared, by=BY, actor=source, symbol=wish.symbol)]  # type: ignore[arg-type]
        if isinstance(wish, Tighten):
            return [StopTightened(
                **shared, symbol=wish.symbol, stop=wish.stop, ticket=wish.ticket or UNSET,  # type: ignore[arg-type]
            )]  # fmt: skip
        assert isinstance(wish, Scale)
        self._state.held_back[source] = wish.held_back
        most = max(self._state.held_back.values())
        return [SizeScaled(**shared, held_back=most)]  # type: ignore[arg-type]

    def _is_new(self, source: str, wish: Wish, ts: int) -> bool:
        if isinstance(wish, Scale):
            return wish.held_back != self._state.held_back.get(source, 0)
        if isinstance(wish, Tighten):
            return not self._is_quiet(wish.symbol, ts)
        assert not isinstance(wish, Reduce)
        is_held = any(
            (halt.source, halt.symbol) == (source, wish.symbol) for halt in self._desk.acts.halts()
        )
        return is_held != isinstance(wish, Halt)

    def _note(self, source: str, wish: Reduce, view: AccountView) -> None:
        """Take on a reduction; the smallest of several counts."""
        held = view.held.get(wish.symbol)
        if wish.ticket:
            tickets = {one.ticket: one for one in view.tickets.get(wish.symbol, ())}
            held = tickets.get(wish.ticket)
        if held is None:
            return
        place = wish.symbol, wish.ticket
        keep, errand = self._whole(wish.symbol, held, wish.keep), self._state.errands.get(place)
        if keep >= abs(held.quantity):
            return
        if errand is None or errand.side != held.side or keep < errand.keep:
            self._state.errands[place] = _Errand(
                *place, held.side, keep, source, wish.reason, wish.margin
            )

    def _whole(self, symbol: str, held: Holding, keep: int) -> int:
        """Return units that may be left: whole steps, none or the least volume, never more."""
        terms = self._world.instruments[self._places[symbol]]
        least, step, units = int(terms["volume_min"]), int(terms["volume_step"]), abs(held.quantity)
        keep -= keep % step
        keep = min(keep, units - least) if keep < units else keep
        return keep if keep >= least else 0

    def _chase(self, cause: Message) -> list[Message]:
        """See to every reduction that is not done yet."""
        found: list[Message] = []
        for place, errand in list(self._state.errands.items()):
            quantity = self._left_of(errand)
            if quantity * errand.side <= errand.keep:
                del self._state.errands[place]
                if errand.told:
                    found.append(self._tell_not_flat(errand, quantity, cause, attempts=0))
                continue
            if not errand.for_margin and self._is_quiet(errand.symbol, cause.ts_event):
                continue
            found += self._press(errand, quantity, cause)
        return found

    def _left_of(self, errand: _Errand) -> int:
        """Return the signed units that are open still of what is to be reduced."""
        i = self._places[errand.symbol]
        if not errand.ticket:
            return int(self._world.positions[0, i]["quantity"])
        keys = self._desk.acts.tickets(0, i)
        if errand.ticket not in keys:
            return 0
        return int(self._world.tickets[0, i, keys.index(errand.ticket)]["quantity"])

    def _is_on_its_way(self, errand: _Errand) -> bool:
        """Say whether an order waits that reduces it."""
        world, i = self._world, self._places[errand.symbol]
        if not errand.ticket:
            return int(world.positions[0, i]["waiting"]) * errand.side < 0
        slot = self._desk.acts.tickets(0, i).index(errand.ticket)
        reference = int(world.tickets[0, i, slot]["number"]) + 1
        orders = world.orders[0, i]
        return bool(((orders["state"] != FREE) & (orders["ticket"] == reference)).any())

    def _is_quiet(self, symbol: str, ts: int) -> bool:
        return bool(is_quiet(self._world.handle, 0, self._places[symbol], ts))

    def _press(self, errand: _Errand, quantity: int, cause: Message) -> list[Message]:
        now, i = cause.ts_event, self._places[errand.symbol]
        if not errand.attempts:
            return self._ask(errand, cause)
        if self._is_on_its_way(errand):
            # Nobody knows what became of the order, so it is never sent again blind.
            is_late = self._has_passed_by(i, errand, now) and now - errand.told >= RETRY_LAST
            if not is_late:
                return []
            errand.told = now
            return [self._tell_not_flat(errand, quantity, cause)]
        if now < errand.due:
            return []
        errand.told = now
        told = self._tell_not_flat(errand, quantity, cause)
        return [told, *self._ask(errand, cause)]

    def _has_passed_by(self, i: int, errand: _Errand, now: int) -> bool:
        """Say whether an order could have filled by now: at a venue, or at a price that came."""
        if now - errand.asked < PATIENCE:
            return False
        at_venue = self._world.accounts[0]["venue"] != NO_VENUE
        return bool(at_venue or self._world.markets[i]["ts"] > errand.asked)

    def _ask(self, errand: _Errand, cause: Message) -> list[Message]:
        pause = min(RETRY_FIRST << min(errand.attempts, 8), RETRY_LAST)
        errand.attempts += 1
        errand.asked, errand.due = cause.ts_event, cause.ts_event + pause
        return [
            ReductionRequested(
                id=self._next_id(), cause=cause.id, tenant=self._spec.tenant,
                ts_event=cause.ts_event, ts_init=cause.ts_init, account=self._spec.id,
                symbol=errand.symbol, keep=errand.keep, source=errand.source,
                reason=errand.reason, ticket=errand.ticket or UNSET,
            )
        ]  # fmt: skip

    def _tell_not_flat(
        self, errand: _Errand, quantity: int, cause: Message, *, attempts: int | None = None
    ) -> Message:
        return PositionNotFlat(
            id=self._next_id(), cause=cause.id, tenant=self._spec.tenant, ts_event=cause.ts_event,
            ts_init=cause.ts_init, account=self._spec.id, symbol=errand.symbol,
            quantity=quantity, keep=errand.keep, source=errand.source, reason=errand.reason,
            attempts=errand.attempts if attempts is None else attempts, retcode=errand.retcode,
            ticket=errand.ticket or UNSET,
        )  # fmt: skip

    def snapshot(self) -> bytes:
        """Return the bytes of everything that the warden's future depends on."""
        self._state.sanity = self._sanity.tobytes()
        judged = [judge.snapshot() for judge in self._judges]
        return msgspec.msgpack.encode((self._state, judged))

    def restore(self, state: bytes) -> None:
        """Bring the warden and its judges to a state taken before."""
        self._state, judged = msgspec.msgpack.decode(state, type=tuple[_State, list[bytes]])
        self._sanity[...] = np.frombuffer(self._state.sanity, SANITY)
        for judge, part in zip(self._judges, judged, strict=True):
            judge.restore(part)
