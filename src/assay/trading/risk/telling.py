"""The answers of the risk rules as messages carry them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from assay.kernel.records import ORDER_SLOTS
from assay.model.messages import RuleCheck
from assay.trading.risk.catalogue import RULES
from assay.trading.risk.verdict import NO_LIMIT, NO_SLOT, RELATIONS, UNCOUNTED, VERDICTS

TOO_MANY = "too_many_orders"
ORDER_TOO_MANY = RuleCheck(TOO_MANY, "denied", "at_most", ORDER_SLOTS + 1, ORDER_SLOTS, "orders")
_KEPT = 512
_NAMED = tuple((rule.REASON, rule.UNIT) for rule in RULES)


def tell_checks(rows: Sequence[Sequence[int]], denied: int) -> tuple[RuleCheck, ...]:
    """Return every rule's answer; rows are CHECK records in the order of RULES.

    Where all allow an order that found no free slot, the count of waiting orders comes last.
    """
    found = tuple([_tell(place, *row) for place, row in enumerate(rows)])
    return (*found, ORDER_TOO_MANY) if denied == NO_SLOT else found


# Most answers are those of the order before: the switch, the session, the volume.
@lru_cache(_KEPT)
def _tell(place: int, verdict: int, relation: int, value: int, limit: int) -> RuleCheck:
    rule, unit = _NAMED[place]
    return RuleCheck(
        rule, VERDICTS[verdict], RELATIONS[relation],
        None if value == UNCOUNTED else value,
        None if verdict == NO_LIMIT or limit == UNCOUNTED else limit, unit,
    )  # fmt: skip
