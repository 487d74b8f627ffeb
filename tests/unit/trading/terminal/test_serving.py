"""A terminal over its socket: programs come and go, the terminal and its books stay."""

from __future__ import annotations

import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assay.model.errors import UsageError
from assay.model.time import MINUTE, SECOND
from assay.runtime.clock import wait_for
from assay.trading.brokers.mt5 import api
from assay.trading.terminal import TerminalClient, connect_terminal
from assay.trading.terminal.client import FUNCTIONS
from assay.trading.terminal.serving import TerminalHost, serve_second
from assay.trading.terminal.wire import Address, pack, read_address, send_frame, unpack
from tests.unit.trading.terminal.broker import MONDAY, deal, make


@contextmanager
def served(folder: Path, **given: Any) -> Iterator[TerminalHost]:
    host = TerminalHost(make(), **given)
    host.write_address(folder / "address.json")
    thread = threading.Thread(target=host.run)
    thread.start()
    try:
        yield host
    finally:
        host.stop()
        thread.join(10)
        assert not thread.is_alive()


@contextmanager
def connected(folder: Path) -> Iterator[TerminalClient]:
    terminal = connect_terminal(folder / "address.json", timeout=10)
    try:
        yield terminal
    finally:
        terminal.close()


def test_a_second_terminal_of_a_server_has_its_own_door(tmp_path: Path) -> None:
    other, asked = tmp_path / "second", deal(api.ORDER_TYPE_BUY, 0.1)
    with (
        served(tmp_path) as host,
        serve_second(host, other / "address.json"),
        connected(tmp_path) as first,
        connected(other) as second,
    ):
        assert first.initialize()
        assert second.initialize()
        first.control("hand.switch_auto_trading", False)
        assert first.order_send(asked).retcode == api.TRADE_RETCODE_CLIENT_DISABLES_AT
        assert second.order_send(asked).retcode == api.TRADE_RETCODE_DONE
        assert first.positions_get() == second.positions_get()
        assert first.positions_get()
    assert not (other / "address.json").exists()


def test_a_client_answers_as_the_terminal_itself(tmp_path: Path) -> None:
    with served(tmp_path) as host, connected(tmp_path) as far:
        near = host.terminal
        assert far.positions_get() is None
        assert far.last_error() == (api.RES_E_INTERNAL_FAIL_CONNECT, "No IPC connection")
        assert far.initialize()
        assert far.symbol_select("EURUSD")
        result = far.order_send(deal(api.ORDER_TYPE_BUY, 0.1, magic=5))
        assert (result.retcode, result.request.magic) == (api.TRADE_RETCODE_DONE, 5)
        assert type(result).__name__ == "OrderSendResult"
        for name in ("positions_get", "account_info", "terminal_info", "version", "symbols_get"):
            assert getattr(far, name)() == getattr(near, name)()
        told = far.copy_ticks_from("EURUSD", 0, 10, api.COPY_TICKS_ALL)
        assert np.array_equal(told, near.copy_ticks_from("EURUSD", 0, 10, api.COPY_TICKS_ALL))
        assert far.history_deals_get(0, 2**32, group="EUR*")[0].symbol == "EURUSD"
        assert far.order_send({"action": "deal"}) is None
        assert far.last_error() == (-2, 'Invalid "action" argument')
        with pytest.raises(TypeError):
            far.copy_rates_from("EURUSD")
        assert {name for name in FUNCTIONS if callable(getattr(far, name))} == FUNCTIONS


