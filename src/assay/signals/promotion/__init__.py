"""Whether a challenger may take a champion's place: evidence that holds whenever one looks."""

from assay.signals.promotion.gains import (
    CLIP,
    PROFIT_MOST,
    Gains,
    join_gains,
    log_score_gains,
    profit_gains,
)
from assay.signals.promotion.verdict import LEVEL, MARGIN, PromotionTest, Weighed
from assay.signals.promotion.wealth import Wealth
from assay.signals.promotion.windows import Windows, choose_windows

__all__ = [
    "CLIP", "Gains", "LEVEL", "MARGIN", "PROFIT_MOST", "PromotionTest", "Wealth", "Weighed",
    "Windows", "choose_windows", "join_gains", "log_score_gains", "profit_gains",
]  # fmt: skip
