"""Kill a program that sends orders, for real, and hold what it wrote to the terminal's books."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from assay.apps.edge.accountlog import AccountLog
from assay.apps.link.frames import Batch, Noted, Outcome, PackedCodec, Reported
from assay.model.messages import decode_message
from assay.runtime.clock import wait_for
from assay.trading.execution import ExecutionBook, OrderState
from assay.trading.terminal.serving import TerminalHost
from tests.integration.broker_child import order_of, read_keys
from tests.unit.trading.mt5.rig import Rig
from tools.tidy import ROOT

START_S = 60.0


def read_events(folder: Path) -> list[Any]:
    """Return what the connector's log tells, as a bridge is sent it."""
    log, codec = AccountLog(folder / "edge"), PackedCodec()
    sending, events = log.sending(), list[Any]()
    while (batch := sending.take()) is not None:
        assert isinstance(batch, Batch)
        for raw in batch.records:
            record = codec.decode(bytes(raw), Noted | Outcome | Reported)
            if not isinstance(record, Noted):
                events += [decode_message(bytes(each)) for each in record.events]
        sending.acknowledge(sending.sent)
    log.close()
    return events


def start(folder: Path, orders: int) -> subprocess.Popen[bytes]:
    """Start the program."""
    command = [sys.executable, "-m", "tests.integration.broker_child", str(folder), str(orders)]
    paths = f"{ROOT / 'src'}{os.pathsep}{ROOT}"
    return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": paths}, cwd=ROOT)


def kill_after(program: subprocess.Popen[bytes], folder: Path, began: int, goal: int) -> None:
    """Kill a program once it has committed that many keys."""
    for least in (began, goal - 1):  # the second wait is a short one, and looks more often
        reached = wait_for(
            lambda: len(read_keys(folder)) > least or program.poll() is not None,  # noqa: B023
            seconds=START_S,
            step=0.001,
        )
        assert reached, f"no key {least} after {START_S:g} s"
    assert program.poll() is None, f"it ended by itself with {program.returncode}"
    program.send_signal(signal.SIGKILL)
    program.wait()


def survive(folder: Path, *, seed: int, kills: int, orders: int) -> Rig:
    """Send orders through that many kills to the end; return the terminal and the book."""
    rig, random = Rig("netting", seed=seed, still=False), Random(seed)
    (folder / "settings.json").write_bytes(msgspec.json.encode(rig.settings))
    host = TerminalHost(rig.terminal)
    host.write_address(folder / "address.json")
    thread = threading.Thread(target=host.run)
    thread.start()
    try:
        for _ in range(kills):
            began = len(read_keys(folder))
            goal = began + random.randint(1, max(orders // (kills + 1) - 2, 1))
            kill_after(start(folder, orders), folder, began, goal)
        last = start(folder, orders)
        assert last.wait(3 * START_S) == 0, f"seed {seed}"
    finally:
        host.stop()
        thread.join()
    for key in range(1, orders + 1):
        rig.book.open_order(key, order_of(key, rig.now).quantity)
    for event in read_events(folder):
        rig.book.apply(event)
    return rig


def judge(rig: Rig, *, orders: int, kills: int) -> None:
    """Say that each order was sent once and that the book is the terminal's."""
    book: ExecutionBook = rig.book
    desk = rig.terminal.desk.book
    sent = Counter(order.magic for order in desk.past)
    assert max(sent.values()) == 1, sent
    # The deposit was there before the program.
    assert set(book.deals) == {deal.ticket for deal in desk.deals[1:]}
    assert rig.opening + book.money == desk.balance
    for key in range(1, orders + 1):
        state = book.orders[key].state
        assert state is (OrderState.FILLED if key in sent else OrderState.REJECTED), key
    # A kill between key and sending leaves at most one order that never came.
    assert len(sent) >= orders - kills
