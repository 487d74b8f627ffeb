"""The form of a pattern: how far it looks back, what it says, and by whom it was described."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

KINDS = ("candle", "chart")
SIDES = ("up", "down")


@dataclass(frozen=True, slots=True)
class Pattern:
    """Declare a pattern.

    `find(bars, t, swings)` is compiled: bars are rows of `streams.columns`, t the bar that just
    closed, of which at least `span` with itself are there, swings those of `recognition.swings`.
    It looks at no other than the last `span` bars and returns how many of them the pattern covers,
    positive where it foretells a rise, negative where a fall, 0 where there is none.
    """

    name: str
    kind: str
    span: int
    sides: tuple[str, ...]
    source: str
    find: Callable[..., Any]
