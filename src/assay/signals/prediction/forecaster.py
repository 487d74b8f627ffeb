"""From features to a forecast in integers: the same code for one bar and for a whole year."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from msgspec import UNSET, UnsetType
from numpy.typing import NDArray

from assay.kernel.records import FORECAST, HINDSIGHT, INQUORATE, READY, UNSKILLED, WARMING
from assay.signals.calibration import ONE, to_score
from assay.signals.ensemble import Pool, cells_of
from assay.signals.guard import Guard
from assay.signals.labels import Bracket, average_range
from assay.signals.models import Windows, narrow_windows, whole_windows
from assay.signals.models.ports import Features, Float32s
from assay.signals.prediction.artifact import Artifact, Ensemble, Graphs, Panel
from assay.signals.prediction.polling import Members, Poll

Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Hold what a model is shown of a symbol's bars [n] in their order.

    `opened` is ns UTC; `close` is the bid's and, as `spread`, in points. Of one instrument, and
    where the model reads several bars, without a gap: `features` [n, k] may begin with those of
    settled bars before the first.
    """

    opened: Int64s
    features: Float32s
    close: Int64s
    spread: Int64s
    settled: Bools

    @property
    def rows(self) -> Float32s:
        """Return the features of the bars themselves [n, k]."""
        return self.features[len(self.features) - len(self.settled) :]


class Forecaster:
    """Say what to expect of the brackets that open after a bar.

    With a `deadline` (s) members of an ensemble that are late or broken are absent from live polls;
    see Members.
    """

    def __init__(self, artifact: Artifact, graphs: Graphs, deadline: float | None = None) -> None:
        taught = artifact.taught
        self.artifact = artifact
        self.bracket = Bracket(horizon=taught.horizon, stop=taught.stop, target=taught.target)
        self.members = Members(graphs, deadline)
        self._panels = {panel.voters: panel for panel in _panels_of(artifact)}
        self._pools = {
            voters: Pool(panel.weights, _base_of(artifact))
            for voters, panel in self._panels.items()
            if len(voters) > 1
        }
        self._answers: dict[tuple[str, ...], Any] = {}

    @property
    def window(self) -> int:
        """Return how many bars the model reads, the last of them the one to answer for."""
        return self.members.window

    def ask(self, shown: Shown, *, live: bool = False) -> Poll:
        """Return what the members say of bars; one half where their window is not whole."""
        if self.window == 1:
            return self.members.ask(shown.features, live=live)
        whole = self._whole(shown)
        last = np.flatnonzero(whole) + len(shown.features) - len(whole)
        poll = self.members.ask(Windows(shown.features, last, self.window), live=live)
        scores = np.full((len(whole), len(poll.voters)), ONE // 2)
        scores[whole] = poll.scores
        return replace(poll, scores=scores)

    def forecast(self, shown: Shown, poll: Poll | None = None) -> Any:
        """Return FORECAST records [n] for bars.

        `poll` is what members said of them, if they were asked already. A bar that opened before
        the model's calibration was over is not one to trade on.
        """
        found = self._answer(poll or self.ask(shown), shown.rows)
        reach = average_range(shown.rows, shown.close, self.artifact.taught.features)
        stop, target = self.bracket.distances(reach)
        found["stop"], found["target"] = stop, target
        found["gain"] = np.rint(self.artifact.gain * stop)
        found["loss"] = np.rint(self.artifact.loss * stop)
        found["state"][shown.opened < self.artifact.spans.ready_from] = HINDSIGHT
        found["state"][~self._whole(shown) | (stop == 0)] = WARMING
        return found

    def score(self, features: Features) -> Int64s:
        """Return the score of up [n] of features [n, k], or windows, that all members come to."""
        poll = self.members.ask(features)
        score = self.pool(poll, np.asarray(narrow_windows(features, 1)))
        assert score is not None  # all of them are a quorum
        return score

    def pool(self, poll: Poll, rows: Float32s) -> Int64s | None:
        """Return the score of up [n] that the voters come to; None where they are no quorum.

        `rows` [n, k] are the features of the bars themselves.
        """
        if poll.voters not in self._panels:
            return None
        pool = self._pools.get(poll.voters)
        if pool is None:
            return poll.scores[:, 0]
        return pool.combine(poll.scores, cells_of(rows, self.artifact.taught.features))

    def warm_up(self) -> None:
        """Do what would else be done at the first forecast, which then takes as long as others."""
        self.members.warm_up()
        whole = next(iter(self._panels))
        self._answers[whole] = _answer_scores(self._panels[whole], self.artifact.taught.horizon)

    def close(self) -> None:
        """End the threads of members."""
        self.members.close()

    def _whole(self, shown: Shown) -> Bools:
        if self.window == 1:
            return shown.settled
        before = np.ones(len(shown.features) - len(shown.settled), bool)
        return whole_windows(np.concatenate((before, shown.settled)), self.window)[len(before) :]

    def _answer(self, poll: Poll, rows: Float32s) -> Any:
        score, horizon = self.pool(poll, rows), self.artifact.taught.horizon
        if score is None:
            found = np.zeros(len(rows), FORECAST)
            found["horizon"], found["set_size"], found["state"] = horizon, 2, INQUORATE
            return found
        if poll.voters not in self._answers:
            self._answers[poll.voters] = _answer_scores(self._panels[poll.voters], horizon)
        return self._answers[poll.voters][score]


def _base_of(artifact: Artifact) -> int:
    told = artifact.ensemble.base if isinstance(artifact.ensemble, Ensemble) else UNSET
    return 0 if isinstance(told, UnsetType) else told


def _panels_of(artifact: Artifact) -> tuple[Panel, ...]:
    if isinstance(artifact.ensemble, Ensemble):
        return artifact.ensemble.panels
    alone = Panel(
        voters=(artifact.family,), weights=(), up=artifact.up, long=artifact.long,
        short=artifact.short, slope=artifact.slope, slope_bound=artifact.slope_bound,
    )  # fmt: skip
    return (alone,)


def forecast_guarded(
    forecaster: Forecaster, shown: Shown, guard: Guard, poll: Poll | None = None
) -> Any:
    """Return FORECAST records [n] of a symbol's bars, each as its guard lets it pass."""
    found = forecaster.forecast(shown, poll)
    guard.follow(found, shown.close, shown.spread)
    return found


def scores_of(up: Float32s) -> tuple[Int64s, Int64s, Int64s]:
    """Return the scores of up, long and short for the model's probability of up [n]."""
    return _by_side(to_score(up))


def _by_side(score: Int64s) -> tuple[Int64s, Int64s, Int64s]:
    return score, score, ONE - score


def _answer_scores(panel: Panel, horizon: int) -> Any:
    """Return what is known of a forecast by its score of up alone: FORECAST records [ONE + 1]."""
    found = np.zeros(ONE + 1, FORECAST)
    tables = {
        "p_up up_lower up_upper": panel.up,
        "p_long long_lower long_upper": panel.long,
        "p_short short_lower short_upper": panel.short,
    }
    for (names, table), score in zip(tables.items(), _by_side(np.arange(ONE + 1)), strict=True):
        for name, column in zip(names.split(), table.look_up(score), strict=True):
            found[name] = column
    found["horizon"] = horizon
    found["set_size"] = 2
    found["state"] = READY if panel.slope_bound > 0 else UNSKILLED
    return found
