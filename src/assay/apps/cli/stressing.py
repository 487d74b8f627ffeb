"""`assay stress`: a strategy struck by shocks that happened."""

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
    CashOption,
    CommissionOption,
    DataOption,
    OutOption,
    RiskOption,
    SeedOption,
    SlippageOption,
    SpreadOption,
    StrategyOption,
)
from assay.model.time import parse_time
from assay.runtime.home import open_home


def stress(
    data: DataOption,
    strategy: StrategyOption,
    param: Annotated[
        list[str] | None,
        typer.Option("--param", help="Strategy parameter, name=value; repeatable."),
    ] = None,
    shock: Annotated[
        list[str] | None,
        typer.Option("--shock", help="franc, sterling or yen; repeatable, all if none is named."),
    ] = None,
    at: Annotated[
        list[str] | None,
        typer.Option("--at", help="When it strikes, UTC; repeatable, drawn if none is named."),
    ] = None,
    times: Annotated[
        int, typer.Option("--times", min=1, max=1000, help="Times drawn while something is held.")
    ] = 20,
    symbol: Annotated[str, typer.Option("--symbol", help="What is struck; else the first.")] = "",
    direction: Annotated[
        str, typer.Option("--direction", help="against what is held, fall or rise.")
    ] = "against",
    scale: Annotated[float, typer.Option("--scale", help="Size of the move, 1 as it was.")] = 1.0,
    days: Annotated[
        int, typer.Option("--days", min=1, help="Days that the account is watched after it.")
    ] = 5,
    cash: CashOption = None,
    spread_pips: SpreadOption = None,
    commission_bp: CommissionOption = None,
    slippage_points: SlippageOption = 0,
    calendar: CalendarOption = None,
    profile: ProfileOption = None,
    risk: RiskOption = None,
    seed: SeedOption = 1,
    out: OutOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put shocks that happened into the bars while a strategy holds a position.

    The first line says whether the account lives through all of them. Each run is a look, counted
    in the home before it.

    Example: assay stress --data eurusd_h1_sample_20170101_20171229.parquet --strategy sma-cross
    --param units=100000 --out struck
    """
    from assay.apps.lab.robustness.shocks import SHOCKS
    from assay.apps.lab.robustness.stress import StressRequest, describe_stress, run_stress
    from assay.apps.lab.robustness.stressreport import write_stress

    place = open_home(home)
    base = read_request(
        place, (data, strategy, param),
        read_costs(spread_pips, commission_bp, slippage_points, calendar, profile), cash=cash,
        risk=risk,
    )  # fmt: skip
    request = StressRequest(
        base=base, shocks=shock or list(SHOCKS), at=[parse_time(each) for each in at or []],
        times=times, symbol=symbol, direction=direction, scale=scale, days=days, seed=seed,
    )  # fmt: skip
    with progress("striking", 1.0, quiet=as_json) as bar:
        found = run_stress(request, fill_stages(bar))
    told = describe_stress(found, request)
    if out:
        write_stress(found, told, out)
    emit(told, as_json, _show)


def _show(told: dict[str, Any]) -> str:
    lines = [
        told["verdict"],
        f"{told['symbol']} struck {told['direction']}, size x {told['scale']:g}, watched for "
        f"{told['days']} days",
        f"{'shock':<10}{'strikes':>8}{'median':>9}{'worst':>9}{'mildest':>9}{'stop-outs':>11}"
        f"{'no equity':>11}",
    ]
    lines += [
        f"{one['shock']:<10}{one['strikes']:>8}{one['median']:>9.2%}{one['worst']:>9.2%}"
        f"{one['mildest']:>9.2%}{one['stopped_out']:>11}{one['no_equity_left']:>11}"
        for one in told["shocks"]
    ]
    return "\n".join(lines)


def register(app: typer.Typer) -> None:
    """Add `stress` to the command line."""
    app.command("stress")(stress)
