"""The daily twin says why a day at a terminal earned what it did, by what was planted in it."""

from __future__ import annotations

from contextlib import closing
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from assay.apps.lab.runs.setup import Setup
from assay.apps.lab.twins.daily import Appraisal
from assay.apps.lab.twins.days import DaySpan
from assay.apps.lab.twins.journaldesk import QUOTES, LiveTrail, TrailState
from assay.apps.lab.twins.rerun import rerun_day
from assay.apps.paper.control.notices import pending_notices
from assay.apps.paper.control.orders import HALT_ENTRIES, pending_orders
from assay.apps.paper.trader.entries import carry_out
from assay.apps.twin.acting import act_on
from assay.books.analytics.twinday import MANUAL
from assay.books.analytics.twinsplit import (
    COMMISSION,
    CONVERSION,
    LATENCY,
    MISSED,
    REJECT,
    SLIPPAGE,
    SPREAD,
    UNEXPLAINED,
    TwinSplit,
)
from assay.model.accounts import CommissionSchedule
from assay.model.messages import Message, OrderDenied, OrderFilled, TwinAppraised
from assay.model.time import MINUTE
from assay.runtime.ids import Rng
from assay.trading.brokers.mt5 import api
from tests.sim.test_venue import walk
from tests.sim.twin_day import (
    BASE,
    DRIFT,
    ENTRY,
    EURUSD,
    EXIT,
    POINT,
    SPAN,
    UNITS,
    Swing,
    TwinDay,
    answers,
    closes,
    edits,
    slips,
    switches,
    trades_gold,
)
from tests.sim.venue_desk import VenueDesk
from tests.unit.trading.mt5.rig import TUESDAY

LONG, SHORT = 100.0, -300.0
"""What a swing earns where nothing befalls it, in cents before commission."""
REJECTED = answers(api.TRADE_RETCODE_REJECT)
REQUOTED = answers(*[api.TRADE_RETCODE_REQUOTE] * 4)
SOON = {ENTRY + 1: 5, ENTRY + 2: 35, EXIT + 1: 5, EXIT + 2: 35}
"""Seconds to the quotes behind entry and exit: an order that waits for them is still sent."""
QUIET = Swing("", "nothing")

