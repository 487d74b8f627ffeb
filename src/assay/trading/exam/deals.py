"""What became of an exam's orders, read from the terminal's history of deals and quotes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from assay.model.values import round_to_scale
from assay.trading.brokers.mt5 import api
from assay.trading.brokers.mt5.structures import TradeDeal
from assay.trading.exam.asking import COMMENT, Asker
from assay.trading.exam.plan import MAGIC
from assay.trading.exam.record import FillSeen, Kind, MoneySeen

_LOOK_BACK_S, _LOOK_AHEAD_S = 120, 86_400
_OF_REASON: dict[int, Kind] = {api.DEAL_REASON_SL: "stop", api.DEAL_REASON_TP: "limit"}


class Opened(NamedTuple):
    """Hold a position that an order of ours was to open: its bracket, in points."""

    symbol: str
    stop: int
    target: int


class Awaited(NamedTuple):
    """Hold what an order asked for: its kind, and the price that was seen or named, in points."""

    kind: Kind
    price: int


class Collector:
    """Turn the deals of positions that the exam opened into what the record holds."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker
        self._opened: dict[int, Opened] = {}
        self._asked: dict[int, Awaited] = {}
        self._volume: dict[int, float] = {}
        self._done: set[int] = set()
        self._since_s = 0

    def expect(self, ticket: int, opened: Opened, awaited: Awaited, at_ms: int) -> None:
        """Await the deals of a position by its ticket, which is its opening order's."""
        self._opened[ticket] = opened
        self._asked[ticket] = awaited
        self._volume[ticket] = 0.0
        self._since_s = self._since_s or at_ms // 1_000
        self._asker.record.open_tickets.append(ticket)

    def expect_closing(self, order: int, seen: int) -> None:
        """Await the deal of an order at market that closes, which saw a price in points."""
        self._asked[order] = Awaited("market", seen)

    def forget(self, ticket: int) -> None:
        """Await nothing more of an order that was never filled."""
        self._opened.pop(ticket, None)
        self._asked.pop(ticket, None)
        self._volume.pop(ticket, None)
        self._let_go(ticket)

    def _let_go(self, ticket: int) -> None:
        if ticket in self._asker.record.open_tickets:
            self._asker.record.open_tickets.remove(ticket)

    @property
    def waiting(self) -> int:
        """Return how many positions are not wholly told of yet."""
        return len(self._opened)

    def collect(self) -> None:
        """Read what came since; what is not in the history yet is read the next time."""
        if not self._opened:
            return
        begin, end = self._since_s - _LOOK_BACK_S, self._since_s + 40 * _LOOK_AHEAD_S
        found = self._asker.terminal.history_deals_get(begin, end)
        if not found:
            return
        fresh = [
            deal
            for deal in found
            if deal.position_id in self._opened and deal.ticket not in self._done
        ]
        by_symbol: dict[str, list[TradeDeal]] = {}
        for deal in fresh:
            by_symbol.setdefault(deal.symbol, []).append(deal)
        for symbol, deals in by_symbol.items():
            self._take(symbol, deals)
        self._read_orders(begin, end, {deal.order for deal in fresh})
        self._finish(fresh)

    def _take(self, symbol: str, deals: list[TradeDeal]) -> None:
        ticks = self._ticks(symbol, deals)
        for deal in deals:
            self._done.add(deal.ticket)
            sign = 1 if deal.entry == api.DEAL_ENTRY_IN else -1
            self._volume[deal.position_id] += sign * deal.volume
            self._count(symbol, deal)
            if ticks is not None:
                self._see(symbol, deal, ticks)

    def _ticks(self, symbol: str, deals: Iterable[TradeDeal]) -> Any:
        times = [deal.time_msc for deal in deals]
        ticks = self._asker.terminal.copy_ticks_range(
            symbol, min(times) / 1_000 - _LOOK_BACK_S, max(times) / 1_000 + 1, api.COPY_TICKS_ALL
        )
        return None if ticks is None or not len(ticks) else ticks

    def _count(self, symbol: str, deal: TradeDeal) -> None:
        record = self._asker.record
        digits = record.account.currency_digits
        minor = round_to_scale(deal.commission, digits)
        record.commissions.append(MoneySeen(symbol, deal.volume, minor))
        money = deal.profit + deal.commission + deal.swap + deal.fee
        record.paid -= round_to_scale(money, digits)
        if deal.entry != api.DEAL_ENTRY_IN:
            return
        kept = "keep" if deal.comment == COMMENT else "clear" if not deal.comment else "prefix"
        record.comments[kept] = record.comments.get(kept, 0) + 1
        mark = "keep" if deal.magic == MAGIC else "zero"
        record.magics[mark] = record.magics.get(mark, 0) + 1

    def _see(self, symbol: str, deal: TradeDeal, ticks: Any) -> None:
        place = int(np.searchsorted(ticks["time_msc"], deal.time_msc, side="right")) - 1
        opened = self._opened[deal.position_id]
        kind = _OF_REASON.get(deal.reason)
        asked = self._asked.get(deal.order)
        if kind is not None:
            asked = Awaited(kind, opened.stop if kind == "stop" else opened.target)
        if place < 0 or asked is None:
            return
        side = 1 if deal.type == api.DEAL_TYPE_BUY else -1
        bid, ask = (
            self._asker.points(symbol, float(ticks[name][place])) for name in ("bid", "ask")
        )
        price, quoted = self._asker.points(symbol, deal.price), ask if side > 0 else bid
        self._asker.record.fills.append(
            FillSeen(
                symbol, asked.kind, side, (price - quoted) * side, (price - asked.price) * side,
                ask - bid,
            )
        )  # fmt: skip
        if asked.kind == "limit" and (asked.price - quoted) * side > 0:
            self._asker.record.limits_beyond += 1
            self._asker.record.limits_improved += (asked.price - price) * side > 0

    def _read_orders(self, begin: int, end: int, orders: set[int]) -> None:
        for order in self._asker.terminal.history_orders_get(begin, end) or ():
            asked = self._asked.get(order.ticket)
            if order.ticket in orders and asked is not None and asked.kind == "market":
                self._asker.record.worked.append(float(order.time_done_msc - order.time_setup_msc))

    def _finish(self, fresh: list[TradeDeal]) -> None:
        for deal in fresh:
            self._asked.pop(deal.order, None)
        for ticket in {deal.position_id for deal in fresh}:
            if abs(self._volume[ticket]) < 1e-9:
                self.forget(ticket)
        latest = max((deal.time for deal in fresh), default=self._since_s)
        if not self._opened:
            self._since_s = 0
        elif len(fresh):
            self._since_s = min(self._since_s, latest)
