"""One market for many variants: its events are made once, and each core keeps its own logs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from queue import SimpleQueue

import numpy as np

from assay.apps.lab.models.forecasting import forecast_events
from assay.apps.lab.runs.drivers import require_compiled_loop
from assay.apps.lab.runs.outcome import Outcome
from assay.apps.lab.runs.setup import Setup
from assay.books.analytics.objective import calmar_ratio
from assay.books.analytics.performance import daily_returns, max_drawdown, sharpe_ratio
from assay.kernel.records import BASE_BAR, SWAP
from assay.model.time import DAY
from assay.trading.engine.world import LOG_FIELDS, World

COST_FIELDS = ("spread_cost", "slippage_cost", "commission")


@dataclass(frozen=True, slots=True)
class Measured:
    """Hold what a variant came to, money in minor units; None where a figure is not defined.

    `returns` are those of each day, `costs` spread, slippage, commission and swap paid.
    """

    net: int
    sharpe: float | None
    drawdown: float
    calmar: float | None
    orders: int
    fills: int
    denied: int
    costs: int
    returns: np.ndarray

    def objective(self, name: str) -> float | None:
        """Return the figure that a search makes large."""
        value = getattr(self, name)
        return None if value is None else float(value)


@dataclass(frozen=True, slots=True)
class Course:
    """Hold a setup, its events, and the last equity row of each day with its time."""

    setup: Setup
    events: np.ndarray
    ends: np.ndarray
    times: np.ndarray

    @classmethod
    def of(cls, setup: Setup) -> Course:
        """Return the course of a whole setup; raise UsageError for what only replay trades."""
        require_compiled_loop(setup)
        setup = forecast_events(setup)
        return cls._over(setup, setup.events())

    @classmethod
    def _over(cls, setup: Setup, events: np.ndarray) -> Course:
        moments = events["ts"][events["kind"] == BASE_BAR]
        days = moments // DAY
        turns = np.flatnonzero(days[1:] != days[:-1])
        ends = np.append(turns, len(days) - 1) if len(days) else turns
        return cls(setup, events, ends, np.ascontiguousarray(moments[ends]))

    def cut(self, start: int, end: int) -> Course:
        """Return the course of the events that end after `start` and not after `end` (ns UTC)."""
        first, last = np.searchsorted(self.events["ts"], (start, end), side="right").tolist()
        forecasts = self.setup.forecasts
        cut = None if forecasts is None else forecasts[first:last]
        return self._over(replace(self.setup, forecasts=cut), self.events[first:last])

    @property
    def bars(self) -> int:
        """Return how many bars are decided on."""
        return int(self.ends[-1]) + 1 if len(self.ends) else 0

    def world(self, variant: Mapping[str, int], *, is_roomy: bool = True) -> World:
        """Return a fresh engine for a variant; a roomy one holds the equity of every bar."""
        setup = replace(self.setup, params=dict(variant))
        return setup.world(self.bars) if is_roomy else setup.world()

    def warm(self) -> None:
        """Compile the loop, once for all cores."""
        world = self.world(self.setup.params, is_roomy=False)
        self.setup.strategy.run(world.handle, self.events, 0, 0)


def run_between(world: World, course: Course, first: int, last: int) -> None:
    """Run the compiled loop over some events of a course, whatever room the logs need."""
    handle, done = world.bind(), first
    while done < last:
        done = course.setup.strategy.run(handle, course.events, done, last)
        if done < last:
            handle = world.grow()


class Runner:
    """Run variant after variant of a course in the same logs."""

    def __init__(self, course: Course) -> None:
        self._course = course
        self._logs: dict[str, np.ndarray] = {}

    def run(self, params: Mapping[str, int]) -> Outcome:
        """Return what the compiled loop logs of one variant; the next run writes over it."""
        course = self._course
        world = course.world(params, is_roomy=not self._logs)
        for name, log in self._logs.items():
            setattr(world, name, log)
        run_between(world, course, 0, len(course.events))
        self._logs = {name: getattr(world, name) for name in LOG_FIELDS}
        return Outcome.of_world(world)

    def measure(self, params: Mapping[str, int]) -> Measured:
        """Return the figures of one variant."""
        return measure_outcome(self._course, self.run(params))


def measure_outcome(course: Course, outcome: Outcome) -> Measured:
    """Return the figures of a run over a course, as a backtest tells them."""
    cash = course.setup.account.cash
    # Side by side in memory, or every figure below reads four columns for one.
    equity = np.ascontiguousarray(outcome.equity["equity"])
    closes = equity[course.ends]
    returns = daily_returns(course.times, closes, cash)
    drawdown = max_drawdown(equity, cash) if len(outcome.fills) else 0.0
    denied = int((outcome.orders["denied"] != 0).sum())
    swaps = outcome.notes[outcome.notes["kind"] == SWAP]["amount"].sum()
    paid = sum(int(outcome.fills[name].sum()) for name in COST_FIELDS)
    return Measured(
        net=int(closes[-1]) - cash if len(closes) else 0,
        sharpe=sharpe_ratio(course.times, closes, cash), drawdown=drawdown,
        calmar=calmar_ratio(returns, drawdown), orders=len(outcome.orders) - denied,
        fills=len(outcome.fills), denied=denied, costs=paid - int(swaps), returns=returns,
    )  # fmt: skip


def measure_variants(
    course: Course, variants: Sequence[Mapping[str, int]], jobs: int,
    on_done: Callable[[], object] = lambda: None,
) -> list[Measured]:  # fmt: skip
    """Return the figures of each variant, measured on so many cores at once.

    Threads are enough: the compiled loop holds no lock of Python's, and they share the events.
    """
    runners: SimpleQueue[Runner] = SimpleQueue()
    for _ in range(jobs):
        runners.put(Runner(course))

    def measure(params: Mapping[str, int]) -> Measured:
        runner = runners.get()
        try:
            return runner.measure(params)
        finally:
            runners.put(runner)

    course.warm()
    found = []
    with ThreadPoolExecutor(jobs) as pool:
        for one in pool.map(measure, variants):
            found.append(one)
            on_done()
    return found
