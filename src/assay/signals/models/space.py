"""What may be chosen about a family: each setting's bounds, and the value it usually has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from assay.model.errors import UsageError

Value = int | float
Settings = Mapping[str, Value]
"""Values of settings by name; one that is not named has its usual value."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Hold the lowest, highest and usual value of a setting: whole numbers, or none of them.

    `by_ratio` says that twice as much is as far as half as much.

    >>> Bounds("leaves", 2, 8, 4).holds(8.5), Bounds("rate", 0.1, 1.0, 0.2).holds(1)
    (False, True)
    """

    name: str
    low: Value
    high: Value
    usual: Value
    by_ratio: bool = False

    @property
    def is_whole(self) -> bool:
        """Say whether the setting counts something."""
        return isinstance(self.usual, int)

    def holds(self, value: Value) -> bool:
        """Say whether a value is one that the setting may have."""
        return self.low <= value <= self.high and not (self.is_whole and value != int(value))


Space = tuple[Bounds, ...]
"""The settings of a family that may be searched, in the order in which they are told."""


def settle(family: str, space: Space, settings: Settings) -> dict[str, Value]:
    """Return every setting of a space: as given, else the usual value.

    Raises UsageError for one that the family does not have, or a value outside its bounds.

    >>> settle("trees", (Bounds("leaves", 2, 8, 4), Bounds("rate", 0.1, 1.0, 0.2)), {"leaves": 5})
    {'leaves': 5, 'rate': 0.2}
    """
    names = [each.name for each in space]
    unknown = sorted(set(settings) - set(names))
    if unknown:
        raise UsageError(
            f"setting {unknown[0]!r} of {family} is unknown; use one of {', '.join(names)}"
        )
    found: dict[str, Value] = {}
    for each in space:
        value = settings.get(each.name, each.usual)
        if not each.holds(value):
            kind = "whole numbers " if each.is_whole else ""
            raise UsageError(
                f"{family}'s {each.name} {value!r} is outside {kind}{each.low:g}..{each.high:g}"
            )
        found[each.name] = int(value) if each.is_whole else float(value)
    return found
