"""Which families an ensemble has for members, and how many of them are a quorum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assay.model.errors import UsageError
from assay.signals.ensemble import AUTO, find_method
from assay.signals.models import find_family

ENSEMBLE = "ensemble"
USUAL = ("lightgbm", "xgboost", "random_forest")


@dataclass(frozen=True, slots=True)
class Membership:
    """Hold the members of an ensemble, their quorum, and the combination, AUTO to choose one."""

    members: tuple[str, ...] = USUAL
    quorum: int = 2
    combination: str = AUTO


def choose_members(
    members: Sequence[str] = USUAL, quorum: int | None = None, combination: str = AUTO
) -> Membership:
    """Return the membership, with more than half for a quorum where none is given.

    Raises UsageError for an unknown family or combination, fewer than two members, one that is
    given twice, and a quorum that cannot be.
    """
    for name in members:
        find_family(name)
    if len(set(members)) < len(members):
        raise UsageError(f"a member is given twice among {', '.join(members)}; give each once")
    if len(members) < 2:
        raise UsageError(
            f"an ensemble of {len(members)} is none; give two families or more, or --model alone"
        )
    needed = len(members) // 2 + 1 if quorum is None else quorum
    if not 1 <= needed <= len(members):
        raise UsageError(f"a quorum of {needed} is outside 1..{len(members)}, the members given")
    if combination != AUTO:
        find_method(combination)
    return Membership(tuple(members), needed, combination)
