"""Accounts whose orders a venue fills: the engine's state follows what the venue says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from assay.kernel.compiling import compiled
from assay.kernel.records import VENUE_AWAY, VENUE_OPEN
from assay.model.errors import InvariantError
from assay.model.messages import (
    AccountReported,
    CancelRequested,
    DealBooked,
    Message,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
    PositionReported,
    SwapCharged,
)
from assay.trading.engine.settling import bind_margin, book_quantity, mark_position
from assay.trading.engine.world import World

if TYPE_CHECKING:
    from assay.trading.engine.module import DeskPlan

REASONS = {"sl": "stop_loss", "tp": "take_profit", "so": "stop_out"}
"""Why a venue closed a position by itself, as the engine's own fills say it."""
VENUE_MESSAGES: tuple[type[Message], ...] = (
    AccountReported, DealBooked, OrderAccepted, OrderCancelled, OrderExpired, OrderRejected,
    PositionReported,
)  # fmt: skip


@compiled
def settle_deal(world, a, i, quantity, price):  # type: ignore[no-untyped-def]
    """Bring a position, its margin and its mark to a deal that a venue made at a price (points)."""
    account, position, market = world.accounts[a], world.positions[a, i], world.markets[i]
    instrument = world.instruments[i]
    book_quantity(position, quantity, price)
    leg_bid = price if instrument.leg == i else market.leg_bid
    bind_margin(account, position, instrument, leg_bid)
    if market.ts != 0:
        mark_position(account, position, market, instrument)


class SentOrder(msgspec.Struct, array_like=True):
    """Hold an order that a venue has, `ticket` there: `left` of it may still fill (signed units).

    A strategy names it by its `reference`. One that is `unwanted` is cancelled as soon as its
    ticket is known.
    """

    account: int
    instrument: int
    order_type: str
    left: int
    ticket: int = 0
    reference: int = 0
    unwanted: bool = False


class VenueState(msgspec.Struct, array_like=True):
    """Hold orders by key, what others hold by (account, ticket), and accounts that have spoken."""

    sent: dict[int, SentOrder] = {}
    foreign: dict[tuple[int, int], tuple[int, int]] = {}
    opened: set[int] = set()


