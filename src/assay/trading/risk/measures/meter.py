"""Measure what each account may lose by the next bar, from the joint returns of what it trades."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from assay.model.accounts import AccountSpec
from assay.model.errors import DataError, UsageError
from assay.model.messages import BarClosed, EquityMarked, Message, OrderFilled, RiskMeasured
from assay.model.values import round_to_scale
from assay.trading.risk.measures.estimates import (
    LEAST_RETURNS,
    METHODS,
    estimate_loss,
    profit_and_loss,
)


@dataclass(frozen=True, slots=True)
class Terms:
    """Say how is measured: returns looked at, the least of them, the method and its confidence."""

    window: int = 500
    least: int = 250
    confidence: float = 0.99
    method: str = "historical"

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise UsageError(f"method {self.method!r} is unknown; there are {', '.join(METHODS)}")
        if not LEAST_RETURNS <= self.least <= self.window <= 100_000:
            raise UsageError(
                f"least {self.least} and window {self.window}: "
                f"{LEAST_RETURNS} <= least <= window <= 100000"
            )
        if not 0.5 < self.confidence < 1:
            raise UsageError(f"confidence {self.confidence:g} is outside 0.5..1; 0.99 is usual")


class _State(msgspec.Struct):
    ts: int
    seen: list[bool]
    prices: list[int]
    before: list[int]
    held: list[list[int]]
    returns: list[list[float]]


class RiskMeter:
    """Tell value at risk and expected shortfall of every account each time the bars are complete.

    It waits for the account's mark, so that what filled on the bar counts.
    The returns of a row close at one time; an instrument without a bar then stood still, and its
    next return is of the whole pause. Before there are enough rows, nothing is told, and a rule
    that asks for a measure denies.
    """

    name = "meter"
    consumes: tuple[type[Message], ...] = (BarClosed, OrderFilled, EquityMarked)
    publishes: tuple[type[Message], ...] = (RiskMeasured,)

    def __init__(
        self, symbols: Sequence[str], instruments: Any, accounts: Sequence[AccountSpec],
        next_id: Callable[[], int], terms: Terms | None = None,
    ) -> None:  # fmt: skip
        """Take instruments as the engine's INSTRUMENT records, in the order of the symbols."""
        self.terms = terms or Terms()
        self._accounts, self._next_id = accounts, next_id
        self._places = {symbol: i for i, symbol in enumerate(symbols)}
        self._owners = {(each.tenant, each.id): a for a, each in enumerate(accounts)}
        self._worth = instruments["value_num"] / instruments["value_den"]
        self._legs, self._divides = instruments["leg"], instruments["leg_divides"] != 0
        width = len(symbols)
        self._prices = np.zeros(width, np.int64)
        self._before = np.zeros(width, np.int64)
        self._seen = np.zeros(width, np.bool_)
        self._held = np.zeros((len(accounts), width), np.int64)
        self._due = np.zeros(len(accounts), np.bool_)
        self._returns: list[list[float]] = []
        self._ts = 0

    def handle(self, message: Message) -> list[Message]:
        """Take a bar, a fill or a mark; return what an account may lose after its mark."""
        if isinstance(message, BarClosed):
            self._take_bar(message)
            return []
        assert isinstance(message, OrderFilled | EquityMarked)
        a = self._owners.get((message.tenant, message.account))
        if a is None:
            return []
        if isinstance(message, OrderFilled):
            self._held[a, self._places[message.symbol]] = message.position
            return []
        if not self._due[a]:
            return []
        self._due[a] = False
        return [self._measure(a, message)]

    def _take_bar(self, bar: BarClosed) -> None:
        if bar.ts_event > self._ts:
            if self._seen.any():
                self._close_row()
            self._ts = bar.ts_event
        i = self._places[bar.symbol]
        self._prices[i], self._seen[i] = bar.close, True
        if self._seen.all():
            self._close_row()
            self._due[...] = len(self._returns) >= self.terms.least

    def _close_row(self) -> None:
        """Add a row of returns once every instrument has shown two prices."""
        if (self._before > 0).all():
            self._returns.append((self._prices / self._before - 1).tolist())
            del self._returns[: -self.terms.window]
        self._before[...] = self._prices
        self._seen[...] = False

    def _measure(self, a: int, mark: EquityMarked) -> Message:
        spec, terms = self._accounts[a], self.terms
        legs = np.where(self._legs >= 0, self._prices[self._legs], 1).astype(float)
        worth = self._worth * self._prices * np.where(self._divides, 1 / legs, legs)
        pnl = profit_and_loss(self._held[a] * worth, np.array(self._returns))
        measured = estimate_loss(pnl, terms.confidence, terms.method)
        return RiskMeasured(
            id=self._next_id(), cause=mark.id, tenant=spec.tenant, ts_event=mark.ts_event,
            ts_init=mark.ts_init, account=spec.id, method=measured.method,
            confidence=round_to_scale(terms.confidence, 4), returns=len(pnl),
            value_at_risk=max(round_to_scale(measured.value_at_risk, 0), 0),
            shortfall=max(round_to_scale(measured.shortfall, 0), 0),
        )  # fmt: skip

    def snapshot(self) -> bytes:
        """Return the bytes of everything the meter's future depends on."""
        return msgspec.msgpack.encode(
            _State(
                self._ts, self._seen.tolist(), self._prices.tolist(), self._before.tolist(),
                self._held.tolist(), self._returns,
            )
        )  # fmt: skip

    def restore(self, state: bytes) -> None:
        """Bring the meter to a state taken before; raise DataError for one of other instruments."""
        saved = msgspec.msgpack.decode(state, type=_State)
        if len(saved.prices) != len(self._prices) or len(saved.held) != len(self._held):
            raise DataError(
                f"the saved meter knows {len(saved.prices)} instruments, not {len(self._prices)}; "
                "use the same ones or a new home"
            )
        self._ts, self._returns = saved.ts, saved.returns
        self._seen[...], self._prices[...] = saved.seen, saved.prices
        self._before[...], self._held[...] = saved.before, saved.held
