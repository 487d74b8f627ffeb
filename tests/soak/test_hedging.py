"""Hedging terminals: many days of tickets, and a desk of programs of which each is killed."""

from contextlib import ExitStack
from itertools import count
from pathlib import Path

from assay.model.messages import OrderFilled
from assay.runtime.clock import Deadline
from tests.integration.test_live import Desk, read_journal, trade_through_kills
from tests.sim.hedge_story import live_through

LEAST = 100


def test_engine_ledger_and_terminal_hold_the_same_tickets_after_each_of_many_days(
    tmp_path: Path, soak_seconds: float, soak_seed: int
) -> None:
    deadline, deaths = Deadline(soak_seconds), 0
    for number in count():
        if number >= LEAST and deadline.has_passed():
            break
        deaths += len(live_through(tmp_path / str(number), soak_seed * 100_000 + number))
    assert deaths > number


def test_a_desk_of_programs_trades_tickets_and_survives_kills_of_each(tmp_path: Path) -> None:
    with ExitStack() as stack:
        desk = Desk(tmp_path, stack, margin_mode="hedging")
        stack.callback(desk.end)
        trade_through_kills(desk)
        fills = [each for each in read_journal(desk.home) if isinstance(each, OrderFilled)]
        assert all(isinstance(each.ticket, int) for each in fills)
