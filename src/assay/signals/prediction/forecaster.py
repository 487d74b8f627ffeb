"""From features to a forecast in integers: the same code for one bar and for a whole year."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.kernel.records import FORECAST, HINDSIGHT, READY, UNSKILLED, WARMING
from assay.signals.calibration import ONE, to_score
from assay.signals.guard import Guard
from assay.signals.labels import Bracket, average_range
from assay.signals.models import OnnxClassifier, Windows, whole_windows
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
        self._answers = _answer_scores(artifact)

    @property
    def window(self) -> int:
        """Return how many bars the model reads, the last of them the one to answer for."""
        return self._model.window

    def forecast(self, opened: Int64s, features: Float32s, close: Int64s, settled: Bools) -> Any:
        """Return FORECAST records [n] for bars: opens (ns UTC), features [n, k], closes (points).

        A bar that opened before the model's calibration was over is not one to trade on. Of one
        instrument, and where the model reads several bars, without a gap: `features` may begin with
        settled rows of bars before the first.
        """
        up, settled = self._answer(features, settled)
        found = self._answers[to_score(up)]
        reach = average_range(features[-len(close) :], close, self.artifact.taught.features)
        stop, target = self.bracket.distances(reach)
        found["stop"], found["target"] = stop, target
        found["gain"] = np.rint(self.artifact.gain * stop)
        found["loss"] = np.rint(self.artifact.loss * stop)
        found["state"][opened < self.artifact.spans.ready_from] = HINDSIGHT
        found["state"][~settled | (stop == 0)] = WARMING
        return found

    def _answer(self, features: Float32s, settled: Bools) -> tuple[Float32s, Bools]:
        """Return the probability of up of each bar, one half where its window is not whole."""
        if self.window == 1:
            return self._model.predict(features), settled
        before = len(features) - len(settled)
        whole = whole_windows(np.concatenate((np.ones(before, bool), settled)), self.window)
        up = np.full(len(features), 0.5, dtype=np.float32)
        up[whole] = self._model.predict(Windows(features, np.flatnonzero(whole), self.window))
        return up[before:], whole[before:]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Hold what a model is shown of a symbol's bars [n] in their order.

    `opened` is ns UTC; `close` is the bid's and, as `spread`, in points. `features` may begin with
    those of settled bars before the first, as in Forecaster.forecast.
    """

    opened: Int64s
    features: Float32s
    close: Int64s
    spread: Int64s
    settled: Bools


def forecast_guarded(forecaster: Forecaster, shown: Shown, guard: Guard) -> Any:
    """Return FORECAST records [n] of a symbol's bars, each as its guard lets it pass."""
    found = forecaster.forecast(shown.opened, shown.features, shown.close, shown.settled)
    guard.follow(found, shown.close, shown.spread)
    return found


def scores_of(up: Float32s) -> tuple[Int64s, Int64s, Int64s]:
    """Return the scores of up, long and short for the model's probability of up [n]."""
    return _by_side(to_score(up))


def _by_side(score: Int64s) -> tuple[Int64s, Int64s, Int64s]:
    return score, score, ONE - score


def _answer_scores(artifact: Artifact) -> Any:
    """Return what is known of a forecast by its score of up alone: FORECAST records [ONE + 1]."""
    found = np.zeros(ONE + 1, FORECAST)
    tables = {
        "p_up up_lower up_upper": artifact.up,
        "p_long long_lower long_upper": artifact.long,
        "p_short short_lower short_upper": artifact.short,
    }
    for (names, table), score in zip(tables.items(), _by_side(np.arange(ONE + 1)), strict=True):
        for name, column in zip(names.split(), table.look_up(score), strict=True):
            found[name] = column
    found["horizon"] = artifact.taught.horizon
    found["set_size"] = 2
    found["state"] = READY if artifact.is_skilled else UNSKILLED
    return found
