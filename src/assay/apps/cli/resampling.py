"""`assay montecarlo`: what else could have come of a strategy."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from assay.apps.cli.backtesting import (
    CalendarOption,
    ProfileOption,
    read_costs,
    read_request,
)
from assay.apps.cli.console import HomeOption, JsonOption, emit, fill_stages, progress
from assay.apps.cli.sweeping import (
    BlockOption,
    CashOption,
    CommissionOption,
    JobsOption,
    OutOption,
    RiskOption,
    SeedOption,
    SlippageOption,
    SpreadOption,
)
from assay.apps.config import Config
from assay.runtime.environment import count_cores
from assay.runtime.home import open_home
from assay.runtime.settings import load_settings


def montecarlo(
    run: Annotated[
        Path | None, typer.Option("--run", help="Folder of `assay backtest --out` to redraw.")
    ] = None,
    data: Annotated[
        list[Path] | None, typer.Option("--data", help="Parquet file of bars; repeatable.")
    ] = None,
    strategy: Annotated[
        str | None, typer.Option("--strategy", help="Strategy to run, to jitter and to stress.")
    ] = None,
    param: Annotated[
        list[str] | None,
        typer.Option("--param", help="Strategy parameter, name=value; repeatable."),
    ] = None,
    draws: Annotated[int, typer.Option("--draws", min=100, help="Histories to redraw.")] = 1000,
    block: BlockOption = 5.0,
    noise: Annotated[
        float, typer.Option("--noise", help="How far parameters are moved, as a share.")
    ] = 0.2,
    noisy: Annotated[
        int, typer.Option("--noisy", min=0, max=10_000, help="Runs with moved parameters.")
    ] = 100,
    fall: Annotated[
        list[float] | None,
        typer.Option("--fall", help="Tell the chance of a drawdown above this share; repeatable."),
    ] = None,
    cash: CashOption = None,
    spread_pips: SpreadOption = None,
    commission_bp: CommissionOption = None,
    slippage_points: SlippageOption = 0,
    calendar: CalendarOption = None,
    profile: ProfileOption = None,
    risk: RiskOption = None,
    seed: SeedOption = 1,
    jobs: JobsOption = 0,
    out: OutOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Redraw a run's days and trades; with --data also move its parameters and worsen its costs.

    The first line says whether a loss is unlikely. Every run is a look, counted in the home.

    Example: assay montecarlo --data eurusd_h1_sample_20170101_20171229.parquet --strategy
    sma-cross --param fast=10 --out redrawn
    """
    from assay.apps.lab.robustness.montecarlo import (
        MonteCarloRequest,
        describe_montecarlo,
        run_montecarlo,
    )
    from assay.apps.lab.robustness.montecarloreport import write_montecarlo
    from assay.books.analytics.fans import FALLS

    place = open_home(home)
    base = None
    if data or strategy:
        asked = (data or [], strategy or "", param)
        costs = read_costs(spread_pips, commission_bp, slippage_points, calendar, profile)
        base = read_request(place, asked, costs, cash=cash, risk=risk)
    request = MonteCarloRequest(
        run=run, base=base, draws=draws, block=block, noise=noise, noisy=noisy,
        falls=tuple(fall or FALLS), seed=seed, jobs=jobs or count_cores(),
    )  # fmt: skip
    with progress("redrawing", 1.0, quiet=as_json) as bar:
        found = run_montecarlo(request, fill_stages(bar))
    told = describe_montecarlo(found, request)
    if out:
        write_montecarlo(found, told, out, load_settings(Config, place).value.account.currency)
    emit(told, as_json, _show)


def _show(told: dict[str, Any]) -> str:
    lines = [
        told["verdict"],
        f"{told['title']}: {told['days']:,} days, {told['trades']:,} trades, final equity "
        f"{told['final']:,.2f} of {told['start']:,.2f}",
    ]
    for name, fan in told["fans"].items():
        final, fall = fan["final"], fan["drawdown"]
        chances = ", ".join(
            f"> {float(share):.0%}: {chance:.1%}" for share, chance in fan["chance_of_fall"].items()
        )
        lines += [
            f"{name}: {fan['histories']:,} histories, loss {fan['chance_of_loss']:.1%}, final "
            f"{final['p5']:,.0f} / {final['p50']:,.0f} / {final['p95']:,.0f} (5 / 50 / 95 %)",
            f"  drawdown {fall['p50']:.1%}, worst of twenty {fall['p95']:.1%}; chance of {chances}",
        ]
    for each in told["stress"]:
        if each["net"] is None:
            lines.append(f"{each['name']}: not measured, {each['why']}")
            continue
        sharpe = "-" if each["sharpe"] is None else f"{each['sharpe']:.2f}"
        lines.append(
            f"{each['name']:<52} net {each['net']:>14,.2f}  Sharpe {sharpe:>6}  drawdown "
            f"{each['drawdown']:.2%}"
        )
    return "\n".join([*lines, *(f"left out: {why}" for why in told["missing"])])


def register(app: typer.Typer) -> None:
    """Add `montecarlo` to the command line."""
    app.command("montecarlo")(montecarlo)
