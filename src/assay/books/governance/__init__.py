"""The governance log: which model is champion of what, and who made it so on which evidence."""

from assay.books.governance.lines import (
    ACTS,
    FIRST,
    PROMOTED,
    ROLLED_BACK,
    Act,
    ActsHead,
    Comparison,
    Fallback,
    GovernanceLine,
    Refusal,
    Retraining,
    Scope,
)
from assay.books.governance.log import GovernanceLog
from assay.books.governance.standing import (
    Standing,
    count_tries,
    find_comparison,
    find_contender,
    stand,
)

__all__ = [
    "ACTS", "Act", "ActsHead", "Comparison", "FIRST", "Fallback", "GovernanceLine",
    "GovernanceLog", "PROMOTED", "ROLLED_BACK", "Refusal", "Retraining", "Scope", "Standing",
    "count_tries", "find_comparison", "find_contender", "stand",
]  # fmt: skip
