"""The books of a hedging account, every figure worked by hand, and breaks that are found."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import msgspec
import pytest
from msgspec import UNSET, UnsetType

from assay.books.ledger import Ledger, QuoteMarks, Reconciler
from assay.model.accounts import AccountSpec
from assay.model.messages import (
    BarClosed,
    EntryPosted,
    EquityMarked,
    GapFound,
    Message,
    OrderFilled,
    TradingHalted,
)
from tests.unit.books.slow_engine import INSTRUMENTS, build_ledger, run_books

ACCOUNT = AccountSpec(id="h", tenant="t", cash=1_000_000, margin_mode="hedging")
replace = msgspec.structs.replace


def fill(
    number: int,
    ticket: int | UnsetType,
    quantity: int,
    price: int,
    *,
    position: int,
    profit: int = 0,
) -> OrderFilled:
    return OrderFilled(
        id=100 + number, tenant="t", ts_event=number, ts_init=number, key=number, fill=number,
        account="h", symbol="EURUSD", quantity=quantity, price=price, price_digits=5,
        commission=0, profit=profit, spread_cost=0, slippage_cost=0, rate_num=1, rate_den=1,
        position=position, kind="exact", reason="market", ticket=ticket,
    )  # fmt: skip


def mark(number: int, balance: int, equity: int) -> EquityMarked:
    return EquityMarked(
        id=100 + number, tenant="t", ts_event=number, ts_init=number, account="h",
        balance=balance, equity=equity, margin=0,
    )  # fmt: skip


def bar(bid: int, spread: int) -> BarClosed:
    return BarClosed(
        id=5, ts_event=5, ts_init=5, symbol="EURUSD", timeframe=60, ts_open=0, open=bid, high=bid,
        low=bid, close=bid, spread_open=spread, spread_high=spread, spread_low=spread,
        spread_close=spread,
    )  # fmt: skip


def day() -> list[Message]:
    """0 buy, 1 sell, 2 quote, 3 mark, 4 close half of it, 5 buy more, 6 close the sell, 7 mark."""
    return [
        fill(1, 1, 10_000, 110_000, position=10_000),
        fill(2, 2, -10_000, 110_300, position=0),
        bar(110_100, 20),
        # Bought at 1.10000 it gained 10.00 at the bid, sold at 1.10300 it gained 18.00 at the ask.
        mark(3, 1_000_000, 1_002_800),
        fill(4, 1, -5_000, 110_100, position=-5_000, profit=500),
        fill(5, 5, 3_000, 110_120, position=-2_000),
        fill(6, 2, 10_000, 110_120, position=8_000, profit=1_800),
        # 5.00 on what is left of the first, and a spread of 0.60 on the last.
        mark(7, 1_002_300, 1_002_740),
    ]


def books() -> tuple[Ledger, Reconciler]:
    ledger, numbers = build_ledger((ACCOUNT,)), count(10_000)
    return ledger, Reconciler(ledger, lambda: next(numbers), QuoteMarks((ACCOUNT,), INSTRUMENTS))


def test_tickets_are_booked_each_against_its_own_price() -> None:
    ledger, reconciler = books()
    published = run_books(day(), ledger, reconciler)
    assert {type(message) for message in published} == {EntryPosted}
    held = {key: (one.quantity, one.cost) for key, one in ledger.tickets("h", "EURUSD").items()}
    assert held == {"1": (5_000, 5_000 * 110_000), "5": (3_000, 3_000 * 110_120)}
    assert ledger.position("h", "EURUSD") == 8_000
    again, _ = books()
    again.restore(ledger.snapshot())
    assert again.snapshot() == ledger.snapshot()
    assert again.tickets("h", "EURUSD") == ledger.tickets("h", "EURUSD")


def change(place: int, **changes: object) -> Callable[[list[Message]], list[Message]]:
    return lambda told: [*told[:place], replace(told[place], **changes), *told[place + 1 :]]


BREAKS: dict[str, Callable[[list[Message]], list[Message]]] = {
    "closed another ticket": change(6, ticket=1),
    "closed no ticket that is known": change(4, ticket=9),
    "closed without a ticket": change(4, ticket=UNSET),
    "profit of another ticket": change(6, profit=-1_200),
    "wrong sum": change(5, position=-1_999),
    "lost opening": lambda told: told[1:],
    "doubled closing": lambda told: [*told[:5], told[4], *told[5:]],
    "longs marked at the ask": change(3, equity=1_003_000),
    "equity one unit off": change(7, equity=1_002_741),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_break_among_tickets_is_found_and_halts_once(name: str) -> None:
    published = run_books(BREAKS[name](day()), *books())
    assert [one for one in published if isinstance(one, GapFound)]
    assert len([one for one in published if isinstance(one, TradingHalted)]) == 1
