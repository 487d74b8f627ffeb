"""The connector beside a terminal, killed again and again: the deal history is the judge."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.apps.bridge.tokens import write_private
from assay.apps.edge.plan import confirm_terminal
from assay.apps.edge.setup import parse_clock, read_trading
from assay.model.errors import UsageError
from assay.model.messages import DealBooked, OrderAccepted, OrderRejected
from assay.runtime.clock import Deadline, require_within
from assay.runtime.ids import Rng
from assay.trading.brokers.mt5.ports import OrderCommand
from tests.sim.edging import Desk, RunningBridge, make_desk, running_bridge, tick_keys
from tests.sim.terminals import ServedTerminal, end, served_terminal, start_connector

LONG_S = 60.0
BEFORE = 5
"""Quotes of before the connector looked first, of which it owes none."""


def order(number: int) -> OrderCommand:
    """Return an order at market, to buy and to sell in turn."""
    quantity = 10_000 if number % 2 else -10_000
    return OrderCommand(
        id=900_000 + number, kind="submit", account="main", symbol="EURUSD", quantity=quantity,
        strategy="sma", ordinal=number, deviation=20,
    )  # fmt: skip


@pytest.mark.running
def test_a_killed_connector_sends_each_order_once(tmp_path: Path) -> None:
    live_through_kills(tmp_path, seed=1, kills=2, orders=12)


def live_through_kills(folder: Path, *, seed: int, kills: int, orders: int) -> None:
    """Kill the connector while orders and quotes flow; compare with the terminal's own books."""
    desk, rng, sent = make_desk(folder), Rng(seed), 0
    write_private(folder / "token", desk.grant.token.encode())
    with running_bridge(desk.home) as bridge, served_terminal(folder) as served:
        served.quote(BEFORE)
        for life in range(kills + 1):
            is_last = life == kills
            process = start_connector(folder, served, f"ws://127.0.0.1:{bridge.port}")
            try:
                # What is quoted before the first look is nobody's to send.
                require_within(lambda: desk.count() > 0, "a quote", seconds=LONG_S)
                wanted = range(sent + 1, orders * (life + 1) // (kills + 1) + 1)
                sent = send_orders(desk, bridge, served, wanted)
                # A kill comes amid work, at no moment in particular.
                settle(desk, served, sent) if is_last else Deadline(rng.uniform(0, 0.05)).pause(0.1)
            finally:
                said = end(process, kill=not is_last)
        assert process.returncode == 0, said
        judge(desk, served, sent)


def send_orders(desk: Desk, bridge: RunningBridge, served: ServedTerminal, wanted: range) -> int:
    """Send orders and let quotes come; the first waits until the connector is at work."""
    for number in wanted:
        served.quote(20)
        before = len(desk.outcomes())
        bridge.submit(desk.grant, order(number))
        if number == wanted[0]:
            require_within(lambda n=before: len(desk.outcomes()) > n, "work", seconds=LONG_S)
    return wanted[-1]


def settle(desk: Desk, served: ServedTerminal, sent: int) -> None:
    """Wait until every outcome, deal and quote has come."""
    require_within(lambda: len(desk.outcomes()) >= sent, "every outcome", seconds=LONG_S)
    deals = len(served.orders_by_magic())
    require_within(lambda: len(_deals(desk)) >= deals, "every deal", seconds=LONG_S)
    require_within(lambda: desk.count() >= served._quotes - BEFORE, "every quote", seconds=LONG_S)


def _deals(desk: Desk) -> list[DealBooked]:
    desk.read()
    found = [event for news in desk.news for event in news.events]
    return [each for each in found if isinstance(each, DealBooked) and each.key]


def judge(desk: Desk, served: ServedTerminal, sent: int) -> None:
    keys = {order(number).id for number in range(1, sent + 1)}
    history, told = served.orders_by_magic(), desk.outcomes()
    assert set(told) == keys
    assert {key: hows for key, hows in told.items() if len(hows) != 1} == {}
    assert {key: count for key, count in history.items() if count != 1} == {}
    accepted = {
        event.key for news in desk.news for event in news.events if isinstance(event, OrderAccepted)
    }
    rejected = {
        event.key for news in desk.news for event in news.events if isinstance(event, OrderRejected)
    }
    assert accepted == set(history)
    assert accepted | rejected == keys
    assert sorted(each.key for each in _deals(desk)) == sorted(history)
    shown = served.times()
    came = tick_keys(desk.ticks, "EURUSD")
    assert came == shown[-len(came) :]
    assert len(came) >= len(shown) - BEFORE
    assert desk.gone == 0


def test_an_account_is_confirmed_once_and_then_kept(tmp_path: Path) -> None:
    with served_terminal(tmp_path) as served:
        file, name = tmp_path / "confirmed.json", f"sim:{served.address}"
        found = confirm_terminal(name, "main", "EURUSD,XAUUSD=XAUUSD", file, None)
        assert [each["name"] for each in found["links"]] == ["EURUSD", "XAUUSD"]
        assert found["armed_login"] == 0
        settings = read_trading(file)
        assert settings.lock == read_trading(served.account).lock
        assert file.stat().st_mode & 0o077 == 0
        with pytest.raises(UsageError, match="never written over"):
            confirm_terminal(name, "main", "EURUSD", file, None)
        with pytest.raises(UsageError, match="has no symbol"):
            confirm_terminal(name, "main", "EURUSD=EURUSD.x", tmp_path / "no", None)


@pytest.mark.parametrize("text", ["x:new-york", "2:mars", ":"])
def test_a_clock_that_nobody_keeps_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="server clock"):
        parse_clock(text)
