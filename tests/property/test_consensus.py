"""Laws of choosing among sources, whatever they say and whichever links break."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.market.consensus import SourceSelector, Standing, Verdict
from assay.model.time import SECOND

START = 1_561_360_000 * SECOND
MILLI = SECOND // 1_000
TRUE = 110_000


class Act(NamedTuple):
    """Hold what a source does after a while (ms): quote so old (ms) and so far off, or relink."""

    source: int
    after: int
    old: int
    off: int
    linked: bool | None


ACTS = st.lists(
    st.builds(
        Act, source=st.integers(0, 2), after=st.integers(1, 3_000),
        old=st.one_of(st.just(0), st.integers(-20_000, 5_000)),
        off=st.one_of(st.integers(-5, 5), st.integers(-5_000, 5_000)),
        linked=st.one_of(st.none(), st.none(), st.none(), st.booleans()),
    ),
    max_size=80,
)  # fmt: skip


def play(selector: SourceSelector, acts: list[Act], now: int = START) -> list[Verdict]:
    told = []
    for act in acts:
        now += act.after * MILLI
        if act.linked is not None:
            told.append(Verdict(False, False, selector.link(act.source, now, linked=act.linked)))
        else:
            bid = TRUE + act.off
            told.append(selector.quote(act.source, now, now - act.old * MILLI, bid, bid + 10))
    return told


@given(ACTS)
@settings(max_examples=40, deadline=None)
def test_what_passes_is_of_who_serves_and_never_goes_back(acts: list[Act]) -> None:
    selector, now, last, by = SourceSelector(3), START, 0, -1
    for act in acts:
        now += act.after * MILLI
        if act.linked is not None:
            selector.link(act.source, now, linked=act.linked)
            continue
        ts, bid = now - act.old * MILLI, TRUE + act.off
        if selector.quote(act.source, now, ts, bid, bid + 10).passes:
            assert act.source == selector.serving
            assert ts >= last if act.source == by else ts > last
            last, by = ts, act.source


@given(ACTS, ACTS)
@settings(max_examples=40, deadline=None)
def test_who_goes_on_from_a_snapshot_comes_to_the_same(before: list[Act], after: list[Act]) -> None:
    whole = SourceSelector(3)
    play(whole, before)
    later = START + sum(act.after for act in before) * MILLI
    kept = msgspec.json.encode(whole.snapshot())
    again = SourceSelector(3)
    again.restore(msgspec.json.decode(kept, type=Standing))
    assert play(whole, after, later) == play(again, after, later)
    assert whole.snapshot() == again.snapshot()


@given(
    st.integers(0, 2),
    st.lists(st.tuples(st.integers(-9_000, 9_000), st.integers(-8, 8)), min_size=20, max_size=60),
)
@settings(max_examples=40, deadline=None)
def test_what_one_of_three_makes_up_never_passes(liar: int, rows: list[tuple[int, int]]) -> None:
    selector, now = SourceSelector(3), START
    for _ in range(10):
        for source in range(3):
            now += 20 * MILLI
            selector.quote(source, now, now, TRUE, TRUE + 10)
    for lie, move in rows:
        for source in range(3):
            now += 20 * MILLI
            off = lie if source == liar else move
            verdict = selector.quote(source, now, now, TRUE + off, TRUE + off + 10)
            assert not verdict.passes or abs(off) <= 30 + 8


@given(st.lists(st.integers(1, 900), min_size=10, max_size=60), st.booleans())
@settings(max_examples=40, deadline=None)
def test_while_one_speaks_no_silence_lasts_five_seconds(waits: list[int], is_told: bool) -> None:
    """Whether the link tells that the first is gone, or it only says no more."""
    selector, now = SourceSelector(2), START
    for wait in waits:
        for source in range(2):
            now += wait * MILLI
            selector.quote(source, now, now, TRUE, TRUE + 10)
    gone, lull = now, max(waits)
    if is_told:
        selector.link(0, now, linked=False)
    passed = False
    while not passed:
        now += 100 * MILLI
        passed = selector.quote(1, now, now, TRUE, TRUE + 10).passes
        assert now - gone <= max(2 * 2 * lull * MILLI, 3 * SECOND) + 200 * MILLI
