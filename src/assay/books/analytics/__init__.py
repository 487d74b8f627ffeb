"""Numbers about results: performance of an equity curve and statistics of trades."""

from assay.books.analytics.performance import (
    daily_returns,
    drawdowns,
    max_drawdown,
    monthly_returns,
    sharpe_ratio,
)
from assay.books.analytics.trades import (
    ClosedTrade,
    Fill,
    TradeStatistics,
    close_trades,
    summarise_trades,
)

__all__ = [
    "ClosedTrade",
    "Fill",
    "TradeStatistics",
    "close_trades",
    "daily_returns",
    "drawdowns",
    "max_drawdown",
    "monthly_returns",
    "sharpe_ratio",
    "summarise_trades",
]
