"""`assay frames`: one strategy on bars of several lengths."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import typer

from assay.apps.cli.backtesting import (
    CalendarOption,
    ProfileOption,
    YearsOption,
    read_costs,
    read_request,
)
from assay.apps.cli.console import HomeOption, JsonOption, emit, fill_stages, progress
from assay.apps.cli.sweeping import (
    CashOption,
    CommissionOption,
    DataOption,
    RiskOption,
    SeedOption,
    SlippageOption,
    SpreadOption,
    StrategyOption,
)
from assay.model.time import Timeframe
from assay.runtime.home import open_home


def frames(
    data: DataOption,
    strategy: StrategyOption,
    lengths: Annotated[
        str, typer.Option("--frames", help="Lengths of bars, each at least the data's: M15,H1,H4.")
    ],
    param: Annotated[
        list[str] | None,
        typer.Option("--param", help="Strategy parameter, name=value; repeatable."),
    ] = None,
    years: YearsOption = None,
    draws: Annotated[int, typer.Option("--draws", min=100, help="Draws of the bootstrap.")] = 2000,
    cash: CashOption = None,
    spread_pips: SpreadOption = None,
    commission_bp: CommissionOption = None,
    slippage_points: SlippageOption = 0,
    calendar: CalendarOption = None,
    profile: ProfileOption = None,
    risk: RiskOption = None,
    seed: SeedOption = 1,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Trade a strategy on bars of several lengths made of the same data.

    The first line says where there is an edge; each run is a look, counted in the home before it.

    Example: assay frames --data eurusd_h1_sample_20170101_20171229.parquet --strategy sma-cross
    --frames H1,H4,D1
    """
    from assay.apps.lab.backtests.frames import describe_frames, run_frames

    place = open_home(home)
    base = read_request(
        place, (data, strategy, param),
        read_costs(spread_pips, commission_bp, slippage_points, calendar, profile),
        cash=cash, risk=risk,
    )  # fmt: skip
    chosen = [Timeframe.parse(each.strip()) for each in lengths.split(",") if each.strip()]
    with progress("trading", 1.0, quiet=as_json) as bar:
        found = run_frames(
            replace(base, years=years), chosen, draws=draws, seed=seed, on_stage=fill_stages(bar)
        )
    emit(describe_frames(found), as_json, _show)


def _show(told: dict[str, Any]) -> str:
    lines = [
        told["verdict"],
        f"{'bars':<6}{'days':>7}{'fills':>8}{'net':>14}{'drawdown':>10}{'Sharpe':>8}  95 %",
    ]
    for one in told["frames"]:
        sharpe = "-" if one["sharpe"] is None else f"{one['sharpe']:.2f}"
        interval = one["sharpe_interval"]
        span = "too few days" if interval is None else f"{interval[0]:.2f} to {interval[1]:.2f}"
        lines.append(
            f"{one['frame']:<6}{one['days']:>7,}{one['fills']:>8,}{one['net_profit']:>14,.2f}"
            f"{one['max_drawdown']:>10.2%}{sharpe:>8}  {span}"
        )
    for one in told["alike"]:
        alike = "-" if one["correlation"] is None else f"{one['correlation']:.2f}"
        lines.append(f"days of {one['first']} and {one['second']}: correlation {alike}")
    return "\n".join(lines)


def register(app: typer.Typer) -> None:
    """Add `frames` to the command line."""
    app.command("frames")(frames)
