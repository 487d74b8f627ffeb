"""Enter trials before they look, and what came of them; nothing is ever changed."""

from __future__ import annotations

from assay.books.chained import ChainedLedger
from assay.books.chained.ledger import append_lines
from assay.books.trials.heads import TrialsHead
from assay.books.trials.lines import TRIALS, Line, Outcome, Trial
from assay.books.trials.reading import Read, describe
from assay.runtime.home import Home

FOLDER = TRIALS.folder
"""Where a home keeps its ledger of trials, its head and its key; also the name of its lock."""


class TrialLedger(ChainedLedger[Line, TrialsHead]):
    """Keep the trial ledger of a home, for one command among several at once."""

    def __init__(self, home: Home) -> None:
        super().__init__(home, TRIALS)

    def enter(self, trial: Trial) -> Trial:
        """Write a trial, flushed to the disk, and return it with its number.

        To be called before anything is looked at. Raises OperatorError where it cannot be written
        and DataError where the ledger does not hold: then nothing may be looked at.
        """
        with self.open() as (folder, found):
            (entered,) = append_lines(TRIALS, folder, found, [trial], now=self.home.clock.now_ns())
        assert isinstance(entered, Trial)
        return entered

    def conclude(self, outcome: Outcome) -> Read:
        """Write what came of a trial, and return the ledger as it was before; raises likewise."""
        with self.open() as (folder, found):
            append_lines(TRIALS, folder, found, [outcome], now=self.home.clock.now_ns())
        return describe(found)

    def read(self) -> Read:
        """Return the ledger as it is; raise DataError where it does not hold."""
        return describe(self.read_lines())
