"""What a judgement looked at: bars, labels and forecaster of each instrument."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from assay.apps.lab.evaluation.judging import Judged
    from assay.apps.lab.models.labelling import Instrument
    from assay.signals.prediction import Forecaster
    from assay.signals.training import Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Hold one instrument of an evaluation; `rows` are all its labels, those of the past too."""

    instrument: Instrument
    rows: Rows
    forecaster: Forecaster

    def places(self, judged: Judged, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Return which judged rows are this instrument's, the `number`-th, and the bar of each."""
        mine = np.flatnonzero(judged.symbol == number)
        closes = judged.time[mine] + self.forecaster.artifact.taught.timeframe
        return mine, np.searchsorted(self.instrument.bars.close_time, closes)
