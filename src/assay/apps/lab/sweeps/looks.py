"""Variants are looks: each is entered in the trial ledger before it, then what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from assay.apps.lab.sweeps.course import Course, Measured
from assay.apps.lab.trial import Look, digest_parameters, draft_trial
from assay.books.analytics.deflated_sharpe import period_sharpe
from assay.books.trials import Deflation, Outcome, Trial, TrialLedger, deflate, sketch_runs
from assay.model.time import DAY


class Tally:
    """Count the variants of one course, all of one kind of look; without a ledger nothing."""

    def __init__(self, ledger: TrialLedger | None, look: Look, course: Course) -> None:
        self._ledger, self._look = ledger, look
        self._days = course.times // DAY
        at = 0 if ledger is None else ledger.home.clock.now_ns()
        # The digest of the bars is made once, not once a variant.
        self._draft = draft_trial(look, at)

    @property
    def data(self) -> str:
        """Return the digest of the bars that are looked at."""
        return self._draft.data

    def enter(self, variants: Sequence[Mapping[str, int]]) -> list[Trial]:
        """Enter each variant before it is measured; raises as TrialLedger.enter."""
        drafts = [self._describe(variant) for variant in variants]
        return drafts if self._ledger is None or not drafts else self._ledger.enter_all(drafts)

    def conclude(self, trials: Sequence[Trial], found: Sequence[Measured]) -> None:
        """Note what came of each."""
        if self._ledger is None or not trials:
            return
        at = self._ledger.home.clock.now_ns()
        sketches = sketch_runs(self._days, [one.returns for one in found])
        self._ledger.conclude_all([
            Outcome(
                at=at, trial=trial.number, sharpe=period_sharpe(one.returns),
                days=len(one.returns), sketch=sketch,
            )
            for trial, one, sketch in zip(trials, found, sketches, strict=True)
        ])  # fmt: skip

    def deflate(
        self, variant: Mapping[str, int], returns: np.ndarray, before: int | None = None
    ) -> Deflation | None:
        """Hold a variant against all others ever tried on its instruments and times.

        Its own entries are left out, however often it was measured, and so are lines from number
        `before` on. None without a ledger.
        """
        if self._ledger is None:
            return None
        lines = self._ledger.read().lines
        if before is not None:
            lines = lines[: before - 1]
        mine = self._describe(variant)
        own = {line.number for line in lines if isinstance(line, Trial) and line.what == mine.what}
        others = [
            line for line in lines
            if (line.number if isinstance(line, Trial) else line.trial) not in own
        ]  # fmt: skip
        last = msgspec.structs.replace(mine, number=len(lines) + 1)
        (sketch,) = sketch_runs(self._days, [returns])
        return deflate(others, last, returns, sketch)

    def _describe(self, variant: Mapping[str, int]) -> Trial:
        decides = (self._look.parameters, sorted(variant.items()))
        return msgspec.structs.replace(self._draft, parameters=digest_parameters(decides))
