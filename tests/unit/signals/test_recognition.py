"""What a pattern is worth: by outcomes that are over, none overlapping, against chance."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy.stats import beta, binomtest

from assay.model.errors import UsageError
from assay.signals.recognition import (
    LEAST,
    HitRate,
    Judgement,
    MemoryShapes,
    PatternValidator,
    Terms,
    choose_patterns,
    scan,
    shape_of,
)
from assay.signals.recognition.shapes import SHAPE_SIZE, SHAPE_SPAN
from assay.signals.streams.columns import BarColumns
from tests.contract.bar_columns import bars_from, message_of, real_bars, walk

TERMS = Terms(horizon=8, neighbours=30)


@cache
def bars() -> BarColumns:
    return real_bars().cut(slice(0, 1200))


@cache
def judged() -> list[Judgement]:
    return scan(bars(), terms=TERMS)


def move_of(columns: BarColumns, bar: int) -> int:
    return int(columns.close[bar + TERMS.horizon] - columns.open[bar + 1])


def rate_of(moves: list[int], side: int) -> HitRate:
    return HitRate(len(moves), sum(side * move > 0 for move in moves))


def apart(numbers: list[int]) -> list[int]:
    kept: list[int] = []
    for number in numbers:
        if not kept or number - kept[-1] >= TERMS.horizon:
            kept.append(number)
    return kept


def test_judgements_are_those_of_a_plain_reckoning() -> None:
    columns, rows = bars(), bars().to_rows()
    shapes = {n: shape_of(rows[: n + 1]) for n in {each.found.bar for each in judged()}}
    shown = sorted(n for n, shape in shapes.items() if shape is not None)
    for each in judged()[::11]:
        now, key = each.found.bar, (each.found.pattern, each.found.side)
        over = now - TERMS.horizon
        like = [
            other.found.bar for other in judged()
            if (other.found.pattern, other.found.side) == key and other.found.bar <= over
        ]  # fmt: skip
        moves = [move_of(columns, bar) for bar in apart(like)]
        assert each.history == rate_of(moves, each.found.side)
        known = [move_of(columns, bar) for bar in range(over + 1)]
        if known:
            assert each.chance == sum(each.found.side * move > 0 for move in known) / len(known)
        stored = [bar for bar in apart(shown) if bar <= over]
        mine = shapes[now]
        if mine is None or not stored:
            assert each.neighbours == HitRate()
            continue
        distance = [float(np.linalg.norm(shapes[bar] - mine)) for bar in stored]
        nearest = [stored[place] for place in np.argsort(distance, kind="stable")[:30]]
        assert each.neighbours == rate_of([move_of(columns, b) for b in nearest], each.found.side)


@pytest.mark.parametrize("length", [0, 1, 40, 500, 1199])
def test_the_future_changes_no_judgement(length: int) -> None:
    wanted = [each for each in judged() if each.found.bar < length]
    assert scan(bars().cut(slice(0, length)), terms=TERMS) == wanted


def test_live_says_the_same() -> None:
    validator = PatternValidator(terms=TERMS)
    told = [each for row in range(1200) for each in validator.push(message_of(bars(), row))]
    assert told == judged()


def test_verdicts_follow_the_lower_confidence() -> None:
    seen = set()
    for each in judged():
        seen.add(each.verdict)
        both = [rate.confidence(each.chance) for rate in (each.history, each.neighbours)]
        if None in both:
            assert (each.verdict, each.confidence) == ("unknown", None)
            continue
        assert each.confidence == min(value for value in both if value is not None)
        assert each.verdict == ("confirmed" if each.confidence >= 0.7 else "not confirmed")
    assert seen == {"confirmed", "not confirmed", "unknown"}


def planted() -> BarColumns:
    """Return a walk that rises for 8 bars after every hammer."""
    columns = bars_from(walk(11, 9000), seed=11)
    rows = [each.found.bar for each in scan(columns, choose_patterns(["hammer"]))]
    assert len(rows) > 60
    lift = np.zeros(len(columns), dtype=np.int64)
    for row in rows:
        lift[row + 1 : row + 9] += 25
    rise = np.cumsum(lift)
    before = np.concatenate(([0], rise[:-1]))
    opens, closes = columns.open + before, columns.close + rise
    return BarColumns(
        columns.ts_close, opens, np.maximum(opens, closes) + columns.high
        - np.maximum(columns.open, columns.close), np.minimum(opens, closes) + columns.low
        - np.minimum(columns.open, columns.close), closes, columns.spread,
    )  # fmt: skip


def test_a_planted_pattern_is_confirmed() -> None:
    found = scan(planted(), choose_patterns(["hammer"]), TERMS)
    late = [each for each in found if each.verdict != "unknown"]
    assert len(late) > 30
    assert all(each.verdict == "confirmed" for each in late)
    assert late[-1].history.interval()[0] > late[-1].chance


def test_in_a_random_walk_few_are_confirmed_and_they_are_no_better_than_chance() -> None:
    columns = bars_from(walk(12, 8_000), seed=12, gap=3)
    found = [
        each for each in scan(columns, terms=TERMS)
        if each.verdict != "unknown" and each.found.bar + TERMS.horizon < len(columns)
    ]  # fmt: skip
    confirmed = [each for each in found if each.verdict == "confirmed"]
    assert 0 < len(confirmed) < 0.3 * len(found)
    kept = apart([each.found.bar for each in confirmed])
    side = {each.found.bar: each.found.side for each in confirmed}
    hits = sum(side[bar] * move_of(columns, bar) > 0 for bar in kept)
    low, high = HitRate(len(kept), hits).interval()
    assert low < 0.5 < high


@pytest.mark.parametrize(("count", "hits"), [(1, 0), (30, 30), (57, 20), (4000, 2100)])
def test_interval_and_confidence_are_those_of_scipy(count: int, hits: int) -> None:
    rate = HitRate(count, hits)
    wilson = binomtest(hits, count).proportion_ci(method="wilson")
    assert rate.interval() == pytest.approx((wilson.low, wilson.high), abs=1e-12)
    if count >= LEAST:
        wanted = beta(hits + 0.5, count - hits + 0.5).sf(0.5)
        assert rate.confidence(0.5) == pytest.approx(wanted, abs=1e-12)
    else:
        assert rate.confidence(0.5) is None


def test_a_shape_knows_neither_price_nor_volatility() -> None:
    rows = bars().to_rows()[:SHAPE_SPAN]
    shape = shape_of(rows)
    assert shape is not None
    assert shape.shape == (SHAPE_SIZE,)
    assert np.array_equal(shape, shape_of(4.0 * rows + 64.0))
    assert shape_of(rows[1:]) is None
    assert not np.any(shape_of(np.full_like(rows, 7.0)))


def test_a_full_store_forgets_the_oldest() -> None:
    store = MemoryShapes(most=3)
    shapes = np.eye(4, SHAPE_SIZE, dtype=np.float32)
    for place, shape in enumerate(shapes):
        store.add(shape, ts_close=place, known=place, move=10 + place)
    assert sorted(store.nearest(shapes[0], now=9, count=30)) == [11, 12, 13]
    assert store.nearest(shapes[2], now=9, count=1).tolist() == [12]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"horizon": 0}, r"horizon 0 is outside 1\.\.1000"),
        ({"threshold": 1.0}, r"confidence 1 is outside 0\.5\.\.1"),
        ({"neighbours": 29}, r"neighbours 29 is outside 30\.\.1000"),
    ],
)
def test_terms_that_make_no_sense_are_refused(given: dict[str, float], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        Terms(**given)
