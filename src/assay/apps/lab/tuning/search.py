"""`assay tune`: search a family's settings inside the span that a training fits on; resumable."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import msgspec
import numpy as np

from assay.apps.lab.models.labelling import describe_series
from assay.apps.lab.models.leaders import choose_candidates, follow_leaders
from assay.apps.lab.models.training import (
    ROWS_FILE,
    TrainingRequest,
    bars_until,
    digest_training,
    keep_rows,
)
from assay.apps.lab.trial import Look, enter_look, span_of
from assay.apps.lab.tuning.finding import Finding, weigh_attempts, write_best
from assay.apps.lab.tuning.judges import Judged, Judges, Task, gather_judges
from assay.apps.lab.tuning.settings import BEST, STUDIES
from assay.market.series import BarSeries
from assay.model.errors import DataError, UsageError
from assay.runtime.clock import Deadline, Stopwatch
from assay.runtime.home import Home
from assay.signals.models import widest_window
from assay.signals.training import cut_windows, pool
from assay.signals.tuning import (
    FAILED,
    JUDGED,
    LOG_LOSS,
    OPEN,
    PRUNED,
    Attempt,
    Bench,
    FoldScore,
    Study,
    fit_span,
    group_settings,
    join_spaces,
)

PLAN, FOLDS = "plan.json", "folds"
WIDTH = 4
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
Tell = Callable[[str, float], None]
Gather = Callable[[Bench, int], AbstractContextManager[Judges]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TuningRequest:
    """Say what to search: a training, the metric, trials at most, seconds at most, processes.

    `study` names it, empty for a name made of what it is. `trials` counts the usual settings,
    which are the first.
    """

    training: TrainingRequest
    home: Home
    study: str = ""
    metric: str = LOG_LOSS
    trials: int = 40
    budget: float | None = None
    jobs: int = 1


class _Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Say what a study is of, and how many attempts are chosen at once."""

    digest: str
    width: int


def tune(
    request: TuningRequest, on_stage: Tell | None = None, gather: Gather = gather_judges
) -> Finding:
    """Search until the trials or the seconds are used up; a study that was stopped goes on.

    Each trial is entered in the trial ledger before it is judged. Raises UsageError where the name
    is that of another study, DataError where the rows are too few or the usual settings fail.
    """
    tell, watch = on_stage or (lambda _stage, _share: None), Stopwatch()
    if request.study and not NAME.fullmatch(request.study):
        raise UsageError(
            f"study {request.study!r} is no name; use letters, digits, dots, dashes and underscores"
        )
    families, digest = request.training.families, _digest(request)
    space = join_spaces(families)
    name = request.study or f"{request.training.family}-{digest[:10]}"
    folder = request.home.folder(STUDIES) / name
    with request.home.lock(f"study-{name}"):
        folder.mkdir(mode=0o700, exist_ok=True)
        plan = _read_plan(folder, digest, request)
        bench = _read_bench(request, folder, tell)
        study = Study(folder, space, seed=request.training.seed, width=plan.width)
        search = _Search(request, bench, study, folder, tell, digest)
        with gather(bench, request.jobs) as judges:
            search.run(judges)
        found = weigh_attempts(
            study.attempts, search.scores, bench, name=name, importances=study.importances()
        )
        write_best(folder / BEST, found)
        if len(found.attempts) >= request.trials and not any(
            each.state == OPEN for each in found.attempts
        ):
            for path in folder.glob(ROWS_FILE.format("*")):
                path.unlink()
    return replace(found, folder=folder, digest=digest, seconds=watch.elapsed())


def _digest(request: TuningRequest) -> str:
    training = request.training
    facts = (
        digest_training(training, training.features), request.metric,
        join_spaces(training.families),
    )  # fmt: skip
    return sha256(repr(facts).encode()).hexdigest()


def _read_plan(folder: Path, digest: str, request: TuningRequest) -> _Plan:
    kept = folder / PLAN
    if not kept.exists():
        beside = folder / f".{PLAN}"
        made = _Plan(digest=digest, width=max(WIDTH, request.jobs))
        beside.write_bytes(msgspec.json.encode(made))
        beside.replace(kept)
    try:
        plan = msgspec.json.decode(kept.read_bytes(), type=_Plan)
    except msgspec.MsgspecError as error:
        raise DataError(f"{kept}: {error}; begin another study with --study NAME") from None
    if plan.digest != digest:
        raise UsageError(
            f"study {folder.name} is of other data or options, or of another version of the "
            "program; name another with --study"
        )
    return plan


def _read_bench(request: TuningRequest, folder: Path, tell: Tell) -> Bench:
    """Return what settings are judged on: the rows that a training of the request would fit on."""
    training = request.training
    features = training.features
    series = [bars_until(one, training.until) for one in training.series]
    symbols = [one.symbol for one in series]
    candidates, parts = choose_candidates(training.leaders, symbols, features), []
    for number, one in enumerate(series):
        tell(f"labelling {one.symbol}", number / len(series))
        parts.append(keep_rows(one, number, training, features, folder))
    features, rows = follow_leaders(pool(parts), series, candidates, features, training.config)
    window, bars = widest_window(training.families), ()
    if window > 1:
        bars = describe_series(series, features, training.config, training.costs)
        rows = cut_windows(rows, bars, window)
    return Bench(
        rows=fit_span(rows), families=training.families, metric=request.metric,
        horizon=training.bracket.horizon * int(series[0].timeframe), seed=training.seed, bars=bars,
    )  # fmt: skip


