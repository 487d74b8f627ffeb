"""`assay lookahead`: whether a strategy, or the features of its model, see the future."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from assay.apps.cli.backtesting import parse_params
from assay.apps.cli.console import HomeOption, JsonOption, emit, fill_stages, progress
from assay.apps.config import Config
from assay.runtime.home import open_home
from assay.runtime.settings import load_settings

EXIT_FOUND = 3


def lookahead(
    data: Annotated[list[Path], typer.Option("--data", help="Parquet file; repeatable.")],
    strategy: Annotated[str, typer.Option("--strategy", help="Name of a strategy.")],
    param: Annotated[
        list[str] | None,
        typer.Option("--param", help="Strategy parameter, name=value; repeatable."),
    ] = None,
    model: Annotated[str | None, typer.Option("--model", help="Model for strategy ai.")] = None,
    risk: Annotated[str | None, typer.Option("--risk", help="default or reference.")] = None,
    cuts: Annotated[
        int, typer.Option("--cuts", min=1, max=200, help="How often the data are cut short.")
    ] = 16,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of where they are cut.")] = 1,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run a strategy on data cut short at seeded places: all before a cut must stay as it was.

    Orders, fills, swaps and equity are compared bit by bit, the first that differs is named. Also
    told: what the strategy's file reads beside its feed, and what a model's features foretell.
    Exit 3 where anything is found. A look, counted in the home.

    Example: assay lookahead --data eurusd.parquet --strategy sma-cross --cuts 32
    """
    from assay.apps.lab.backtests.backtest import Request
    from assay.apps.lab.backtests.lookahead import LookaheadRequest, describe_finding, look_ahead
    from assay.books.trials import TrialLedger

    place = open_home(home)
    request = LookaheadRequest(
        run=Request(
            data=data, strategy=strategy, params=parse_params(param or []), risk=risk,
            strategies=place.path / "strategies", config=load_settings(Config, place).value,
            model=place.path / "models" / model if model else None, ledger=TrialLedger(place),
            home=place.path,
        ),
        cuts=cuts, seed=seed,
    )  # fmt: skip
    with progress("running", 1.0, quiet=as_json) as bar:
        found = describe_finding(look_ahead(request, fill_stages(bar)))
    emit(found, as_json, _lines)
    if not found["clean"]:
        raise typer.Exit(EXIT_FOUND)


def _lines(found: dict[str, Any]) -> str:
    lines = [
        f"{found['bars']:,} bars, {found['orders']:,} orders, run again and cut short "
        f"{len(found['cuts'])} times"
    ]
    for each in found["differences"]:
        where = f" of {each['symbol']}" if each["symbol"] else ""
        lines.append(
            f"LOOKS AHEAD: cut after {each['cut']}, {each['table']}{where} at {each['time']} "
            f"differ in {each['field']}: {each['whole']} with all data, {each['shorter']} without"
        )
    lines += [
        f"READS BESIDE ITS FEED: line {each['line']} {each['what']}" for each in found["outside"]
    ]
    if found["features"]:
        lines.append(f"FEATURES LOOK AHEAD: {found['features']}")
    if found["clean"]:
        lines.append("nothing before a cut changed; the strategy does not see the future")
    return "\n".join(lines)


def register(app: typer.Typer) -> None:
    """Add `lookahead` to the command line."""
    app.command("lookahead")(lookahead)