# Odd swings are long, even ones are short.
PLANTED = (
    Swing(SLIPPAGE, "entry slips", acts={ENTRY: slips(40), 1: slips(0)},
          expected=lambda deals: -POINT * (deals[0].price - BASE - 10)),
    Swing(SLIPPAGE, "entry of a short slips", acts={ENTRY: slips(15), 1: slips(0)},
          expected=lambda deals: -POINT * (BASE - deals[0].price)),
    Swing(SLIPPAGE, "exit slips", acts={EXIT: slips(25), EXIT + 1: slips(0)},
          expected=lambda deals: -POINT * (BASE + DRIFT - deals[1].price)),
    Swing(SLIPPAGE, "exit of a short is improved", acts={EXIT: slips(20, 1), EXIT + 1: slips(0)},
          expected=lambda deals: -POINT * (deals[1].price - BASE - DRIFT - 10)),
    Swing(LATENCY, "entry comes late", late=frozenset({ENTRY}), after=SOON,
          quotes={1: (BASE + 15, 10)}, expected=lambda _: -POINT * 15),
    Swing(LATENCY, "exit of a short comes late and gains", late=frozenset({EXIT}), after=SOON,
          quotes={EXIT + 1: (BASE + DRIFT - 12, 10)}, expected=lambda _: POINT * 12),
    Swing(SPREAD, "spread widens before the entry", late=frozenset({ENTRY}), after=SOON,
          quotes={1: (BASE - 10, 30)}, expected=lambda _: -POINT * 10),
    Swing(SPREAD, "spread widens before the exit of a short", late=frozenset({EXIT}), after=SOON,
          quotes={EXIT + 1: (BASE + DRIFT - 5, 20)}, expected=lambda _: -POINT * 5),
    Swing(REJECT, "entry is rejected", acts={ENTRY: REJECTED}, expected=lambda _: -LONG),
    Swing(REJECT, "entry of a short is requoted until it is given up", acts={ENTRY: REQUOTED},
          expected=lambda _: -SHORT),
    Swing(REJECT, "exit is rejected, and done a bar later", acts={EXIT: REJECTED},
          quotes=dict.fromkeys((9, 10, 11), (BASE + 5, 10)),
          expected=lambda deals: -POINT * 15 + deals[1].commission),
    Swing(REJECT, "entry of a short waits until it expires", late=frozenset({ENTRY}),
          expected=lambda _: -SHORT),
    Swing(REJECT, "half is filled", depth=6_000_000, expected=lambda _: -LONG * 4 / 10),
    Swing(MISSED, "the quote that ends the bar never comes", unseen=frozenset({ENTRY}),
          quotes={1: (BASE + 8, 10)}, expected=lambda _: POINT * 8),
    Swing(MISSED, "a stop is met by a quote that nobody else has", unquoted=frozenset({3}),
          quotes={3: (BASE - 50, 10)}, expected=lambda deals: POINT * 70 + deals[1].commission),
    Swing(MANUAL, "a part of a short is closed by hand", acts={3: closes(0.05)},
          expected=lambda deals: POINT * 10 + deals[1].commission),
    Swing(MANUAL, "closed by hand", acts={3: closes()},
          expected=lambda deals: -POINT * 20 + deals[1].commission),
    Swing(MANUAL, "the stop of a short is removed", acts={2: edits(0)},
          quotes={3: (BASE + 85, 10), 4: (BASE + 85, 10)},
          expected=lambda deals: POINT * 65 + deals[1].commission),
    Swing(MANUAL, "the stop is moved near", acts={1: edits(BASE - 10)},
          quotes={3: (BASE - 15, 10)}, expected=lambda deals: -POINT * 35 + deals[1].commission),
    Swing(MANUAL, "gold is traded by hand", acts={1: trades_gold(210_000, 0.02),
                                                   4: trades_gold(210_400, -0.02)},
          expected=lambda deals: sum(each.profit + each.commission for each in deals[1:3])),
    Swing(SLIPPAGE, "a stop slips over a gap", acts={2: slips(12), 4: slips(0)},
          quotes={3: (BASE - 90, 10), 4: (BASE - 60, 10)},
          expected=lambda deals: -POINT * (BASE - 90 - deals[1].price)),
    Swing("", "a wild quote that nobody else has, and the broker stops trading",
          acts={11: switches(on=False)}),
    Swing(REJECT, "the venue is away", acts={2: switches(on=True)}, expected=lambda _: -LONG),
    Swing("", "a quote that nobody else has makes a bar wild", unquoted=frozenset({10}),
          quotes={10: (BASE + 170, 10)}),
    Swing(MISSED, "the twin is deterred by that bar",
          expected=lambda deals: LONG + deals[0].commission + deals[1].commission),
)  # fmt: skip


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> TwinDay:
    found = TwinDay(tmp_path_factory.mktemp("twin") / "home")
    found.warm_up()
    for plan in PLANTED:
        found.swing(plan)
    found.swing(QUIET)
    found.finish()
    return found


@pytest.fixture(scope="module")
def split(day: TwinDay) -> TwinSplit:
    return day.rerun(with_record=True).split()


def test_at_least_twenty_causes_are_planted() -> None:
    assert sum(bool(plan.cause) for plan in PLANTED) >= 20


@pytest.mark.parametrize("number", range(len(PLANTED)), ids=lambda each: PLANTED[each].name)
def test_each_cause_is_named(day: TwinDay, split: TwinSplit, number: int) -> None:
    (plan, start, _), (_, end, _) = day.began[number : number + 2]
    found: dict[str, float] = {}
    for item in split.items:
        if start < item.time <= end and item.cause != COMMISSION:
            found[item.cause] = found.get(item.cause, 0.0) + item.amount
    wanted = {plan.cause: plan.expected(day.deals(start + 1, end + 1))} if plan.cause else {}
    assert found == pytest.approx(wanted, rel=0.01)
    assert all(wanted.values())


def test_the_amounts_sum_to_the_gap_and_little_is_unexplained(split: TwinSplit) -> None:
    assert sum(split.amounts.values()) == split.gap == split.live - split.twin
    assert split.unexplained < 0.01
    assert split.amounts[UNEXPLAINED] == 0


