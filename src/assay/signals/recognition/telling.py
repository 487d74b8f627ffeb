"""Judgements of a bar as the one message that tells of them."""

from __future__ import annotations

from collections.abc import Sequence

from assay.model.messages import BarClosed, PatternsJudged, PatternVerdict
from assay.signals.calibration import ONE
from assay.signals.recognition.hitrate import HitRate
from assay.signals.recognition.judging import Judgement, Terms


def tell_judgements(
    bar: BarClosed, judgements: Sequence[Judgement], terms: Terms, *, number: int
) -> PatternsJudged:
    """Return the message of what a bar completes; `number` is its id."""
    return PatternsJudged(
        id=number, cause=bar.id, ts_event=bar.ts_event, ts_init=bar.ts_event, symbol=bar.symbol,
        timeframe=bar.timeframe, horizon=terms.horizon,
        patterns=tuple(_tell(each) for each in judgements),
    )  # fmt: skip


def _tell(judgement: Judgement) -> PatternVerdict:
    found, history, near = judgement.found, judgement.history, judgement.neighbours
    (low, high), (near_low, near_high) = _bounds(history), _bounds(near)
    return PatternVerdict(
        pattern=found.pattern, side=found.side, covers=found.covered, verdict=judgement.verdict,
        count=history.count, hits=history.hits, low=low, high=high, near_count=near.count,
        near_hits=near.hits, near_low=near_low, near_high=near_high,
        chance=_share(judgement.chance),
        confidence=None if judgement.confidence is None else _share(judgement.confidence),
    )  # fmt: skip


def _bounds(rate: HitRate) -> tuple[int, int]:
    low, high = rate.interval()
    return _share(low), _share(high)


def _share(value: float) -> int:
    return round(ONE * value)
