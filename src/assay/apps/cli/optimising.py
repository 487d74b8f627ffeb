"""`assay optimise`: walk-forward optimisation of a strategy's parameters."""

from __future__ import annotations

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
    DataOption,
    GridOption,
    JobsOption,
    ObjectiveOption,
    OutOption,
    ParamOption,
    RiskOption,
    SeedOption,
    SlippageOption,
    SpreadOption,
    StrategyOption,
    WhereOption,
)
from assay.runtime.environment import count_cores
from assay.runtime.home import open_home


def optimise(
    data: DataOption,
    strategy: StrategyOption,
    grid: GridOption = None,
    param: ParamOption = None,
    where: WhereOption = "",
    random: Annotated[
        int | None, typer.Option("--random", min=1, help="Draw so many variants of the grid.")
    ] = None,
    objective: ObjectiveOption = "sharpe",
    scheme: Annotated[
        str, typer.Option("--scheme", help="rolling, or anchored: insides begin with the data.")
    ] = "rolling",
    windows: Annotated[int, typer.Option("--windows", min=2, help="Windows to trade.")] = 6,
    ratio: Annotated[
        float, typer.Option("--ratio", help="Length of the first inside, in windows.")
    ] = 3.0,
    draws: Annotated[int, typer.Option("--draws", min=100, help="Draws of the bootstrap.")] = 2000,
    block: BlockOption = 5.0,
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
    """Choose parameters on one window and trade the next with them, window after window.

    The first line says whether anything was earned that nothing was chosen on. Each variant is a
    look, counted in the home before it is measured.

    Example: assay optimise --data eurusd_h1_sample_20170101_20171229.parquet --strategy sma-cross
    --grid fast=5:25:10 --grid slow=30:90:30 --windows 4 --out walked
    """
    from assay.apps.lab.sweeps.grid import parse_axis
    from assay.apps.lab.sweeps.optimisation import OptimiseRequest, describe_optimised, run_optimise
    from assay.apps.lab.sweeps.optimisationreport import write_optimised

    place = open_home(home)
    base = read_request(
        place, (data, strategy, param),
        read_costs(spread_pips, commission_bp, slippage_points, calendar, profile), cash=cash,
        risk=risk,
    )  # fmt: skip
    request = OptimiseRequest(
        base=base, axes=[parse_axis(each) for each in grid or []], where=where, count=random,
        objective=objective, scheme=scheme, windows=windows, ratio=ratio, draws=draws,
        block=block, seed=seed, jobs=jobs or count_cores(),
    )  # fmt: skip
    with progress("optimising", 1.0, quiet=as_json) as bar:
        found = run_optimise(request, fill_stages(bar))
    told = describe_optimised(found)
    if out:
        write_optimised(found, told, out)
    emit(told, as_json, _show)


def _show(told: dict[str, Any]) -> str:
    low, high = told["growth_interval"]
    kept = "-" if told["efficiency"] is None else f"{told['efficiency']:.0%}"
    lines = [
        told["verdict"],
        f"{len(told['windows'])} windows, {told['scheme']}, {told['variants']:,} variants by "
        f"{told['objective']}; net outside {told['net']:,.2f}, growth {told['growth']:.1%} "
        f"({low:.1%} to {high:.1%}), max drawdown {told['drawdown']:.2%}, kept of what was "
        f"promised {kept}",
        f"{'traded':<12}{'to':<12}{'inside':>8}{'outside':>9}{'net':>14}  chosen",
    ]
    for each in told["windows"]:
        inside, outside = (
            "-" if sharpe is None else f"{sharpe:.2f}"
            for sharpe in (each["inside"]["sharpe"], each["sharpe"])
        )
        chosen = ", ".join(f"{name}={value}" for name, value in each["params"].items())
        lines.append(
            f"{each['from']:<12}{each['to']:<12}{inside:>8}{outside:>9}{each['net']:>14,.2f}  "
            f"{chosen}"
        )
    if told["deflated_sharpe"] is not None:
        lines.append(
            f"deflated Sharpe {told['deflated_sharpe']:.3f} counting {told['looks_before']:,} "
            "looks before this command"
        )
    return "\n".join(lines)


def register(app: typer.Typer) -> None:
    """Add `optimise` to the command line."""
    app.command("optimise")(optimise)
