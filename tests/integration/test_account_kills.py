"""A bridge is killed for real while it lets go of an account's records: the books stay whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from assay.apps.bridge.feed import AccountFeed
from assay.apps.bridge.standing import read_standing
from assay.apps.link.log import list_segments
from assay.model.messages import AccountReported, DealBooked, Message
from assay.runtime.clock import wait_for
from assay.runtime.ids import Rng
from tests.integration.account_child import OPENING, event_of, profit_of
from tools.tidy import ROOT

pytestmark = pytest.mark.running
KILLS, START_S = 4, 60.0


def end_of(folder: Path) -> int:
    feed, end = AccountFeed(folder), 0
    while news := feed.read():
        end = news[-1].position
    return end


def live_and_die(folder: Path, records: int) -> None:
    """Let the program store so many records more, and kill it."""
    goal = end_of(folder) + records
    paths = f"{ROOT / 'src'}{os.pathsep}{ROOT}"
    program = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.account_child", str(folder)],
        env={**os.environ, "PYTHONPATH": paths}, cwd=ROOT,
    )  # fmt: skip
    try:
        assert wait_for(lambda: end_of(folder) >= goal, seconds=START_S, step=0.001)
        assert program.poll() is None
    finally:
        program.send_signal(signal.SIGKILL)
        program.wait()


def test_the_books_outlive_kills_of_who_lets_go_of_records(tmp_path: Path) -> None:
    folder, rng, left_out = tmp_path / "account", Rng(1), list[int]()
    for _ in range(KILLS):
        live_and_die(folder, rng.randint(60, 160))
        judge(folder)
        standing = read_standing(folder)
        assert standing is not None
        left_out.append(standing.position)
    assert left_out == sorted(set(left_out))
    assert len(list_segments(folder)) <= 3, "what was let go of is gone"


def judge(folder: Path) -> None:
    """Hold what a run that begins now hears to all that was ever told."""
    feed, events, end = AccountFeed(folder), list[Message](), 0
    while news := feed.read():
        events += [event for each in news for event in each.events]
        end = news[-1].position
    first = next(each for each in events if isinstance(each, AccountReported))
    deals = [each for each in events if isinstance(each, DealBooked)]
    made = sum(map(profit_of, range(1, end + 1)))
    assert first.balance + sum(each.profit for each in deals) == OPENING + made
    assert len({each.ticket for each in deals}) == len(deals)
    assert open_ones(deals) == open_ones(
        [told for told in map(event_of, range(1, end + 1)) if isinstance(told, DealBooked)]
    )


def open_ones(deals: list[DealBooked]) -> dict[int, int]:
    held: dict[int, int] = {}
    for deal in deals:
        held[deal.position] = held.get(deal.position, 0) + deal.own
    return {position: units for position, units in held.items() if units and position}
