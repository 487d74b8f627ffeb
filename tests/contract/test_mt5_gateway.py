"""The gateway keeps its promises at every terminal, simulated or real."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from assay.model.messages import DealBooked, OrderAccepted, OrderCancelled, OrderRejected
from tests.contract.mt5_stage import STAGES, Trader, make_trader


@pytest.fixture(params=STAGES)
def trader(request: pytest.FixtureRequest) -> Iterator[Trader]:
    yield from make_trader(request.param)


def test_a_position_is_opened_protected_and_closed_to_the_last_minor_unit(trader: Trader) -> None:
    before = trader.stage.terminal.account_info()
    opening = trader.command("submit", quantity=trader.units, stop=trader.bid(0.0100))
    accepted = trader.run(opening)[-1]
    assert isinstance(accepted, OrderAccepted)
    deal = trader.wait_for(DealBooked, opening.id)
    assert (deal.quantity, deal.own, deal.entry) == (trader.units, trader.units, "in")
    positions = trader.stage.terminal.positions_get(ticket=deal.position)
    assert positions is not None
    assert positions[0].magic == opening.id
    assert round(positions[0].sl * 100_000) == accepted.stop
    closing = trader.command("close", ticket=deal.position)
    trader.run(closing)
    closed = trader.wait_for(DealBooked, closing.id)
    assert (closed.own, closed.position_key, closed.entry) == (-trader.units, opening.id, "out")
    after = trader.stage.terminal.account_info()
    assert before is not None
    assert after is not None
    moved = sum(each.profit + each.commission + each.swap + each.fee for each in (deal, closed))
    assert moved == round((after.balance - before.balance) * 10**after.currency_digits)


def test_each_deal_is_told_once_through_a_restart(trader: Trader) -> None:
    opening = trader.command("submit", quantity=trader.units)
    trader.run(opening)
    deal = trader.wait_for(DealBooked, opening.id)
    state = trader.gateway.snapshot()
    trader.gateway = trader.stage.open()
    trader.gateway.restore(state)
    closing = trader.command("close", ticket=deal.position)
    trader.run(closing)
    trader.wait_for(DealBooked, closing.id)
    trader.poll()
    tickets = [event.ticket for event in trader.told if isinstance(event, DealBooked)]
    assert len(tickets) == len(set(tickets))


def test_a_command_that_comes_again_is_not_sent_again(trader: Trader) -> None:
    resting = trader.command(
        "submit", quantity=trader.units, order_type="limit", price=trader.bid(0.0200)
    )
    first, second = trader.run(resting)[-1], trader.run(resting)[-1]
    assert first.ticket == second.ticket
    orders = trader.stage.terminal.orders_get(symbol=trader.info.name)
    assert orders is not None
    assert [order.magic for order in orders].count(resting.id) == 1
    trader.run(trader.command("cancel", ticket=first.ticket))
    trader.wait_for(OrderCancelled, resting.id)


def test_a_resting_order_is_changed(trader: Trader) -> None:
    resting = trader.command(
        "submit", quantity=trader.units, order_type="limit", price=trader.bid(0.0200)
    )
    ticket = trader.run(resting)[-1].ticket
    price = trader.bid(0.0300)
    changed = trader.run(trader.command("modify", ticket=ticket, price=price))[-1]
    assert isinstance(changed, OrderAccepted)
    orders = trader.stage.terminal.orders_get(ticket=ticket)
    assert orders is not None
    assert round(orders[0].price_open * 100_000) == price
    trader.run(trader.command("cancel", ticket=ticket))
    trader.wait_for(OrderCancelled, resting.id)


def test_what_its_memory_lost_is_found_by_its_magic_number(trader: Trader) -> None:
    resting = trader.command(
        "submit", quantity=trader.units, order_type="limit", price=trader.bid(0.0200)
    )
    ticket = trader.run(resting)[-1].ticket
    trader.gateway = trader.stage.open()
    trader.told = list(trader.gateway.reconcile(resting, trader.stage.now()))
    assert trader.wait_for(OrderAccepted, resting.id).ticket == ticket
    trader.run(trader.command("cancel", ticket=ticket))
    trader.wait_for(OrderCancelled, resting.id)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"quantity": 1}, "volume_below_minimum"),
        ({"quantity": 1_000_000_000}, "volume_above_maximum"),
        ({"quantity": 100_000, "symbol": "GBPCHF"}, "symbol_unmapped"),
        ({"quantity": 100_000, "margin": 1}, "margin_gap"),
    ],
)
def test_what_cannot_be_is_refused_before_it_is_sent(
    trader: Trader, fields: dict[str, int], reason: str
) -> None:
    refused = trader.run(trader.command("submit", **fields))[-1]
    assert isinstance(refused, OrderRejected)
    assert (refused.reason, refused.retcode) == (reason, 0)
