"""What an evaluation hands to its report: plain arrays and words, whatever model was judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from assay.books.reports.evidence import Evidence
from assay.model.errors import UsageError

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


class Reliability(NamedTuple):
    """Hold, by bin of forecasts, the mean forecast, how often it came, its bounds, and the rows."""

    forecast: Floats
    came: Floats
    lower: Floats
    upper: Floats
    rows: Integers


class RiskCoverage(NamedTuple):
    """Hold, by share of the surest bars, how often the direction was right and how often it paid.

    All are fractions; `lower` and `upper` bound `right`. `base_rate` is what the commoner direction
    alone would have reached, `break_even` the share of winners at which costs are just earned.
    """

    share: Floats
    right: Floats
    lower: Floats
    upper: Floats
    paid: Floats
    base_rate: float
    break_even: float | None


class Vigil(NamedTuple):
    """Hold how a guard watched: `right` is the rolling accuracy of acted-on bars at `times`.

    `lower` bounds it, `promised` is what the model promised at least. At `moments` stand powers of
    ten of evidence `against` the skill and that it is `back`, of which `level` acts. `silences`
    [k, 2] are first and last moments. Times are int64 ns UTC.
    """

    times: Integers
    right: Floats
    lower: Floats
    promised: Floats
    moments: Integers
    against: Floats
    back: Floats
    level: float
    silences: Integers


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedModel:
    """Hold one judged model.

    `figures` are those of `assay evaluate` by name, `expected` what each bar was expected to earn
    at the lower bound (whole currency a lot), `facts` are shown as they are, name and value.
    `times` are int64 ns UTC, `balance` and `equity` int64 minor units of 10^-currency_digits.
    Raises UsageError where lengths do not fit.
    """

    model: str
    symbols: Sequence[str]
    verdict: str
    figures: Mapping[str, Any]
    reliability: Reliability
    coverage: RiskCoverage
    expected: Floats
    currency: str
    currency_digits: int
    cash: int
    times: Integers
    balance: Integers
    equity: Integers
    first: int
    last: int
    facts: Sequence[tuple[str, str]] = field(default_factory=tuple)
    notes: Sequence[str] = field(default_factory=tuple)
    vigil: Vigil | None = None
    evidence: Evidence | None = None

    def __post_init__(self) -> None:
        lengths = {len(column) for column in (self.times, self.balance, self.equity)}
        lengths_of = (self.reliability, self.coverage[:5])
        if len(lengths) != 1 or any(len({len(one) for one in each}) != 1 for each in lengths_of):
            raise UsageError("columns that belong together have different lengths; give equal ones")
