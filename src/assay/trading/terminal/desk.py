"""One account at the broker's server: its book, and what every fill does to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from assay.model.values import round_to_scale
from assay.trading.brokers.mt5 import api
from assay.trading.terminal.chance import Chance
from assay.trading.terminal.holdings import Holding, gather
from assay.trading.terminal.market import Market, SymbolMarket
from assay.trading.terminal.money import Reckoning
from assay.trading.terminal.profile import AccountTerms, BrokerProfile
from assay.trading.terminal.records import LOT, Book, Deal, Order, Position, round_ratio

COMMENT_LENGTH = 31


class Fill(NamedTuple):
    """Hold one execution; `position` names what it closes on a hedging account, 0 opens."""

    symbol: SymbolMarket
    side: int
    volume: int
    price: int
    order: Order
    reason: int
    position: int = 0


class Desk:
    """Hold one account's book and book fills into it, netting or hedging as its terms say.

    The balance is the sum of the deals; nothing else changes it.
    """

    def __init__(
        self, profile: BrokerProfile, account: AccountTerms, market: Market, chance: Chance,
        ticket: Callable[[], int],
    ) -> None:  # fmt: skip
        self.profile = profile
        self.account = account
        self.market = market
        self.chance = chance
        self.ticket = ticket
        self.book = Book(account.login)
        self.reckoning = Reckoning(profile, account, market)
        self._holdings: dict[str, Holding] | None = None
        self._margin: tuple[int, int] | None = None
        self.is_hedging = account.margin_mode == "hedging"
        self.sent_at: list[int] = []

    def holdings(self) -> dict[str, Holding]:
        """Return what is held by symbol, gathered once for each change of positions."""
        if self._holdings is None:
            self._holdings = gather(self.book)
        return self._holdings

    def touch(self) -> None:
        """Gather holdings anew: positions, their stops or their swap have changed."""
        self._holdings = None
        self._margin = None

    def margin_used(self, now: int) -> int:
        """Return the margin of all open positions, reckoned once where no quote changes it."""
        leverage = self.reckoning.leverage(now)
        if self._margin is not None and self._margin[0] == leverage:
            return self._margin[1]
        holdings = self.holdings()
        used = self.reckoning.margin_used(holdings, now)
        if self.reckoning.is_margin_fixed(holdings):
            self._margin = (leverage, used)
        return used

    def margin_after(self, symbol: SymbolMarket, side: int, volume: int, now: int) -> int:
        """Return the margin of all positions once that volume were opened at the quote.

        On a netting account what is held of the other side is closed before any is opened.
        """
        holdings, name = dict(self.holdings()), symbol.terms.name
        held = holdings.get(name, Holding())
        is_other = (held.short_volume if side > 0 else held.long_volume) > 0
        if is_other and not self.is_hedging:
            held = Holding()
        holdings[name] = held.opened(side, volume, volume * symbol.touch(side))
        return self.reckoning.margin_used(holdings, now)

    def is_stopped_out(self, now: int) -> bool:
        """Say whether equity has fallen to the stop-out."""
        holdings = self.holdings()
        if not holdings:
            return False
        return self.reckoning.is_stopped_out(self.book, holdings, self.margin_used(now))

    def load(self, book: Book) -> None:
        """Go on with a book that was saved."""
        self.book = book
        self.touch()

    def transfer(self, amount: int, now: int, comment: str = "Deposit") -> Deal:
        """Book a deposit, or a withdrawal below zero."""
        return self._book_deal(
            Deal(
                ticket=self.ticket(), order=0, ts=now, type=api.DEAL_TYPE_BALANCE,
                entry=api.DEAL_ENTRY_IN, magic=0, position=0, reason=api.DEAL_REASON_CLIENT,
                volume=0, price=0, commission=0, swap=0, profit=amount, fee=0, symbol="",
                comment=comment,
            )
        )  # fmt: skip

    def _book_deal(self, deal: Deal) -> Deal:
        self.touch()
        self.book.deals.append(deal)
        self.book.balance += deal.amount
        return deal

    def find_net(self, symbol: str) -> Position | None:
        """Return the one position that a netting account has in a symbol."""
        held = (found for found in self.book.positions.values() if found.symbol == symbol)
        return next(held, None)

    def fill(self, fill: Fill, now: int) -> Deal:
        """Open, add to, reduce, close or reverse a position by one execution."""
        target = (
            self.book.positions.get(fill.position)
            if self.is_hedging
            else self.find_net(fill.symbol.terms.name)
        )
        if target is None:
            return self._open(fill, now)
        if target.side == fill.side:
            return self._add(target, fill, now)
        if fill.volume <= target.volume:
            return self._reduce(target, fill, now, entry=api.DEAL_ENTRY_OUT)
        return self._reverse(target, fill, now)

    def _open(self, fill: Fill, now: int, identifier: int = 0) -> Deal:
        position = self._new_position(fill, now, identifier)
        self.book.positions[position.ticket] = position
        return self._deal(fill, now, api.DEAL_ENTRY_IN, position.identifier, (0, 0))

    def _new_position(self, fill: Fill, now: int, identifier: int) -> Position:
        order = fill.order
        reason = min(order.reason, api.POSITION_REASON_EXPERT)
        return Position(
            ticket=order.ticket, identifier=identifier or order.ticket,
            symbol=fill.symbol.terms.name, side=fill.side, volume=fill.volume,
            cost=fill.price * fill.volume, opened=now, updated=now, magic=order.magic,
            reason=reason, comment=order.comment, sl=order.sl, tp=order.tp,
        )  # fmt: skip

    def _add(self, target: Position, fill: Fill, now: int) -> Deal:
        target.volume += fill.volume
        target.cost += fill.price * fill.volume
        target.updated = now
        target.sl = fill.order.sl or target.sl
        target.tp = fill.order.tp or target.tp
        return self._deal(fill, now, api.DEAL_ENTRY_IN, target.identifier, (0, 0))

    def _reduce(self, target: Position, fill: Fill, now: int, *, entry: int) -> Deal:
        realised = self.take_out(target, fill.volume, fill.price * fill.volume, now)
        return self._deal(fill, now, entry, target.identifier, realised)

    def take_out(self, target: Position, volume: int, cost: int, now: int) -> tuple[int, int]:
        """Take volume closed at `cost` out of a position; return its profit and swap.

        Raises nothing: a profit that cannot be converted would have refused the opening.
        """
        symbol = self.market.symbols[target.symbol]
        paid = round_ratio(target.cost * volume, target.volume)
        swap = round_ratio(target.swap * volume, target.volume)
        profit = self.reckoning.profit(symbol, target.side, cost - paid)
        assert profit is not None
        target.cost -= paid
        target.swap -= swap
        target.volume -= volume
        target.updated = now
        if not target.volume:
            del self.book.positions[target.ticket]
        return profit, swap

    def _reverse(self, target: Position, fill: Fill, now: int) -> Deal:
        closed = target.volume
        realised = self.take_out(target, closed, fill.price * closed, now)
        opened = fill._replace(volume=fill.volume - closed)
        position = self._new_position(opened, now, target.identifier)
        self.book.positions[position.ticket] = position
        return self._deal(fill, now, api.DEAL_ENTRY_INOUT, target.identifier, realised)

    def _deal(
        self, fill: Fill, now: int, entry: int, position: int, realised: tuple[int, int]
    ) -> Deal:
        profit, swap = realised
        fill.order.position = position
        side_type = api.DEAL_TYPE_BUY if fill.side > 0 else api.DEAL_TYPE_SELL
        return self._book_deal(
            Deal(
                ticket=self.ticket(), order=fill.order.ticket, ts=now, type=side_type,
                entry=entry, magic=fill.order.magic, position=position, reason=fill.reason,
                volume=fill.volume, price=fill.price, swap=swap, profit=profit, fee=0,
                commission=self.commission(fill.symbol, fill.volume),
                symbol=fill.symbol.terms.name, comment=fill.order.comment,
            )
        )  # fmt: skip

    def commission(self, symbol: SymbolMarket, volume: int) -> int:
        """Return what the broker takes for one side of a volume, negative as a cost."""
        per_lot = round_to_scale(symbol.terms.commission, self.account.currency_digits)
        return round_ratio(per_lot * volume, LOT)

    def close_by(self, target: Position, other: Position, order: Order, now: int) -> list[Deal]:
        """Close a position against an opposite one: two deals, each at the other's open price.

        The first deal books all of the profit, exact even where open prices are averages.
        """
        volume = min(target.volume, other.volume)
        prices = {target.ticket: other.price_open, other.ticket: target.price_open}
        cost = round_ratio(other.cost * volume, other.volume)
        deals = []
        for held in (target, other):
            symbol = self.market.symbols[held.symbol]
            realised = self.take_out(held, volume, cost, now)
            fill = Fill(symbol, -held.side, volume, prices[held.ticket], order, order.reason)
            deals.append(self._deal(fill, now, api.DEAL_ENTRY_OUT_BY, held.identifier, realised))
        return deals

    def new_order(self, symbol: str, kind: int, volume: int, now: int, reason: int) -> Order:
        """Return a fresh order with the next ticket; it is in no list yet."""
        return Order(
            ticket=self.ticket(), symbol=symbol, type=kind, volume=volume, left=volume,
            created=now, filling=api.ORDER_FILLING_FOK, time_mode=api.ORDER_TIME_GTC,
            reason=reason, magic=0, comment="", state=api.ORDER_STATE_STARTED,
        )  # fmt: skip

    def finish(self, order: Order, state: int, now: int) -> None:
        """Move an order into the past."""
        self.book.orders.pop(order.ticket, None)
        order.state, order.done = state, now
        self.book.past.append(order)

    def label(self, magic: int, comment: str) -> tuple[int, str]:
        """Return magic and comment as this broker keeps them."""
        comment = comment[:COMMENT_LENGTH]
        if self.profile.comments == "clear":
            comment = ""
        elif self.profile.comments == "prefix" and comment:
            comment = f"b:{comment}"[:COMMENT_LENGTH]
        return (0 if self.profile.magics == "zero" else magic), comment
