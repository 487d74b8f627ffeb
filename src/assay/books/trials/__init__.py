"""The trial ledger: who looked at which market over which time, counted before each look."""

from assay.books.trials.deflating import Deflation, count_overlapping, deflate
from assay.books.trials.heads import TrialsHead
from assay.books.trials.ledger import FOLDER, TrialLedger
from assay.books.trials.lines import TRIALS, Line, Outcome, Trial
from assay.books.trials.reading import TrialsReport, read_head, read_ledger
from assay.books.trials.sketches import sketch_returns, sketch_runs

__all__ = [
    "Deflation",
    "FOLDER",
    "Line",
    "Outcome",
    "TRIALS",
    "Trial",
    "TrialLedger",
    "TrialsHead",
    "TrialsReport",
    "count_overlapping",
    "deflate",
    "read_head",
    "read_ledger",
    "sketch_returns",
    "sketch_runs",
]
