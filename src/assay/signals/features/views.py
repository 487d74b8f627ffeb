"""What a member of an ensemble may look at: a named part of the features, told as `family@view`.

Members that see different things err at different times, which is what an ensemble lives on
(T. K. Ho, The random subspace method for constructing decision forests, 1998).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from assay.model.errors import UsageError
from assay.signals.features.leaders import LEADER_PREFIX

MARK = "@"
OF_THE_BAR = frozenset(
    ("return_1", "steady_return", "range", "body", "close_place", "shadows", "gap", "volume")
)
VIEWS: dict[str, Callable[[str], bool]] = {
    "own": lambda name: not name.startswith(LEADER_PREFIX),
    "lead": lambda name: name.startswith(LEADER_PREFIX),
    "bar": lambda name: name in OF_THE_BAR,
}
"""Which features each view shows, by name: the instrument's own, a leader's, the bar's alone."""


def split_member(member: str) -> tuple[str, str]:
    """Return the family and the view of a member, the latter empty where it sees all.

    Raises UsageError for a view that is unknown.

    >>> split_member("cnn@bar"), split_member("cnn")
    (('cnn', 'bar'), ('cnn', ''))
    """
    family, mark, view = member.partition(MARK)
    if mark and view not in VIEWS:
        raise UsageError(f"member {member!r}: view {view!r} is unknown; use {', '.join(VIEWS)}")
    return family, view


def see_as(member: str, names: Sequence[str]) -> tuple[int, ...] | None:
    """Return the places of the features that a member sees; None where it sees all.

    Raises UsageError where it would see none.
    """
    _, view = split_member(member)
    if not view:
        return None
    seen = tuple(place for place, name in enumerate(names) if VIEWS[view](name))
    if not seen:
        raise UsageError(
            f"member {member!r} would see none of the {len(names)} features; with view lead, give "
            "instruments of which one follows another, or leave the member out"
        )
    return seen
