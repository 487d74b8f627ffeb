"""Reports for people, each a file of its own."""

from assay.books.reports.backtest import render_backtest, write_backtest
from assay.books.reports.result import BacktestResult

__all__ = ["BacktestResult", "render_backtest", "write_backtest"]
