"""Three causal convolutions over the last bars, each looking twice as far back as the one before.

Source: S. Bai, J. Z. Kolter, V. Koltun, An empirical evaluation of generic convolutional and
recurrent networks for sequence modeling, 2018.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial

from assay.signals.models.cnn.network import ConvolutionNetwork
from assay.signals.models.cnn.space import SPACE
from assay.signals.models.descent import Course, teach
from assay.signals.models.ports import FitRequest, Fitted
from assay.signals.models.space import Settings, Space, settle


@dataclass(frozen=True, slots=True)
class Cnn:
    """Fit the family; see Family."""

    name: str = "cnn"
    window: int = 16
    rows_most: int | None = 60_000
    space: Space = SPACE
    channels: int = 64
    layers: int = 3
    dropout: float = 0.2
    course: Course = field(default_factory=Course)

    def tuned(self, settings: Settings) -> Cnn:
        """Return it with these settings; see Family."""
        chosen = settle(self.name, self.space, settings)
        taught = {name: chosen.pop(name) for name in ("rate", "decay")}
        return replace(self, **chosen, course=replace(self.course, **taught))

    def fit(self, request: FitRequest) -> Fitted:
        """Teach until later rows gain nothing more; go on from a checkpoint where there is one."""
        recipe = f"cnn of {self.layers} x {self.channels}, dropout {self.dropout}"
        build = partial(
            ConvolutionNetwork, channels=self.channels, layers=self.layers, dropout=self.dropout
        )
        return teach(request, recipe, self.course, build)


PLUGIN = Cnn()
