"""Attempts at settings, chosen by Optuna and kept in a file of its own, attempt by attempt.

Attempts are chosen in rounds of a fixed width, each from the rounds before it alone, with draws by
seed and number: so neither the processes that judge them nor a kill at any moment changes what is
chosen. The file is Optuna's journal, which its dashboard shows.
Sources: J. Bergstra and others, Algorithms for hyper-parameter optimization, NeurIPS, 2011 (the
tree-structured Parzen estimator); T. Akiba and others, Optuna, KDD, 2019.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.pruners import MedianPruner
from optuna.samplers import TPESampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import FrozenTrial, Trial, TrialState

from assay.runtime.ids import seeded_generator
from assay.signals.models import Bounds, Space, Value
from assay.signals.models.sparing import spared

with spared():
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

JOURNAL, NAME = "study.log", "assay"
DRAWN_FIRST = 10
"""Attempts drawn at random before the estimator chooses."""
WHOLE_FIRST = 5
"""Attempts that are judged on every fold before any is pruned."""
OPEN, JUDGED, PRUNED, FAILED = "open", "judged", "pruned", "failed"
VERDICT, REASON, COST = "verdict", "reason", "cost"
STATES = {JUDGED: TrialState.COMPLETE, PRUNED: TrialState.PRUNED, FAILED: TrialState.FAIL}
IMPORTANCE_LEAST = 8
"""Judged attempts below which nothing is said of how much each setting matters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Hold one attempt: its number, settings, state, mean cost where judged, and why it failed.

    The number 0 has the usual settings. `steps` are the folds it was reported on.
    """

    number: int
    settings: dict[str, Value]
    state: str
    cost: float | None = None
    reason: str = ""
    steps: int = 0


class _Held(JournalFileOpenLock):
    """Lock nothing: whoever opens a study holds the home's lock of it."""

    def acquire(self) -> bool:
        return True

    def release(self) -> None:
        return


class Study:
    """Choose attempts round by round; open it again, and it goes on where it was.

    Its folder must be nobody else's meanwhile.
    """

    def __init__(self, folder: Path, space: Space, *, seed: int, width: int) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        path = folder / JOURNAL
        _mend(path)
        storage = JournalStorage(JournalFileBackend(str(path), lock_obj=_Held(str(path))))
        self._space = space
        self._seed, self._width = seed, width
        pruner = MedianPruner(n_startup_trials=WHOLE_FIRST)
        self._study = optuna.create_study(
            storage=storage, study_name=NAME, direction="minimize", load_if_exists=True,
            pruner=pruner,
        )  # fmt: skip

    @property
    def attempts(self) -> list[Attempt]:
        """Return every attempt that was chosen, in order."""
        return [_describe(each) for each in self._trials() if len(each.params) == len(self._space)]

    def next_round(self, most: int) -> list[Attempt]:
        """Return the open attempts of the first round that is not closed, chosen if they are not.

        None is numbered `most` or higher; there is none where all below are closed. The first round
        is the usual settings alone.
        """
        closed = [each.number for each in self._trials() if each.state.is_finished()]
        first = next(number for number in range(len(closed) + 1) if number not in closed)
        start = 0 if first == 0 else 1 + (first - 1) // self._width * self._width
        end = min(1 if first == 0 else start + self._width, most)
        for number in range(first, end):
            if number not in closed:
                self._choose(number)
        return [each for each in self.attempts[first:end] if each.number not in closed]

    def _choose(self, number: int) -> None:
        trials = self._trials()
        if not trials:
            self._study.enqueue_trial({each.name: each.usual for each in self._space})
        draw = int(seeded_generator(self._seed, number).integers(2**32))
        self._study.sampler = TPESampler(seed=draw, n_startup_trials=DRAWN_FIRST)
        began = number < len(trials) and trials[number].state == TrialState.RUNNING
        if began and len(trials[number].params) == len(self._space):
            return
        # One that a kill left half chosen gets the rest of the same draws.
        trial = Trial(self._study, trials[number]._trial_id) if began else self._study.ask()
        for each in self._space:
            _suggest(trial, each)

    def report(self, number: int, step: int, cost: float) -> bool:
        """Note what an attempt costs over the folds up to `step`; return whether it is hopeless.

        Costs are told beside those of the usual settings on the same folds, so that a fold that is
        hard for all prunes nobody. Hopeless is what is above the median of the rounds before.
        """
        trial = self._open(number)
        if step not in self._trials()[number].intermediate_values:
            trial.report(cost, step)
        return trial.should_prune()

    def settle(
        self, number: int, verdict: str, *, cost: float | None = None, why: str = ""
    ) -> None:
        """Note what came of an attempt, for the time when its round is closed."""
        trial = self._open(number)
        trial.set_user_attr(REASON, why)
        trial.set_user_attr(COST, cost)
        trial.set_user_attr(VERDICT, verdict)

    def close_round(self, numbers: Sequence[int]) -> None:
        """Let what came of these attempts, all of them settled, guide those after them."""
        for number in numbers:
            told = self._trials()[number].user_attrs
            self._study.tell(number, told[COST], state=STATES[told[VERDICT]])

    def importances(self) -> dict[str, float]:
        """Return how much each setting matters, shares of 1; nothing where too few were judged.

        Source: S. Watanabe and others, PED-ANOVA, IJCAI, 2023.
        """
        judged = [each for each in self.attempts if each.state == JUDGED]
        if len(judged) < IMPORTANCE_LEAST or len({each.cost for each in judged}) < 2:
            return {}
        found = get_param_importances(self._study, evaluator=PedAnovaImportanceEvaluator())
        return {name: float(share) for name, share in found.items()}

    def _trials(self) -> list[FrozenTrial]:
        return self._study.get_trials(deepcopy=False)

    def _open(self, number: int) -> Trial:
        return Trial(self._study, self._trials()[number]._trial_id)


def _suggest(trial: Trial, bounds: Bounds) -> Value:
    if bounds.is_whole:
        low, high = int(bounds.low), int(bounds.high)
        return trial.suggest_int(bounds.name, low, high, log=bounds.by_ratio)
    return trial.suggest_float(bounds.name, bounds.low, bounds.high, log=bounds.by_ratio)


def _describe(trial: FrozenTrial) -> Attempt:
    told: dict[str, Any] = trial.user_attrs
    return Attempt(
        number=trial.number, settings=dict(trial.params), state=told.get(VERDICT, OPEN),
        cost=told.get(COST), reason=told.get(REASON, ""), steps=len(trial.intermediate_values),
    )  # fmt: skip


def _mend(path: Path) -> None:
    """Cut off a last line that a crash of the machine tore; Optuna would refuse what follows it."""
    if not path.exists():
        return
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        beside = path.with_suffix(".part")
        beside.write_bytes(content[:whole])
        beside.replace(path)
