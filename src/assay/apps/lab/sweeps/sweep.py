"""`assay sweep`: measure many variants of a strategy in the compiled loop, and go on later."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from assay.apps.lab.backtests.backtest import Request, describe_look, prepare_request
from assay.apps.lab.runs.setup import Setup
from assay.apps.lab.sweeps.course import Course, Measured, measure_variants
from assay.apps.lab.sweeps.grid import Axis, Condition, Grid, Variant
from assay.apps.lab.sweeps.looks import Tally
from assay.apps.lab.sweeps.store import KeptVariants
from assay.books.analytics.objective import OBJECTIVES
from assay.kernel.compiling import compiled_digest
from assay.model.errors import UsageError
from assay.runtime.clock import Stopwatch

STUDY = "study"
SEARCHES = ("grid", "random", "optuna")
BARS_A_BATCH, BATCH_LEAST, BATCH_MOST = 400_000_000, 16, 1024
"""Variants are counted, measured and kept in batches of so many bars: what a kill may cost."""
Tell = Callable[[str, float], None]


class Measurer(Protocol):
    """Measure variants of a course, in their order, telling of each that is done."""

    def __call__(
        self, course: Course, variants: Sequence[Mapping[str, int]], jobs: int,
        on_done: Callable[[], object],
    ) -> list[Measured]: ...  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepRequest:
    """Say what to sweep: a backtest, the values of some of its parameters, and how to search them.

    `count` is how many variants a search that is no grid measures. `base.out` keeps what was done.
    """

    base: Request
    axes: Sequence[Axis]
    where: str = ""
    search: str = "grid"
    count: int = 100
    objective: str = "sharpe"
    seed: int = 1
    jobs: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """Hold every variant with its figures, in the order of the grid or of the search.

    `seconds` were spent on the `fresh` variants that were not known before, counting included.
    """

    request: SweepRequest
    course: Course
    grid: Grid
    variants: Sequence[Variant]
    found: Sequence[Measured]
    fresh: int
    seconds: float
    tally: Tally


def require_objective(name: str) -> None:
    """Raise UsageError for a name that is no objective."""
    if name not in OBJECTIVES:
        raise UsageError(f"objective {name!r} is unknown; there are {', '.join(OBJECTIVES)}")


def make_grid(setup: Setup, request: SweepRequest) -> Grid:
    """Return the grid of a request; raise UsageError where it does not fit the strategy."""
    names, given = [axis.name for axis in request.axes], request.base.params
    if not names:
        raise UsageError("nothing is swept; name a parameter with --grid name=first:last:step")
    for name in names:
        if names.count(name) > 1 or name in given:
            raise UsageError(f"parameter {name!r} is given twice; give it once")
    for axis in request.axes:
        for value in (axis.values[0], axis.values[-1]):
            setup.strategy.resolve({axis.name: str(value)})
    where = Condition(request.where, list(setup.params)) if request.where else None
    return Grid(request.axes, setup.params, where)


def run_sweep(
    request: SweepRequest, on_stage: Tell | None = None, measure: Measurer = measure_variants
) -> Swept:
    """Measure every variant of a request; those that its folder holds are not measured again.

    Each is a look, counted before it. Raises UsageError for what does not fit, DataError
    for a file that cannot be read.
    """
    if request.search not in SEARCHES:
        raise UsageError(f"search {request.search!r} is unknown; there are {', '.join(SEARCHES)}")
    require_objective(request.objective)
    setup = prepare_request(request.base)
    grid = make_grid(setup, request)
    course = Course.of(setup)
    look = describe_look(setup, replace(request.base, ledger=None), "sweep")
    tally = Tally(request.base.ledger, look, course)
    digest = _digest(request, look.parameters, tally.data)
    out = request.base.out
    kept = KeptVariants(sorted(setup.params), digest, out)
    course.warm()
    watch = Stopwatch()
    bench = VariantBench(course, tally, kept, request.jobs, measure)
    tell = on_stage or (lambda _stage, _share: None)
    with ExitStack() as stack:
        variants = _choose_variants(request, grid, bench, tell, stack)
    bench.measure(variants, tell)
    found = [bench.figures(variant) for variant in variants]
    return Swept(
        request=request, course=course, grid=grid, variants=variants, found=found,
        fresh=bench.fresh, seconds=watch.elapsed(), tally=tally,
    )  # fmt: skip


def _choose_variants(
    request: SweepRequest, grid: Grid, bench: VariantBench, tell: Tell, stack: ExitStack
) -> list[Variant]:
    if request.search == "grid":
        return grid.variants()
    if request.search == "random":
        return grid.draw(request.count, request.seed)
    from assay.apps.lab.sweeps.search import search_variants  # loads Optuna, which takes seconds

    if request.base.out is None:
        folder = Path(stack.enter_context(TemporaryDirectory()))
    else:
        folder = request.base.out / STUDY
        folder.mkdir(exist_ok=True)

    def judge(variants: Sequence[Variant]) -> list[float | None]:
        bench.measure(variants)
        tell(f"{bench.fresh} variants", min(bench.fresh / request.count, 1.0))
        return [figure_of(bench.figures(variant), request.objective) for variant in variants]

    return search_variants(folder, grid, judge, trials=request.count, seed=request.seed)


def figure_of(found: Measured, objective: str) -> float | None:
    """Return what is to be large of a variant that traded; None where it never did."""
    return found.objective(objective) if found.fills else None


def _digest(request: SweepRequest, parameters: object, data: str) -> str:
    """Return what must be alike for variants of one folder; a grid may be another one."""
    facts = [parameters, data, compiled_digest()]
    if request.search == "optuna":
        facts += [request.axes, request.where, request.objective, request.seed]
    return sha256(repr(facts).encode()).hexdigest()


class VariantBench:
    """Measure variants that are not known yet: counted, measured, kept, batch by batch."""

    def __init__(
        self, course: Course, tally: Tally, kept: KeptVariants, jobs: int, measure: Measurer
    ) -> None:
        self._course, self._tally, self._kept = course, tally, kept
        self._jobs, self._measure = jobs, measure
        self.fresh = 0
        """How many were measured here."""

    def figures(self, variant: Variant) -> Measured:
        """Return the figures of a variant that was measured."""
        found = self._kept.find(variant)
        assert found is not None
        return found

    def measure(self, variants: Sequence[Variant], tell: Tell | None = None) -> None:
        """Measure those of the variants that are not known."""
        wanted = {tuple(variant.values()): variant for variant in variants}
        missing = [variant for variant in wanted.values() if self._kept.find(variant) is None]
        done, known = 0, len(wanted) - len(missing)

        def step() -> None:
            nonlocal done
            done += 1
            if tell:
                tell(f"{known + done:,} of {len(wanted):,} variants", (known + done) / len(wanted))

        size = min(max(BARS_A_BATCH // max(self._course.bars, 1), BATCH_LEAST), BATCH_MOST)
        for start in range(0, len(missing), size):
            batch = missing[start : start + size]
            trials = self._tally.enter(batch)
            found = self._measure(self._course, batch, self._jobs, step)
            self._kept.keep(batch, found)
            self._tally.conclude(trials, found)
            self.fresh += len(batch)
