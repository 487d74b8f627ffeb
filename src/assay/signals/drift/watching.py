"""Drift of the model that serves, while its forecasts come and what they foretold is known.

Labels do not overlap: one begins where the one before was known. What all symbols were forecast at
one moment is one label, known once the last of them has seen a horizon of its bars.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np
from numpy.typing import NDArray

from assay.model.messages import BarClosed, DriftFound, FeaturesReady, Predicted
from assay.signals.calibration import ONE
from assay.signals.calibration.scoring import log_losses
from assay.signals.drift.detectors import detector_names, find_detector
from assay.signals.drift.ports import FEATURE, LOSS, SCORE, Watch
from assay.signals.drift.reference import ModelReference
from assay.signals.features import read_values

UNWATCHED = ("warming", "hindsight", "inquorate")
"""States of forecasts that nothing is held against."""
OVER = 0.5
"""Once told, a detector tells again after its statistic was below this share of an alarm."""
HORIZONS_MOST = 8
"""A symbol that closes no bar holds up the others' labels for so many horizons at most."""
THOUSAND = 1_000
Floats = NDArray[np.float64]


class DriftNow(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the statistic of a detector's stream, in alarms, after so many labels.

    Of features it is the highest of all, `stream` naming that one; `alarmed` counts streams.
    """

    model: str
    detector: str
    stream: str
    statistic: float
    alarmed: int
    labels: int


@dataclass(slots=True)
class _Row:
    """Hold one forecast whose outcome is not known yet: `left` bars of its symbol are to come."""

    predicted: Predicted
    features: Floats
    mid: int
    left: int
    up: bool | None = None


@dataclass(slots=True)
class _Moment:
    """Collect what one close brought, by symbol."""

    time: int = 0
    mids: dict[str, int] = field(default_factory=dict)
    features: dict[str, Floats] = field(default_factory=dict)
    predicted: dict[str, Predicted] = field(default_factory=dict)
    last: BarClosed | None = None


@dataclass(slots=True)
class _Dial:
    """Hold one detector's watches of one kind of stream, and whether drift was told."""

    detector: str
    kind: str
    watches: dict[str, Watch]
    statistics: dict[str, float]
    is_told: bool = False

    @property
    def worst(self) -> tuple[str, float]:
        return max(self.statistics.items(), key=lambda each: each[1])

    @property
    def alarmed(self) -> int:
        return sum(each >= 1 for each in self.statistics.values())


class DriftWatch:
    """Hold what is heard of one model against its calibration span, by every detector.

    The labels are of the direction a horizon on, for which a bracket that ends sooner waits too.
    """

    def __init__(self, reference: ModelReference) -> None:
        self.model, self._names = reference.model, tuple(reference.features)
        self._dials = _make_dials(reference)
        self._moment = _Moment()
        self._open: list[_Row] = []
        self._labels = 0

    def take(
        self, messages: Sequence[BarClosed | FeaturesReady | Predicted]
    ) -> list[DriftFound]:  # fmt: skip
        """Take messages in their order; return what drift is told, at the close that told it."""
        told: list[DriftFound] = []
        for message in messages:
            moment = self._moment
            if type(message) is BarClosed:
                if message.ts_event > moment.time:
                    told += self._conclude()
                    self._moment = moment = _Moment(time=message.ts_event)
                moment.mids[message.symbol] = 2 * message.close + message.spread_close
                moment.last = message
            elif type(message) is FeaturesReady:
                moment.features[message.symbol] = read_values(message).astype(np.float64)
            elif type(message) is Predicted and message.model == self.model:
                moment.predicted[message.symbol] = message
        return told

    def _conclude(self) -> list[DriftFound]:
        """Close the moment: labels that became known are shown to the detectors."""
        moment, told = self._moment, list[DriftFound]()
        for row in self._open:
            mid = moment.mids.get(row.predicted.symbol)
            if mid is not None and row.up is None:
                row.left -= 1
                row.up = mid > row.mid if row.left == 0 else None
        if self._open and self._is_over(moment.time):
            known = [row for row in self._open if row.up is not None]
            self._open = []
            told = self._show(known, moment)
        if not self._open:
            self._open = [
                _Row(each, moment.features[symbol], moment.mids[symbol], each.horizon)
                for symbol, each in moment.predicted.items()
                if each.state not in UNWATCHED and symbol in moment.features
                and symbol in moment.mids
            ]  # fmt: skip
        return told

    def _is_over(self, now: int) -> bool:
        first = self._open[0].predicted
        if all(row.up is not None for row in self._open):
            return True
        return now - first.ts_event > HORIZONS_MOST * first.horizon * first.timeframe

    def _show(self, rows: Sequence[_Row], moment: _Moment) -> list[DriftFound]:
        if not rows:
            return []
        self._labels += 1
        p = np.array([row.predicted.p_up for row in rows]) / ONE
        streams = {SCORE: p, LOSS: log_losses(p, np.array([row.up is True for row in rows]))}
        columns = np.array([row.features for row in rows])
        for dial in self._dials:
            for name, watch in dial.watches.items():
                values = (
                    columns[:, self._names.index(name)]
                    if dial.kind == FEATURE else streams[dial.kind]
                )  # fmt: skip
                dial.statistics[name] = float(watch.take(values).statistic.max())
        return [told for dial in self._dials for told in self._tell(dial, moment)]

    def _tell(self, dial: _Dial, moment: _Moment) -> list[DriftFound]:
        stream, statistic = dial.worst
        if dial.is_told or statistic < 1:
            dial.is_told = dial.is_told and statistic >= OVER
            return []
        dial.is_told, last = True, moment.last
        assert last is not None
        return [
            DriftFound(
                id=0, cause=last.id, ts_event=last.ts_event, ts_init=last.ts_init,
                model=self.model, detector=dial.detector, stream=stream,
                statistic=round(THOUSAND * statistic), labels=self._labels, alarmed=dial.alarmed,
            )
        ]  # fmt: skip

    @property
    def now(self) -> list[DriftNow]:
        """Return where every detector stands."""
        found = []
        for dial in self._dials:
            stream, statistic = dial.worst
            found.append(
                DriftNow(
                    model=self.model, detector=dial.detector, stream=stream, statistic=statistic,
                    alarmed=dial.alarmed, labels=self._labels,
                )
            )  # fmt: skip
        return found


def _make_dials(reference: ModelReference) -> list[_Dial]:
    found = []
    for name in detector_names():
        detector = find_detector(name)
        for kind in detector.reads:
            held = {SCORE: {SCORE: reference.score}, LOSS: {LOSS: reference.loss}}
            streams = held.get(kind, reference.features)
            watches = {stream: detector.begin(each) for stream, each in streams.items()}
            found.append(_Dial(name, kind, watches, dict.fromkeys(watches, 0.0)))
    return found
