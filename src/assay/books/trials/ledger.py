"""Enter trials before they look, and what came of them; nothing is ever changed."""

from __future__ import annotations

from collections.abc import Sequence

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
        (entered,) = self.enter_all([trial])
        return entered

    def enter_all(self, trials: Sequence[Trial]) -> list[Trial]:
        """Write trials in one go, as `enter` writes one; raises likewise."""
        with self.open() as (folder, found):
            lines = append_lines(TRIALS, folder, found, trials, now=self.home.clock.now_ns())
        return [line for line in lines if isinstance(line, Trial)]

    def conclude(self, outcome: Outcome) -> Read:
        """Write what came of a trial, and return the ledger as it was before; raises likewise."""
        return self.conclude_all([outcome])

    def conclude_all(self, outcomes: Sequence[Outcome]) -> Read:
        """Write what came of trials in one go, as `conclude` writes one; raises likewise."""
        with self.open() as (folder, found):
            append_lines(TRIALS, folder, found, outcomes, now=self.home.clock.now_ns())
        return describe(found)

    def read(self) -> Read:
        """Return the ledger as it is; raise DataError where it does not hold."""
        return describe(self.read_lines())
