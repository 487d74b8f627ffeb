"""What became of an account's orders, and how far from their price they filled."""

from __future__ import annotations

import pytest

from assay.books.reports.tally import OrderTally
from assay.books.reports.tape import Contract
from assay.model.messages import (
    AccountReported,
    DecisionMade,
    OrderCancelled,
    OrderChanged,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
)

WHO = {"ts_event": 5, "ts_init": 5, "account": "paper", "symbol": "EURUSD"}
ORDER = {"ordinal": 0, "order_type": "limit", "price": 110_000, "stop": 0, "target": 0}


@pytest.fixture
def tally() -> OrderTally:
    return OrderTally("paper", lambda _: Contract(0, 0.0001))


def sent(key: int, units: int = 10, **given: object) -> OrderSubmitted:
    words = {**ORDER, **given}
    return OrderSubmitted(id=key, key=key, strategy="s", ts_bar=5, quantity=units, **words, **WHO)


def filled(key: int, units: int, price: int = 110_000, **given: object) -> OrderFilled:
    return OrderFilled(
        id=1, key=key, fill=1, quantity=units, price=price, price_digits=5, commission=0,
        profit=0, spread_cost=0, slippage_cost=0, rate_num=1, rate_den=1, position=units,
        kind="exact", reason="limit", **{**WHO, **given},
    )  # fmt: skip


def test_each_order_ends_once_and_what_is_not_done_is_open(tally: OrderTally) -> None:
    for key in range(1, 8):
        tally.take(sent(key))
    tally.take(filled(1, 10))
    tally.take(filled(2, 4))
    tally.take(filled(3, -10))  # closes what 3 will open: no fill of it
    tally.take(filled(4, 4))
    shared = {"id": 1, **WHO}
    tally.take(OrderCancelled(key=4, reason="unfilled", **shared))
    tally.take(OrderCancelled(key=4, reason="unfilled", **shared))
    tally.take(OrderRejected(key=5, reason="no_money", **shared))
    tally.take(OrderExpired(key=6, **shared))
    tally.take(OrderDenied(key=9, quantity=10, reason="margin", **ORDER, **shared))
    assert tally.sent == 7
    assert tally.open == {"resting": 2, "partly_filled": 1}
    assert tally.ended == {
        "filled": 1, "cancelled": 1, "rejected": 1, "expired": 1, "denied": 1,
    }  # fmt: skip
    assert tally.reasons == {
        ("cancelled", "unfilled"): 1, ("rejected", "no_money"): 1, ("expired", "expired"): 1,
        ("denied", "margin"): 1,
    }  # fmt: skip


def test_an_order_in_parts_ends_when_its_parts_are_done(tally: OrderTally) -> None:
    tally.take(sent(1, 20, order_type="twap", price=0))
    tally.take(sent(2, 10, price=0, parent=1))
    tally.take(filled(2, 10))
    assert tally.open == {"partly_filled": 1}
    tally.take(OrderCancelled(id=1, key=1, reason="worked", **WHO))
    assert (tally.open, tally.ended) == ({}, {"filled": 2})
    assert not tally.reasons


def test_a_changed_order_is_whole_at_what_it_became(tally: OrderTally) -> None:
    tally.take(sent(1))
    tally.take(filled(1, 4))
    words = {**ORDER, "price": 109_900}
    tally.take(OrderChanged(id=1, key=1, ts_bar=5, quantity=2, **words, **WHO))
    tally.take(filled(1, 2, 109_880))
    assert tally.ended == {"filled": 1}
    assert list(tally.slips) == [0.0, pytest.approx(-2.0)]


def test_slippage_is_from_the_order_s_price_or_its_decision_s(tally: OrderTally) -> None:
    tally.take(
        DecisionMade(
            id=1, strategy="s", ts_bar=5, target=-10, position=0, reason="market", price=110_100,
            **WHO,
        )
    )  # fmt: skip
    tally.take(sent(1, -10, order_type="market", price=0))
    tally.take(filled(1, -10, 110_085))
    tally.take(sent(2, 10, order_type="stop"))
    tally.take(filled(2, 10, 110_030))
    other = {**WHO, "symbol": "GBPUSD"}
    tally.take(filled(99, 10, 150_000, **other))
    assert list(tally.slips) == [pytest.approx(1.5), pytest.approx(3.0)]
    assert (tally.slip_count, tally.slip_sum) == (2, pytest.approx(4.5))


def test_another_account_passes_by_and_a_venue_s_last_word_is_kept(tally: OrderTally) -> None:
    told = {
        "id": 1, "ts_event": 5, "ts_init": 5, "login": 7, "server": "s", "mode": "demo",
        "margin_mode": "netting", "currency": "USD", "currency_digits": 2, "balance": 100,
        "credit": 0, "margin": 0, "level": 0, "connected": True, "trade_allowed": True,
    }  # fmt: skip
    tally.take(AccountReported(account="paper", equity=90, **told))
    tally.take(AccountReported(account="other", equity=1, **told))
    assert tally.report is not None
    assert tally.report.equity == 90
