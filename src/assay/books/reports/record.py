"""What a run or an account leaves behind, as a tear sheet, a comparison and a diff read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from assay.books.analytics.excursions import Excursion
from assay.books.analytics.execution import OrderQuality, SentOrder
from assay.books.analytics.trades import ClosedTrade
from assay.books.reports.result import BacktestResult


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """Hold a finished run, or the books of an account so far.

    `name` is what people call it, `origin` backtest, replay, paper or live, `place` where that was
    in words, the number of an account masked. `trades` and `excursions` go
    side by side, the latter empty where no bars are known. `pips` tells the size of a pip of each
    symbol in its price. `figures` may name sharpe_error, trials_before and deflated_sharpe.
    """

    name: str
    origin: str
    place: str = ""
    result: BacktestResult
    trades: Sequence[ClosedTrade]
    orders: Sequence[SentOrder]
    quality: Sequence[OrderQuality]
    pips: Mapping[str, float]
    excursions: Sequence[Excursion] = ()
    figures: Mapping[str, Any] = field(default_factory=dict)  # as a run told them

    @property
    def modelled_share(self) -> float | None:
        """Return the share of fills that a model of the bar made; None without a fill."""
        kinds = self.result.fills["kind"].to_pylist()
        return kinds.count("modelled") / len(kinds) if kinds else None
