"""Hold each occurrence of a pattern against what became of its like before.

An occurrence at bar t enters at the open of bar t + 1 and is over at the close of bar t + horizon;
it is a hit where that went its way. Nothing counts before it is over, and of two that overlap only
the first counts, so outcomes share no bar. Prices are the bid's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.model.errors import UsageError
from assay.signals.recognition.hitrate import HitRate
from assay.signals.recognition.shapes import Float32s, ShapeStore

VERDICTS = ("confirmed", "not confirmed", "unknown")
UP, DOWN = 1, -1


@dataclass(frozen=True, slots=True)
class Terms:
    """Say how occurrences are judged.

    horizon: bars that a foretold move has; threshold: confidence from which one is confirmed;
    neighbours: how many nearest shapes are asked. Raises UsageError for what makes no sense.
    """

    horizon: int = 12
    threshold: float = 0.7
    neighbours: int = 50

    def __post_init__(self) -> None:
        if not 1 <= self.horizon <= 1000:
            raise UsageError(f"horizon {self.horizon} is outside 1..1000 bars")
        if not 0.5 <= self.threshold < 1.0:
            raise UsageError(f"confidence {self.threshold:g} is outside 0.5..1, 1 excluded")
        if not 30 <= self.neighbours <= 1000:
            raise UsageError(f"neighbours {self.neighbours} is outside 30..1000")


@dataclass(frozen=True, slots=True)
class Found:
    """Hold one occurrence: bar (its number, from 0), close (ns UTC), side (1 up, -1 down).

    covered: bars of the pattern, the last included; spread: of its close, in points.
    """

    bar: int
    ts_close: int
    pattern: str
    side: int
    covered: int
    spread: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """Hold an occurrence with what was known at its close.

    history: of this pattern and side; neighbours: of the shapes most like it, of any pattern;
    chance: share of all bars after which the market went its way; confidence: the lower of the two
    probabilities of being better than chance, None (and the verdict unknown) where one is missing.
    """

    found: Found
    history: HitRate
    neighbours: HitRate
    chance: float
    confidence: float | None
    verdict: str


@dataclass(slots=True)
class _Pending:
    found: tuple[Found, ...]
    shape: Float32s | None


def separate(bars: Sequence[int], horizon: int) -> list[int]:
    """Return the places of bars (in order) kept so that none is within a horizon of another.

    >>> separate([3, 5, 9, 10, 15], horizon=6)
    [0, 2, 4]
    """
    kept, last = [], -horizon
    for place, bar in enumerate(bars):
        if bar - last >= horizon:
            kept.append(place)
            last = bar
    return kept


class Judge:
    """Judge occurrences in the order of bars; `step` once a bar, then `judge` what it shows."""

    def __init__(self, terms: Terms, store: ShapeStore) -> None:
        self.terms = terms
        self._store = store
        self._bar = -1
        self._opens: deque[int] = deque(maxlen=terms.horizon)
        self._pending: deque[_Pending] = deque()
        self._tallies: dict[tuple[str, int], HitRate] = {}
        self._last: dict[tuple[str, int], int] = {}
        self._last_shape = -terms.horizon
        self._known = self._ups = self._downs = 0

    def step(self, opening: int, close: int, ts_close: int) -> None:
        """Take a bar's prices (points) and note the outcomes that are known by them."""
        self._bar += 1
        self._opens.append(opening)
        done = self._bar - self.terms.horizon
        if done < 0:
            return
        move = close - self._opens[0]
        self._known += 1
        self._ups += move > 0
        self._downs += move < 0
        if self._pending and self._pending[0].found[0].bar == done:
            self._settle(self._pending.popleft(), move, ts_close)

    def judge(self, found: tuple[Found, ...], shape: Float32s | None) -> list[Judgement]:
        """Judge what the last bar shows, by what is known at its close."""
        if not found:
            return []
        moves = self._ask(shape, found[0].ts_close)
        self.note(found, shape)
        return [self._judge_one(each, moves) for each in found]

    def note(self, found: tuple[Found, ...], shape: Float32s | None) -> None:
        """Remember what the last bar shows, for those that come after it."""
        if found:
            self._pending.append(_Pending(found, shape))

    def _judge_one(self, found: Found, moves: NDArray[np.int64]) -> Judgement:
        history = self._tallies.get((found.pattern, found.side), HitRate())
        chance = self._chance(found.side)
        neighbours = HitRate(len(moves), int((found.side * moves > 0).sum()))
        sure = [each.confidence(chance) for each in (history, neighbours)]
        told = [each for each in sure if each is not None]
        confidence = min(told) if len(told) == len(sure) else None
        if confidence is None:
            verdict = VERDICTS[2]
        else:
            verdict = VERDICTS[0 if confidence >= self.terms.threshold else 1]
        return Judgement(found, history, neighbours, chance, confidence, verdict)

    def _ask(self, shape: Float32s | None, now: int) -> NDArray[np.int64]:
        if shape is None:
            return np.zeros(0, dtype=np.int64)
        return self._store.nearest(shape, now=now, count=self.terms.neighbours)

    def _chance(self, side: int) -> float:
        went = self._ups if side > 0 else self._downs
        return went / self._known if self._known else 0.5

    def _settle(self, pending: _Pending, move: int, known: int) -> None:
        for found in pending.found:
            key = found.pattern, found.side
            if found.bar - self._last.get(key, -self.terms.horizon) >= self.terms.horizon:
                tally = self._tallies.get(key, HitRate())
                is_hit = found.side * move > 0
                self._tallies[key] = HitRate(tally.count + 1, tally.hits + is_hit)
                self._last[key] = found.bar
        first = pending.found[0]
        if pending.shape is None or first.bar - self._last_shape < self.terms.horizon:
            return
        self._store.add(pending.shape, ts_close=first.ts_close, known=known, move=move)
        self._last_shape = first.bar
