"""The answers of the risk rules as messages carry them."""

from __future__ import annotations

from collections.abc import Sequence

from assay.kernel.records import ORDER_SLOTS
from assay.model.messages import RuleCheck
from assay.trading.risk.catalogue import RULES
from assay.trading.risk.verdict import NO_LIMIT, NO_SLOT, RELATIONS, UNCOUNTED, VERDICTS

TOO_MANY = "too_many_orders"
ORDER_TOO_MANY = RuleCheck(TOO_MANY, "denied", "at_most", ORDER_SLOTS + 1, ORDER_SLOTS, "orders")
_NAMED = tuple((rule.REASON, rule.UNIT) for rule in RULES)


def tell_checks(rows: Sequence[Sequence[int]], denied: int) -> tuple[RuleCheck, ...]:
    """Return every rule's answer; rows are CHECK records in the order of RULES.

    Where all allow an order that found no free slot, the count of waiting orders comes last.
    """
    found = []
    for (rule, unit), (verdict, relation, value, limit) in zip(_NAMED, rows, strict=True):
        found.append(
            RuleCheck(
                rule,
                VERDICTS[verdict],
                RELATIONS[relation],
                None if value == UNCOUNTED else value,
                None if verdict == NO_LIMIT or limit == UNCOUNTED else limit,
                unit,
            )
        )
    if denied == NO_SLOT:
        found.append(ORDER_TOO_MANY)
    return tuple(found)
