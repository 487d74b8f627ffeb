"""Six layers of self-attention over the last bars, whose places are told by sines.

Sources: A. Vaswani and others, Attention is all you need, NeurIPS, 2017; normalised before each
part, which needs no warm-up: R. Xiong and others, On layer normalization in the Transformer
architecture, ICML, 2020.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial

from assay.signals.models.descent import Course, teach
from assay.signals.models.ports import FitRequest, Fitted
from assay.signals.models.space import Settings, Space, settle
from assay.signals.models.transformer.network import Sizes, TransformerNetwork
from assay.signals.models.transformer.space import SPACE


@dataclass(frozen=True, slots=True)
class Transformer:
    """Fit the family; see Family."""

    name: str = "transformer"
    window: int = 16
    rows_most: int | None = 60_000
    space: Space = SPACE
    sizes: Sizes = field(default_factory=Sizes)
    course: Course = field(default_factory=lambda: Course(rate=5e-4))

    def tuned(self, settings: Settings) -> Transformer:
        """Return it with these settings; see Family."""
        chosen = settle(self.name, self.space, settings)
        taught = {name: chosen.pop(name) for name in ("rate", "decay")}
        return replace(
            self, sizes=replace(self.sizes, **chosen), course=replace(self.course, **taught)
        )

    def fit(self, request: FitRequest) -> Fitted:
        """Teach until later rows gain nothing more; go on from a checkpoint where there is one."""
        build = partial(TransformerNetwork, sizes=self.sizes)
        return teach(request, f"transformer, {self.sizes}", self.course, build)


PLUGIN = Transformer()
