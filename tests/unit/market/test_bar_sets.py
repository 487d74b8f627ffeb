"""Sets of bars: complete at once, or at the deadline with the names of who is missing."""

from __future__ import annotations

from itertools import count

import pytest

from assay.market.bars import BarSetBuilder
from assay.market.bars.sets import DEADLINE
from assay.model.errors import UsageError
from assay.model.messages import BarClosed, BarSetClosed, Message, Tick
from assay.model.time import HOUR, MINUTE, SECOND

THREE = ("EURUSD", "GBPUSD", "USDJPY")
M1 = MINUTE


def builder(deadline: int = 5 * SECOND) -> BarSetBuilder:
    return BarSetBuilder({M1: THREE}, count(1_000).__next__, deadline)


def bar(symbol: str, minute: int, number: int = 0, timeframe: int = M1) -> BarClosed:
    close = minute * MINUTE
    return BarClosed(
        id=number or minute * 10 + THREE.index(symbol), ts_event=close, ts_init=close,
        symbol=symbol, timeframe=timeframe, ts_open=close - timeframe, open=1, high=1, low=1,
        close=1, spread_open=0, spread_high=0, spread_low=0, spread_close=0,
    )  # fmt: skip


def tick(symbol: str, ts: int) -> Tick:
    return Tick(id=7, ts_event=ts, ts_init=ts + 1, symbol=symbol, bid=1, ask=2)


def feed(sets: BarSetBuilder, *messages: Message) -> list[BarSetClosed]:
    found = [answer for message in messages for answer in sets.handle(message)]
    assert all(isinstance(each, BarSetClosed) for each in found)
    return found  # type: ignore[return-value]


def test_a_set_closes_with_its_last_bar_in_the_order_of_the_symbols() -> None:
    sets = builder()
    assert feed(sets, bar("USDJPY", 1), bar("EURUSD", 1)) == []
    assert feed(sets, bar("GBPUSD", 1)) == [
        BarSetClosed(
            id=1_000, cause=11, ts_event=MINUTE, ts_init=MINUTE, timeframe=M1, ts_close=MINUTE,
            symbols=THREE, bars=(10, 11, 12),
        )
    ]  # fmt: skip
    assert feed(sets, bar("EURUSD", 2), bar("GBPUSD", 2)) == []


def test_the_next_bars_time_is_the_deadline_and_the_missing_are_named() -> None:
    sets = builder()
    assert feed(sets, bar("GBPUSD", 1)) == []
    (told,) = feed(sets, bar("EURUSD", 2))
    assert (told.ts_close, told.ts_event, told.ts_init) == (MINUTE, 65 * SECOND, 2 * MINUTE)
    assert (told.symbols, told.bars, told.missing) == (("GBPUSD",), (11,), ("EURUSD", "USDJPY"))
    assert told.cause == 20


def test_any_tick_or_a_timer_moves_event_time() -> None:
    for move in (lambda sets, ts: feed(sets, tick("DXY", ts)), BarSetBuilder.close_until):
        sets = builder()
        feed(sets, bar("EURUSD", 1), bar("USDJPY", 1))
        assert move(sets, 65 * SECOND - 1) == []
        (told,) = move(sets, 65 * SECOND)
        assert (told.missing, told.ts_event) == (("GBPUSD",), 65 * SECOND)
        assert move(sets, 2 * HOUR) == []


def test_a_late_bar_opens_no_set_and_the_next_one_reports_it() -> None:
    sets = builder()
    (told,) = feed(sets, bar("EURUSD", 1), bar("GBPUSD", 1), tick("EURUSD", 70 * SECOND))
    assert told.missing == ("USDJPY",)
    assert feed(sets, bar("USDJPY", 1)) == []
    assert sets.late == {"USDJPY": 1}
    (told,) = feed(sets, *(bar(symbol, 2) for symbol in THREE))
    assert (told.missing, told.late) == ((), ("USDJPY",))
    (told,) = feed(sets, *(bar(symbol, 3) for symbol in THREE))
    assert told.late == ()


