"""`assay optimise`: choose parameters on one window, trade the next with them, window by window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from assay.apps.lab.backtests.backtest import Request, describe_look, prepare_request
from assay.apps.lab.sweeps.course import Course, Measured, measure_outcome, measure_variants
from assay.apps.lab.sweeps.grid import Axis, Grid, Variant
from assay.apps.lab.sweeps.looks import Tally
from assay.apps.lab.sweeps.relay import Window, trade_windows
from assay.apps.lab.sweeps.sweep import SweepRequest, figure_of, make_grid, require_objective
from assay.apps.lab.sweeps.verdict import describe_variant
from assay.books.analytics.intervals import ReturnIntervals, measure_intervals
from assay.books.analytics.objective import annual_return
from assay.books.analytics.performance import sharpe_ratio
from assay.books.trials import Deflation
from assay.model.errors import DataError, UsageError
from assay.model.time import DAY, format_time

ANCHORED, ROLLING = "anchored", "rolling"
SCHEMES = (ANCHORED, ROLLING)
Tell = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimiseRequest:
    """Say what to optimise: a backtest, the values of its parameters, and the windows.

    The first inside is `ratio` times as long as each of the `windows` that follow it; rolling ones
    keep that length, anchored ones begin where the data do. `count` draws so many variants, None
    takes all.
    """

    base: Request
    axes: Sequence[Axis]
    where: str = ""
    count: int | None = None
    objective: str = "sharpe"
    scheme: str = ROLLING
    windows: int = 6
    ratio: float = 3.0
    draws: int = 2000
    block: float = 5.0
    seed: int = 1
    jobs: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Hold one window: what was chosen inside with its figures there, and what it did outside.

    `median` is that of the objective over all variants inside; net outside is in minor units.
    """

    window: Window
    variant: Variant
    inside: Measured
    median: float
    net: int
    sharpe: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimised:
    """Hold the windows and the account that traded all of them; `ends` are its days (ns UTC)."""

    request: OptimiseRequest
    course: Course
    grid: Grid
    stages: Sequence[Stage]
    variants: int
    joined: Measured
    ends: np.ndarray
    equity: np.ndarray
    intervals: ReturnIntervals
    efficiency: float | None
    deflation: Deflation | None


def run_optimise(request: OptimiseRequest, on_stage: Tell | None = None) -> Optimised:
    """Optimise inside and trade outside, one window after another, in one account.

    Each variant is a look, counted before it is measured, and so is the account that trades. Raises
    UsageError for what does not fit, DataError where a window is too little.
    """
    tell = on_stage or (lambda _stage, _share: None)
    require_objective(request.objective)
    setup = prepare_request(request.base)
    asked = SweepRequest(base=request.base, axes=request.axes, where=request.where)
    grid = make_grid(setup, asked)
    variants = grid.variants() if request.count is None else grid.draw(request.count, request.seed)
    course = Course.of(setup)
    windows = cut_windows(course, request)
    tally = Tally(request.base.ledger, describe_look(setup, request.base, "optimise"), course)
    whole = {"windows": request.windows, "ratio": round(100 * request.ratio)}
    entered = tally.enter([*variants, whole])
    course.warm()
    chosen = [
        _choose(course, window, variants, request, number, tell)
        for number, window in enumerate(windows, 1)
    ]
    outcome = trade_windows(course, windows, [variant for variant, _, _ in chosen])
    outside = course.cut(windows[0].outside[0], windows[-1].outside[1])
    joined = measure_outcome(outside, outcome)
    tally.conclude(entered[-1:], [joined])
    equity = outcome.equity["equity"][outside.ends]
    return Optimised(
        request=request, course=course, grid=grid, variants=len(variants), joined=joined,
        stages=_tell_stages(windows, chosen, outside, equity), ends=outside.times, equity=equity,
        intervals=measure_intervals(
            joined.returns, draws=request.draws, block=request.block, seed=request.seed
        ),
        efficiency=_efficiency(joined, [inside for _, inside, _ in chosen]),
        deflation=tally.deflate(whole, joined.returns, before=entered[0].number),
    )  # fmt: skip


