"""`assay montecarlo`: what else could have come of a strategy: redrawn, jittered, stressed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from assay.apps.lab.backtests.backtest import Request, describe_look, prepare_request
from assay.apps.lab.backtests.comparison import EQUITY
from assay.apps.lab.robustness.frictions import list_scenarios
from assay.apps.lab.runs.outcome import Outcome, equity_table, fill_table
from assay.apps.lab.sweeps.course import Course, Measured, Runner, measure_outcome, measure_variants
from assay.apps.lab.sweeps.looks import Tally
from assay.books.analytics.fans import FALLS, LEVELS, Fan, gather_fan, redraw_days, redraw_trades
from assay.books.analytics.performance import daily_returns
from assay.books.analytics.trades import close_trades
from assay.books.reports.result import BacktestResult
from assay.model.errors import DataError, UsageError
from assay.model.time import DAY
from assay.runtime.ids import seeded_generator

FILLS = "fills.parquet"
STILL = frozenset({"units"})
"""Parameters that are no part of the rule: they are not jittered."""
LIKELY = 0.05
Tell = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class MonteCarloRequest:
    """Say what to redraw: a folder of `assay backtest --out`, or a backtest to be run.

    A folder is redrawn alone; parameters and costs are stressed where there is a backtest. `noise`
    is how far a parameter is moved at most, as a share of itself.
    """

    run: Path | None = None
    base: Request | None = None
    draws: int = 1000
    block: float = 5.0
    noise: float = 0.2
    noisy: int = 100
    falls: Sequence[float] = FALLS
    seed: int = 1
    jobs: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Stressed:
    """Hold what a scenario came to, money in whole currency; or why it was not measured."""

    name: str
    net: float | None
    sharpe: float | None = None
    drawdown: float | None = None
    fills: int | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MonteCarlo:
    """Hold the fans by their names, the stress scenarios (the plain run first), and what was run.

    `times` are the ends of days (ns UTC), `digits` those of the account's money.
    """

    title: str
    fans: Mapping[str, Fan]
    stressed: Sequence[Stressed]
    times: np.ndarray
    equity: np.ndarray
    start: float
    trades: int
    params: Mapping[str, int]
    noisy: Sequence[Mapping[str, int]]
    missing: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    """Hold one run in whole currency: ends of days and equity there, and the nets of its trades."""

    times: np.ndarray
    equity: np.ndarray
    start: float
    nets: list[float]


def run_montecarlo(request: MonteCarloRequest, on_stage: Tell | None = None) -> MonteCarlo:
    """Redraw a run, and where there is a backtest jitter its parameters and worsen its conditions.

    Each run is a look, counted before it; redrawing looks at nothing new. Raises UsageError and
    DataError for what cannot be read or is too little.
    """
    tell = on_stage or (lambda _stage, _share: None)
    if (request.run is None) == (request.base is None):
        raise UsageError("name either a finished run with --run, or --data and --strategy")
    if not 0 < request.noise < 1:
        raise UsageError(f"--noise {request.noise} is not between 0 and 1")
    if request.run is not None:
        record = read_run(request.run)
        fans, missing = _redraw(record, request)
        return MonteCarlo(
            title=request.run.name, fans=fans, stressed=(), times=record.times,
            equity=record.equity, start=record.start, trades=len(record.nets), params={},
            noisy=(), missing=missing,
        )  # fmt: skip
    assert request.base is not None
    return _run_course(request, request.base, tell)


def _run_course(request: MonteCarloRequest, base: Request, tell: Tell) -> MonteCarlo:
    setup = prepare_request(base)
    course = Course.of(setup)
    tally = Tally(base.ledger, describe_look(setup, base, "montecarlo"), course)
    course.warm()
    (trial,) = tally.enter([setup.params])
    plain = Runner(course).run(setup.params)
    found = measure_outcome(course, plain)
    tally.conclude([trial], [found])
    record = _record_of(course, plain)
    tell("redrawing", 0.0)
    fans, missing = _redraw(record, request)
    variants = jitter(setup.params, request)
    if variants:
        fans = {**fans, "parameters": _jitter_runs(course, variants, tally, request, tell)}
    stressed = [_tell_stress("as it was", course, found), *_stress(course, plain, tally, tell)]
    return MonteCarlo(
        title=f"{setup.strategy.name} on {', '.join(setup.symbols)}", fans=fans,
        stressed=stressed, times=record.times, equity=record.equity, start=record.start,
        trades=len(record.nets), params=setup.params, noisy=variants, missing=missing,
    )  # fmt: skip


def read_run(folder: Path) -> _Record:
    """Return what `assay backtest --out` wrote; raise UsageError or DataError where it is not."""
    try:
        equity, fills = pq.read_table(folder / EQUITY), pq.read_table(folder / FILLS)
    except FileNotFoundError:
        raise UsageError(
            f"{folder} holds no {EQUITY} and {FILLS}; name a folder that `assay backtest --out` "
            "wrote"
        ) from None
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{folder} cannot be read ({error}); run the backtest again") from None
    if not len(equity):
        raise DataError(f"{folder / EQUITY} has no rows; run the backtest on more bars")
    worth = equity["equity"].to_numpy()
    return _record(equity, fills, float(worth[0]))


def _record_of(course: Course, outcome: Outcome) -> _Record:
    setup = course.setup
    start = setup.account.cash / 10.0**setup.account.currency_digits
    return _record(equity_table(outcome, setup), fill_table(outcome, setup), start)


def _record(equity: pa.Table, fills: pa.Table, start: float) -> _Record:
    times = equity["time"].cast(pa.timestamp("ns", tz="UTC")).cast(pa.int64()).to_numpy()
    days = times // DAY
    ends = np.append(np.flatnonzero(days[1:] != days[:-1]), len(days) - 1)
    balance, worth, margin = (equity[name].to_numpy() for name in ("balance", "equity", "margin"))
    result = BacktestResult(
        symbols=(), strategy="", params={}, currency="", currency_digits=0, cash=0, times=times,
        balance=balance, equity=worth, margin=margin, fills=fills,
    )  # fmt: skip
    return _Record(
        times=times[ends], equity=worth[ends], start=start,
        nets=[trade.net for trade in close_trades(result.read_fills())],
    )  # fmt: skip


def _redraw(record: _Record, request: MonteCarloRequest) -> tuple[dict[str, Fan], list[str]]:
    returns = daily_returns(record.times, record.equity, record.start)
    draws, seed = request.draws, request.seed
    fans, missing = {}, []
    try:
        fans["days"] = redraw_days(
            returns, record.start, draws=draws, block=request.block, seed=seed
        )
        fans["trades"] = redraw_trades(record.nets, record.start, draws=draws, seed=seed)
    except DataError as error:
        missing.append(str(error))
    if not fans:
        raise DataError(missing[0])
    return fans, missing


def jitter(params: Mapping[str, int], request: MonteCarloRequest) -> list[dict[str, int]]:
    """Return different variants near the parameters; fewer than asked for where there are no more.

    Each is moved by up to `noise` of itself, at least by 1, and stays at 1 or above.
    """
    moved = {name: max(1, round(request.noise * value)) for name, value in params.items()
             if name not in STILL}  # fmt: skip
    generator, found = seeded_generator(request.seed, 1), dict[tuple[int, ...], dict[str, int]]()
    for _ in range(20 * request.noisy if moved else 0):
        variant = {
            name: max(1, value + int(generator.integers(-moved[name], moved[name] + 1)))
            if name in moved else value
            for name, value in params.items()
        }  # fmt: skip
        found.setdefault(tuple(variant.values()), variant)
        if len(found) >= request.noisy:
            break
    return list(found.values())


def _jitter_runs(
    course: Course, variants: Sequence[Mapping[str, int]], tally: Tally, request: MonteCarloRequest,
    tell: Tell,
) -> Fan:  # fmt: skip
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        tell("jittering parameters", done / len(variants))

    trials = tally.enter(variants)
    found = measure_variants(course, variants, request.jobs, step)
    tally.conclude(trials, found)
    start = course.setup.account.cash / 10.0**course.setup.account.currency_digits
    days = len(course.ends)
    return gather_fan((_curve(one, start, days) for one in found), start, days)


def _curve(found: Measured, start: float, days: int) -> np.ndarray:
    curve = np.zeros(days)
    curve[: len(found.returns)] = start * np.cumprod(1.0 + found.returns)
    return curve


def _stress(course: Course, plain: Outcome, tally: Tally, tell: Tell) -> list[Stressed]:
    told, params = [], course.setup.params
    # The logs of the plain run are its runner's own, so these runs do not write over them.
    scenarios = list_scenarios(plain)
    for number, scenario in enumerate(scenarios, 1):
        tell(f"stress: {scenario.name}", number / len(scenarios))
        try:
            worse = scenario.apply(course)
        except UsageError as error:
            told.append(Stressed(name=scenario.name, net=None, why=str(error)))
            continue
        trials = tally.enter([{**params, scenario.name: 1}])
        found = Runner(worse).measure(params)
        tally.conclude(trials, [found])
        told.append(_tell_stress(scenario.name, worse, found))
    return told


def _tell_stress(name: str, course: Course, found: Measured) -> Stressed:
    digits = course.setup.account.currency_digits
    return Stressed(
        name=name, net=round(found.net * 10.0**-digits, digits), sharpe=found.sharpe,
        drawdown=found.drawdown, fills=found.fills,
    )  # fmt: skip


def word_verdict(found: MonteCarlo) -> str:
    """Say in one line whether a loss is unlikely, by the days redrawn and by every scenario."""
    chance = found.fans["days"].chance_of_loss
    shown = f"{100 * chance:.0f} % of redrawn histories lose"
    worse = [each for each in found.stressed[1:] if each.net is not None]
    losing = [each for each in worse if each.net is not None and each.net <= 0]
    stressed = f", and {len(losing)} of {len(worse)} stress scenarios" if worse else ""
    if chance > LIKELY or losing:
        return f"Loss not ruled out: {shown}{stressed}"
    return f"Loss unlikely: {shown}{stressed}; if days to come are like those that were"


def describe_montecarlo(found: MonteCarlo, request: MonteCarloRequest) -> dict[str, Any]:
    """Return what is told of it, the verdict first."""
    return {
        "verdict": word_verdict(found), "title": found.title, "days": len(found.times),
        "trades": found.trades, "start": found.start, "final": float(found.equity[-1]),
        "seed": request.seed, "draws": request.draws, "block": request.block,
        "fans": {name: describe_fan(fan, request.falls) for name, fan in found.fans.items()},
        "stress": [
            {"name": each.name, "net": each.net, "sharpe": each.sharpe,
             "drawdown": each.drawdown, "fills": each.fills, "why": each.why}
            for each in found.stressed
        ],
        "missing": list(found.missing),
    }  # fmt: skip


def describe_fan(fan: Fan, falls: Sequence[float]) -> dict[str, Any]:
    """Return the figures of a fan: percentiles by their levels, chances by the fall."""
    names = [f"p{level}" for level in LEVELS]
    return {
        "histories": len(fan.finals), "chance_of_loss": fan.chance_of_loss,
        "final": dict(zip(names, fan.final_levels(), strict=True)),
        "drawdown": dict(zip(names, fan.drawdown_levels(), strict=True)),
        "chance_of_fall": {f"{share:g}": fan.chance_of_fall(share) for share in falls},
    }  # fmt: skip
