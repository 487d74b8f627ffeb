"""Two layers of 128 LSTM units over the last bars, and attention over what they say.

Sources: S. Hochreiter, J. Schmidhuber, Long short-term memory, Neural Computation, 1997;
D. Bahdanau, K. Cho, Y. Bengio, Neural machine translation by jointly learning to align and
translate, ICLR, 2015; for one answer a sequence: C. Raffel, D. Ellis, Feed-forward networks with
attention can solve some long-term memory problems, 2016.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial

from assay.signals.models.descent import Course, teach
from assay.signals.models.lstm.network import LstmNetwork
from assay.signals.models.lstm.space import SPACE
from assay.signals.models.ports import FitRequest, Fitted
from assay.signals.models.space import Settings, Space, settle


@dataclass(frozen=True, slots=True)
class Lstm:
    """Fit the family; see Family."""

    name: str = "lstm"
    window: int = 16
    rows_most: int | None = 60_000
    space: Space = SPACE
    units: int = 128
    layers: int = 2
    dropout: float = 0.2
    course: Course = field(default_factory=Course)

    def tuned(self, settings: Settings) -> Lstm:
        """Return it with these settings; see Family."""
        chosen = settle(self.name, self.space, settings)
        taught = {name: chosen.pop(name) for name in ("rate", "decay")}
        return replace(self, **chosen, course=replace(self.course, **taught))

    def fit(self, request: FitRequest) -> Fitted:
        """Teach until later rows gain nothing more; go on from a checkpoint where there is one."""
        recipe = f"lstm of {self.layers} x {self.units}, dropout {self.dropout}"
        build = partial(LstmNetwork, units=self.units, layers=self.layers, dropout=self.dropout)
        return teach(request, recipe, self.course, build)


PLUGIN = Lstm()
