"""The regime of one instrument while its bars close, and the message of each change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from assay.model.messages import BarClosed, RegimeChanged
from assay.model.regimes import Regime
from assay.model.time import DAY
from assay.signals.features import BarColumns
from assay.signals.regimes.chain import Int64s
from assay.signals.regimes.classifier import Classified
from assay.signals.regimes.filtering import NONE
from assay.signals.regimes.saving import Kept

PAUSE_MOST = 7 * DAY
"""How long after the bar it remembers last a feed may begin for the memory to be of use."""
TEN_THOUSAND = 10_000
PRICES = ("open", "high", "low", "close", "spread_close")


class RegimeNow(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the regime that is confirmed now, since when, and the one foretold; None before.

    `bars` of the `settling` that it takes to forget where it began were seen. Times are ns UTC.
    """

    symbol: str
    timeframe: int
    classifier: str
    bars: int
    settling: int
    time: int = 0
    regime: str | None = None
    confidence: float | None = None
    since: int | None = None
    ahead: str | None = None
    ahead_confidence: float | None = None


@dataclass(frozen=True, slots=True)
class _Told:
    regime: int
    since: int


class RegimeWatch:
    """Tell each regime that a classifier confirms; nothing before it has settled.

    A feed that goes on where the saved memory ends is told of from its first bar. Its prices, which
    have `digits`, are brought to those that the classifier was fitted at.
    """

    def __init__(self, kept: Kept, digits: int) -> None:
        self._kept, self._finer = kept, kept.digits - digits
        self._stream = kept.classifier.stream()
        self._name = kept.classifier.digest[:12]
        self._told = _Told(NONE, 0)
        self._last: tuple[int, Classified] | None = None

    @property
    def symbol(self) -> str:
        """Return the symbol that it is of."""
        return self._kept.symbol

    @property
    def now(self) -> RegimeNow:
        """Return what is said after the last bar."""
        kept, stream = self._kept, self._stream
        found = RegimeNow(
            symbol=kept.symbol, timeframe=kept.timeframe, classifier=self._name,
            bars=stream.bars, settling=kept.classifier.settling,
        )  # fmt: skip
        if self._last is None or self._told.regime == NONE:
            return found
        time, told = self._last
        return msgspec.structs.replace(
            found, time=time, regime=_label(self._told.regime),
            confidence=float(told.confidence[-1]), since=self._told.since,
            ahead=_label(int(told.ahead[-1])), ahead_confidence=float(told.ahead_confidence[-1]),
        )  # fmt: skip

    def take(self, bars: Sequence[BarClosed]) -> list[RegimeChanged]:
        """Step over finished bars of the symbol, in order; return what changed, and when."""
        if not bars:
            return []
        if self._last is None and self._goes_on(bars[0]):
            self._stream.restore(self._kept.memory)
        told = self._stream.load(_columns(bars, self._finer))
        self._last = bars[-1].ts_event, told
        before = np.concatenate([[self._told.regime], told.regime[:-1]])
        return [self._change(told, bars[at], at) for at in np.flatnonzero(told.regime != before)]

    def _goes_on(self, first: BarClosed) -> bool:
        return 0 <= first.ts_open - self._kept.until < PAUSE_MOST

    def _change(self, told: Classified, bar: BarClosed, at: int) -> RegimeChanged:
        before, self._told = self._told.regime, _Told(int(told.regime[at]), bar.ts_event)
        return RegimeChanged(
            id=0, cause=bar.id, ts_event=bar.ts_event, ts_init=bar.ts_init, symbol=bar.symbol,
            timeframe=bar.timeframe, classifier=self._name,
            before="" if before == NONE else _label(before), regime=_label(self._told.regime),
            confidence=round(TEN_THOUSAND * float(told.confidence[at])),
        )  # fmt: skip


def _label(regime: int) -> str:
    return Regime(regime).label


def _columns(bars: Sequence[BarClosed], finer: int) -> BarColumns:
    """Return bars whose prices have so many digits more."""
    closes = np.array([bar.ts_event for bar in bars], np.int64)
    prices = (np.array([getattr(bar, name) for bar in bars], np.int64) for name in PRICES)
    return BarColumns(closes, *(_rescale(column, finer) for column in prices))


def _rescale(points: Int64s, finer: int) -> Int64s:
    if finer >= 0:
        return points * 10**finer
    return np.rint(points / 10**-finer).astype(np.int64)
