"""One backtest: read the data, run a driver, write the results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet as pq

from assay.apps.config import Config
from assay.apps.lab.backtests.folder import Ran, write_run
from assay.apps.lab.models.forecasting import forecast_events, with_model
from assay.apps.lab.output import appearing_together, make_folder
from assay.apps.lab.runs.drivers import Run, replay, sweep
from assay.apps.lab.runs.eventlog import EventLog
from assay.apps.lab.runs.outcome import equity_table, fill_table, order_table, summarise
from assay.apps.lab.runs.setup import Costs, Setup, prepare
from assay.apps.lab.trial import Look, enter_look, span_of, tell_trial, word_trial
from assay.books.trials import TrialLedger
from assay.kernel.records import SWAP
from assay.market.series import BarSeries, TickSeries
from assay.market.sources.parquet import read_parquet
from assay.model.errors import InvariantError, UsageError
from assay.model.time import DAY
from assay.trading.engine.loading import load_strategy

DRIVERS = ("sweep", "replay")
YEAR = round(365.25 * DAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Say what to test; None takes the strategy's own default, and of `years` all of the data.

    The `home` keeps the classifiers whose regimes sizes follow, where settings ask for that.
    """

    data: Sequence[Path]
    strategy: str
    params: dict[str, str] = field(default_factory=dict)
    cash: Decimal | None = None
    costs: Costs = field(default_factory=Costs)
    risk: str | None = None
    driver: str = "sweep"
    out: Path | None = None
    strategies: Path | None = None
    config: Config = field(default_factory=Config)
    model: Path | None = None
    ledger: TrialLedger | None = None
    years: float | None = None
    home: Path | None = None


def run_backtest(
    request: Request,
    on_progress: Callable[[int], None] | None = None,
    *,
    wire: bool = False,
) -> dict[str, Any]:
    """Run one backtest and return its figures; with `out`, write its tables and report there.

    With a ledger it is a trial, counted before the first bar is traded.
    Raises UsageError for arguments that do not fit, DataError for a file that cannot be read, and
    InvariantError when the ledger and the engine disagree.
    """
    if request.driver not in DRIVERS:
        raise UsageError(f"driver {request.driver!r} is unknown; use {' or '.join(DRIVERS)}")
    setup = prepare_request(request)
    trial = enter_look(request.ledger, describe_look(setup, request, "backtest"))
    run = _drive(setup, request, on_progress, wire=wire)
    if run.halted:
        raise InvariantError(f"the ledger and the engine disagree: trading halted, {run.halted}")
    figures = summarise(run.outcome, setup, bars=run.bars, seconds=run.seconds)
    figures |= tell_trial(request.ledger, trial, run.outcome.equity, setup.account.cash)
    if setup.regimes:
        figures["regimes_told"] = run.regimes
    if request.out:
        write_results(run, setup, figures, request)
    return figures


def read_data(request: Request) -> list[BarSeries | TickSeries]:
    """Return the series of a request; raise UsageError where none is named."""
    if not request.data:
        raise UsageError("no data given; name at least one Parquet file with --data")
    series = [read_parquet(path) for path in request.data]
    if request.years is None:
        return series
    _, end = span_of(series)
    start = end - round(request.years * YEAR)
    found = [one.select(one.time >= start) for one in series]
    if not all(len(one) for one in found):
        raise UsageError(f"the last {request.years:g} years lack some of the data; take more")
    return found


def prepare_run(request: Request, series: Sequence[BarSeries | TickSeries]) -> Setup:
    """Return what a request trades on these series; raise UsageError where they do not fit."""
    config = request.config
    if request.cash is not None:
        account = msgspec.structs.replace(config.account, cash=request.cash)
        config = msgspec.structs.replace(config, account=account)
    setup = prepare(
        series, load_strategy(request.strategy, request.strategies), given=request.params,
        costs=request.costs, risk=request.risk, config=config,
    )  # fmt: skip
    return _with_regimes(with_model(setup, request.model), request)


def _with_regimes(setup: Setup, request: Request) -> Setup:
    if setup.acts is None or not setup.acts.regime_sizes:
        return setup
    from assay.apps.conditions.past import with_regimes

    return with_regimes(setup, request.config.conditions, request.home)


def prepare_request(request: Request) -> Setup:
    """Return what a request trades, not traded yet.

    Raises UsageError for arguments that do not fit, DataError for a file that cannot be read.
    """
    return prepare_run(request, read_data(request))


def describe_look(setup: Setup, request: Request, kind: str) -> Look:
    """Return the look that a command takes at what a request trades."""
    costs = request.costs.told()
    source = setup.strategy.module.__file__
    code = sha256(Path(source).read_bytes()).hexdigest() if source else ""
    config = request.config.decisive()
    decides = (
        sorted(setup.params.items()), costs, setup.profile.name, str(request.cash), config, code,
        request.model.name if request.model else "",
    )  # fmt: skip
    if setup.regimes:
        decides = (*decides, *(kept.classifier.digest for kept in setup.regimes))
    start, end = span_of(setup.series)
    return Look(
        kind=kind, series=setup.series, start=start, end=end, strategy=setup.strategy.name,
        parameters=decides,
    )  # fmt: skip


def _drive(
    setup: Setup, request: Request, on_progress: Callable[[int], None] | None, *, wire: bool
) -> Run:
    if request.driver == "sweep":
        return sweep(forecast_events(setup), on_progress)
    if not request.out:
        return replay(setup, None, on_progress, wire=wire)
    folder = make_folder(request.out)
    with (folder / "events.msgpack").open("wb") as log:
        return replay(setup, EventLog(log).write, on_progress, wire=wire)


def write_results(run: Run, setup: Setup, figures: dict[str, Any], request: Request) -> None:
    """Write orders, fills and equity as Parquet, and the report as one HTML page.

    The files appear together once all are whole, so an interrupt leaves none of them.
    """
    from assay.books.reports.backtest import write_backtest
    from assay.books.reports.result import BacktestResult

    fills = fill_table(run.outcome, setup)
    notes = run.outcome.notes
    swap = int(notes["amount"][notes["kind"] == SWAP].sum())
    rows = run.outcome.equity
    result = BacktestResult(
        symbols=setup.symbols, strategy=setup.strategy.name, params=setup.params,
        currency=setup.account.currency, currency_digits=setup.account.currency_digits,
        cash=setup.account.cash, times=rows["ts"], balance=rows["balance"], equity=rows["equity"],
        margin=rows["margin"], fills=fills, digest=figures["digest"],
        totals={
            "bars": figures["bars"], "orders": figures["orders"], "seconds": figures["seconds"],
            "bars_per_second": figures["bars_per_second"], "swap": swap,
        },
        extra={
            "data": ", ".join(path.name for path in request.data), "risk": setup.profile.name,
            "driver": request.driver, "denied orders": figures["denied"],
            "trial": word_trial(figures).replace("\n", "; "),
        },
    )  # fmt: skip
    ran = Ran(run=run, setup=setup, result=result, data=request.data)
    with appearing_together(request.out or Path()) as folder:
        pq.write_table(order_table(run.outcome, setup), folder / "orders.parquet")
        pq.write_table(fills, folder / "fills.parquet")
        pq.write_table(equity_table(run.outcome, setup), folder / "equity.parquet")
        write_run(ran, figures, folder)
        write_backtest(result, folder / "report.html")
