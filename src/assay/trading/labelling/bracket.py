"""Open a bracket every so many bars, whatever the market does: what labels are made of."""

from __future__ import annotations

from assay.kernel.compiling import compiled
from assay.kernel.records import GO_TO

NAME = "bracket"
PARAMETERS = {"period": 31, "offset": 1, "side": 1, "units": 100_000}
REFERENCE_COSTS = False
USES_FORECAST = True
SHORT = 2
"""Parameters are at least 1: side 1 is long, 2 is short; offset 1 is the first bar."""


def memory_words(params: dict[str, int]) -> int:  # noqa: ARG001
    """Return the words of memory: bars seen, and the bar at which the bracket was wanted."""
    return 2


@compiled
def decide(memory, event, position, params, intent, view):  # type: ignore[no-untyped-def]
    """Open at bars offset, offset + period, …; close when the horizon is over."""
    forecast = view[0]
    bar = memory[0]
    memory[0] = bar + 1
    if position.quantity != 0:
        if bar - memory[1] >= forecast.horizon:
            intent.action, intent.quantity = GO_TO, 0
        return
    if bar % params[0] != params[1] - 1 or forecast.stop == 0:
        return
    memory[1] = bar
    side = -1 if params[2] == SHORT else 1
    exit_price = event.close if side > 0 else event.close + event.spread_close
    intent.action, intent.quantity = GO_TO, side * params[3]
    intent.stop = exit_price - side * forecast.stop
    intent.target = exit_price + side * forecast.target
