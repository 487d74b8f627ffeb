"""From features to a forecast in integers: the same code for one bar and for a whole year."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.kernel.records import FORECAST, HINDSIGHT, READY, UNSKILLED, WARMING
from assay.signals.calibration import ONE, StepTable, to_score
from assay.signals.labels import Bracket, average_range
from assay.signals.models import OnnxClassifier
from assay.signals.models.ports import Float32s
from assay.signals.prediction.artifact import Artifact

Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Forecaster:
    """Say what to expect of the brackets that open after a bar."""

    def __init__(self, artifact: Artifact, graph: bytes) -> None:
        taught = artifact.taught
        self.artifact = artifact
        self.bracket = Bracket(horizon=taught.horizon, stop=taught.stop, target=taught.target)
        self._model = OnnxClassifier(graph)

    def forecast(self, opened: Int64s, features: Float32s, close: Int64s, settled: Bools) -> Any:
        """Return FORECAST records [n] for bars: opens (ns UTC), features [n, k], closes (points).

        A bar that opened before the model's calibration was over is not one to trade on.
        """
        found = np.zeros(len(features), FORECAST)
        scores = scores_of(self._model.predict(features))
        columns = (
            (self.artifact.up, ("p_up", "up_lower", "up_upper")),
            (self.artifact.long, ("p_long", "long_lower", "long_upper")),
            (self.artifact.short, ("p_short", "short_lower", "short_upper")),
        )
        for (table, names), score in zip(columns, scores, strict=True):
            _fill(found, table, names, score)
        reach = average_range(features, close, self.artifact.taught.features)
        stop, target = self.bracket.distances(reach)
        found["stop"], found["target"], found["horizon"] = stop, target, self.bracket.horizon
        found["gain"] = np.rint(self.artifact.gain * stop)
        found["loss"] = np.rint(self.artifact.loss * stop)
        found["state"] = READY if self.artifact.is_skilled else UNSKILLED
        found["state"][opened < self.artifact.spans.ready_from] = HINDSIGHT
        found["state"][~settled | (stop == 0)] = WARMING
        return found


def scores_of(up: Float32s) -> tuple[Int64s, Int64s, Int64s]:
    """Return the scores of up, long and short for the model's probability of up [n]."""
    score = to_score(up)
    return score, score, ONE - score


def _fill(found: np.ndarray, table: StepTable, names: tuple[str, str, str], score: Int64s) -> None:
    for name, column in zip(names, table.look_up(score), strict=True):
        found[name] = column
