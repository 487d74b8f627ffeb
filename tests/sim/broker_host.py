"""A connector that can be killed between any two steps, and the judge of what it booked.

The disk outlives a kill: commands are on it before they are executed, their outcome together with
a snapshot afterwards, and the platform's book with what was delivered. A kill is an exception that
nothing catches; whatever was in memory is then gone, while the terminal and its user go on.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from random import Random
from typing import Any

from assay.model.time import SECOND
from assay.trading.brokers.mt5 import api
from assay.trading.brokers.mt5.gateway import MT5Gateway
from assay.trading.brokers.mt5.ports import OrderCommand
from assay.trading.brokers.mt5.structures import TradeOrder
from assay.trading.brokers.mt5.units import minor_of, units_of
from assay.trading.execution import OrderState
from tests.unit.trading.mt5.rig import FIRST_KEY, Rig

TRADES = (api.DEAL_TYPE_BUY, api.DEAL_TYPE_SELL)
SETTLE_S = 150


class Killed(BaseException):
    """Stand for the end of the process."""


class Fuse:
    """Count steps and kill at those that were chosen; `names` says what each step was."""

    def __init__(self, kills: set[int]) -> None:
        self.kills = kills
        self.names: list[str] = []

    def step(self, name: str) -> None:
        self.names.append(name)
        if len(self.names) - 1 in self.kills:
            raise Killed(name)


class FusedTerminal:
    """Pass every call on, with a step before and after it."""

    def __init__(self, rig: Rig, fuse: Fuse) -> None:
        self._terminal = rig.terminal
        self._fuse = fuse

    def __getattr__(self, name: str) -> Callable[..., Any]:
        function = getattr(self._terminal, name)

        def call(*unnamed: Any, **named: Any) -> Any:
            self._fuse.step(f"before {name}")
            answer = function(*unnamed, **named)
            self._fuse.step(f"after {name}")
            return answer

        return call


class Host:
    """Run a gateway as the connector does, on a disk that outlives it."""

    def __init__(self, rig: Rig, fuse: Fuse, random: Random) -> None:
        self.rig = rig
        self.fuse = fuse
        self.random = random
        self.received: list[OrderCommand] = []
        self.unsaved: list[OrderCommand] = []
        self.outbox: list[Any] = []
        self.snapshot = b""
        self.kills = 0
        # The account was taken over in an earlier life, before anything could fail.
        before = rig.open()
        before.poll(rig.now)
        self.snapshot = before.snapshot()
        self.gateway = self._open()
        self.gateway.restore(self.snapshot)

    def _open(self) -> MT5Gateway:
        return self.rig.open(FusedTerminal(self.rig, self.fuse))

    def execute(self, command: OrderCommand) -> None:
        self.fuse.step("before the key is stored")
        self.received.append(command)
        self.unsaved.append(command)
        if command.kind in ("submit", "close"):
            self.rig.book.open_order(command.id, command.quantity)
        self.fuse.step("after the key is stored")
        self._keep(self.gateway.execute(command, self.rig.now))

    def poll(self) -> None:
        self._keep(self.gateway.poll(self.rig.now))

    def _keep(self, events: list[Any]) -> None:
        self.fuse.step("before the outcome is stored")
        self.outbox += events
        # A start meets an older snapshot where the key of an order is all that is needed.
        if self.rig.profile.magics == "zero" or self.random.random() < 0.7:
            self.snapshot = self.gateway.snapshot()
            self.unsaved.clear()
        self.fuse.step("before booking")
        for event in list(self.outbox):
            self.rig.book.apply(event)
            self.fuse.step("while booking")
        self.outbox.clear()

    def start(self) -> None:
        """Come back after a kill: snapshot, commands since, and only then the polling."""
        self.kills += 1
        self.gateway = self._open()
        if self.snapshot:
            self.gateway.restore(self.snapshot)
        for command in list(self.unsaved):
            self.outbox += self.gateway.reconcile(command, self.rig.now)
        self.poll()

    def survive(self, act: Callable[[], None], meanwhile: Callable[[], None]) -> None:
        """Do something; after a kill let the world go on, and start again until it holds."""
        try:
            act()
            return
        except Killed:
            meanwhile()
        while True:
            try:
                self.start()
                return
            except Killed:
                continue

    def settle(self) -> None:
        """Poll until nothing can be on its way any more."""
        self.rig.hand.reconnect()
        for _ in range(3):
            self.rig.pass_time(SETTLE_S * SECOND)
            self.survive(self.poll, lambda: None)


def _key_of(order: TradeOrder) -> int:
    """Return the key of one of our orders, by its comment where the broker took the number away."""
    if order.magic or order.reason != api.ORDER_REASON_EXPERT:
        return order.magic
    return FIRST_KEY + int(order.comment.partition("#")[2])


def judge(host: Host) -> None:
    """Hold the book against the terminal's own records."""
    rig, book = host.rig, host.rig.book
    desk = rig.terminal.desk.book
    deals = rig.terminal.history_deals_get(0, rig.now // SECOND + 10 * 86_400)
    assert deals is not None
    deals = deals[1:]  # the deposit was there before us
    assert set(book.deals) == {deal.ticket for deal in deals}
    assert rig.opening + book.money == desk.balance
    digits = rig.settings.lock.currency_digits
    assert book.money == sum(
        minor_of(deal.profit + deal.swap + deal.commission + deal.fee, digits) for deal in deals
    )
    assert book.held == _share(host, list(deals))
    _judge_orders(host, list(deals))


def _share(host: Host, deals: list[Any]) -> dict[int, int]:
    """Say from the terminal's deals alone what is ours of each position, one unit after another.

    Whoever closes takes foreign units before ours.
    """
    rig = host.rig
    keys = {command.id for command in host.received}
    orders = rig.terminal.history_orders_get(0, rig.now // SECOND + 10 * 86_400) or ()
    ours = {
        order.ticket
        for order in (*orders, *(rig.terminal.orders_get() or ()))
        if order.reason == api.ORDER_REASON_EXPERT and _key_of(order) in keys
    }
    links = {link.name: link for link in rig.settings.links}
    own: defaultdict[int, int] = defaultdict(int)
    foreign: defaultdict[int, int] = defaultdict(int)
    for deal in deals:
        if deal.type not in TRADES:
            continue
        info = rig.terminal.symbol_info(deal.symbol)
        assert info is not None
        units = units_of(deal.volume, links[deal.symbol], info.trade_contract_size)
        step = 1_000 if deal.type == api.DEAL_TYPE_BUY else -1_000
        for _ in range(units // 1_000):
            if deal.order in ours:
                own[deal.position_id] += step
            elif foreign[deal.position_id] * step < 0 or own[deal.position_id] * step >= 0:
                foreign[deal.position_id] += step
            else:
                own[deal.position_id] += step
    shown = {position.identifier: position for position in rig.terminal.positions_get() or ()}
    for identifier in {*own, *foreign}:
        lots = shown[identifier].volume if identifier in shown else 0.0
        assert abs(own[identifier] + foreign[identifier]) == round(lots * 100_000), identifier
    return {identifier: units for identifier, units in own.items() if units}


def _judge_orders(host: Host, deals: list[Any]) -> None:
    rig, book = host.rig, host.rig.book
    past = rig.terminal.history_orders_get(0, rig.now // SECOND + 10 * 86_400) or ()
    orders = [*past, *(rig.terminal.orders_get() or ())]
    ours = [order for order in orders if order.reason == api.ORDER_REASON_EXPERT]
    sent = Counter(_key_of(order) for order in ours)
    assert all(count == 1 for count in sent.values()), sent
    assert book.unknown == []
    made: Counter[int] = Counter()
    for deal in deals:
        if deal.type in TRADES:
            made[deal.order] += 1
    by_magic = {_key_of(order): order for order in ours}
    kinds = {command.id: command.kind for command in host.received}
    for key, order in book.orders.items():
        if kinds[key] not in ("submit", "close"):
            continue
        known = by_magic.get(key)
        if known is None:
            assert order.state in (OrderState.REJECTED, OrderState.EXPIRED), order
            continue
        assert order.state is not OrderState.REJECTED, order
        assert len(order.deals) == made[known.ticket], order
        if known.state == api.ORDER_STATE_FILLED:
            assert order.state is OrderState.FILLED, order
        if known.state == api.ORDER_STATE_CANCELED:
            assert order.state is OrderState.CANCELLED, order
