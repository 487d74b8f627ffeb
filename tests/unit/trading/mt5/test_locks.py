"""What stops trading until a person looks: account, terminal, contract, clock, blocked calls."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from threading import Event, Timer
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from assay.model.errors import OperatorError
from assay.model.messages import AccountReported, GatewayAlarm, OrderAccepted, OrderRejected
from assay.model.time import DAY, HOUR, MINUTE, SECOND
from assay.trading.brokers.mt5.account import AccountLock, find_missing_arm, read_arm
from assay.trading.brokers.mt5.blocking import (
    BoundedTerminal,
    TerminalBlockedError,
    TerminalBusyError,
)
from assay.trading.brokers.mt5.contracts import terms_of
from assay.trading.brokers.mt5.servertime import ServerClock
from assay.trading.terminal.profile import AccountTerms
from tests.unit.trading.mt5.rig import Rig, all_of, only

OTHER = AccountTerms(login=999, kind="real")


def codes(events: list[Any]) -> list[str]:
    return [alarm.code for alarm in all_of(events, GatewayAlarm)]


def two_accounts(kind: str = "demo") -> Rig:
    first = AccountTerms(login=111, kind=kind)  # type: ignore[arg-type]
    return Rig(accounts=(first, OTHER))


def test_another_account_stops_trading_until_a_person_says_otherwise() -> None:
    rig = two_accounts()
    only(rig.do(), OrderAccepted)
    rig.hand.switch_account(999)
    refused = only(rig.do(), OrderRejected)
    assert refused.reason == "account_changed"
    assert refused.text == "login is 999, not 111; trade_mode is real, not demo"
    assert all_of(rig.poll(), AccountReported) == []
    rig.hand.switch_account(111)
    assert only(rig.do(), OrderRejected).reason == "account_changed"
    rig.gateway.acknowledge("account", rig.now)
    only(rig.do(), OrderAccepted)


def test_another_account_that_polling_meets_raises_one_alarm() -> None:
    rig = two_accounts()
    rig.poll()
    rig.hand.switch_account(999)
    assert codes(rig.poll()) == ["account_changed"]
    assert rig.poll() == []
    assert list(rig.gateway.stopped) == ["account"]
    fresh = rig.open()
    fresh.restore(rig.gateway.snapshot())
    assert list(fresh.stopped) == ["account"]


def test_real_money_needs_an_arm_that_names_the_login() -> None:
    rig = two_accounts("real")
    assert rig.settings.lock.trade_mode == "real"
    for armed in (0, 112):
        rig.gateway = rig.open(armed_login=armed)
        assert only(rig.do(), OrderRejected).reason == "not_armed"
    rig.gateway = rig.open(armed_login=111)
    only(rig.do(), OrderAccepted)


def test_the_arm_is_a_file_of_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "arm"
    assert read_arm(path) == 0
    path.write_text("111\n")
    path.chmod(0o600)
    assert read_arm(path) == 111
    path.chmod(0o640)
    with pytest.raises(OperatorError, match="can be read by others"):
        read_arm(path)
    path.chmod(0o600)
    path.write_text("yes")
    with pytest.raises(OperatorError, match="'yes'"):
        read_arm(path)


@pytest.mark.parametrize(
    ("mode", "armed", "missing"),
    [("demo", 0, False), ("contest", 0, False), ("real", 0, True), ("real", 7, False)],
)
def test_what_needs_an_arm(mode: Any, armed: int, missing: bool) -> None:
    lock = AccountLock(login=7, server="S", trade_mode=mode, margin_mode="netting", currency="USD")
    assert bool(find_missing_arm(lock, armed)) == missing


@pytest.mark.parametrize(
    ("switch", "reason"),
    [
        ("switch_auto_trading", "client_disables_at"),
        ("switch_experts", "server_disables_at"),
        ("switch_trading", "server_disables_at"),
    ],
)
def test_where_programs_may_not_trade_the_gateway_says_not_flat(switch: str, reason: str) -> None:
    rig = Rig()
    ticket = rig.open_position()
    getattr(rig.hand, switch)(False)
    events = rig.do("close", ticket=ticket)
    assert only(events, OrderRejected).reason == reason
    alarm = only(events, GatewayAlarm)
    assert alarm.code == "not_flat"
    assert "NOT FLAT: 10000 of EURUSD" in alarm.text
    assert codes(rig.poll()) == ["not_flat"]
    assert codes(rig.poll()) == []
    getattr(rig.hand, switch)(True)
    rig.poll()
    only(rig.do("close", ticket=ticket), OrderAccepted)
    rig.poll()
    getattr(rig.hand, switch)(False)
    assert codes(rig.poll()) == ["trading_off"]


def test_a_terminal_that_lost_its_server_sends_nothing() -> None:
    rig = Rig()
    rig.open_position()
    rig.hand.disconnect()
    events = rig.do()
    assert only(events, OrderRejected).reason == "disconnected"
    assert codes(events) == ["not_flat"]
    assert codes(rig.poll()) == ["disconnected"]
    rig.hand.reconnect()
    assert codes(rig.poll()) == []
    only(rig.do(), OrderAccepted)


def test_a_terminal_that_is_away_is_told_once_and_taken_up_again() -> None:
    rig = Rig()
    rig.poll()
    rig.hand.restart(30.0)
    assert codes(rig.poll()) == ["terminal_away"]
    assert rig.poll() == []
    events = rig.do()
    assert only(events, OrderRejected).reason == "terminal_away"
    rig.pass_time(MINUTE)
    assert rig.terminal.initialize()
    only(rig.poll(), AccountReported)
    only(rig.do(), OrderAccepted)


def test_a_send_that_takes_too_long_raises_an_alarm() -> None:
    rig = Rig()
    rig.hand.delay_next(7.0)
    events = rig.do()
    only(events, OrderAccepted)
    assert "a send took 7000 ms" in only(events, GatewayAlarm).text


@pytest.mark.parametrize(
    ("mode", "quantity", "reason"),
    [
        ("disabled", 10_000, "trade_disabled"),
        ("close_only", 10_000, "close_only"),
        ("long_only", -10_000, "long_only"),
        ("short_only", 10_000, "short_only"),
        ("long_only", 10_000, ""),
        ("short_only", -10_000, ""),
    ],
)
def test_modes_of_trading_deny_before_sending(mode: str, quantity: int, reason: str) -> None:
    rig = Rig()
    rig.poll()
    rig.hand.change_terms("EURUSD", trade_mode=mode)
    rig.hand.answer_next(10_006)  # were it sent, it would be rejected so
    found = only(rig.do(quantity=quantity), OrderRejected)
    assert found.reason == (reason or "reject")


def test_a_netting_position_may_be_reduced_where_only_closing_is_allowed() -> None:
    rig = Rig()
    rig.open_position()
    rig.hand.change_terms("EURUSD", trade_mode="close_only")
    assert only(rig.do(quantity=-11_000), OrderRejected).reason == "close_only"
    only(rig.do(quantity=-10_000), OrderAccepted)


def test_a_changed_contract_denies_until_it_is_accepted_and_gets_a_version() -> None:
    rig = Rig()
    ticket = rig.open_position()
    rig.hand.change_terms("EURUSD", contract_size=Decimal(10_000))
    refused = only(rig.do(), OrderRejected)
    assert refused.reason == "contract_changed"
    assert refused.text == "trade_contract_size was 100000.0 and is 10000.0"
    only(rig.do(symbol="XAUUSD", quantity=1_000), OrderAccepted)
    assert list(rig.gateway.stopped) == ["contract:EURUSD"]
    said = rig.gateway.acknowledge("contract:EURUSD", rig.now)
    assert said == "EURUSD is open under the contract before; close it first"
    only(rig.do("close", ticket=ticket), OrderAccepted)
    rig.poll()
    assert rig.gateway.acknowledge("contract:EURUSD", rig.now).endswith("version 2")
    only(rig.do(), OrderAccepted)


def test_a_contract_that_changed_between_confirming_and_the_first_start_denies() -> None:
    rig = Rig()
    shown = rig.terminal.symbol_info("EURUSD")
    assert shown is not None
    rig.hand.change_terms("EURUSD", contract_size=Decimal(10_000))
    rig.gateway = rig.open(contracts={"EURUSD": terms_of(shown)})
    refused = only(rig.do(), OrderRejected)
    assert refused.text == "trade_contract_size was 100000.0 and is 10000.0"
    assert rig.gateway.acknowledge("contract:EURUSD", rig.now).endswith("version 2")
    only(rig.do(), OrderAccepted)


def test_contracts_are_read_anew_each_day() -> None:
    rig = Rig()
    rig.poll()
    rig.hand.change_terms("EURUSD", swap_triple_day=5)
    assert codes(rig.poll()) == []
    rig.pass_time(DAY)
    assert codes(rig.poll()) == ["contract_changed"]
    rig.pass_time(DAY)
    assert codes(rig.poll()) == []


def test_an_unmapped_symbol_is_refused_naming_those_that_are() -> None:
    rig = Rig()
    refused = only(rig.do(symbol="GBPUSD"), OrderRejected)
    assert refused.reason == "symbol_unmapped"
    assert refused.text == "GBPUSD is not confirmed; confirmed are EURUSD, XAUUSD"


def pass_week(rig: Rig) -> None:
    """Let the market rest until Sunday 17:00 of New York and trade until Wednesday."""
    zone = ZoneInfo("America/New_York")
    today = datetime.fromtimestamp(rig.now // SECOND, zone)
    sunday = today + timedelta(days=6 - today.weekday())
    opens = int(sunday.replace(hour=17, minute=0).timestamp()) * SECOND
    for hours in range(0, 72, 6):
        rig.terminal.advance(opens + hours * HOUR)
        rig.quote("EURUSD", 110_000, 110_010)


def test_the_servers_clock_is_inferred_from_the_weekly_open() -> None:
    rig = Rig("netting")
    rig.gateway = rig.open(clock=None)
    rig.poll()
    assert only(rig.do(), OrderRejected).reason == "server_time_unknown"
    pass_week(rig)
    rig.poll()
    only(rig.do(), OrderAccepted)


def test_a_servers_clock_that_moved_halts_and_asks() -> None:
    rig = Rig("netting")  # whose server follows New York's summer time, from 10 March on
    rig.gateway = rig.open(clock=ServerClock(offset_s=7_200))
    pass_week(rig)
    alarm = only(rig.poll(), GatewayAlarm)
    assert alarm.code == "server_time_changed"
    assert "10800 s ahead of UTC since 2024-03-10, not 7200 s" in alarm.text
    assert only(rig.do(), OrderRejected).reason == "server_time_changed"
    told = rig.gateway.acknowledge("server-time", rig.now)
    assert "offset_s=7200, family='new-york'" in told
    only(rig.do(), OrderAccepted)


def test_a_tick_from_the_future_shows_another_clock() -> None:
    rig = Rig("netting")
    rig.gateway = rig.open(clock=ServerClock(offset_s=0))
    assert only(rig.do(), OrderRejected).reason == "server_time_changed"


class StuckTerminal:
    """Answer like the terminal behind it, but for one function that waits until it is freed."""

    def __init__(self, terminal: Any, stuck: str) -> None:
        self._terminal, self._stuck = terminal, stuck
        self.freed = Event()

    def __getattr__(self, name: str) -> Any:
        function = getattr(self._terminal, name)
        if name != self._stuck:
            return function

        def wait(*unnamed: Any, **named: Any) -> Any:
            self.freed.wait(timeout=60)
            return function(*unnamed, **named)

        return wait


@pytest.fixture
def stuck() -> Iterator[StuckTerminal]:
    terminal = StuckTerminal(Rig().terminal, "order_send")
    yield terminal
    terminal.freed.set()


def test_a_blocked_call_is_left_alone_and_the_next_one_refused(stuck: StuckTerminal) -> None:
    terminal = BoundedTerminal(stuck, limit_ns=20_000_000)  # type: ignore[arg-type]
    assert terminal.account_info().login
    with pytest.raises(TerminalBlockedError, match=r"order_send has not answered for 0\.02 s"):
        terminal.order_send({})
    with pytest.raises(TerminalBusyError, match="account_info was not asked"):
        terminal.account_info()
    terminal.close()


HANGING = """
import threading
from assay.trading.brokers.mt5.blocking import BoundedTerminal, TerminalBlockedError

