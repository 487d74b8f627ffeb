"""Kill the connector between any two steps of an order: its book is then the terminal's."""

from collections.abc import Callable
from datetime import UTC, datetime
from random import Random

import pytest

from assay.trading.brokers.mt5.booking import Booking
from assay.trading.brokers.mt5.following import Following
from assay.trading.brokers.mt5.gateway import MT5Gateway
from assay.trading.brokers.mt5.ports import BrokerEvent, OrderCommand
from tests.sim.broker_crashes import ORDER_PATH, Day, live_through, live_with
from tests.sim.broker_host import Host, judge

SEEDS = 50
Break = Callable[[pytest.MonkeyPatch], None]


@pytest.mark.parametrize("seed", range(SEEDS))
def test_the_book_is_the_terminals_after_a_kill(seed: int) -> None:
    live_through(seed)


@pytest.mark.parametrize(
    ("named", "reason"),
    [
        ("a stop", "sl"),
        ("a target", "tp"),
        ("a stop-out", "so"),
        ("a close by hand", "client"),
        ("a part of a resting order", "expert"),
        ("a trade by hand", "client"),
        ("a withdrawal", "client"),
    ],
)
def test_what_happens_while_the_connector_is_down_is_booked(named: str, reason: str) -> None:
    reasons = set().union(*(live_with(named, seed) for seed in range(12)))
    assert reason in reasons


def test_every_step_of_an_order_is_killed_once() -> None:
    day = Day(2, set())
    names = day.run()
    first = names.index("before the key is stored")
    last = names.index("before the key is stored", first + 1)
    met = set()
    for step in range(first, last):
        Day(2, {step}).run()
        met.add(names[step])
    assert set(ORDER_PATH) <= met


def resend_blind(patch: pytest.MonkeyPatch) -> None:
    def reconcile(self: MT5Gateway, command: OrderCommand, now: int) -> list[BrokerEvent]:
        return self.execute(command, now)

    patch.setattr(MT5Gateway, "reconcile", reconcile)


def forget_commands(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(MT5Gateway, "reconcile", lambda self, command, now: [])


def adopt_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Following, "_adopt", lambda self, traces: ([], set()))


def poll_without_overlap(patch: pytest.MonkeyPatch) -> None:
    window = Booking.window

    def narrow(self: Booking) -> tuple[datetime, datetime]:
        first, last = window(self)
        newest = datetime.fromtimestamp(self._state.newest_ms // 1_000 + 1, UTC)
        return max(first, newest), last

    patch.setattr(Booking, "window", narrow)


@pytest.mark.parametrize(
    "damage", [resend_blind, forget_commands, adopt_nothing, poll_without_overlap]
)
def test_the_judge_finds_a_gateway_that_is_broken(
    damage: Break, monkeypatch: pytest.MonkeyPatch
) -> None:
    damage(monkeypatch)
    with pytest.raises(AssertionError):
        for seed in range(SEEDS):
            live_through(seed)


def test_the_judge_finds_a_deal_that_was_never_booked() -> None:
    day = Day(1, set())
    day.run()
    host: Host = day.host
    lost = Random(1).choice(sorted(host.rig.book.deals))
    del host.rig.book.deals[lost]
    with pytest.raises(AssertionError):
        judge(host)
