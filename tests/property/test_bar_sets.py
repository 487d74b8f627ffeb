"""Bar sets under any arrival: each once, in order, nobody counted twice or forgotten."""

from __future__ import annotations

from collections import Counter
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from assay.market.bars import BarSetBuilder
from assay.model.messages import BarClosed, BarSetClosed
from assay.model.time import MINUTE, SECOND

FOUR = ("EURUSD", "GBPUSD", "USDJPY", "XAUUSD")
MEMBERS = {MINUTE: FOUR, 5 * MINUTE: FOUR[:2]}


def bar(number: int, symbol: str, close: int, timeframe: int) -> BarClosed:
    return BarClosed(
        id=number, ts_event=close, ts_init=close, symbol=symbol, timeframe=timeframe,
        ts_open=close - timeframe, open=1, high=1, low=1, close=1, spread_open=0, spread_high=0,
        spread_low=0, spread_close=0,
    )  # fmt: skip


@st.composite
def arrivals(draw: st.DrawFn, *, delayed: bool) -> list[BarClosed]:
    """Return bars of each symbol in order, with holes; delayed ones let others overtake them."""
    rows = []
    for timeframe, symbols in MEMBERS.items():
        for symbol in symbols:
            slots = draw(st.sets(st.integers(1, 8)))
            for slot in slots:
                close = slot * timeframe
                delay = draw(st.integers(0, 150)) * SECOND if delayed else 0
                rows.append((close + delay, -timeframe, symbol, close))
    rows.sort()
    return [
        bar(number, symbol, close, -negated)
        for number, (_, negated, symbol, close) in enumerate(rows, 1)
    ]


def tell(sets: BarSetBuilder, bars: list[BarClosed]) -> list[BarSetClosed]:
    told = [each for message in bars for each in sets.handle(message)]
    return [each for each in told if isinstance(each, BarSetClosed)]


def build(deadline: int) -> BarSetBuilder:
    return BarSetBuilder(MEMBERS, count(1).__next__, deadline)


@given(arrivals(delayed=False), st.integers(1, 60))
def test_bars_in_order_make_the_sets_that_grouping_makes(
    bars: list[BarClosed], deadline: int
) -> None:
    sets = build(deadline * SECOND)
    told = tell(sets, bars)
    told += sets.close_until(2**62)  # type: ignore[arg-type]
    expected: dict[tuple[int, int], dict[str, int]] = {}
    for each in bars:
        expected.setdefault((each.ts_event, each.timeframe), {})[each.symbol] = each.id
    assert sets.late == {}
    found = {(each.ts_close, each.timeframe): each for each in told}
    assert len(found) == len(told)
    assert found.keys() == expected.keys()
    for (close, timeframe), each in found.items():
        assert dict(zip(each.symbols, each.bars, strict=True)) == expected[close, timeframe]
        everybody = not each.missing
        assert each.ts_event == close + (0 if everybody else deadline * SECOND)
    assert [each.ts_event for each in told] == sorted(each.ts_event for each in told)


@given(arrivals(delayed=True), st.integers(1, 200), st.data())
def test_every_bar_is_in_one_set_or_late(
    bars: list[BarClosed], deadline: int, data: st.DataObject
) -> None:
    sets = build(deadline * SECOND)
    told = tell(sets, bars)
    told += sets.close_until(2**62)  # type: ignore[arg-type]
    keys = [(each.ts_close, each.timeframe) for each in told]
    assert len(set(keys)) == len(keys)
    for timeframe, symbols in MEMBERS.items():
        own = [each for each in told if each.timeframe == timeframe]
        assert [each.ts_close for each in own] == sorted(each.ts_close for each in own)
        for each in own:
            assert sorted(each.symbols + each.missing) == sorted(symbols)
            assert each.symbols
    gathered = [number for each in told for number in each.bars]
    assert len(set(gathered)) == len(gathered)
    late = Counter(each.symbol for each in bars if each.id not in set(gathered))
    assert sets.late == late
    assert sum(len(each.late) for each in told) <= late.total()

    cut = data.draw(st.integers(0, len(bars)))
    first, ids = build(deadline * SECOND), count(1)
    again = tell(first, bars[:cut])
    second = BarSetBuilder(MEMBERS, count(len(again) + 1).__next__, deadline * SECOND)
    second.restore(first.snapshot())
    again += tell(second, bars[cut:])
    again += second.close_until(2**62)  # type: ignore[arg-type]
    assert again == told
    assert next(ids) == 1