class Hanging:
    def account_info(self):
        threading.Event().wait()

try:
    BoundedTerminal(Hanging(), limit_ns=20_000_000).account_info()
except TerminalBlockedError:
    print("told")
"""


def test_a_program_ends_although_its_terminal_hangs() -> None:
    done = subprocess.run(
        [sys.executable, "-c", HANGING], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, "told\n"), done.stderr


def test_connecting_may_take_as_long_as_starting_a_terminal() -> None:
    rig = Rig()
    stuck = StuckTerminal(rig.terminal, "initialize")
    terminal = BoundedTerminal(stuck, limit_ns=1)  # type: ignore[arg-type]
    Timer(0.05, stuck.freed.set).start()
    assert terminal.initialize()
    terminal.close()


def test_a_blocked_send_is_unknown_and_not_flat() -> None:
    rig = Rig()
    rig.open_position()
    stuck = StuckTerminal(rig.terminal, "order_send")
    bounded = BoundedTerminal(stuck, limit_ns=20_000_000)  # type: ignore[arg-type]
    state = rig.gateway.snapshot()
    rig.gateway = rig.open(bounded)  # type: ignore[arg-type]
    rig.gateway.restore(state)
    events = rig.do()
    assert [type(event).__name__ for event in events] == ["OrderUnknown", "GatewayAlarm"]
    assert "NOT FLAT: 10000 of EURUSD" in only(events, GatewayAlarm).text
    events = rig.do()
    assert only(events, OrderRejected).reason == "blocked"
    assert codes(rig.poll()) == ["blocked"]
    stuck.freed.set()
    bounded.close()
    rig.gateway = rig.open()
    rig.gateway.restore(state)
    assert msgspec.msgpack.decode(rig.gateway.snapshot())["stopped"] == {}
