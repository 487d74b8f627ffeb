"""The middle between bid and ask at the close, in points."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.streams.columns import CLOSE, SPREAD
from assay.signals.streams.indicator import Indicator


@allocation_free
def step(state, params, bar, out):  # type: ignore[no-untyped-def]
    """Write the close, which is the bid, plus half the spread."""
    out[0] = bar[CLOSE] + bar[SPREAD] / 2.0


PLUGIN = Indicator(
    name="mid",
    parameters=(),
    outputs=("mid",),
    state_size=lambda _: 0,
    warm_up=lambda _: 1,
    settling=lambda _: 1,
    scale=None,
    step=step,
)
