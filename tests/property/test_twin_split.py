"""Whatever both sides of a twin did, the causes sum to the gap, and every figure has an order."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from assay.books.analytics.twinday import (
    MANUAL,
    DayFill,
    DaySide,
    Ending,
    HandAct,
    LiveFacts,
    Mark,
    TouchLine,
)
from assay.books.analytics.twinsplit import CONVERSION, DayOpening, split_day
from assay.books.ledger.position import FLAT, Position, apply_fill

SYMBOLS = ("EURUSD", "XAUUSD")
WORTH = 0.5
RATES = (0.5, 0.495, 0.52)
"""What a point of a unit is worth as the price of it moves the rate, for a third of the fills."""
PRICES = st.integers(900, 1_100)
FILLS = st.lists(
    st.tuples(
        st.integers(1, 40), st.sampled_from(SYMBOLS), st.integers(1, 6),
        st.sampled_from(("market", "limit", "stop_loss", "take_profit", MANUAL)),
        st.integers(-5, 5).filter(bool), PRICES, st.integers(0, 9),
    ),
    max_size=12,
)  # fmt: skip
FACTS = st.builds(
    LiveFacts,
    sent=st.sets(st.integers(1, 6)),
    endings=st.dictionaries(
        st.integers(1, 6), st.builds(Ending, st.sampled_from(SYMBOLS), st.just(5), st.just("why"))
    ),
    acts=st.lists(
        st.builds(
            HandAct, st.integers(1, 40), st.sampled_from(SYMBOLS), st.integers(0, 6),
            st.sampled_from(("stop_removed", "order_edited")),
        ),
        max_size=3,
    ),
    unseen_quotes=st.fixed_dictionaries(
        {symbol: st.lists(st.integers(1, 40), unique=True).map(sorted) for symbol in SYMBOLS}
    ),
)  # fmt: skip


def side_of(
    rows: list[tuple[int, str, int, str, int, int, int]], opening: DayOpening, *, moves: bool
) -> DaySide:
    """Return fills with the profit that books would give them, and quotes of each."""
    held = dict(opening.positions)
    fills = []
    for time, symbol, key, kind, quantity, price, fee in sorted(rows, key=lambda row: row[0]):
        # Twice as much as a unit of money: profits are whole.
        change = apply_fill(held.get(symbol, FLAT), 2 * quantity, price=price, price_digits=0)
        held[symbol] = change.position
        worth = RATES[price % len(RATES)] if moves else WORTH
        fills.append(
            DayFill(
                time, symbol, key, key if kind in ("market", "limit") else 0, kind, 2 * quantity,
                price, worth, fee, math.floor(change.raw_profit * worth),
            )
        )  # fmt: skip
    line = TouchLine.of_rows([(ts, 1_000 + ts, 1_004 + ts) for ts in range(0, 50, 7)])
    return DaySide(fills=fills, touches=dict.fromkeys(SYMBOLS, line))


@settings(max_examples=150, deadline=None)
@given(FILLS, FILLS, FACTS, st.integers(-4, 4), PRICES, st.integers(0, 6), st.booleans())
def test_causes_sum_to_the_gap(
    ours: list[tuple[int, str, int, str, int, int, int]],
    theirs: list[tuple[int, str, int, str, int, int, int]],
    facts: LiveFacts, begun: int, price: int, spread: int, moves: bool,
) -> None:  # fmt: skip
    opening = DayOpening({"EURUSD": Position(2 * begun, 2_000 * begun)} if begun else {}, 0)
    sides = side_of(ours, opening, moves=moves), side_of(theirs, opening, moves=moves)
    marks = dict.fromkeys(SYMBOLS, Mark(price, price + spread, WORTH))
    split = split_day(sides, facts, opening, marks)
    assert sum(split.amounts.values()) == split.gap
    # Mean prices that no whole point is cost half a point of a unit a fill, at most.
    assert abs(split.rest) <= 0.5 * (len(ours) + len(theirs)) + 1e-6
    assert moves or not split.amounts[CONVERSION]
    if ours == theirs and not facts.acts:
        kinds = {fill.kind for fill in sides[0].fills}
        assert MANUAL in kinds or (split.gap, split.items) == (0, [])