def test_the_live_side_is_what_the_terminal_earned(day: TwinDay, split: TwinSplit) -> None:
    account = day.desk.rig.terminal.account_info()
    assert account is not None
    assert split.live == round(account.equity * 100) - 1_000_000


def test_a_rate_that_moves_until_a_late_exit_is_conversion(tmp_path: Path) -> None:
    """The account is in euros, so what a dollar of profit is worth moves with the price itself."""
    leap, further = BASE + 2_000, BASE + 5_000
    day = TwinDay(tmp_path / "home", currency="EUR", daring=9_000)
    day.warm_up()
    day.swing(QUIET)
    day.swing(QUIET)
    day.swing(
        Swing(
            LATENCY,
            "exit comes late",
            late=frozenset({EXIT}),
            after=SOON,
            quotes={EXIT: (leap, 10), EXIT + 1: (further, 10), EXIT + 2: (leap, 10)},
        )
    )
    day.swing(QUIET)
    day.finish()
    split = day.rerun(per_lot="3.5").split()
    start, end = (began for _, began, _ in day.began[2:])
    ours = next(each for each in day.deals(start + 1, end + 1) if each.profit)
    # A dollar in euro cents as the twin leaves, and at the day's end.
    then, last = (1e7 / price for price in (leap, BASE))
    points = 1e-5 * UNITS  # dollars a point
    entry = BASE + 10
    moved = (ours.profit - (ours.price - entry) * points * last) - (
        (leap - entry) * points * (then - last)
    )
    (found,) = [each.amount for each in split.items if each.cause == CONVERSION]
    assert found == pytest.approx(moved, rel=0.01)
    assert found < -1_000
    late = sum(each.amount for each in split.items if each.cause == LATENCY)
    assert late == pytest.approx((ours.price - leap) * points * last, rel=0.01)
    assert split.unexplained < 1e-4
    assert abs(split.amounts[UNEXPLAINED]) <= 1


