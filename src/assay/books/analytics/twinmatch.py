"""Which fill of the live day is which fill of its twin."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import NamedTuple

from assay.books.analytics.ordermatch import WINDOW
from assay.books.analytics.twinday import (
    EXITS,
    MANUAL,
    DayFill,
    Held,
    LiveFacts,
    trace_positions,
)
from assay.books.ledger.position import Position


class Part(NamedTuple):
    """Hold a part of a fill: so many of its signed units, and what the fill found open."""

    fill: DayFill
    quantity: int
    held: Held

    @property
    def share(self) -> float:
        """Return how much of the fill it is."""
        return self.quantity / self.fill.quantity


class Pair(NamedTuple):
    """Hold parts of equal quantity, one of either side."""

    live: Part
    twin: Part


class Matched(NamedTuple):
    """Hold what both sides did, and what either did alone, in order of time."""

    pairs: list[Pair]
    live: list[Part]
    twin: list[Part]


def match_fills(
    live: Sequence[DayFill], twin: Sequence[DayFill], facts: LiveFacts,
    opening: Mapping[str, Position],
) -> Matched:  # fmt: skip
    """Return the fills of both sides, matched part by part.

    Fills are one where their orders' keys are, else where bar, symbol, type and side are. Exits are
    one where they close what the same order opened, else where they are of one kind within a
    minute. What a hand made, or an exit after a hand or the venue moved the stops, matches
    nothing.
    """
    ours, theirs = (
        [
            Part(fill, fill.quantity, held)
            for fill, held in zip(fills, trace_positions(fills, opening)[0], strict=True)
        ]
        for fills in (live, twin)
    )
    pairs: list[Pair] = []
    kept_live, kept_twin = _meddled(ours, facts), _meddled(theirs, facts)
    ours = [part for part in ours if part not in kept_live]
    theirs = [part for part in theirs if part not in kept_twin]
    for identify in (_by_key, _by_bar):
        found, ours, theirs = _match(ours, theirs, identify)
        pairs += found
    found, ours, theirs = _match_near(ours, theirs)
    return Matched(pairs + found, _in_time(ours + kept_live), _in_time(theirs + kept_twin))


def _meddled(parts: Sequence[Part], facts: LiveFacts) -> list[Part]:
    return [
        part
        for part in parts
        if part.fill.kind == MANUAL
        or (
            part.fill.kind in EXITS
            and (
                part.held.opener in facts.widened
                or facts.touched(part.fill.symbol, part.held.since, part.fill.time)
            )
        )
    ]


def _in_time(parts: list[Part]) -> list[Part]:
    return sorted(parts, key=lambda part: part.fill.time)


def _side(part: Part) -> bool:
    return part.quantity > 0


def _by_key(part: Part) -> Hashable:
    fill = part.fill
    if fill.kind in EXITS:
        return fill.symbol, fill.kind, part.held.opener, _side(part)
    return fill.symbol, "", fill.key, _side(part)


def _by_bar(part: Part) -> Hashable:
    fill = part.fill
    if fill.kind in EXITS or not fill.decided:
        return None
    return fill.symbol, fill.kind, fill.decided, _side(part)


def _match(
    ours: Sequence[Part], theirs: Sequence[Part], identify: Callable[[Part], Hashable]
) -> tuple[list[Pair], list[Part], list[Part]]:
    waiting: dict[Hashable, list[Part]] = defaultdict(list)
    for part in theirs:
        waiting[identify(part)].append(part)
    pairs, left = [], []
    for part in ours:
        name, rest = identify(part), part
        queue = waiting[name] if name is not None else []
        while queue and rest.quantity:
            pair, rest, other = _pair(rest, queue[0])
            pairs.append(pair)
            queue[:1] = [other] if other.quantity else []
        if rest.quantity:
            left.append(rest)
    return pairs, left, [part for queue in waiting.values() for part in queue]


def _match_near(
    ours: Sequence[Part], theirs: Sequence[Part]
) -> tuple[list[Pair], list[Part], list[Part]]:
    """Match exits of one kind that lie within a minute, the nearest first."""
    pairs, left, others = [], [], list(theirs)
    for part in ours:
        rest = part
        while rest.quantity and part.fill.kind in EXITS:
            near = min(
                (other for other in others if _is_near(rest, other)),
                key=lambda other: abs(other.fill.time - part.fill.time), default=None,
            )  # fmt: skip
            if near is None:
                break
            pair, rest, other = _pair(rest, near)
            pairs.append(pair)
            others.remove(near)
            others += [other] if other.quantity else []
        if rest.quantity:
            left.append(rest)
    return pairs, left, others


def _is_near(one: Part, other: Part) -> bool:
    a, b = one.fill, other.fill
    is_alike = (a.symbol, a.kind, _side(one)) == (b.symbol, b.kind, _side(other))
    return is_alike and abs(a.time - b.time) <= WINDOW


def _pair(ours: Part, theirs: Part) -> tuple[Pair, Part, Part]:
    """Return a pair of the lesser quantity, and what is left of either."""
    quantity = min(ours.quantity, theirs.quantity, key=abs)
    pair = Pair(ours._replace(quantity=quantity), theirs._replace(quantity=quantity))
    return (
        pair,
        ours._replace(quantity=ours.quantity - quantity),
        theirs._replace(quantity=theirs.quantity - quantity),
    )
