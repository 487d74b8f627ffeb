"""`assay mt5-sim` as a process: killed while a program trades, it goes on with the same books."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from assay.runtime.clock import require_within
from assay.trading.brokers.mt5 import api
from assay.trading.terminal import TerminalClient, connect_terminal
from tests.architecture.documents import ROOT
from tests.integration.killing import ASSAY

SAMPLE = ROOT / "src/assay/market/history/sample/eurusd_h1_sample_20170101_20171229.parquet"
HOUR = 3_600_000_000_000
BUY = {
    "action": api.TRADE_ACTION_DEAL, "symbol": "EURUSD.m", "volume": 0.1,
    "type": api.ORDER_TYPE_BUY, "deviation": 100, "magic": 11,
}  # fmt: skip


@contextmanager
def running(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], TerminalClient]]:
    address = folder / "address.json"
    address.unlink(missing_ok=True)
    told = [
        *ASSAY, "mt5-sim", "--data", str(SAMPLE), "--profile", "hedging", "--speed", "0",
        "--address", str(address), "--state", str(folder / "state.bin"),
    ]  # fmt: skip
    with subprocess.Popen(told, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            require_within(address.exists, "the terminal's address", seconds=60)
            terminal = connect_terminal(address)
            yield process, terminal
            terminal.close()
        finally:
            process.kill()


def trade(terminal: TerminalClient) -> int:
    assert terminal.initialize()
    assert terminal.symbol_select("EURUSD.m")
    terminal.control("advance", terminal.control("now") + 30 * HOUR)
    price = terminal.symbol_info_tick("EURUSD.m").ask
    result = terminal.order_send({**BUY, "price": price})
    assert result.retcode == api.TRADE_RETCODE_DONE
    return int(result.order)


@pytest.mark.running
def test_a_killed_terminal_goes_on_with_its_books_and_its_market(tmp_path: Path) -> None:
    with running(tmp_path) as (process, terminal):
        first = trade(terminal)
        before = terminal.history_deals_get(0, 2**32)
        tick = terminal.symbol_info_tick("EURUSD.m")
        process.kill()
        process.wait(30)
        assert terminal.positions_get() is None
        assert terminal.last_error()[0] == api.RES_E_INTERNAL_FAIL_RECEIVE
    with running(tmp_path) as (_, terminal):
        assert terminal.initialize()
        assert terminal.history_deals_get(0, 2**32) == before
        assert terminal.symbol_info_tick("EURUSD.m") == tick
        assert len(terminal.copy_rates_from_pos("EURUSD.m", api.TIMEFRAME_H1, 0, 99)) > 20
        second = trade(terminal)
        assert [held.ticket for held in terminal.positions_get()] == [first, second]
