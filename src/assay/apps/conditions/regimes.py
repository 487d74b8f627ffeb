"""Saved regimes that fit what is traded, and what they tell of its bars, whoever asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from assay.apps.config import ConditionsConfig
from assay.model.errors import DataError, UsageError
from assay.model.messages import BarClosed, RegimeChanged
from assay.signals.regimes import Kept, RegimeWatch, place_of, read_classifier
from assay.signals.regimes.watching import RegimeNow


class Traded(Protocol):
    """Say how one symbol is traded: digits are the engine's, the length of its bars is in ns."""

    @property
    def symbol(self) -> str:
        """Return its name."""
        ...

    @property
    def digits(self) -> int:
        """Return the digits of its prices."""
        ...

    @property
    def timeframe(self) -> int:
        """Return the length of its bars."""
        ...


@dataclass(slots=True)
class Found:
    """Hold the classifiers that fit what is traded, one a symbol, and why others are not there.

    `elsewhere` tells of those that fit nothing here because their symbol is not traded.
    """

    kept: list[Kept] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)


def find_regimes(home: Path, config: ConditionsConfig, traded: Sequence[Traded]) -> Found:
    """Return the classifiers that settings name, as far as they fit what is traded."""
    known, found = {each.symbol: each for each in traded}, Found()
    for name in config.regimes:
        try:
            kept = read_classifier(place_of(home, name))
        except (DataError, UsageError) as error:
            found.faults.append(str(error))
            continue
        one = known.get(kept.symbol)
        if one is None:
            found.elsewhere.append(f"{name} is of other bars than are traded")
        elif one.timeframe != kept.timeframe:
            found.faults.append(f"{name} is of other bars than are traded")
        elif any(each.symbol == kept.symbol for each in found.kept):
            found.faults.append(f"{name} is of {kept.symbol}, which another tells the regimes of")
        else:
            found.kept.append(kept)
    if not config.regimes:
        found.faults.append(
            "no regimes are named; `assay regimes --save NAME` and [conditions] regimes"
        )
    return found


def choose_regimes(
    home: Path, config: ConditionsConfig, traded: Sequence[Traded]
) -> tuple[list[SavedRegimes], str]:
    """Return what tells of saved regimes that fit what is traded, and why others are not there."""
    found = find_regimes(home, config, traded)
    return watch_regimes(found.kept, traded), "; ".join([*found.faults, *found.elsewhere])


def watch_regimes(kept: Sequence[Kept], traded: Sequence[Traded]) -> list[SavedRegimes]:
    """Return what tells of the regimes of each classifier, from the first bar on."""
    digits = {each.symbol: each.digits for each in traded}
    return [SavedRegimes(each, digits[each.symbol]) for each in kept]


class SavedRegimes:
    """Tell the regimes of one symbol by a classifier, of bars that it was not fitted on."""

    def __init__(self, kept: Kept, digits: int) -> None:
        self._watch, self._fitted_until = RegimeWatch(kept, digits), kept.fitted_until

    @property
    def symbol(self) -> str:
        """Return the symbol that it is of."""
        return self._watch.symbol

    @property
    def now(self) -> RegimeNow:
        """Return what is said after the last bar."""
        return self._watch.now

    def take(self, bars: Sequence[BarClosed]) -> list[RegimeChanged]:
        """Step over finished bars, those of the symbol; return what changed, and when.

        Whoever was fitted on a bar knows what came after it, so of that nothing is told.
        """
        told = self._watch.take([bar for bar in bars if bar.symbol == self.symbol])
        return [each for each in told if each.ts_event > self._fitted_until]
