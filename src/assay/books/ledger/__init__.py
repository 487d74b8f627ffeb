"""Double-entry ledger in integer minor units, its reconciler, trial balance and statement."""

from assay.books.ledger.chart import CHART
from assay.books.ledger.marks import Mark, MarkSource, QuoteMarks, Rates
from assay.books.ledger.module import Booked, Ledger
from assay.books.ledger.position import Position
from assay.books.ledger.reconcile import Reconciler
from assay.books.ledger.standing import Worth
from assay.books.ledger.statement import Statement, StatementRow, statement
from assay.books.ledger.trial_balance import TrialBalance, TrialBalanceRow, trial_balance

__all__ = [
    "CHART",
    "QuoteMarks",
    "Booked",
    "Ledger",
    "Mark",
    "MarkSource",
    "Position",
    "Rates",
    "Reconciler",
    "Statement",
    "StatementRow",
    "TrialBalance",
    "TrialBalanceRow",
    "Worth",
    "statement",
    "trial_balance",
]
