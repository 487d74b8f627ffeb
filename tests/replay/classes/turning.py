"""A class whose decide is compiled, so that it sweeps."""

from typing import ClassVar

from assay.kernel.compiling import compiled
from assay.kernel.records import GO_TO


class Strategy:
    """Turn round every `bars` bars."""

    parameters: ClassVar = {"bars": 9, "units": 10_000}
    state: ClassVar = {"seen": 1}

    @staticmethod
    @compiled
    def decide(memory, event, position, params, intent):
        memory[0] += 1
        if memory[0] % params[0] == 0:
            intent.action = GO_TO
            intent.quantity = -params[1] if position.quantity > 0 else params[1]
