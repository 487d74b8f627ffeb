"""The rules of a funded account, on cases worked out by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from assay.model.errors import InvariantError, UsageError
from assay.model.time import DAY, HOUR, MINUTE, parse_time
from assay.runtime.ids import Rng, seeded_generator
from assay.trading.risk.prop import PropBook, parse_profile
from assay.trading.risk.prop.days import WEEK, turn_after
from assay.trading.risk.prop.paths import (
    DAILY,
    HELD,
    LATE,
    MAXIMUM,
    PASSED,
    Draws,
    RunDays,
    Terms,
    simulate_paths,
)

CASH = 10_000_000  # 100,000.00
PRAGUE = 'zone = "Europe/Prague"\n[daily_loss]\npercent = 5\n'
STATIC = "[maximum_loss]\npercent = 10\n"
TARGET = '[[phases]]\nname = "first"\ntarget_percent = 8\n'


def book_of(text: str, since: str = "2017-03-20T12:00:00", **news: list[int]) -> PropBook:
    return PropBook.opened(parse_profile(text), CASH, parse_time(since), news)


def floors(book: PropBook) -> dict[str, int]:
    return {room.rule: room.floor for room in book.headroom()}


def test_the_day_of_the_clock_change_in_spring_has_23_hours() -> None:
    book = book_of(PRAGUE)
    # Saturday: the day of the 26th begins at 00:00 CET, 23:00 UTC, on floating gains.
    book.mark(parse_time("2017-03-25T22:59:00"), CASH, 10_100_000)
    book.mark(parse_time("2017-03-25T23:30:00"), CASH, 10_050_000)
    assert floors(book) == {"daily_loss": 10_100_000 - 500_000}
    # 23:59 CEST is 21:59 UTC and still that day; one minor unit above the floor holds.
    book.mark(parse_time("2017-03-26T21:59:00"), CASH, 9_600_001)
    assert (book.state.status, book.headroom()[0].left) == ("trading", 1)
    # 00:30 CEST of the 27th: it began on max(100,000, 96,000.01), so 95,500 is above its floor.
    # A day of 24 hours would still have the floor of 96,000.
    book.mark(parse_time("2017-03-26T22:30:00"), CASH, 9_550_000)
    assert floors(book) == {"daily_loss": CASH - 500_000}
    assert book.state.status == "trading"


def test_the_day_of_the_clock_change_in_autumn_has_25_hours() -> None:
    book = book_of(PRAGUE, "2017-10-28T12:00:00")
    book.mark(parse_time("2017-10-28T21:00:00"), CASH, 10_400_000)  # 23:00 CEST of the 28th
    book.mark(parse_time("2017-10-29T22:30:00"), CASH, 9_900_001)  # 23:30 CET of the 29th
    assert book.state.status == "trading"
    book.mark(parse_time("2017-10-29T22:45:00"), CASH, 9_900_000)  # the floor of 104,000 less 5,000
    breach = book.state.breach
    assert breach is not None
    assert (breach.rule, breach.ts) == ("daily_loss", parse_time("2017-10-29T22:45:00"))
    assert (breach.equity, breach.floor) == (9_900_000, 9_900_000)


def test_what_happens_as_the_day_starts_is_of_the_day_before() -> None:
    book = book_of(PRAGUE)
    midnight = parse_time("2017-03-20T23:00:00")
    book.mark(midnight, 10_200_000, 9_700_000)
    assert floors(book) == {"daily_loss": CASH - 500_000}
    book.advance(midnight + 1)
    assert floors(book) == {"daily_loss": 10_200_000 - 500_000}
    # The new day begins on the balance of 102,000, and what floats has used all of its 5,000.
    assert book.state.breach is not None
    assert book.state.breach.ts == midnight


def test_a_deposit_is_neither_profit_nor_headroom() -> None:
    book = book_of(PRAGUE + STATIC + TARGET)
    at = parse_time("2017-03-20T13:00:00")
    book.mark(at, CASH, 9_900_000)
    book.deposit(at + 1, 2_000_000)
    state = book.state
    # Equity 119,000; the day began with 100,000 + 20,000; the floor counts from 120,000.
    assert (state.equity, state.gain, state.status) == (11_900_000, 0, "trading")
    assert floors(book) == {"daily_loss": 11_500_000, "maximum_loss": 11_000_000}
    book.mark(at + 2, 12_000_000, 11_500_000)
    assert book.state.breach is not None
    assert book.state.breach.rule == "daily_loss"


@pytest.mark.parametrize(("moves", "floor"), [("false", 9_000_000), ("true", 8_500_000)])
def test_a_withdrawal_leaves_the_floor_unless_the_profile_moves_it(moves: str, floor: int) -> None:
    book = book_of(PRAGUE + STATIC + f"withdrawals_move_floor = {moves}\n")
    book.deposit(parse_time("2017-03-20T13:00:00"), -500_000)
    assert floors(book) == {"daily_loss": 9_500_000 - 500_000, "maximum_loss": floor}


def test_a_floor_trails_on_equity_until_it_locks() -> None:
    text = '[maximum_loss]\npercent = 10\nkind = "trailing-equity"\nlock_percent = 0\n'
    book, at = book_of(text), parse_time("2017-03-20T13:00:00")
    for equity, floor in (
        (10_400_000, 9_400_000),
        (10_100_000, 9_400_000),
        (10_900_000, 9_900_000),
        (12_000_000, CASH),
    ):
        book.mark(at, CASH, equity)
        assert floors(book) == {"maximum_loss": floor}
    book.mark(at, CASH, CASH)
    assert book.state.status == "breached"


def test_a_floor_that_trails_on_the_end_of_day_knows_no_high_of_the_day() -> None:
    text = '[maximum_loss]\npercent = 10\nkind = "trailing-end-of-day"\n'
    book, at = book_of(text), parse_time("2017-03-20T13:00:00")
    book.mark(at, 10_300_000, 11_500_000)
    assert floors(book) == {"maximum_loss": 9_000_000}
    book.mark(at + DAY, 10_100_000, 10_100_000)
    assert floors(book) == {"maximum_loss": 10_300_000 - 1_000_000}


def test_our_own_stops_act_at_four_fifths() -> None:
    book, at = book_of(PRAGUE + STATIC), parse_time("2017-03-20T13:00:00")
    book.mark(at, CASH, 9_600_001)
    assert book.refusal(at, "EURUSD", Decimal(1)) == ""
    book.mark(at, CASH, 9_600_000)
    assert book.refusal(at, "EURUSD", Decimal(1)).startswith("our stop at 80 % of a loss limit")
    book.mark(at + 1, 9_600_000, 9_600_000)
    assert book.state.stopped == "day"
    book.mark(at + DAY, 9_600_000, 9_600_000)
    assert book.state.stopped == ""
    book.mark(at + DAY, 9_600_000, 9_300_000)
    book.mark(at + 2 * DAY, 9_300_000, 9_200_000)
    assert book.state.stopped == "account"
    book.advance(at + 4 * DAY)
    assert book.state.stopped == "account", "a new day does not lift it"
    book.mark(at + 4 * DAY, 9_300_000, 9_300_000)
    book.resume()
    assert book.state.stopped == ""


def test_a_phase_asks_for_days_and_for_more_than_one_good_day() -> None:
    book = book_of(
        STATIC + TARGET + 'minimum_days = 2\nbest_day_percent = 60\n[[phases]]\nname = "next"\n'
        "target_percent = 5\n"
    )
    at = parse_time("2017-03-20T13:00:00")

    def trade(ts: int, balance: int) -> None:
        book.fill(ts, "EURUSD", Decimal(1))
        book.fill(ts, "EURUSD", Decimal(-1))
        book.mark(ts, balance, balance)

    trade(at, 10_800_000)
    assert book.state.phase == 0, "8 % by one day"
    trade(at + DAY, 11_300_000)
    assert book.state.phase == 0, "800,000 of 1,300,000 are 61.5 %"
    book.fill(at + 2 * DAY, "EURUSD", Decimal(1))
    book.mark(at + 2 * DAY, 11_334_000, 11_334_000)
    assert book.state.phase == 0, "a position is open"
    trade(at + 2 * DAY + 1, 11_334_000)
    assert book.state.phase == 0
    book.fill(at + 2 * DAY + 2, "EURUSD", Decimal(-1))
    book.mark(at + 2 * DAY + 2, 11_334_000, 11_334_000)
    state = book.state
    assert (state.phase, state.balance, state.traded_days) == (1, CASH, 0)
    assert state.passed_at == [at + 2 * DAY + 2]
    # The second phase starts anew: its floor is 10 % below its own start, which was 113,340.
    book.mark(at + 3 * DAY, 11_334_000, 10_334_001)
    assert book.state.status == "trading"
    trade(at + 4 * DAY, 11_334_000 + 500_000)
    assert book.state.status == "passed"
    assert len(book.state.passed_at) == 2


def test_a_phase_that_lasts_too_long_is_lost() -> None:
    book = book_of(STATIC + TARGET + "maximum_days = 30\n")
    book.advance(parse_time("2017-04-19T00:00:00"))
    assert book.state.status == "trading"
    book.advance(parse_time("2017-04-19T00:00:01"))
    assert book.state.breach is not None
    assert book.state.breach.rule == "maximum_days"


def test_news_of_either_currency_is_kept_clear() -> None:
    text = STATIC + "[news]\nminutes_before = 2\nminutes_after = 5\n"
    release = parse_time("2017-03-20T13:00:00")
    for shift, symbol, near in (
        (-2 * MINUTE, "EURUSD", True),
        (-2 * MINUTE - 1, "EURUSD", False),
        (5 * MINUTE, "USDJPY", True),
        (5 * MINUTE + 1, "USDJPY", False),
        (0, "EURGBP", False),
    ):
        book = book_of(text, USD=[release - DAY, release, release + DAY])
        assert bool(book.refusal(release + shift, symbol, Decimal(1))) == near
        book.fill(release + shift, symbol, Decimal(1))
        assert (book.state.status == "breached") == near, (shift, symbol)


def test_nothing_is_held_over_the_weekend_of_new_york() -> None:
    text = STATIC + '[weekend]\nflat_at = "Fri 16:30"\n'
    friday = parse_time("2017-03-24T20:30:00")  # 16:30 EDT
    assert turn_after(friday - 1, "America/New_York", start=4 * DAY + 16 * HOUR + 30 * MINUTE,
                      period=WEEK) == friday  # fmt: skip
    book = book_of(text)
    book.fill(friday - HOUR, "EURUSD", Decimal(1))
    book.mark(friday, CASH, CASH)
    assert book.state.status == "trading"
    book.mark(friday + 2 * DAY, CASH, CASH)
    assert book.state.breach is not None
    assert (book.state.breach.rule, book.state.breach.ts) == ("weekend", friday)

    book = book_of(text)
    book.advance(friday + 1)
    assert book.refusal(friday + HOUR, "EURUSD", Decimal(1)) == "the weekend is near"
    assert book.refusal(friday + 2 * DAY, "EURUSD", Decimal(1)) == ""
    book.fill(friday + HOUR, "EURUSD", Decimal(1))
    assert book.state.status == "breached"


def test_lots_count_over_all_symbols_and_both_directions() -> None:
    book, at = book_of(STATIC + "[lots]\nmaximum = 2\n"), parse_time("2017-03-20T13:00:00")
    book.fill(at, "EURUSD", Decimal("1.2"))
    assert book.refusal(at, "USDJPY", Decimal("0.4")) == ""
    assert "1.61 lots would be open" in book.refusal(at, "USDJPY", Decimal("0.41"))
    book.fill(at, "USDJPY", Decimal("-0.8"))
    assert book.state.status == "trading"
    book.fill(at, "USDJPY", Decimal("-0.01"))
    assert book.state.breach is not None
    assert book.state.breach.rule == "lots"


def test_lots_of_opposite_tickets_are_open_both() -> None:
    book, at = book_of(STATIC + "[lots]\nmaximum = 2\n"), parse_time("2017-03-20T13:00:00")
    book.fill(at, "EURUSD", Decimal("1.2"), 11)
    book.fill(at, "EURUSD", Decimal("-0.8"), 12)
    assert book.state.open_lots == 2
    book.fill(at, "EURUSD", Decimal("-0.2"), 11)
    book.fill(at, "EURUSD", Decimal("-0.2"), 13)
    assert book.state.status == "trading"
    book.fill(at, "EURUSD", Decimal("-0.01"), 12)
    assert book.state.breach is not None
    assert book.state.breach.value == "2.01 lots open"


FULL = (
    PRAGUE + '[maximum_loss]\npercent = 10\nkind = "trailing-equity"\nlock_percent = 2\n'
    '[weekend]\nflat_at = "Fri 16:30"\n[lots]\nmaximum = 3\n' + TARGET + "minimum_days = 3\n"
    '[[phases]]\nname = "second"\ntarget_percent = 5\n'
)


def _act(book: PropBook, rng: Rng, ts: int, worth: list[int]) -> None:
    worth[0] += rng.randrange(-120_000, 135_000)
    kind = rng.randrange(10)
    if kind == 0:
        book.deposit(ts, rng.randrange(-50_000, 50_000))
    elif kind < 4:
        book.fill(ts, "EURUSD", Decimal(rng.choice(["0.5", "-0.5"])))
    book.mark(ts, worth[0], worth[0] + rng.randrange(-80_000, 80_000))


@pytest.mark.parametrize("seed", range(12))
def test_a_book_that_is_taken_up_from_snapshots_says_the_same(seed: int) -> None:
    profile, since = parse_profile(FULL), parse_time("2017-03-20T12:00:00")
    straight = PropBook.opened(profile, CASH, since)
    broken = PropBook.opened(profile, CASH, since)
    one, other, worth, again = Rng(seed), Rng(seed), [CASH], [CASH]
    for number in range(120):
        # Every second event falls on a turn of Prague's day or near it.
        ts = since + number * 11 * HOUR // 2
        _act(straight, one, ts, worth)
        broken = PropBook.restored(profile, broken.snapshot())
        _act(broken, other, ts, again)
        assert broken.snapshot() == straight.snapshot()


def slow_breach(marks: list[tuple[int, int, int]], kind: str) -> tuple[int, str] | None:
    """Return when and by which rule a run of marks breaks, from the definitions alone."""
    zone, day_of = ZoneInfo("Europe/Prague"), {}
    for ts, _, _ in marks:
        # What happens at midnight is of the day before, so a moment earlier tells the day.
        day_of[ts] = datetime.fromtimestamp((ts - 1000) / 1e9, tz=zone).date()
    for place, (ts, _, equity) in enumerate(marks):
        before = [row for row in marks[:place] if day_of[row[0]] < day_of[ts]]
        reference = max(before[-1][1:]) if before else CASH
        if kind == "static":
            peak = CASH
        elif kind == "trailing-equity":
            peak = max(CASH, *(row[2] for row in marks[: place + 1]))
        else:
            ends = {day_of[row[0]]: row[1] for row in before}
            peak = max(CASH, *ends.values()) if ends else CASH
        floors_now = {"daily_loss": reference - 500_000, "maximum_loss": peak - 1_000_000}
        for rule, floor in floors_now.items():
            if equity <= floor:
                return ts, rule
        # A day may begin below its own floor, before anything is marked in it.
        after = marks[place + 1] if place + 1 < len(marks) else None
        if after and day_of[after[0]] != day_of[ts] and equity <= max(marks[place][1:]) - 500_000:
            return 0, "daily_loss"
    return None


@pytest.mark.parametrize("kind", ["static", "trailing-equity", "trailing-end-of-day"])
@pytest.mark.parametrize("since", ["2017-03-20T00:00:00", "2017-10-23T00:00:00"])
def test_a_book_breaks_where_the_definitions_say(kind: str, since: str) -> None:
    profile, start = parse_profile(PRAGUE + STATIC + f'kind = "{kind}"\n'), parse_time(since)
    broken = set()
    for seed in range(12):
        rng, marks, balance = Rng(seed), [], CASH
        for hour in range(1, 24 * 16):
            balance += rng.randrange(-190_000, 190_000) if hour % 5 == 0 else 0
            equity = balance + rng.randrange(-110_000, 110_000)
            marks.append((start + hour * HOUR, balance, equity))
        book = PropBook.opened(profile, CASH, start)
        for mark in marks:
            book.mark(*mark)
        breach, expected = book.state.breach, slow_breach(marks, kind)
        assert (breach is None) == (expected is None), seed
        if breach and expected:
            assert breach.rule == expected[1], seed
            assert expected[0] in (0, breach.ts), seed
            broken.add(breach.rule)
    assert broken == {"daily_loss", "maximum_loss"}


class InOrder(Draws):
    """Draw the days of a run as they were."""

    def rows(self, generator: object) -> Iterator[np.ndarray]:
        del generator
        for day in range(self.horizon):
            yield np.array([day])


@pytest.mark.parametrize("kind", ["static", "trailing-equity", "trailing-end-of-day"])
def test_a_path_of_the_days_as_they_were_ends_as_the_book_does(kind: str) -> None:
    profile = parse_profile(PRAGUE + STATIC + f'kind = "{kind}"\n' + TARGET + "minimum_days = 3\n")
    seen, since = set(), parse_time("2017-03-01T23:00:00")
    for seed in range(30):
        generator, book = seeded_generator(seed), PropBook.opened(profile, CASH, since)
        moves = generator.integers(-130_000, 132_000, (25, 6))
        worth, rows, ended = CASH, [], 0
        for day, steps in enumerate(moves):
            path = np.concatenate(([0], np.cumsum(steps)))
            book.fill(since + day * DAY + 1, "EURUSD", Decimal(1))
            for number, move in enumerate(path[1:], 1):
                is_last = number == len(steps)
                at = since + day * DAY + number * HOUR
                if is_last:  # closed at the day's end
                    book.fill(at, "EURUSD", Decimal(-1))
                book.mark(at, worth + int(move) if is_last else worth, worth + int(move))
            worth += int(path[-1])
            fall = (np.maximum.accumulate(path) - path).max()
            rows.append((path[-1], path.min(), path.max(), fall, -np.diff(path).min()))
            if book.state.status != "trading" and not ended:
                ended = day + 1
        change, low, high, fall, step = np.array(rows, dtype=float).T / CASH
        none = np.zeros(len(rows))
        days = RunDays(change, low, high, fall, step, none, none, np.ones(len(rows), bool))
        draws = InOrder(np.arange(25)[None], 1, 25, 1.0)
        found = simulate_paths(days, Terms(profile, False), draws, seeded_generator(0))
        breach = book.state.breach
        words = {"daily_loss": DAILY, "maximum_loss": MAXIMUM}
        status = LATE if not ended else words[breach.rule] if breach else PASSED
        if breach and found.status[0] in (DAILY, MAXIMUM):
            status = found.status[0]  # a day that breaks both does not say which came first
        assert (found.status[0], found.days[0]) == (status, ended or 25), seed
        seen.add(int(status))
    assert PASSED in seen
    assert len(seen) >= 3


def test_events_out_of_order_are_refused() -> None:
    book, at = book_of(STATIC), parse_time("2017-03-20T13:00:00")
    book.mark(at, CASH, CASH)
    with pytest.raises(InvariantError, match="came after"):
        book.mark(at - 1, CASH, CASH)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "bounds nothing"),
        ("[daily_loss]\npercent = 0\n", "daily_loss.percent 0 is not above 0"),
        ("[daily_loss]\npercent = 5\nfrom = 3\n", "unknown field `from`"),
        (STATIC + "lock_percent = 0\n", "of trailing floors"),
        ('zone = "Europe/Nowhere"\n' + STATIC, "unknown"),
        ('day_start = "24:00"\n' + STATIC, "not a time of day"),
        (STATIC + '[weekend]\nflat_at = "Friday"\n', "not of the form"),
        ("stop_percent = 100\n" + STATIC, "not between 0 and 100"),
    ],
)
def test_a_profile_that_makes_no_sense_is_refused(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        parse_profile(text)


def days_of(*rows: tuple[float, float, float, float]) -> RunDays:
    """Return days of change, low, high and deepest step; all are flat at both ends."""
    change, low, high, step = np.array(rows, dtype=float).T
    none = np.zeros(len(rows))
    return RunDays(change, low, high, high - low, step, none, none, np.ones(len(rows), bool))


def drawn(days: RunDays, horizon: int = 10, paths: int = 4) -> Draws:
    return Draws(np.arange(len(days.change))[None], paths, horizon, block=1e9)


def test_paths_of_equal_days_end_as_arithmetic_says() -> None:
    terms = Terms(parse_profile(PRAGUE + STATIC + TARGET + "minimum_days = 6\n"), guarded=False)
    for row, status, day in (
        ((0.01, -0.01, 0.02, 0.01), LATE, 5),  # 8 % would be there on day 8
        ((0.02, -0.01, 0.02, 0.01), PASSED, 6),  # there on day 4, but six days are asked
        ((-0.01, -0.05, 0.0, 0.03), DAILY, 1),
        ((-0.03, -0.03, 0.0, 0.01), MAXIMUM, 4),  # 3, 6, 9, then below 10 %
    ):
        days = days_of(row)
        found = simulate_paths(days, terms, drawn(days, 5 if status == LATE else 10),
                               seeded_generator(1))  # fmt: skip
        assert found.status.tolist() == [status] * 4, row
        assert found.days.tolist() == [day] * 4, row


def test_guarded_paths_stop_before_the_limit_unless_a_step_goes_through_it() -> None:
    terms = Terms(parse_profile(PRAGUE + STATIC + TARGET), guarded=True)
    for step, status, day in ((0.009, HELD, 2), (0.011, DAILY, 1)):
        # Falls by 6 %: stopped at 4 %, filled a step lower; the next day it is beyond 8 %.
        days = days_of((-0.06, -0.06, 0.0, step))
        found = simulate_paths(days, terms, drawn(days), seeded_generator(1))
        assert (found.status[0], found.days[0]) == (status, day)


def test_a_floor_that_trails_knows_a_fall_within_the_day() -> None:
    text = '[maximum_loss]\npercent = 10\nkind = "trailing-equity"\n' + TARGET
    terms = Terms(parse_profile(text), guarded=False)
    # Up 6 % and down to -4 %: ten below its high, though never ten below the start.
    days = days_of((0.0, -0.04, 0.06, 0.02))
    found = simulate_paths(days, terms, drawn(days), seeded_generator(1))
    assert (found.status[0], found.days[0]) == (MAXIMUM, 1)
    gentle = days._replace(fall=np.array([0.05]))  # fell first, rose after: the next day does it
    found = simulate_paths(gentle, terms, drawn(gentle), seeded_generator(1))
    assert (found.status[0], found.days[0]) == (MAXIMUM, 2)


def test_the_chance_of_a_fair_walk_is_that_of_the_ruin_of_a_gambler() -> None:
    # Steps of one percent, up or down alike, floor 10 % below, target 8 % above: 10 / 18 pass.
    text = "[maximum_loss]\npercent = 10\n" + TARGET
    terms = Terms(parse_profile(text), guarded=False)
    days = days_of((0.01, 0.0, 0.01, 0.0), (-0.01, -0.01, 0.0, 0.01))
    draws = Draws(np.array([[0, 1]]), 2_000, 700, block=1.0)
    found = simulate_paths(days, terms, draws, seeded_generator(5))
    assert (found.status == LATE).sum() < 20
    assert abs((found.status == PASSED).mean() - 10 / 18) < 0.04
