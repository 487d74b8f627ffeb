"""Reports for people, each a file of its own."""

from assay.books.reports.backtest import render_backtest, write_backtest
from assay.books.reports.evaluation import render_evaluation, write_evaluation
from assay.books.reports.judged import JudgedModel, Reliability, RiskCoverage, Vigil
from assay.books.reports.regimes import ToldRegimes, draw_regimes, write_regimes
from assay.books.reports.result import BacktestResult

__all__ = [
    "BacktestResult", "JudgedModel", "Reliability", "RiskCoverage", "ToldRegimes", "Vigil",
    "draw_regimes", "render_backtest", "render_evaluation", "write_backtest", "write_evaluation",
    "write_regimes",
]  # fmt: skip