def test_a_bar_alone_and_late_makes_no_set() -> None:
    sets = builder()
    assert feed(sets, tick("EURUSD", 10 * MINUTE), bar("EURUSD", 3), bar("GBPUSD", 3)) == []
    assert sets.close_until(HOUR) == []
    assert sets.late == {"EURUSD": 1, "GBPUSD": 1}


def test_event_time_never_goes_back() -> None:
    sets = builder()
    feed(sets, bar("EURUSD", 2), tick("EURUSD", MINUTE), bar("EURUSD", 1))
    assert sets.late == {"EURUSD": 1}
    (told,) = sets.close_until(HOUR)
    assert (told.ts_close, told.late) == (2 * MINUTE, ("EURUSD",))  # type: ignore[attr-defined]


def test_a_doubled_bar_counts_once() -> None:
    sets = builder()
    assert feed(sets, bar("EURUSD", 1), bar("EURUSD", 1, 99), bar("GBPUSD", 1)) == []
    (told,) = feed(sets, bar("USDJPY", 1))
    assert told.bars == (10, 11, 12)


def test_a_later_close_of_all_ends_the_wait_for_an_earlier_one() -> None:
    sets = builder(deadline=HOUR)
    feed(sets, bar("EURUSD", 1), bar("EURUSD", 2), bar("GBPUSD", 2))
    first, second = feed(sets, bar("USDJPY", 2))
    assert (first.ts_close, first.missing, first.ts_event) == (MINUTE, THREE[1:], 2 * MINUTE)
    assert (second.ts_close, second.missing) == (2 * MINUTE, ())


def test_each_timeframe_has_its_members_and_the_longer_goes_first() -> None:
    members = {M1: THREE, 5 * M1: THREE[:2]}
    sets = BarSetBuilder(members, count(1).__next__, SECOND)
    feed(sets, bar("EURUSD", 5), bar("USDJPY", 5, timeframe=5 * M1))
    feed(sets, bar("EURUSD", 5, 61, timeframe=5 * M1))
    longer, shorter = feed(sets, tick("EURUSD", 6 * MINUTE))
    assert (longer.timeframe, longer.bars, longer.missing) == (5 * M1, (61,), ("GBPUSD",))
    assert (shorter.timeframe, shorter.missing) == (M1, ("GBPUSD", "USDJPY"))
    assert longer.id < shorter.id


def test_other_bars_pass_by() -> None:
    sets = builder()
    assert feed(sets, bar("EURUSD", 1, timeframe=HOUR)) == []
    assert sets.close_until(10 * HOUR) == []
    assert sets.late == {}


def test_a_snapshot_goes_on_where_it_stopped() -> None:
    messages = [bar("EURUSD", 1), bar("EURUSD", 2), bar("GBPUSD", 1), bar("GBPUSD", 2),
                tick("DXY", 3 * MINUTE), bar("USDJPY", 2), bar("EURUSD", 4)]  # fmt: skip
    for cut in range(len(messages)):
        ids = count(1).__next__
        first, second = (BarSetBuilder({M1: THREE}, ids, 30 * SECOND) for _ in range(2))
        told = feed(first, *messages[:cut])
        second.restore(first.snapshot())
        assert second.snapshot() == first.snapshot()
        told += feed(second, *messages[cut:])
        whole = BarSetBuilder({M1: THREE}, count(1).__next__, 30 * SECOND)
        assert told == feed(whole, *messages)
        assert second.late == whole.late == {"GBPUSD": 1, "USDJPY": 1}


@pytest.mark.parametrize(
    ("members", "deadline", "told"),
    [
        ({M1: THREE}, 0, "deadline of 0 ns"),
        ({M1: ("EURUSD",)}, 1, "the sets of 60 s have the symbols EURUSD; name two or more"),
        ({M1: ("EURUSD", "EURUSD")}, 1, "each once"),
        ({M1: ()}, 1, "name two or more"),
    ],
)
def test_what_makes_no_sets_is_refused(
    members: dict[int, tuple[str, ...]], deadline: int, told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        BarSetBuilder(members, count(1).__next__, deadline)


def test_the_usual_deadline_is_shorter_than_a_minute() -> None:
    assert 0 < DEADLINE < MINUTE
