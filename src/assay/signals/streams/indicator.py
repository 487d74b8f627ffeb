"""The form of an indicator: what it takes, what it gives, and when that may be trusted."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from assay.model.errors import UsageError

Values = Mapping[str, float]
FORGOTTEN = 1e-12
"""What a start may still weigh once settled: 1e-9, and a thousandfold for a market gone quiet."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """Declare one parameter with its default and bounds (both included)."""

    name: str
    default: float
    least: float = 1
    most: float = 1000
    is_whole: bool = True

    def check(self, value: float) -> float:
        """Return the value; raise UsageError where it is out of bounds or no number."""
        allowed = f"{self.least:g} to {self.most:g}"
        if not math.isfinite(value) or not self.least <= value <= self.most:
            raise UsageError(f"{self.name} {value:g} is outside {allowed}")
        if self.is_whole and value != int(value):
            raise UsageError(f"{self.name} {value:g} is not a whole number; use one of {allowed}")
        return float(value)


@dataclass(frozen=True, slots=True)
class Indicator:
    """Declare an indicator.

    `step(state, params, bar, out)` is compiled: state [state_size] starts as zeros, bar is one row
    of `columns`, out [outputs] comes filled with NaN and is written from the `warm_up`-th bar on.
    `settling` bars after any start, outputs differ from those of another start by less than
    1e-9 of `scale` (None: the close), on a market whose moves stay within a factor of a thousand.
    `inputs` are the columns of flow that it reads: a market without them has no value of it.
    """

    name: str
    parameters: tuple[Parameter, ...]
    outputs: tuple[str, ...]
    state_size: Callable[[Values], int]
    warm_up: Callable[[Values], int]
    settling: Callable[[Values], int]
    scale: float | None
    step: Callable[..., Any]
    refusal: Callable[[Values], str] = lambda _: ""
    inputs: tuple[str, ...] = ()

    def resolve(self, given: Values) -> dict[str, float]:
        """Return every parameter's value in order; raise UsageError naming what is wrong."""
        names = [parameter.name for parameter in self.parameters]
        for name in given:
            if name not in names:
                known = ", ".join(names) or "none"
                raise UsageError(f"{self.name} has no parameter {name!r}; it has {known}")
        try:
            values = {p.name: p.check(given.get(p.name, p.default)) for p in self.parameters}
        except UsageError as error:
            raise UsageError(f"{self.name}: {error}") from None
        refused = self.refusal(values)
        if refused:
            raise UsageError(f"{self.name}: {refused}")
        return values


def bars_to_forget(kept: float) -> int:
    """Return after how many bars an average that keeps this share each bar forgot its start.

    >>> bars_to_forget(0.5)
    40
    """
    return math.ceil(math.log(FORGOTTEN) / math.log(kept)) if kept > 0 else 1


def forget_ema(period: float) -> int:
    """Return the bars in which an exponential average of this period forgets its start."""
    return bars_to_forget(1 - 2 / (period + 1))


def forget_wilder(period: float) -> int:
    """Return the bars in which a Wilder average of this period forgets its start."""
    return bars_to_forget(1 - 1 / period)
