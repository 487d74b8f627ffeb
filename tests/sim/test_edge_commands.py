"""Killed between any two steps of a command, an edge carries it out once and says what became."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from assay.apps.edge.accountlog import AccountLog, Received
from assay.apps.edge.commands import Executor
from assay.apps.edge.dialing import Bridge
from assay.apps.edge.process import Connector, Surroundings
from assay.apps.edge.quotes import MarketLog, QuotePoller, QuoteWindows
from assay.apps.edge.terminals import WakingTerminal
from assay.apps.link.frames import Batch, Noted, Outcome, PackedCodec, Reported
from assay.model.messages import Message, OrderRejected, OrderUnknown, decode_message
from assay.model.time import HOUR
from assay.runtime.clock import SimClock, SystemClock
from assay.runtime.ids import Rng
from assay.runtime.logs import open_log
from assay.trading.brokers.mt5.ports import OrderCommand
from tests.sim.edging import Broker, CountingGateway, QuoteTerminal, Utc, accepted, command

COMMANDS = 4
CODEC = PackedCodec()


class Killed(BaseException):
    """End an edge as a kill would."""


@dataclass
class Fuse:
    """Count operations and burn at one of them."""

    at: int
    done: int = 0

    def burn(self) -> None:
        self.done += 1
        if self.done == self.at:
            raise Killed


@dataclass
class Exchange:
    """Take orders and number the deals they make; it outlives every edge."""

    executed: list[int] = field(default_factory=list)

    def gateway(self, fuse: Fuse) -> ExchangeGateway:
        return ExchangeGateway(self, fuse)


class ExchangeGateway:
    """Carry orders to the exchange; its state is how many deals it has told."""

    def __init__(self, exchange: Exchange, fuse: Fuse) -> None:
        self._exchange, self._fuse, self._told = exchange, fuse, 0

    def execute(self, wanted: OrderCommand, now: int) -> list[Message]:
        self._fuse.burn()
        self._exchange.executed.append(wanted.id)
        self._fuse.burn()
        return [accepted(wanted, now)]

    def reconcile(self, wanted: OrderCommand, now: int) -> list[Message]:
        if wanted.id in self._exchange.executed:
            return [accepted(wanted, now)]
        return [
            OrderRejected(id=0, ts_event=now, ts_init=now, key=wanted.id, account=wanted.account,
                          symbol=wanted.symbol, reason="never_arrived")
        ]  # fmt: skip

    def poll(self, now: int) -> list[Message]:
        new = self._exchange.executed[self._told :]
        self._told += len(new)
        return [accepted(command(key), now) for key in new]

    def snapshot(self) -> bytes:
        return b"%d" % self._told

    def restore(self, state: bytes) -> None:
        self._told = int(state)


def burning_log(folder: Path, fuse: Fuse) -> AccountLog:
    """Return a log that may be killed before and after each record is on the disk."""
    log = AccountLog(folder)
    append: Callable[..., Any] = log._append

    def burn(entries: list[Any]) -> int:
        fuse.burn()
        end: int = append(entries)
        fuse.burn()
        return end

    log._append = burn  # type: ignore[method-assign]
    return log


def live(folder: Path, exchange: Exchange, fuse: Fuse) -> None:
    """Take up what was left, then take the commands that the bridge sends again."""
    log = burning_log(folder, fuse)
    gateway = exchange.gateway(fuse)
    try:
        executor = Executor(
            log, gateway, SimClock(1), open_log(None, "edge", stream=None), lambda: None
        )
        executor.recover()
        stored = log.last_of("origin")
        came = [
            Received(number, "origin", number, CODEC.encode(command(number)))
            for number in range(stored + 1, COMMANDS + 1)
        ]
        # Two at a time, as batches come.
        for start in range(0, len(came), 2):
            executor.carry_out(came[start : start + 2], lambda received: None)
        executor.poll()
        assert executor.unknown == 0
    finally:
        log.close()


def told(folder: Path) -> list[Noted | Outcome | Reported]:
    """Return the stream that the bridge would get."""
    log = AccountLog(folder)
    sending = log.sending()
    sending.resume(0)
    found = []
    while isinstance(frame := sending.take(), Batch):
        found += [CODEC.decode(bytes(each), Noted | Outcome | Reported) for each in frame.records]
    log.close()
    return found


def count_steps(tmp_path: Path) -> int:
    fuse = Fuse(0)
    live(tmp_path / "whole", Exchange(), fuse)
    return fuse.done


def test_killed_at_every_step_and_killed_again(tmp_path: Path) -> None:
    steps = count_steps(tmp_path)
    assert steps > 20
    for at in range(1, steps + 1):
        for again in (0, 1 + at % 7):
            folder, exchange = tmp_path / f"{at}-{again}", Exchange()
            with pytest.raises(Killed):
                live(folder, exchange, Fuse(at))
            if again:
                # Where little was left to do the second life ends in order.
                with suppress(Killed):
                    live(folder, exchange, Fuse(again))
            live(folder, exchange, Fuse(0))
            judge(folder, exchange, f"killed at {at}, then at {again}")


def judge(folder: Path, exchange: Exchange, when: str) -> None:
    records = told(folder)
    outcomes = [each for each in records if isinstance(each, Outcome)]
    assert sorted(each.command for each in outcomes) == list(range(1, COMMANDS + 1)), when
    assert len(set(exchange.executed)) == len(exchange.executed), when
    for each in outcomes:
        [event] = [decode_message(bytes(raw)) for raw in each.events]
        is_done = each.command in exchange.executed
        assert type(event).__name__ == ("OrderAccepted" if is_done else "OrderRejected"), when
    reported = [
        decode_message(bytes(raw)).key  # type: ignore[attr-defined]
        for each in records if isinstance(each, Reported) for raw in each.events
    ]  # fmt: skip
    assert reported == exchange.executed, when


def test_a_command_that_comes_again_is_answered_and_not_carried_out(tmp_path: Path) -> None:
    exchange = Exchange()
    live(tmp_path, exchange, Fuse(0))
    log = AccountLog(tmp_path)
    executor = Executor(
        log, exchange.gateway(Fuse(0)), SimClock(2), open_log(None, "edge", stream=None),
        lambda: None,
    )  # fmt: skip
    again = [Received(2, "another", number, CODEC.encode(command(2))) for number in (1, 2)]
    executor.carry_out(again, lambda received: None)
    log.close()
    assert exchange.executed == [1, 2, 3, 4]
    outcomes = [each for each in told(tmp_path) if isinstance(each, Outcome) and each.command == 2]
    assert [each.how for each in outcomes] == ["executed", "repeated", "repeated"]
    assert len({tuple(map(bytes, each.events)) for each in outcomes}) == 1


def test_a_command_of_a_later_version_is_refused_and_holds_nothing_up(tmp_path: Path) -> None:
    exchange, log = Exchange(), AccountLog(tmp_path)
    executor = Executor(
        log, exchange.gateway(Fuse(0)), SimClock(2), open_log(None, "edge", stream=None),
        lambda: None,
    )  # fmt: skip
    strange = CODEC.encode({"type": "OrderCommand", "id": 1, "kind": "hedge"})
    came = [Received(1, "o", 1, strange), Received(2, "o", 2, CODEC.encode(command(2)))]
    executor.carry_out(came, lambda received: None)
    log.close()
    assert exchange.executed == [2]
    refused, done = (each for each in told(tmp_path) if isinstance(each, Outcome))
    [event] = [decode_message(bytes(raw)) for raw in refused.events]
    assert isinstance(event, OrderRejected)
    assert (event.key, event.reason, done.command) == (1, "unreadable", 2)


@pytest.mark.parametrize("found_by", ["poll", "execute"])
def test_a_fate_that_the_gateway_finds_later_is_the_outcome(tmp_path: Path, found_by: str) -> None:
    exchange, clock = Exchange(), SimClock(1)

    class Searching(ExchangeGateway):
        asked = 0

        def reconcile(self, wanted: OrderCommand, now: int) -> list[Message]:
            self.asked += 1
            return [
                OrderUnknown(id=0, ts_event=now, ts_init=now, key=wanted.id, account="main",
                             symbol="EURUSD", reason="searching")
            ]  # fmt: skip

        def execute(self, wanted: OrderCommand, now: int) -> list[Message]:
            # What it looks for it may also find on its way.
            return self.poll(now) + super().execute(wanted, now)

    def live_on() -> tuple[Executor, Searching, AccountLog]:
        log, gateway = AccountLog(tmp_path), Searching(exchange, Fuse(0))
        quiet = open_log(None, "edge", stream=None)
        return Executor(log, gateway, clock, quiet, lambda: None), gateway, log

    executor, gateway, log = live_on()
    gateway._fuse.at = 2  # after the exchange has it
    with pytest.raises(Killed):
        executor.carry_out([Received(1, "o", 1, CODEC.encode(command(1)))], lambda received: None)
    log.close()
    executor, gateway, log = live_on()
    executor.recover()
    assert executor.unknown == 1
    if found_by == "poll":
        executor.poll()
    else:
        came = [Received(2, "o", 2, CODEC.encode(command(2)))]
        executor.carry_out(came, lambda received: None)
    assert (executor.unknown, gateway.asked) == (0, 1)
    log.close()
    records = told(tmp_path)
    outcomes = [(each.command, each.how) for each in records if isinstance(each, Outcome)]
    assert outcomes == [(1, "reconciled"), (2, "executed")][: len(exchange.executed)]
    events = [
        type(decode_message(bytes(raw))).__name__
        for each in records if not isinstance(each, Noted) for raw in each.events
    ]  # fmt: skip
    assert events == ["OrderUnknown", *["OrderAccepted"] * len(exchange.executed)]
    assert exchange.executed == ([1] if found_by == "poll" else [1, 2])


def test_a_gateway_that_fails_leaves_the_command_unknown_until_it_answers(tmp_path: Path) -> None:
    exchange, clock = Exchange(), SimClock(1)

    class Broken(ExchangeGateway):
        away = True

        def execute(self, wanted: OrderCommand, now: int) -> list[Message]:
            super().execute(wanted, now)
            raise OSError("the pipe broke")

        def reconcile(self, wanted: OrderCommand, now: int) -> list[Message]:
            if self.away:
                raise OSError("the pipe is broken")
            return super().reconcile(wanted, now)

    log, gateway = AccountLog(tmp_path), Broken(exchange, Fuse(0))
    executor = Executor(log, gateway, clock, open_log(None, "edge", stream=None), lambda: None)
    executor.carry_out([Received(1, "o", 1, CODEC.encode(command(1)))], lambda received: None)
    clock.advance_to(10_000_000_000)
    executor.poll()
    assert executor.unknown == 1
    gateway.away = False
    clock.advance_to(20_000_000_000)
    executor.poll()
    assert executor.unknown == 0
    log.close()
    assert exchange.executed == [1]
    assert [each.how for each in told(tmp_path) if isinstance(each, Outcome)] == ["reconciled"]


class Wall(SystemClock):
    """Be a clock that a person sets."""

    now = 10 * HOUR

    def now_ns(self) -> int:
        return self.now


def test_a_clock_that_is_set_back_keeps_nobody_from_asking(tmp_path: Path) -> None:
    """Neither for the account, nor for a command that is unknown, nor for a terminal."""
    polled: list[int] = []

    class Polled(CountingGateway):
        def poll(self, now: int) -> list[Message]:
            polled.append(now)
            return []

    class Away:
        tried = 0

        def copy_ticks_from(self, *_: object) -> None:
            return None

        def terminal_info(self) -> None:
            return None

        def initialize(self) -> None:
            self.tried += 1

    wall, away, bridge = Wall(), Away(), Bridge("ws://127.0.0.1:9", "desk", "00" * 32)
    waking = WakingTerminal(away, wall)
    logger = open_log(None, "edge", stream=None)

    def polls(log: MarketLog) -> QuotePoller:
        return QuotePoller(QuoteWindows(QuoteTerminal({}), Utc()), {}, log)

    connector = Connector(
        tmp_path, bridge, Polled(Broker()), polls, Surroundings(wall, Rng(1), logger)
    )
    for _ in range(2):
        connector._ask_terminal()
        waking.copy_ticks_from("EURUSD", 0, 1, 0)
        wall.now -= 2 * HOUR
    assert len(polled) == 2
    assert away.tried == 2
    connector.stop()
    connector.run()
