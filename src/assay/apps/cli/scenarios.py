"""`assay scenario`: a strategy in a market made of one regime's bars."""

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
from assay.runtime.home import open_home


def scenario(
    data: DataOption,
    strategy: StrategyOption,
    regime: Annotated[
        str, typer.Option("--regime", help="Regime or cell, as `assay regimes` names it.")
    ],
    classifier: Annotated[
        str, typer.Option("--classifier", help="Name given to `assay regimes --save`.")
    ],
    param: Annotated[
        list[str] | None,
        typer.Option("--param", help="Strategy parameter, name=value; repeatable."),
    ] = None,
    bars: Annotated[
        int, typer.Option("--bars", min=50, help="Bars to replace, the last of the data.")
    ] = 500,
    draws: Annotated[int, typer.Option("--draws", min=20, help="Markets to draw.")] = 200,
    block: Annotated[
        float, typer.Option("--block", min=1, help="Bars of a block, on average.")
    ] = 25.0,
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
    """Trade markets drawn in blocks from the bars of one regime, beside bars of every kind.

    The first line says how often the strategy loses there. It is one look, counted in the home.

    Example: assay scenario --data eurusd_h1_histdata.parquet --strategy sma-cross
    --regime volatile_crisis --classifier eurusd --out crisis
    """
    from assay.apps.lab.robustness.scenario import ScenarioRequest, describe_scenario, run_scenario
    from assay.apps.lab.robustness.scenarioreport import write_scenario

    place = open_home(home)
    base = read_request(
        place, (data, strategy, param),
        read_costs(spread_pips, commission_bp, slippage_points, calendar, profile), cash=cash,
        risk=risk,
    )  # fmt: skip
    request = ScenarioRequest(
        base=base, home=place, regime=regime, classifier=classifier, bars=bars, draws=draws,
        block=block, seed=seed,
    )  # fmt: skip
    with progress("drawing markets", 1.0, quiet=as_json) as bar:
        found = run_scenario(request, fill_stages(bar))
    told = describe_scenario(found, request)
    if out:
        write_scenario(found, told, out)
    emit(told, as_json, _show)


def _show(told: dict[str, Any]) -> str:
    lines = [
        told["verdict"],
        f"{told['regime_bars']:,} bars of {told['regime']} among {told['settled_bars']:,}; the "
        f"last {told['bars']:,} bars ({told['from']} to {told['to']}) came to {told['came']:,.2f} "
        f"of {told['start']:,.2f}",
    ]
    for name, fan in (("in the regime", told["in_regime"]), ("in every bar", told["in_every_bar"])):
        final = fan["final"]
        lines.append(
            f"{name:<14} loss {fan['chance_of_loss']:.1%}, final {final['p5']:,.0f} / "
            f"{final['p50']:,.0f} / {final['p95']:,.0f} (5 / 50 / 95 %), drawdown "
            f"{fan['drawdown']['p50']:.2%}, worst of twenty {fan['drawdown']['p95']:.2%}"
        )
    return "\n".join(lines)


def register(app: typer.Typer) -> None:
    """Add `scenario` to the command line."""
    app.command("scenario")(scenario)