def test_programs_come_and_go_while_the_terminal_stays(tmp_path: Path) -> None:
    with served(tmp_path), connected(tmp_path) as judge:
        assert judge.initialize()
        with connected(tmp_path) as program:
            assert program.initialize()
            program.order_send(deal(api.ORDER_TYPE_BUY, 0.1))
            assert program.order_send({"action": 1, "volume": None}) is None
            # The error of one program is none of another's.
            assert judge.last_error() == (1, "Success")
        assert judge.positions_total() == 1
        assert judge.control("hand.close", judge.positions_get()[0].ticket).retcode == 10009
        assert judge.history_deals_get(0, 2**32)[-1].reason == api.DEAL_REASON_CLIENT
        judge.control("quote", "EURUSD", 110_100, 110_110, MONDAY + MINUTE)
        assert judge.control("advance", MONDAY + 2 * MINUTE) == 0
        assert judge.control("now") == MONDAY + 2 * MINUTE
        assert judge.symbol_info_tick("EURUSD").bid == 1.101
        for name in ("save", "hand._ask", "server", "desk"):
            with pytest.raises((TypeError, ConnectionError)):
                judge.control(name)


def test_the_token_is_asked_for_and_kept_from_others(tmp_path: Path) -> None:
    with served(tmp_path) as host:
        path = tmp_path / "address.json"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert read_address(path) == host.address
        stranger = TerminalClient(Address(host.address.host, host.address.port, "guess"), 10)
        assert stranger.initialize() is False
        assert stranger.last_error() == (api.RES_E_INTERNAL_FAIL_RECEIVE, "IPC recv failed")
        with socket.create_connection((host.address.host, host.address.port), 10) as link:
            send_frame(link, host.address.token)
            link.sendall(b"\xff\xff\xff\xffnothing")
            assert link.recv(1) == b""
        with connected(tmp_path) as ours:
            assert ours.initialize()


def test_a_terminal_that_is_gone_fails_as_one_that_crashed(tmp_path: Path) -> None:
    with served(tmp_path):
        far = connect_terminal(tmp_path / "address.json", timeout=10)
        assert far.initialize()
        link = far._link
        assert link is not None
        link.shutdown(socket.SHUT_RDWR)
        assert far.positions_get() is None
        assert far.last_error()[0] == api.RES_E_INTERNAL_FAIL_RECEIVE
        assert far.positions_get() is None
        assert far.last_error()[0] == api.RES_E_INTERNAL_FAIL_CONNECT
        assert far.initialize()
        assert far.positions_get() == ()
        far.shutdown()
    assert far.initialize() is False
    assert far.last_error()[0] == api.RES_E_INTERNAL_FAIL_INIT
    with pytest.raises(UsageError, match="start assay mt5-sim"):
        connect_terminal(tmp_path / "elsewhere.json")


def test_books_outlive_the_process_where_a_state_is_kept(tmp_path: Path) -> None:
    state = tmp_path / "state.bin"
    with served(tmp_path, state=state), connected(tmp_path) as far:
        assert far.initialize()
        far.order_send(deal(api.ORDER_TYPE_BUY, 0.1, magic=8))
        kept = far.history_deals_get(0, 2**32)
        # Written once the request was answered, so that a kill from here on loses nothing.
        on_disk = state.read_bytes()
    assert state.read_bytes() == on_disk
    with served(tmp_path, state=state), connected(tmp_path) as far:
        assert far.initialize()
        assert far.history_deals_get(0, 2**32) == kept
        assert far.positions_get()[0].magic == 8


def test_time_goes_on_by_itself_at_the_speed_asked_for(tmp_path: Path) -> None:
    with served(tmp_path, speed=100_000.0) as host, connected(tmp_path) as far:
        assert far.initialize()
        assert wait_for(lambda: host.terminal.now > MONDAY + 3600 * SECOND, seconds=30)


def test_values_keep_their_shape_on_the_wire() -> None:
    terminal = make()
    rows = terminal.copy_rates_from_pos("EURUSD", 1, 0, 5)
    assert np.array_equal(unpack(pack(rows)), rows)
    for value in (None, True, 3, 1.5, "text", (), (1, ("a",)), terminal.account_info()):
        assert unpack(pack(value)) == value
    asked = {"action": 1, "symbol": "EURUSD"}
    assert unpack(pack(asked)) == asked
