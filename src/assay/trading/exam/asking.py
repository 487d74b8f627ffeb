"""Requests of an exam: each timed, counted, and sent to the account that was confirmed alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from assay.model.errors import OperatorError
from assay.model.time import MINUTE
from assay.model.values import round_to_scale
from assay.runtime.clock import Clock
from assay.trading.brokers.mt5 import api
from assay.trading.brokers.mt5.account import AccountLock, find_difference
from assay.trading.brokers.mt5.structures import OrderSendResult, TerminalApi
from assay.trading.exam.plan import MAGIC
from assay.trading.exam.record import ExamRecord

COMMENT = "exam"
DONE = (api.TRADE_RETCODE_DONE, api.TRADE_RETCODE_PLACED, api.TRADE_RETCODE_DONE_PARTIAL)
PRICE_WENT = (
    api.TRADE_RETCODE_REQUOTE, api.TRADE_RETCODE_PRICE_CHANGED, api.TRADE_RETCODE_PRICE_OFF,
)  # fmt: skip
CLOSED_FOR = 10 * MINUTE
"""How long a symbol that was closed is not asked again."""
_MILLISECOND_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Quoted:
    """Hold the latest quote of a symbol in points."""

    bid: int
    ask: int
    time_msc: int

    def touch(self, side: int) -> int:
        """Return the price that an order of that side meets."""
        return self.ask if side > 0 else self.bid


def minute_of_week(time_msc: int) -> int:
    """Return the minutes since Monday 00:00 of a server time in milliseconds.

    >>> minute_of_week(0)
    4320
    """
    # 1970-01-01 was a Thursday, three days into a week that begins on Monday.
    return (time_msc // 60_000 + 3 * 1_440) % (7 * 1_440)


def is_gone(found: Sequence[object] | None) -> bool:
    """Say whether a terminal says that something is not there; one that is away says nothing."""
    return found is not None and not len(found)


class Asker:
    """Send requests for the smallest volume of a symbol and remember how they were answered."""

    def __init__(
        self, terminal: TerminalApi, clock: Clock, record: ExamRecord, lock: AccountLock
    ) -> None:
        self.terminal, self.clock, self.record, self._lock = terminal, clock, record, lock
        self.lots = {name: float(terms.volume_min) for name, terms in record.told.items()}
        self._closed: dict[str, int] = {}
        self.ahead_ns = 0
        self._scale = {name: 10**terms.digits for name, terms in record.told.items()}

    def points(self, symbol: str, price: float) -> int:
        """Return a price in whole points."""
        return round_to_scale(price, self.record.told[symbol].digits)

    def price(self, symbol: str, points: int) -> float:
        """Return points as the price that a request carries."""
        return float(round(points / self._scale[symbol], self.record.told[symbol].digits))

    def quote(self, symbol: str) -> Quoted | None:
        """Return the latest quote, None where there is none."""
        tick = self.terminal.symbol_info_tick(symbol)
        if tick is None or not tick.bid or not tick.ask:
            return None
        return Quoted(self.points(symbol, tick.bid), self.points(symbol, tick.ask), tick.time_msc)

    def send(self, symbol: str, **fields: Any) -> OrderSendResult | None:
        """Send one request; None where no answer came. Raises OperatorError for another account.

        A terminal that does not say whose it is gets no request.
        """
        info = self.terminal.account_info()
        if info is None:
            return None
        if difference := find_difference(self._lock, info):
            raise OperatorError(f"the exam has stopped: {difference}")
        began = self.clock.now_ns()
        asked = {"symbol": symbol, "magic": MAGIC, "comment": COMMENT, **fields}
        result = self.terminal.order_send(asked)
        if result is None:
            return None
        passed = max(0, self.clock.now_ns() - began)
        self.record.latencies.append(passed / 10**_MILLISECOND_DIGITS)
        if result.retcode not in DONE:
            counted = self.record.refusals
            counted[result.retcode] = counted.get(result.retcode, 0) + 1
        if result.retcode == api.TRADE_RETCODE_MARKET_CLOSED:
            self._closed[symbol] = self.clock.now_ns()
            minute = minute_of_week(self.server_ns() // 1_000_000)
            self.record.closed.setdefault(symbol, []).append(minute)
        return result

    def wait(self, span: int) -> None:
        """Let nanoseconds pass; a terminal that is away then, as after an update, is asked back."""
        self.clock.wait_until(self.clock.now_ns() + span)
        if self.terminal.terminal_info() is None:
            self.terminal.initialize()

    def server_ns(self) -> int:
        """Return the server's clock now."""
        return self.clock.now_ns() + self.ahead_ns

    def is_closed(self, symbol: str) -> bool:
        """Say whether the symbol was closed when it was last asked, not long ago."""
        closed = self._closed.get(symbol)
        return closed is not None and self.clock.now_ns() - closed < CLOSED_FOR

    def met(self, symbol: str, result: OrderSendResult) -> Quoted | None:
        """Return the quote that the server judged a request by, the latest where it says none."""
        if result.bid and result.ask:
            bid, ask = self.points(symbol, result.bid), self.points(symbol, result.ask)
            return Quoted(bid, ask, 0)
        return self.quote(symbol)

    def filling(self, symbol: str) -> int:
        """Return a filling policy that the symbol takes at market."""
        for each in self.record.fillings:
            if each.symbol == symbol and each.taken:
                return each.filling
        told = self.record.told[symbol].filling
        if "fok" in told:
            return int(api.ORDER_FILLING_FOK)
        return int(api.ORDER_FILLING_IOC if "ioc" in told else api.ORDER_FILLING_RETURN)
