"""An exam keeps to its account and its budget, leaves nothing open, and goes on after a stop."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from assay.model.errors import OperatorError, UsageError
from assay.model.time import DAY, HOUR, MINUTE, SECOND
from assay.trading.brokers.mt5 import api
from assay.trading.exam.plan import MAGIC, admit
from assay.trading.exam.profiling import make_profile
from assay.trading.exam.record import read_record
from assay.trading.exam.sitting import Sitting
from assay.trading.terminal import BrokerProfile, Hand, SimulatedTerminal
from tests.unit.trading.exam.planted import (
    SITS,
    MarketClock,
    open_terminal,
    plan_of,
    plant_spreads,
    plant_symbol,
    planted_broker,
)

NAME = "EURUSD.m"
HEDGING = planted_broker(
    plant_symbol(
        NAME, ("4", "0", "2", "0.3"), execution="instant", stops_level=9, freeze_level=3,
        filling=("ioc",), spreads=plant_spreads(2, (8, 14), (50, 90)),
    ),
    seed=2, margin_mode="hedging", requotes="0.3", comments="prefix", magics="zero",
)  # fmt: skip


def sit(
    terminal: SimulatedTerminal, *, file: Path | None = None, orders: int = 40,
    tell: Callable[[str, float], None] | None = None, **plan: object,
) -> Sitting:  # fmt: skip
    given = {"span": 2 * HOUR, "poll": 10 * SECOND, "back": 3 * HOUR} | plan
    asked = plan_of(terminal.server.profile, orders, **given)
    return Sitting(terminal, MarketClock(terminal), asked, file=file, tell=tell)


def opened(profile: BrokerProfile = HEDGING) -> SimulatedTerminal:
    return open_terminal(profile, seed=5, step=20 * SECOND, moves=3.0)


def is_flat(terminal: SimulatedTerminal) -> bool:
    return not terminal.positions_get() and not terminal.orders_get()


def of_kind(kind: str) -> BrokerProfile:
    account = msgspec.structs.replace(HEDGING.accounts[0], kind=kind)
    return msgspec.structs.replace(HEDGING, accounts=(account,))


@pytest.mark.parametrize("kind", ["real", "contest"])
def test_money_that_is_no_demo_is_refused_before_anything_is_sent(kind: str) -> None:
    terminal = opened(of_kind(kind))
    with pytest.raises(UsageError, match=f"4711 is a {kind} account"):
        sit(terminal)
    assert is_flat(terminal)
    assert len(terminal.history_deals_get(0, 2**32) or ()) == 1


def test_a_login_that_was_not_named_is_refused() -> None:
    with pytest.raises(UsageError, match="names login 1, and the terminal shows 4711"):
        admit(opened().account_info(), 1)
    with pytest.raises(UsageError, match="logged in to no account"):
        admit(None, 1)


def test_what_somebody_else_has_open_is_refused_and_left_alone() -> None:
    terminal = opened()
    ticket = Hand(terminal).trade(NAME, 0.1).order
    with pytest.raises(UsageError, match=f"not the exam's, such as {ticket}"):
        sit(terminal)
    assert [held.ticket for held in terminal.positions_get() or ()] == [ticket]


def test_an_exam_keeps_to_its_orders_and_finds_what_was_planted() -> None:
    terminal = opened()
    record = sit(terminal).run()
    assert 20 < record.orders <= 40
    assert is_flat(terminal)
    deals = terminal.history_deals_get(0, 2**32) or ()
    entries = [deal for deal in deals if deal.symbol and deal.entry == api.DEAL_ENTRY_IN]
    assert {deal.volume for deal in entries} == {0.01}
    assert len(entries) <= 40
    found = make_profile(record).profile
    symbol = found.symbols[0]
    assert (symbol.stops_level, symbol.filling, symbol.execution) == (9, ("ioc",), "instant")
    assert (found.comments, found.magics, found.zone) == ("prefix", "zero", "NY+7")
    # Only hours that were seen have a spread.
    known = [hour for hour, spread in enumerate(symbol.spreads) if spread is not None]
    assert known == [0, 1, 2]
    for hour in known:
        planted = float(HEDGING.symbols[0].spreads[hour] or 0)
        assert float(symbol.spreads[hour] or 0) == pytest.approx(planted, rel=0.05)


def test_money_ends_it_first() -> None:
    terminal = opened()
    record = sit(terminal, orders=10_000, money=Decimal(2)).run()
    assert record.orders < 200
    assert 200 <= record.paid < 220
    lost = 1_000_000 - terminal.account_info().balance  # type: ignore[union-attr]
    assert 100 * lost == pytest.approx(record.paid)


class Restarting(MarketClock):
    """Let the terminal update itself as soon as it holds a position."""

    def __init__(self, terminal: SimulatedTerminal) -> None:
        super().__init__(terminal)
        self._market, self.restarts = terminal, 0

    def now_ns(self) -> int:
        if not self.restarts and self._market.positions_get():
            Hand(self._market).restart(20)
            self.restarts += 1
        return super().now_ns()


def test_what_a_terminal_that_is_away_does_not_show_is_still_closed() -> None:
    terminal = opened()
    clock = Restarting(terminal)
    # The second order is the first that fills, and the last there is.
    asked = plan_of(HEDGING, 2, span=2 * HOUR, poll=10 * SECOND, back=HOUR)
    record = Sitting(terminal, clock, asked).run()
    assert (record.orders, clock.restarts) == (2, 1)
    assert terminal.positions_get() == terminal.orders_get() == ()
    assert len(record.fills) == 2


class Nameless:
    """Be a terminal that does not say for a moment who is logged in."""

    def __init__(self, terminal: SimulatedTerminal) -> None:
        self._terminal, self.is_silent = terminal, False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._terminal, name)

    def account_info(self) -> Any:
        return None if self.is_silent else self._terminal.account_info()


def test_a_terminal_that_does_not_say_whose_it_is_gets_no_order() -> None:
    market = opened()
    terminal = Nameless(market)

    def tell(text: str, share: float) -> None:
        terminal.is_silent |= text.startswith("trying")

    asked = plan_of(HEDGING, 4, span=2 * HOUR, poll=10 * SECOND, back=HOUR)
    record = Sitting(terminal, MarketClock(market), asked, tell=tell).run()  # type: ignore[arg-type]
    assert record.orders == 4
    assert market.history_deals_total(0, 2**32) == 1


def test_a_stopped_exam_goes_on_with_what_it_had(tmp_path: Path) -> None:
    terminal, file, steps = opened(), tmp_path / "exam.json", 0

    def is_stopped() -> bool:
        nonlocal steps
        steps += 1
        return steps > 4

    first = sit(terminal, file=file, orders=60).run(is_stopped)
    assert first.orders < 30
    assert is_flat(terminal)
    kept = read_record(file)
    assert kept == first
    record = sit(terminal, file=file, orders=60).run()
    assert first.orders < record.orders <= 60
    assert record.fills[: len(first.fills)] == first.fills
    assert len(record.fillings) == len(first.fillings) == 3
    with pytest.raises(UsageError, match="name another --out"):
        sit(opened(msgspec.structs.replace(HEDGING, server="Other")), file=file)


def test_what_a_killed_exam_left_is_closed_at_the_next_start() -> None:
    terminal = opened(msgspec.structs.replace(HEDGING, magics="keep", requote_chance=Decimal(0)))
    terminal.symbol_select(NAME)
    tick = terminal.symbol_info_tick(NAME)
    assert tick is not None
    left = terminal.order_send(
        action=api.TRADE_ACTION_DEAL, symbol=NAME, volume=0.01, type=api.ORDER_TYPE_BUY,
        price=tick.ask, deviation=100, type_filling=api.ORDER_FILLING_IOC, magic=MAGIC,
    )  # fmt: skip
    assert left is not None
    assert left.retcode == api.TRADE_RETCODE_DONE
    sit(terminal)
    assert is_flat(terminal)


def test_what_was_sent_is_kept_before_the_next_round(tmp_path: Path) -> None:
    terminal, file, kept = opened(), tmp_path / "exam.json", []

    def is_stopped() -> bool:
        known = read_record(file)
        kept.append(known.orders if known else -1)
        return len(kept) > 5

    sitting = sit(terminal, file=file, orders=60)
    orders = []
    sitting.run(lambda: orders.append(sitting.record.orders) or is_stopped())  # type: ignore[func-returns-value]
    assert kept == orders
    assert kept[-1] > 0


def test_no_round_begins_in_the_last_half_hour_of_the_week() -> None:
    # By this clock the week ends an hour before the server's midnight.
    terminal = opened(msgspec.structs.replace(HEDGING, zone="UTC+2"))
    friday = SITS + 4 * DAY + 22 * HOUR + 5 * MINUTE
    terminal.advance(friday)
    record = sit(terminal, span=20 * MINUTE).run()
    assert record.orders == 0


def test_another_account_in_the_terminal_ends_it() -> None:
    other = msgspec.structs.replace(HEDGING.accounts[0], login=4_712)
    profile = msgspec.structs.replace(HEDGING, accounts=(HEDGING.accounts[0], other))
    terminal = opened(profile)

    def tell(text: str, share: float) -> None:
        if text.startswith("trying"):
            Hand(terminal).switch_account(4_712)

    with pytest.raises(OperatorError, match="login is 4712, not 4711"):
        sit(terminal, tell=tell).run()
    assert terminal.history_deals_total(0, 2**32) == 1


def test_swap_is_seen_when_and_as_it_is_charged() -> None:
    symbol = msgspec.structs.replace(
        HEDGING.symbols[0],
        swap_long=Decimal(-11),
        swap_short=Decimal(-3),
        swap_triple_day=1,
        execution="market",
    )
    terminal = opened(
        msgspec.structs.replace(HEDGING, symbols=(symbol,), requote_chance=Decimal(0))
    )
    # Two midnights of the server: Monday's and Tuesday's.
    record = sit(terminal, orders=60, span=47 * HOUR, patience=MINUTE).run()
    assert {(night.weekday, night.side, night.minor) for night in record.nights} == {
        (1, 1, -3_300), (1, -1, -900), (2, 1, -1_100), (2, -1, -300),
    }  # fmt: skip
    assert all(night.before < 0 <= night.after for night in record.nights)
    found = make_profile(record).profile.symbols[0]
    assert (found.swap_long, found.swap_short, found.swap_triple_day) == (-11, -3, 1)


def test_fills_in_part_are_counted_and_what_they_opened_is_closed() -> None:
    symbol = msgspec.structs.replace(
        HEDGING.symbols[0], execution="market", depth=Decimal("0.4"), swap_long=Decimal(-10)
    )
    terminal = opened(msgspec.structs.replace(HEDGING, symbols=(symbol,)))
    # Two positions of a lot each are held over Monday's midnight; a quote carries less.
    record = sit(terminal, orders=30, span=23 * HOUR, patience=MINUTE, fine_lots=1.0).run()
    # The orders that close what was filled are whole.
    assert (record.partial, record.divisible) == (2, 4)
    assert [(night.lots, night.minor) for night in record.nights] == [(0.4, -400)]
    assert is_flat(terminal)
    assert make_profile(record).profile.symbols[0].depth == Decimal("0.4")


def test_several_symbols_are_examined_in_turn() -> None:
    second = msgspec.structs.replace(HEDGING.symbols[0], name="EURUSD.raw", stops_level=4)
    profile = msgspec.structs.replace(HEDGING, symbols=(HEDGING.symbols[0], second))
    terminal = opened(profile)

    def both() -> None:
        market = terminal.server.market.symbols[NAME]
        terminal.quote("EURUSD.raw", market.bid, market.ask)

    class Both(MarketClock):
        def wait_until(self, ns: int) -> None:
            super().wait_until(ns)
            both()

    both()
    plan = plan_of(
        profile, 50, symbols=(NAME, "EURUSD.raw"), span=2 * HOUR, poll=10 * SECOND, back=3 * HOUR
    )
    record = Sitting(terminal, Both(terminal), plan).run()
    found = {each.name: each.stops_level for each in make_profile(record).profile.symbols}
    assert found == {NAME: 9, "EURUSD.raw": 4}
    assert {fill.symbol for fill in record.fills} == {NAME, "EURUSD.raw"}
    assert is_flat(terminal)
