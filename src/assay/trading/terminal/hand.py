"""What befalls a terminal: its user's own trades, the broker's switches, faults of the line."""

from __future__ import annotations

import msgspec

from assay.model.errors import UsageError
from assay.model.time import SECOND
from assay.model.values import round_to_scale
from assay.trading.brokers.mt5 import api
from assay.trading.brokers.mt5.structures import OrderSendResult
from assay.trading.terminal.asking import fill_in
from assay.trading.terminal.session import Scripted
from assay.trading.terminal.terminal import SimulatedTerminal

_BY_MASK = (api.ORDER_FILLING_FOK, api.ORDER_FILLING_IOC)


class Hand:
    """Do to a simulated terminal what its program does not: nothing here needs its connection."""

    def __init__(self, terminal: SimulatedTerminal) -> None:
        self._terminal = terminal

    def trade(
        self, symbol: str, lots: float, *, position: int = 0, sl: float = 0.0, tp: float = 0.0
    ) -> OrderSendResult:
        """Trade at market as the user does: no magic, reason CLIENT; negative lots sell."""
        market = self._terminal.server.market.symbols[symbol]
        bits = market.terms.filling_bits
        filling = next((way for way in _BY_MASK if bits & (way + 1)), api.ORDER_FILLING_RETURN)
        side = 1 if lots > 0 else -1
        return self._ask(
            action=api.TRADE_ACTION_DEAL, symbol=symbol, volume=abs(lots),
            type=api.ORDER_TYPE_BUY if lots > 0 else api.ORDER_TYPE_SELL, type_filling=filling,
            price=market.touch(side) / market.scale, deviation=1_000_000, position=position,
            sl=sl, tp=tp,
        )  # fmt: skip

    def close(self, ticket: int, lots: float | None = None) -> OrderSendResult:
        """Close a position, or some lots of it, as the user does."""
        held = self._terminal.desk.book.positions.get(ticket)
        if held is None:
            raise UsageError(f"there is no position {ticket} to close")
        volume = held.volume / 10**8 if lots is None else lots
        return self.trade(held.symbol, -held.side * volume, position=ticket)

    def close_by(self, ticket: int, other: int) -> OrderSendResult:
        """Close two opposite positions by each other as the user does."""
        return self._ask(action=api.TRADE_ACTION_CLOSE_BY, position=ticket, position_by=other)

    def edit(self, ticket: int, sl: float, tp: float) -> OrderSendResult:
        """Move or remove the stops of a position as the user does; 0 removes."""
        return self._ask(action=api.TRADE_ACTION_SLTP, position=ticket, sl=sl, tp=tp)

    def remove(self, ticket: int) -> OrderSendResult:
        """Take a resting order away as the user does."""
        return self._ask(action=api.TRADE_ACTION_REMOVE, order=ticket)

    def _ask(self, **fields: float | int | str) -> OrderSendResult:
        return self._terminal.do_by_hand(fill_in(fields))

    def deposit(self, amount: float, comment: str = "Deposit") -> None:
        """Book money into the account, or out of it below zero."""
        desk = self._terminal.desk
        minor = round_to_scale(amount, desk.account.currency_digits)
        desk.transfer(minor, self._terminal.now, comment)

    def switch_auto_trading(self, on: bool) -> None:
        """Press the terminal's AutoTrading button: off refuses with 10027."""
        self._terminal.switches.auto_trading = on

    def switch_api(self, on: bool) -> None:
        """Allow programs to trade by the package at all: off fails with -8."""
        self._terminal.switches.api_enabled = on

    def switch_experts(self, on: bool) -> None:
        """Let the broker allow programs on the account: off refuses with 10026."""
        self._terminal.switches.experts_allowed = on

    def switch_trading(self, on: bool) -> None:
        """Let the broker allow trading on the account: off refuses with 10017."""
        self._terminal.switches.trade_allowed = on

    def disconnect(self, seconds: float = 0.0) -> None:
        """Cut the terminal from its server, for simulated seconds or until `reconnect`."""
        now = self._terminal.now
        self._terminal.cut_link(now + round(seconds * SECOND) if seconds else 0)

    def reconnect(self) -> None:
        """Give the terminal its server back."""
        self._terminal.mend_link()

    def restart(self, seconds: float = 30.0) -> None:
        """Update the terminal by itself: it is away for simulated seconds and a build newer."""
        switches = self._terminal.switches
        switches.restarted_at = self._terminal.now + round(seconds * SECOND)
        switches.build += 1

    def log_out(self) -> None:
        """Log the terminal out of its account."""
        self._terminal.switches.logged_in = False

    def switch_account(self, login: int) -> None:
        """Log the terminal in to another account, as its user may at any time."""
        if login not in self._terminal.server.desks:
            raise UsageError(f"the profile has no account {login}")
        self._terminal.log_in(login)

    def answer_next(self, retcode: int, *, executes: bool = False) -> None:
        """Let the next request be answered so, whether the server does it or not."""
        self._terminal.switches.scripted.append(Scripted(retcode, executes))

    def lose_next(self, *, executes: bool, drops_link: bool = False) -> None:
        """Let the next request's answer be lost: None and (-10005, "IPC timeout")."""
        scripted = Scripted(executes=executes, is_lost=True, drops_link=drops_link)
        self._terminal.switches.scripted.append(scripted)

    def delay_next(self, seconds: float) -> None:
        """Let the next request take that many simulated seconds."""
        delay = round(seconds * SECOND)
        self._terminal.switches.scripted.append(Scripted(executes=True, latency=delay))

    def delay_history(self, calls: int) -> None:
        """Let history be short until it was asked for that many times."""
        self._terminal.forget_history(calls)

    def delay_deals(self, seconds: float) -> None:
        """Let deals and done orders be seen in the history that much later than they were made."""
        self._terminal.switches.history_lag = round(seconds * SECOND)

    def announce_news(self, seconds: float) -> None:
        """Let the profile's news factors hold from now on for simulated seconds."""
        now = self._terminal.now
        self._terminal.server.announce([(now, now + round(seconds * SECOND))])

    def change_terms(self, symbol: str, **changes: object) -> None:
        """Change the contract of a symbol, as brokers do overnight."""
        market = self._terminal.server.market.symbols[symbol]
        market.change(msgspec.structs.replace(market.terms, **changes))
        for desk in self._terminal.server.desks.values():
            desk.touch()
