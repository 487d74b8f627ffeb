"""Laws of the simulated terminal's books under random markets and requests."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from assay.model.time import HOUR, MINUTE
from assay.trading.brokers.mt5 import api
from assay.trading.terminal import Hand, SimulatedTerminal
from assay.trading.terminal.profile import Slippage
from tests.unit.trading.terminal.broker import deal, make, pending

TERMS: dict[str, Any] = {
    "swap_long": Decimal("-6.5"), "swap_short": Decimal("2.25"), "commission": Decimal("-3.5"),
    "depth": Decimal("0.3"), "execution": "exchange", "margin_hedged": Decimal(40_000),
    "slippage": Slippage(points=Decimal(2)),
}  # fmt: skip
STEPS = st.lists(
    st.tuples(
        st.sampled_from(("quote", "trade", "rest", "stops", "close", "by", "wait", "cash")),
        st.integers(-60, 60),
        st.integers(1, 9),
    ),
    min_size=10, max_size=60,
)  # fmt: skip


def act(terminal: SimulatedTerminal, kind: str, shift: int, size: int) -> None:
    tick = terminal.symbol_info_tick("EURUSD")
    assert tick is not None
    bid = round(tick.bid * 1e5)
    side = api.ORDER_TYPE_BUY if shift % 2 else api.ORDER_TYPE_SELL
    held = terminal.positions_get() or ()
    one = held[shift % len(held)] if held else None
    if kind == "quote":
        terminal.quote("EURUSD", bid + shift * 5, bid + shift * 5 + size, terminal.now + MINUTE)
    elif kind == "trade":
        filling = api.ORDER_FILLING_RETURN if size % 2 else api.ORDER_FILLING_IOC
        terminal.order_send(deal(side, size / 10, type_filling=filling))
    elif kind == "rest":
        price = (bid + shift * 3) / 1e5
        terminal.order_send(pending(2 + size % 4, round(price, 5), size / 10, type_filling=2))
    elif kind == "stops" and one is not None:
        away = size * 10 / 1e5 * (1 if one.type == 0 else -1)
        move = {"sl": round(one.price_current - away, 5), "tp": round(one.price_current + away, 5)}
        terminal.order_send({"action": api.TRADE_ACTION_SLTP, "position": one.ticket, **move})
    elif kind == "close" and one is not None:
        Hand(terminal).close(one.ticket)
    elif kind == "by" and len(held) > 1:
        by = {"position": held[0].ticket, "position_by": held[-1].ticket}
        terminal.order_send({"action": api.TRADE_ACTION_CLOSE_BY, **by})
    elif kind == "wait":
        terminal.advance(terminal.now + size * HOUR)
    elif kind == "cash":
        Hand(terminal).deposit(shift)


def check(terminal: SimulatedTerminal) -> None:
    account, deals = terminal.account_info(), terminal.history_deals_get(0, 2**33)
    positions = terminal.positions_get()
    assert account is not None
    assert deals is not None
    assert positions is not None
    booked = sum(d.profit + d.swap + d.commission + d.fee for d in deals)
    assert account.balance == round(booked, 2)
    floating = sum(held.profit + held.swap for held in positions)
    assert account.equity == round(account.balance + floating, 2)
    assert account.margin_free == round(account.equity - account.margin, 2)
    # What was paid for what was traded, a lot-point of EURUSD being a dollar.
    traded = [d for d in deals if d.type in (0, 1) and d.entry != api.DEAL_ENTRY_OUT_BY]
    paid = sum(
        (-1 if d.type == 0 else 1) * round(d.volume * 100) * round(d.price * 1e5) for d in traded
    )
    book = terminal.desk.book.positions.values()
    open_cost = sum(held.side * held.cost // 1_000_000 for held in book)
    made = sum(d.profit for d in deals if d.type in (0, 1))
    assert abs(made - (paid + open_cost) / 100) <= 0.01 * len(deals)
    signed = sum((1 if d.type == 0 else -1) * round(d.volume * 100) for d in traded)
    assert signed == sum((1 if h.type == 0 else -1) * round(h.volume * 100) for h in positions)


@settings(max_examples=150, deadline=None)
@given(STEPS, st.sampled_from(("netting", "hedging")))
def test_balance_is_the_sum_of_deals_and_equity_adds_what_floats(
    steps: list[tuple[str, int, int]], mode: str
) -> None:
    terminal = make({"margin_mode": mode, "deposit": Decimal(3_000)}, eurusd=TERMS)
    for kind, shift, size in steps:
        act(terminal, kind, shift, size)
        check(terminal)
        if mode == "netting":
            assert terminal.positions_total() in (0, 1)


@settings(max_examples=30, deadline=None)
@given(STEPS)
def test_a_saved_and_restored_terminal_does_the_same(steps: list[tuple[str, int, int]]) -> None:
    first = make({"margin_mode": "hedging"}, eurusd=TERMS)
    for kind, shift, size in steps:
        act(first, kind, shift, size)
    second = make({"margin_mode": "hedging"}, eurusd=TERMS)
    second.restore(first.save())
    tick = first.symbol_info_tick("EURUSD")
    assert tick is not None
    for terminal in (first, second):
        terminal.quote("EURUSD", round(tick.bid * 1e5), round(tick.ask * 1e5), first.now)
    for kind, shift, size in steps[:10]:
        act(first, kind, shift, size)
        act(second, kind, shift, size)
    assert first.save() == second.save()