def test_a_day_on_which_nothing_befell_has_no_gap(tmp_path: Path) -> None:
    day = TwinDay(tmp_path / "home")
    day.warm_up()
    for _ in range(4):
        day.swing(QUIET)
    day.finish()
    split = day.rerun(per_lot="3.5").split()
    assert split.live == split.twin != 0
    assert (split.gap, split.items, set(split.amounts.values())) == (0, [], {0})
    # Wherever a day begins, its twin stands as the account did, position and stop included.
    for start in range(TUESDAY + MINUTE, TUESDAY + 12 * MINUTE, 2 * MINUTE // 3):
        part = day.rerun(DaySpan(start, SPAN.end), per_lot="3.5").split()
        assert (part.gap, part.items) == (0, []), start


def test_a_stop_from_before_the_day_is_the_twins_too(tmp_path: Path) -> None:
    day = TwinDay(tmp_path / "home")
    day.warm_up()
    day.swing(Swing("", "stopped", quotes={4: (BASE - 70, 10), 5: (BASE - 70, 10)}))
    day.swing(QUIET)
    day.finish()
    begun = day.began[0][1] + MINUTE
    rerun = day.rerun(DaySpan(begun, SPAN.end), per_lot="3.5")
    assert [fill.kind for fill in rerun.twin.fills[:1]] == ["stop_loss"]
    assert rerun.split().items == []


@pytest.mark.parametrize("seed", range(2))
def test_what_follows_from_a_cause_bears_its_name(tmp_path: Path, seed: int) -> None:
    """Orders rest, race their cancels and are refused, and each refusal changes what comes after.

    A day may begin anywhere: what rests then, rests with the twin.
    """
    params = {"bars": "3", "stop_percent": "60", "target_percent": "90", "units": "10000"}
    fees, causes, rested = CommissionSchedule(mode="per_lot", rate=Decimal("3.5")), set[str](), 0
    with closing(VenueDesk(tmp_path, strategy="breakout", params=params)) as desk:
        life = desk.start()
        for _ in walk(desk, Rng(seed), 30):
            life.turn()
        life.end()
        _, setup = desk.setup()
        for start in range(TUESDAY, TUESDAY + 28 * MINUTE, 14 * MINUTE // 3):
            span = DaySpan(start, SPAN.end)
            rerun = rerun_day(LiveTrail(setup, fees), desk.log.messages, span)
            split = rerun.split()
            assert split.amounts[UNEXPLAINED] == split.unexplained == 0
            assert sum(split.amounts.values()) == split.gap
            causes |= {item.cause for item in split.items}
            rested += any(fill.decided < start for fill in rerun.twin.fills if fill.decided)
        require_resumption(setup, desk.log.messages, fees)
    assert causes >= {REJECT, LATENCY}
    assert rested


def require_resumption(setup: Setup, journal: list[Message], fees: CommissionSchedule) -> None:
    """Require that a day whose trail goes on from the one before is the day from the beginning."""
    before = DaySpan(SPAN.start, TUESDAY + 15 * MINUTE)
    after = DaySpan(before.end, SPAN.end)
    trail = LiveTrail(setup, fees)
    assert rerun_day(trail, journal, before).is_over
    cut = next(
        place
        for place, message in enumerate(journal)
        if isinstance(message, QUOTES) and before.place(message) > 0
    )
    resumed = LiveTrail(setup, fees)
    kept = msgspec.msgpack.encode(trail.save())
    resumed.resume(msgspec.msgpack.decode(kept, type=TrailState))
    whole = rerun_day(LiveTrail(setup, fees), journal, after)
    part = rerun_day(resumed, journal[cut:], after)
    assert part.live.fills == whole.live.fills
    assert part.twin.fills == whole.twin.fills
    assert part.split() == whole.split()


def pause_above_bound(day: TwinDay) -> None:
    """Appraise the day so far with the least of bounds, and let the trader do what follows."""
    home, trader = day.desk.home, day.life.trader
    rerun = day.rerun()
    found = Appraisal(
        run=1, day="2024-03-05", account=trader.setup.account, symbols=[EURUSD],
        strategy="pendulum", rerun=rerun, split=rerun.split(), bound=1e-6,
    )  # fmt: skip
    assert found.is_above
    answer = act_on(home, found, seconds=0.0)
    assert answer is not None
    assert not answer.serves
    ((_, order),) = pending_orders(home)
    assert (order.action, order.source, order.symbol) == (HALT_ENTRIES, "twin", "")
    assert "beside its twin" in order.reason
    assert carry_out(trader, order).serves
    ((_, notices),) = pending_notices(home)
    trader.record(notices)


def test_a_gap_above_the_bound_pauses_entries_and_no_exit(tmp_path: Path) -> None:
    day = TwinDay(tmp_path / "home")
    day.warm_up()
    for plan in (PLANTED[0], Swing("", "paused", acts={3: pause_above_bound}), QUIET):
        day.swing(plan)
    day.finish()
    messages = day.desk.log.messages
    (told,) = [each for each in messages if isinstance(each, TwinAppraised)]
    assert sum(each.amount for each in told.causes) == told.live - told.twin < 0
    at = messages.index(told)
    # The short that is open is closed, and nothing is opened after it.
    assert sum(isinstance(each, OrderFilled) for each in messages[at:]) == 1
    denied = [each.reason for each in messages[at:] if isinstance(each, OrderDenied)]
    assert denied == ["entries_halted"] * 2
    assert not day.life.trader.topology.desk.world.positions["quantity"].any()


def test_what_is_decided_before_a_fill_is_heard_is_late(tmp_path: Path) -> None:
    """A desk that is away hears prices and deals late, and decides on what it does not hold yet."""
    params = {"bars": "3", "stop_percent": "60", "target_percent": "90", "units": "10000"}
    causes = set[str]()
    for seed in range(3):
        with closing(VenueDesk(tmp_path / f"{seed}", strategy="breakout", params=params)) as desk:
            life = desk.start()
            for place, _ in enumerate(walk(desk, Rng(seed), 40)):
                if place % 12 < 6:
                    life.turn()
                else:
                    desk.exchange()
            life.turn()
            life.end()
            _, setup = desk.setup()
            fees = CommissionSchedule(mode="per_lot", rate=Decimal("3.5"))
            split = rerun_day(LiveTrail(setup, fees), desk.log.messages, SPAN).split()
            assert split.unexplained == 0, [i for i in split.items if i.cause == UNEXPLAINED]
            causes |= {item.cause for item in split.items}
    assert LATENCY in causes