class VenueAccounts:
    """Follow the orders of accounts that a venue fills, and book what it says.

    Of each deal the money counts, whosever it is, and of positions our own part. The venue's word
    is the truth: what it closed is closed, and a user's act on a position of ours is honoured.
    """

    def __init__(self, plan: DeskPlan, world: World, next_id: Callable[[], int]) -> None:
        self._plan, self._world, self._next_id = plan, world, next_id
        self._state = VenueState()
        self._accounts = {spec.id: a for a, spec in enumerate(plan.accounts) if spec.venue}
        self._index = {symbol: i for i, symbol in enumerate(plan.symbols)}

    def __len__(self) -> int:
        return len(self._accounts)

    def follow(self, order: OrderSubmitted, reference: int) -> None:
        """Remember an order that goes to a venue, and how its strategy refers to it."""
        a, i = self._accounts.get(order.account), self._index[order.symbol]
        if a is not None:
            self._state.sent[order.key] = SentOrder(
                a, i, order.order_type, order.quantity, reference=reference
            )

    def take(self, message: Message) -> list[Message]:
        """Bring the engine to what a venue said, and return what follows from it."""
        a = self._accounts.get(message.account)  # type: ignore[attr-defined]
        if a is None:
            return []
        if isinstance(message, DealBooked):
            return [*self._book(a, message)]
        if isinstance(message, AccountReported):
            self._report(a, message)
        elif isinstance(message, PositionReported):
            self._count_foreign(a, message)
        elif isinstance(message, OrderAccepted):
            return self._accept(message)
        elif isinstance(message, OrderCancelled | OrderExpired | OrderRejected):
            self._end(message.key)
        return []

    def want_cancelled(self, row: Sequence[int], cause: Message) -> list[Message]:
        """Return what asks the venue to cancel what waits of an account in an instrument."""
        a, i, reference, found = row[1], row[2], row[4], list[Message]()
        for key, sent in self._state.sent.items():
            is_meant = (sent.account, sent.instrument) == (a, i) and sent.order_type != "market"
            if is_meant and reference in (0, sent.reference):
                sent.unwanted = True
                found += self._ask_to_cancel(key, sent, cause)
        return found

    def _ask_to_cancel(self, key: int, sent: SentOrder, cause: Message) -> list[Message]:
        if not sent.ticket:
            return []
        spec = self._plan.accounts[sent.account]
        wish = CancelRequested(
            id=self._next_id(), cause=cause.id, tenant=spec.tenant, ts_event=cause.ts_event,
            ts_init=cause.ts_init, account=spec.id, symbol=self._plan.symbols[sent.instrument],
            key=key, ticket=sent.ticket, reason="cancelled",
        )  # fmt: skip
        return [wish]

    def snapshot(self) -> bytes:
        """Return what it remembers."""
        return msgspec.msgpack.encode(self._state)

    def restore(self, state: bytes) -> None:
        """Take up a snapshot."""
        self._state = msgspec.msgpack.decode(state, type=VenueState)

    def _book(self, a: int, deal: DealBooked) -> Iterator[Message]:
        account = self._world.accounts[a]
        account["balance"] += deal.profit + deal.commission + deal.swap + deal.fee
        sent = self._state.sent.get(deal.key)
        if sent is not None:
            self._reduce(deal.key, sent, deal.quantity)
        i = self._index.get(deal.symbol)
        if i is None or deal.own == 0:
            return
        if deal.price_digits != self._plan.digits[i]:
            raise InvariantError(
                f"deal {deal.ticket} of {deal.symbol} has {deal.price_digits} digits and its "
                f"prices {self._plan.digits[i]}"
            )
        settle_deal(self._world.handle, a, i, deal.own, deal.price)
        account["peak"] = max(account["peak"], account["balance"] + account["unrealised"])
        if deal.swap:
            yield self._tell_swap(a, i, deal)
        yield self._tell_fill(a, i, deal, sent)

    def _tell_fill(self, a: int, i: int, deal: DealBooked, sent: SentOrder | None) -> OrderFilled:
        world, spec = self._world, self._plan.accounts[a]
        market, terms = world.markets[i], world.instruments[i]
        leg, scale = int(market["leg_bid"]), int(terms["leg_scale"])
        rate = (1, 1)
        if leg:
            rate = (scale, leg) if terms["leg_divides"] else (leg, scale)
        usual = sent.order_type if sent else deal.reason
        return OrderFilled(
            id=self._next_id(), cause=deal.id, tenant=spec.tenant, ts_event=deal.ts_event,
            ts_init=deal.ts_init, account=spec.id, symbol=deal.symbol,
            key=deal.key or deal.position_key, fill=deal.ticket, quantity=deal.own,
            price=deal.price, price_digits=deal.price_digits,
            commission=-(deal.commission + deal.fee), profit=deal.profit, spread_cost=0,
            slippage_cost=0, rate_num=rate[0], rate_den=rate[1],
            position=int(world.positions[a, i]["quantity"]), kind="exact",
            reason=REASONS.get(deal.reason, usual),
        )  # fmt: skip

    def _tell_swap(self, a: int, i: int, deal: DealBooked) -> SwapCharged:
        spec = self._plan.accounts[a]
        return SwapCharged(
            id=self._next_id(), cause=deal.id, tenant=spec.tenant, ts_event=deal.ts_event,
            ts_init=deal.ts_init, account=spec.id, symbol=deal.symbol, nights=0, amount=deal.swap,
            position=int(self._world.positions[a, i]["quantity"]),
        )  # fmt: skip

    def _report(self, a: int, told: AccountReported) -> None:
        account = self._world.accounts[a]
        account["venue"] = VENUE_OPEN if told.connected and told.trade_allowed else VENUE_AWAY
        if a not in self._state.opened:
            self._state.opened.add(a)
            account["balance"], account["peak"] = told.balance, told.equity
        if not self._world.markets["ts"].any():
            # What was told before the first price is of days that are over.
            account["day_start"] = told.equity
        if told.balance == account["balance"]:
            # What others hold counts too; our own marks go on from here with every price.
            account["unrealised"] = told.equity - told.balance - told.credit
            account["margin"] = told.margin
            account["peak"] = max(account["peak"], told.balance + account["unrealised"])

    def _accept(self, told: OrderAccepted) -> list[Message]:
        sent = self._state.sent.get(told.key)
        if sent is None:
            return []
        sent.ticket = told.ticket
        if told.quantity and told.quantity != sent.left and sent.order_type == "market":
            # The venue takes whole steps alone.
            self._reduce(told.key, sent, sent.left - told.quantity)
        return self._ask_to_cancel(told.key, sent, told) if sent.unwanted else []

    def _count_foreign(self, a: int, told: PositionReported) -> None:
        i, key = self._index.get(told.symbol), (a, told.position)
        if i is None:
            return
        before = self._state.foreign.pop(key, (i, 0))[1]
        units = told.quantity - told.own
        if units:
            self._state.foreign[key] = (i, units)
        self._world.positions[a, i]["foreign"] += units - before

    def _end(self, key: int) -> None:
        sent = self._state.sent.get(key)
        if sent is not None:
            self._reduce(key, sent, sent.left)

    def _reduce(self, key: int, sent: SentOrder, quantity: int) -> None:
        sent.left -= quantity
        if sent.order_type == "market":
            self._world.positions[sent.account, sent.instrument]["waiting"] -= quantity
        if sent.left == 0:
            del self._state.sent[key]
