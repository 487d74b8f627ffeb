"""`assay sweep`: many variants of a strategy in the compiled loop."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.apps.cli.backtesting import (
    CalendarOption,
    ProfileOption,
    read_costs,
    read_request,
)
from assay.apps.cli.console import HomeOption, JsonOption, emit, fill_stages, progress
from assay.runtime.environment import count_cores
from assay.runtime.home import open_home

if TYPE_CHECKING:
    from assay.apps.lab.sweeps.sweep import SweepRequest, Swept

DataOption = Annotated[list[Path], typer.Option("--data", help="Parquet file of bars; repeatable.")]
StrategyOption = Annotated[str, typer.Option("--strategy", help="Name of a strategy.")]
ParamOption = Annotated[
    list[str] | None, typer.Option("--param", help="One that stays, name=value; repeatable.")
]
GridOption = Annotated[
    list[str] | None,
    typer.Option("--grid", help="Values, name=first:last:step or name=a,b,c; repeatable."),
]
WhereOption = Annotated[
    str, typer.Option("--where", help='What a variant must meet, such as "fast < slow".')
]
ObjectiveOption = Annotated[
    str, typer.Option("--objective", help="What is to be large: sharpe, net or calmar.")
]
JobsOption = Annotated[
    int, typer.Option("--jobs", min=0, max=256, help="Cores to use; 0 for all of them.")
]
CashOption = Annotated[str | None, typer.Option("--cash", help="Opening deposit; 100000.")]
SpreadOption = Annotated[
    str | None,
    typer.Option("--spread-pips", help="Constant spread; the file's prices are then mids."),
]
CommissionOption = Annotated[
    str | None, typer.Option("--commission-bp", help="Commission in basis points of notional.")
]
SlippageOption = Annotated[
    int, typer.Option("--slippage-points", min=0, help="Slippage of market and stop orders.")
]
RiskOption = Annotated[str | None, typer.Option("--risk", help="default or reference.")]
BlockOption = Annotated[float, typer.Option("--block", min=1, help="Days of a block, on average.")]
OutOption = Annotated[Path | None, typer.Option("--out", help="Folder for figures and report.")]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="Seed of everything drawn.")]


def sweep(
    data: DataOption,
    strategy: StrategyOption,
    grid: GridOption = None,
    param: ParamOption = None,
    where: WhereOption = "",
    random: Annotated[
        int | None, typer.Option("--random", min=1, help="Draw so many variants of the grid.")
    ] = None,
    search: Annotated[
        str, typer.Option("--search", help="grid, or optuna to choose variants by those before.")
    ] = "grid",
    trials: Annotated[
        int, typer.Option("--trials", min=1, help="Variants that --search optuna tries.")
    ] = 100,
    objective: ObjectiveOption = "sharpe",
    cash: CashOption = None,
    spread_pips: SpreadOption = None,
    commission_bp: CommissionOption = None,
    slippage_points: SlippageOption = 0,
    calendar: CalendarOption = None,
    profile: ProfileOption = None,
    risk: RiskOption = None,
    seed: SeedOption = 1,
    jobs: JobsOption = 0,
    ray: Annotated[
        str | None,
        typer.Option("--ray", help="Measure on the Ray cluster at this address; local begins one."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for table and report; goes on there.")
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure many variants of a strategy: each a look, counted in the home before it is measured.

    The first line says what is left of the best after so many. A sweep that was stopped goes on in
    its folder.

    Example: assay sweep --data eurusd_h1_sample_20170101_20171229.parquet --strategy sma-cross
    --grid fast=5:50:5 --grid slow=20:200:20 --where "fast < slow" --out swept
    """
    from assay.apps.lab.sweeps.grid import parse_axis
    from assay.apps.lab.sweeps.report import write_sweep
    from assay.apps.lab.sweeps.sweep import SweepRequest
    from assay.apps.lab.sweeps.verdict import describe_sweep, judge_sweep

    place = open_home(home)
    base = read_request(
        place, (data, strategy, param),
        read_costs(spread_pips, commission_bp, slippage_points, calendar, profile), cash=cash,
        risk=risk, out=out,
    )  # fmt: skip
    request = SweepRequest(
        base=base, axes=[parse_axis(each) for each in grid or []], where=where,
        search="random" if random is not None else search, count=random or trials,
        objective=objective, seed=seed, jobs=jobs or count_cores(),
    )  # fmt: skip
    swept = _run(request, ray, quiet=as_json)
    judged = judge_sweep(swept)
    told = describe_sweep(swept, judged)
    if out:
        write_sweep(swept, judged, told, out)
    emit(told, as_json, _show)


def _run(request: SweepRequest, ray: str | None, *, quiet: bool) -> Swept:
    from assay.apps.lab.sweeps.sweep import run_sweep

    with progress("sweeping", 1.0, quiet=quiet) as bar:
        if ray is None:
            return run_sweep(request, fill_stages(bar))
        from assay.apps.lab.sweeps.cluster import gather_measurer

        with gather_measurer(request.base, request.jobs, ray) as measure:
            return run_sweep(request, fill_stages(bar), measure)


def _show(told: dict[str, Any]) -> str:
    lines = [told["verdict"]]
    rate = told["bars_per_second"]
    lines.append(
        f"{told['variants']:,} variants x {told['bars']:,} bars, {told['measured_now']:,} measured "
        f"now in {told['seconds']:.2f} s" + (f" ({rate:,} bars/s)" if rate else "")
    )
    if best := told["best"]:
        params = ", ".join(f"{name}={value}" for name, value in best["params"].items())
        sharpe, calmar = (
            "-" if best[name] is None else f"{best[name]:.2f}" for name in ("sharpe", "calmar")
        )
        lines += [
            f"best by {told['objective']}: {params}",
            f"net {best['net']:,.2f}  Sharpe {sharpe}  Calmar {calmar}  max drawdown "
            f"{100 * best['drawdown']:.2f} %  {best['fills']:,} fills",
            f"digest {best['digest']}",
        ]
    if luck := told["overfitting"]:
        lines.append(
            f"probability of overfitting (PBO) {luck['probability']:.2f}, 90 % interval "
            f"{luck['lower']:.2f} to {luck['upper']:.2f}"
        )
    elif told["unjudged"]:
        lines.append(f"probability of overfitting: not measured, {told['unjudged']}")
    if told["deflated_sharpe"] is not None:
        lines.append(
            f"deflated Sharpe {told['deflated_sharpe']:.3f} counting all {told['looks']:,} looks, "
            f"{told['deflated_sharpe_clustered']:.3f} counting alike ones as fewer"
        )
    return "\n".join(lines)


def register(app: typer.Typer) -> None:
    """Add `sweep` to the command line."""
    app.command("sweep")(sweep)
