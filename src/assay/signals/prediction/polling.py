"""Ask the members of a model for their scores; live, each by a deadline."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from assay.model.messages import Vote
from assay.runtime.clock import Stopwatch
from assay.runtime.resilience import Absence, Crew
from assay.signals.calibration import to_score
from assay.signals.models import OnnxClassifier, narrow_windows
from assay.signals.models.ports import Features, Float32s
from assay.signals.prediction.artifact import Graphs

Int64s = NDArray[np.int64]
TIMINGS = 1_000
"""Polls whose time is kept."""


@dataclass(frozen=True, slots=True)
class Poll:
    """Hold the scores of up [n, voters] (ten-thousandths), whose they are, and who is absent."""

    scores: Int64s
    voters: tuple[str, ...]
    absent: Mapping[str, str]

    def votes(self, families: tuple[str, ...]) -> tuple[Vote, ...]:
        """Return what each of the families said of the first row, or why it said nothing."""
        told = dict(zip(self.voters, self.scores[0].tolist(), strict=True))
        return tuple(Vote(name, told.get(name), self.absent.get(name, "")) for name in families)


def recall_poll(votes: tuple[Vote, ...]) -> Poll:
    """Return the poll of one row that these votes tell of."""
    told = {vote.member: vote.score for vote in votes if vote.score is not None}
    absent = {vote.member: vote.why for vote in votes if vote.score is None}
    return Poll(np.array([list(told.values())], np.int64).reshape(1, -1), tuple(told), absent)


class Members:
    """Serve the graphs of a model.

    Live, with a `deadline` (s), one that is late or broken is absent. Otherwise all members answer
    or it raises: a replay must not hang on how fast a machine is. `timings` are what the last live
    polls took, in nanoseconds.
    """

    def __init__(self, graphs: Graphs, deadline: float | None = None) -> None:
        self._models = {family: OnnxClassifier(graph) for family, graph in graphs.items()}
        self._lengths = {model.window for model in self._models.values()}
        self.window = max(self._lengths)
        self._deadline, self._watch = deadline, Stopwatch()
        self.timings: deque[int] = deque(maxlen=TIMINGS)
        self._crew: Crew[Float32s] | None = None
        if deadline is not None and len(graphs) > 1:
            calls = {name: partial(_predict, model) for name, model in self._models.items()}
            self._crew = Crew(calls)

    def ask(self, features: Features, *, live: bool = False) -> Poll:
        """Return what the members say of features [n, k], or windows of the widest member.

        How long they took is kept of live polls.
        """
        if not live:
            return self._poll(features, live=False)
        self._watch.restart()
        poll = self._poll(features, live=True)
        self.timings.append(self._watch.elapsed_ns())
        return poll

    def _poll(self, features: Features, *, live: bool) -> Poll:
        shown = {length: narrow_windows(features, length) for length in self._lengths}
        if len(features) == 1:  # cut once for all of them, and not by each
            shown = {length: np.asarray(each) for length, each in shown.items()}
        if self._crew is None or not live:
            told = {name: _predict(model, shown) for name, model in self._models.items()}
            return _poll_of(told, {}, len(features))
        assert self._deadline is not None
        answers = self._crew.ask(shown, self._deadline)
        absent = {name: each for name, each in answers.items() if isinstance(each, Absence)}
        told = {name: each for name, each in answers.items() if not isinstance(each, Absence)}
        return _poll_of(told, {name: each.why for name, each in absent.items()}, len(features))

    def warm_up(self) -> None:
        """Let every member answer once: a graph's first run takes longer than all others."""
        for model in self._models.values():
            model.warm_up()

    def close(self) -> None:
        """End the threads of members."""
        if self._crew is not None:
            self._crew.close()


def _predict(model: OnnxClassifier, shown: Mapping[int, Features]) -> Float32s:
    return model.predict(shown[model.window])


def _poll_of(told: Mapping[str, Float32s], absent: Mapping[str, str], count: int) -> Poll:
    answers = np.empty((count, len(told)))
    for place, answer in enumerate(told.values()):
        answers[:, place] = answer
    return Poll(to_score(answers), tuple(told), absent)
