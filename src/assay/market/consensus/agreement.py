"""Which of several quotes of one moment depart from what the others say."""

from __future__ import annotations

from collections.abc import Sequence

TOLERANCE_SPREADS = 3
"""Mids within so many spreads, of the wider quote, say the same."""
BLAME = 3
"""Of two, the one departs that has moved so many times as far from where they last agreed."""


def find_apart(
    mids: Sequence[int], spreads: Sequence[int], agreed: int = 0
) -> tuple[list[bool], int]:
    """Return which quotes depart, and by how much the farthest lies off (doubled points).

    `mids` are doubled points. Three or more are held to their median. Of two that differ, the one
    departs that moved from `agreed`, where they last said the same; both where that cannot be told.

    >>> find_apart([220_000, 220_004, 220_400], [10, 10, 10])
    ([False, False, True], 396)
    >>> find_apart([220_000, 220_400], [10, 10], agreed=220_002)
    ([False, True], 400)
    >>> find_apart([219_800, 220_200], [10, 10], agreed=220_000)
    ([True, True], 400)
    """
    if len(mids) < 2:
        return [False] * len(mids), 0
    if len(mids) == 2:
        return _of_two(mids, max(spreads), agreed)
    middle, usual = median_of(mids), median_of(spreads)
    off = [abs(mid - middle) for mid in mids]
    apart = [
        each > tolerance_of(max(spread, usual)) for each, spread in zip(off, spreads, strict=True)
    ]
    return apart, max(off)


def _of_two(mids: Sequence[int], spread: int, agreed: int) -> tuple[list[bool], int]:
    gap = abs(mids[0] - mids[1])
    if gap <= tolerance_of(spread):
        return [False, False], gap
    first, second = (abs(mid - agreed) if agreed else 0 for mid in mids)
    is_known = first >= BLAME * second or second >= BLAME * first
    if not agreed or not is_known:
        return [True, True], gap
    return [first > second, second > first], gap


def tolerance_of(spread: int) -> int:
    """Return how far two mids (doubled points) may lie apart at a spread (points)."""
    return 2 * TOLERANCE_SPREADS * max(spread, 1)


def median_of(values: Sequence[int]) -> int:
    """Return the middle value, of an even number the mean of the middle two, floored.

    >>> median_of([5, 1, 9]), median_of([4, 1, 2, 9])
    (5, 3)
    """
    ordered, half = sorted(values), len(values) // 2
    if len(ordered) % 2:
        return ordered[half]
    return (ordered[half - 1] + ordered[half]) // 2
