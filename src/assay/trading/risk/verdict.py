"""What a rule answers: (verdict, relation, value, limit), all integers in the rule's UNIT."""

from __future__ import annotations

from assay.kernel.compiling import inlined
from assay.kernel.rounding import OVERFLOW

DENIED, ALLOWED, EXEMPT, NO_LIMIT = 0, 1, 2, 3
VERDICTS = ("denied", "allowed", "exempt", "no_limit")
"""Verdicts by code; what only reduces a position is exempt from the limits of new risk."""

AT_MOST, BELOW, AT_LEAST, EXACTLY, MULTIPLE_OF, PERMITTED_BY = 0, 1, 2, 3, 4, 5
RELATIONS = ("at_most", "below", "at_least", "exactly", "multiple_of", "permitted_by")
"""How a value must stand to its limit, by code."""

NO_SLOT = 99
"""Reason code: the account already has as many waiting orders as an instrument may have."""

UNCOUNTED = OVERFLOW
"""A value that was not worked out, as no limit asks for it, or that does not fit 63 bits."""


@inlined
def bound(holds, relation, value, limit):  # type: ignore[no-untyped-def]
    """Return the answer of a rule that always applies."""
    return (ALLOWED if holds else DENIED), relation, value, limit


@inlined
def bound_risk(holds, relation, value, limit, reduces):  # type: ignore[no-untyped-def]
    """Return the answer of a rule that binds new risk alone."""
    if reduces == 1:
        return EXEMPT, relation, value, limit
    return bound(holds, relation, value, limit)


@inlined
def unbound(relation, value):  # type: ignore[no-untyped-def]
    """Return the answer of a rule whose limit is not set."""
    return NO_LIMIT, relation, value, 0


@inlined
def note(row, answer):  # type: ignore[no-untyped-def]
    """Write an answer to its CHECK record."""
    row.verdict, row.relation, row.value, row.limit = answer