class _Search:
    """Judge attempt after attempt; what is judged of each fold lies in a file of its own."""

    def __init__(
        self, request: TuningRequest, bench: Bench, study: Study, folder: Path, tell: Tell,
        digest: str,
    ) -> None:  # fmt: skip
        self._request, self._bench, self._study, self._tell = request, bench, study, tell
        self._digest = digest
        self._folder = folder / FOLDS
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._deadline = Deadline(request.budget) if request.budget is not None else None
        self._seen = _series_seen(request.training.series, int(bench.rows.end.max()))
        self._folds = len(bench.folds())

    @property
    def _is_late(self) -> bool:
        return self._deadline is not None and self._deadline.has_passed()

    def run(self, judges: Judges) -> None:
        """Judge rounds until there is none, or it is late; the usual settings always."""
        while attempts := self._study.next_round(self._request.trials):
            unsettled = self._run_round(attempts, judges)
            if unsettled:
                return
            self._study.close_round([each.number for each in attempts])
            if attempts[0].number == 0:
                self._require_usual()
            if self._is_late:
                return

    def scores(self, number: int) -> list[FoldScore]:
        """Return what an attempt costs on every fold."""
        return [self._load(number, fold) for fold in range(self._folds)]

    def _run_round(self, attempts: Sequence[Attempt], judges: Judges) -> int:
        """Judge a round; return how many of it are left, for want of time."""
        waiting = [each for each in attempts if each.state not in (JUDGED, PRUNED, FAILED)]
        courses: dict[int, Generator[Task, FoldScore, None]] = {}
        tasks: list[Task] = []
        under_way = 0
        while waiting or tasks or under_way:
            while waiting and len(courses) < self._request.jobs and not self._stops(waiting[0]):
                attempt = waiting.pop(0)
                courses[attempt.number] = self._judge(attempt)
                tasks += self._step(courses, attempt.number, None)
            while tasks and judges.has_room:
                judges.submit(tasks.pop(0))
                under_way += 1
            if not under_way:
                break
            found = judges.take()
            under_way -= 1
            tasks += self._step(courses, found.attempt, found)
            if self._is_late and attempts[0].number > 0:
                tasks = []
        self._show()
        return len(waiting) + len(courses)

    def _stops(self, attempt: Attempt) -> bool:
        return attempt.number > 0 and self._is_late

    def _step(
        self,
        courses: dict[int, Generator[Task, FoldScore, None]],
        number: int,
        found: Judged | None,
    ) -> list[Task]:
        """Return what an attempt wants judged next; nothing where it is settled."""
        course = courses[number]
        try:
            if found is None:
                return [next(course)]
            if found.score is not None:
                return [course.send(found.score)]
            self._study.settle(number, FAILED, why=found.why)
        except StopIteration:
            pass
        courses.pop(number)
        self._show()
        return []

    def _judge(self, attempt: Attempt) -> Generator[Task, FoldScore, None]:
        """Ask for fold after fold of an attempt, and settle it; ends early where it is hopeless."""
        settings, counted, costs = group_settings(attempt.settings), False, []
        for fold in range(self._folds):
            path = self._path(attempt.number, fold)
            if not path.exists():
                if not counted:
                    self._count(attempt)
                    counted = True
                self._save(path, (yield Task(attempt.number, settings, fold)))
            costs.append(self._load(attempt.number, fold).mean - self._load(0, fold).mean)
            if self._study.report(attempt.number, fold, float(np.mean(costs))):
                self._study.settle(attempt.number, PRUNED)
                return
        cost = _mean_cost(self.scores(attempt.number))
        self._study.settle(attempt.number, JUDGED, cost=cost)

    def _count(self, attempt: Attempt) -> None:
        request = self._request
        start, end = span_of(self._seen)
        look = Look(
            kind="tune", series=self._seen, start=start, end=end, strategy=request.training.family,
            parameters=(self._digest, sorted(attempt.settings.items())),
        )  # fmt: skip
        enter_look(request.training.ledger, look)

    def _require_usual(self) -> None:
        usual = self._study.attempts[0]
        if usual.state == FAILED:
            raise DataError(
                f"the usual settings of {self._request.training.family} cannot be judged "
                f"({usual.reason}), and there is nothing to compare with; give more data"
            )

    def _show(self) -> None:
        attempts = self._study.attempts
        closed = [each for each in attempts if each.state in (JUDGED, PRUNED, FAILED)]
        best = min((each.cost for each in attempts if each.cost is not None), default=None)
        shown = "" if best is None else f", least cost {best:.6g}"
        self._tell(
            f"{len(closed)} of {self._request.trials} trials{shown}",
            len(closed) / self._request.trials,
        )

    def _path(self, number: int, fold: int) -> Path:
        return self._folder / f"{number}-{fold + 1}.npz"

    def _load(self, number: int, fold: int) -> FoldScore:
        with np.load(self._path(number, fold)) as columns:
            return FoldScore(columns["stretch"], columns["cost"], columns["weight"])

    def _save(self, path: Path, score: FoldScore) -> None:
        beside = path.with_suffix(".part.npz")
        np.savez(beside, stretch=score.stretch, cost=score.cost, weight=score.weight)
        beside.replace(path)


def _series_seen(series: Sequence[BarSeries], until: int) -> list[BarSeries]:
    return [
        one.select(one.ts_open + int(one.timeframe) <= until)
        for one in series
        if int(one.ts_open[0]) < until
    ]


def _mean_cost(scores: Sequence[FoldScore]) -> float:
    return float(
        sum(each.cost.sum() for each in scores) / sum(each.weight.sum() for each in scores)
    )