def cut_windows(course: Course, request: OptimiseRequest) -> list[Window]:
    """Return the windows of a request, on whole days; raise for what does not fit."""
    if request.scheme not in SCHEMES:
        raise UsageError(f"scheme {request.scheme!r} is unknown; there are {', '.join(SCHEMES)}")
    if request.ratio <= 0:
        raise UsageError(f"--ratio {request.ratio} is not above 0")
    first, last = (int(course.events["ts"][place]) // DAY for place in (0, -1))
    length = (last + 1 - first) / (request.windows + request.ratio)
    if length < 1:
        raise DataError(
            f"{last + 1 - first} days are too few for {request.windows} windows and what comes "
            "before them; take fewer windows or more data"
        )
    turns = [
        round(first + (request.ratio + number) * length) * DAY
        for number in range(request.windows + 1)
    ]
    span = round(request.ratio * length) * DAY
    found = []
    for begin, end in pairwise(turns):
        since = first * DAY - 1 if request.scheme == ANCHORED else begin - span
        found.append(Window((since, begin), (begin, end)))
    return found


def _choose(
    course: Course, window: Window, variants: Sequence[Variant], request: OptimiseRequest,
    number: int, tell: Tell,
) -> tuple[Variant, Measured, float]:  # fmt: skip
    inside, done = course.cut(*window.inside), 0

    def step() -> None:
        nonlocal done
        done += 1
        share = (number - 1 + done / len(variants)) / request.windows
        tell(f"window {number} of {request.windows}", share)

    if not inside.bars:
        raise DataError(f"window {number} has no bars inside; take fewer windows")
    found = measure_variants(inside, variants, request.jobs, step)
    values = [figure_of(one, request.objective) for one in found]
    known = [value for value in values if value is not None]
    if not known:
        begin, end = (format_time(moment)[:10] for moment in window.inside)
        raise DataError(f"no variant traded from {begin} to {end}; take fewer windows or more data")
    best = max(range(len(variants)), key=lambda place: _rank(values[place]))
    return variants[best], found[best], float(np.median(known))


def _rank(value: float | None) -> float:
    return -np.inf if value is None else value


def _tell_stages(
    windows: Sequence[Window], chosen: Sequence[tuple[Variant, Measured, float]], outside: Course,
    equity: np.ndarray,
) -> list[Stage]:  # fmt: skip
    stages, before = [], outside.setup.account.cash
    for window, (variant, inside, median) in zip(windows, chosen, strict=True):
        mine = (outside.times > window.outside[0]) & (outside.times <= window.outside[1])
        closes = equity[mine]
        after = int(closes[-1]) if len(closes) else before
        stages.append(
            Stage(
                window=window, variant=variant, inside=inside, median=median, net=after - before,
                sharpe=sharpe_ratio(outside.times[mine], closes, before),
            )
        )  # fmt: skip
        before = after
    return stages


def _efficiency(joined: Measured, inside: Sequence[Measured]) -> float | None:
    """Return the annual return outside over the mean one inside; None unless that is a gain."""
    promised = [each for one in inside if (each := annual_return(one.returns)) is not None]
    came = annual_return(joined.returns)
    mean = sum(promised) / len(promised) if promised else 0.0
    return came / mean if came is not None and mean > 0 else None


def word_verdict(found: Optimised) -> str:
    """Say in one line whether the account earned anything that it was not chosen on."""
    sharpe = found.intervals.sharpe
    if sharpe.value is None:
        return "Nothing to judge: the account never traded out of sample"
    shown = f"Sharpe {sharpe.value:.2f} a year, 95 % interval {sharpe.lower:.2f} to "
    shown += f"{sharpe.upper:.2f}, over {len(found.ends):,} days that nothing was chosen on"
    if sharpe.lower > 0:
        return f"Edge shown out of sample: {shown}"
    if sharpe.upper < 0:
        return f"Loss shown out of sample: {shown}"
    return f"No edge shown out of sample: {shown}"


def describe_optimised(found: Optimised) -> dict[str, Any]:
    """Return what is told of it, the verdict first."""
    request, account = found.request, found.course.setup.account
    sharpe, growth = found.intervals.sharpe, found.intervals.growth
    return {
        "verdict": word_verdict(found), "scheme": request.scheme, "variants": found.variants,
        "objective": request.objective, "days": len(found.ends),
        **describe_variant(found.joined, account.currency_digits),
        "sharpe_interval": [sharpe.lower, sharpe.upper],
        "growth": growth.value, "growth_interval": [growth.lower, growth.upper],
        "efficiency": found.efficiency,
        "looks_before": found.deflation.before if found.deflation else None,
        "deflated_sharpe": found.deflation.deflated if found.deflation else None,
        "deflated_sharpe_clustered": found.deflation.clustered if found.deflation else None,
        "windows": [_describe_stage(found, stage) for stage in found.stages],
    }  # fmt: skip


def _describe_stage(found: Optimised, stage: Stage) -> dict[str, Any]:
    digits = found.course.setup.account.currency_digits
    return {
        "inside_from": format_time(stage.window.inside[0] + 1)[:10],
        "from": format_time(stage.window.outside[0])[:10],
        "to": format_time(stage.window.outside[1])[:10],
        "params": {name: stage.variant[name] for name in found.grid.names},
        "inside": describe_variant(stage.inside, digits), "inside_median": stage.median,
        "net": round(stage.net * 10.0**-digits, digits), "sharpe": stage.sharpe,
    }  # fmt: skip
