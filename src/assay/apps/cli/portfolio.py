"""`assay portfolio`: what an account holds and made, and what it ought to hold."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any

import typer

from assay.apps.cli.backtesting import parse_params
from assay.apps.cli.console import HomeOption, JsonOption, emit
from assay.apps.config import Config
from assay.model.errors import UsageError
from assay.runtime.home import open_home
from assay.runtime.settings import load_settings


def _number(text: str, name: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise UsageError(f"{name} {text!r} is not a number") from None
    if not value.is_finite():
        raise UsageError(f"{name} {text} is not a number")
    return value


def targets(
    data: Annotated[list[Path], typer.Option("--data", help="Parquet file of bars; repeatable.")],
    method: Annotated[
        str, typer.Option("--method", help="mean-variance, risk-parity or minimum-cvar.")
    ] = "risk-parity",
    short: Annotated[
        list[str] | None, typer.Option("--short", help="Symbol to hold short; repeatable.")
    ] = None,
    most: Annotated[
        float, typer.Option("--most", min=0.0, max=1.0, help="Largest share of one symbol.")
    ] = 1.0,
    aversion: Annotated[
        float, typer.Option("--aversion", min=0.01, help="To variance, of mean-variance; 1: Kelly.")
    ] = 4.0,
    period: Annotated[str, typer.Option("--period", help="Returns of each day, or bar.")] = "day",
    equity: Annotated[
        str | None, typer.Option("--equity", help="Equity to share out; the account's cash.")
    ] = None,
    leverage: Annotated[
        float, typer.Option("--leverage", min=0.0, max=100.0, help="Exposure over equity.")
    ] = 1.0,
    held: Annotated[
        list[str] | None,
        typer.Option("--held", help="Units held now, SYMBOL=UNITS (short below 0); repeatable."),
    ] = None,
    band: Annotated[
        float,
        typer.Option("--band", min=0.0, max=1.0, help="Leave shares that are so near their aim."),
    ] = 0.0,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Share capital out over instruments by their joint history, and list the orders for it.

    Example: assay portfolio targets --data eurusd.parquet --data xauusd.parquet
    """
    from assay.apps.lab.accounts.portfolio import TargetRequest, find_targets
    from assay.trading.portfolio.targets import Terms

    pairs = {name: _number(text, "--held") for name, text in parse_params(held or []).items()}
    found = find_targets(
        TargetRequest(
            data=data, method=method, short=short or (), terms=Terms(most, aversion),
            period=period,
            equity=None if equity is None else _number(equity, "--equity"), leverage=leverage,
            held=pairs, band=band, config=load_settings(Config, open_home(home)).value,
        )
    )  # fmt: skip
    emit(found, as_json, _target_lines)


def show(
    run: Annotated[
        Path | None, typer.Option("--run", help="Folder of a backtest by replay; else the home.")
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what the account made, by symbol and strategy, and its exposures.

    Of a replayed run, else of the platform in the home, whether it runs or not.

    Example: assay portfolio show --run runs/replayed
    """
    from assay.apps.cli.ledger import open_entries
    from assay.apps.lab.accounts.portfolio import FOLLOWED, show_account, show_run

    place = open_home(home)
    config = load_settings(Config, place).value
    if run is not None:
        found = show_run(run, config)
    else:
        with open_entries(place) as journal:
            found = show_account(journal.messages(FOLLOWED), config)
    emit(found, as_json, _show_lines)


def risk(
    run: Annotated[
        Path | None, typer.Option("--run", help="Folder of a backtest by replay; else the home.")
    ] = None,
    draws: Annotated[
        int, typer.Option("--draws", min=99, max=99_999, help="True models that are simulated.")
    ] = 9_999,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say whether the value at risk that was told kept its word: breaches, and three tests.

    Each measure is held against what equity lost until the next. Of a replayed run, else of the
    newest run in the home.

    Example: assay portfolio risk --run runs/replayed
    """
    from assay.apps.cli.ledger import open_entries
    from assay.apps.lab.accounts.valueatrisk import HEARD, judge_measures, judge_run

    if run is not None:
        found = judge_run(run, draws)
    else:
        with open_entries(open_home(home)) as journal:
            found = judge_measures(journal.messages(HEARD), draws)
    emit(found, as_json, _risk_lines)


def _risk_lines(found: dict[str, Any]) -> str:
    failed = ", ".join(found["failed"])
    lines = [
        f"it does NOT keep its word: {failed}"
        if failed
        else "nothing says that it breaks its word",
        f"{found['method']} at {100 * found['confidence']:g} %, account {found['account']}, until "
        f"{found['until']}",
        f"{found['breaches']} breaches of {found['measures']:,} measures, {found['expected']:.1f} "
        f"expected; kept {100 * found['kept']:.2f} % of the time",
    ]
    lines += [
        f"  {name:<13} ratio {test['ratio']:8.3f}  p {test['p_value']:.4f}"
        for name, test in found["tests"].items()
    ]
    if found["shortfall_over_told"] is not None:
        lines.append(
            f"losses beyond it were {found['shortfall_over_told']:.2f} of the shortfall told"
        )
    return "\n".join(lines)


def _target_lines(found: dict[str, Any]) -> str:
    lines = [f"{found['method']} over {found['rows']} {found['period']}s until {found['until']}"]
    lines += [
        f"  {one['symbol']:<10} {100 * one['weight']:7.2f} %  risk {100 * one['risk_share']:6.2f} %"
        for one in found["targets"]
    ]
    lines.append(
        f"volatility {100 * found['volatility']:.3f} % a {found['period']}, mean loss in the "
        f"worst {100 * found['tail']:g} % {100 * found['cvar']:.3f} %"
    )
    lines += [
        f"{one['side']} {one['lots']:g} lots of {one['symbol']}: {100 * one['weight']:.2f} % to "
        f"{100 * one['after']:.2f} %, aim {100 * one['target']:.2f} %"
        for one in found["orders"]
    ]
    return "\n".join(lines if found["orders"] else [*lines, "no orders"])


def _show_lines(found: dict[str, Any]) -> str:
    lines = [
        f"equity {found['equity']:,.2f} {found['currency']}, balance {found['balance']:,.2f}, "
        f"until {found['until']}"
    ]
    for title in ("by_symbol", "by_strategy"):
        lines += [
            f"  {name or 'nobody':<12} net {one['net']:,.2f}: realised {one['realised']:,.2f}, "
            f"unrealised {one['unrealised']:,.2f}, swap {one['swap']:,.2f}, "
            f"commission {one['commission']:,.2f}, {one['fills']} fills"
            for name, one in found[title].items()
        ]
    lines += [f"  exposed to {name} {value:,.2f}" for name, value in found["exposure"].items()]
    if found["unpriced"]:
        lines.append(f"not valued, for want of quotes: {', '.join(found['unpriced'])}")
    return "\n".join(lines)


def register(app: typer.Typer) -> None:
    """Add `portfolio` to the command line."""
    portfolio = typer.Typer(help="Follow and share out capital.", no_args_is_help=True)
    portfolio.callback()(lambda: None)
    portfolio.command("targets")(targets)
    portfolio.command("show")(show)
    portfolio.command("risk")(risk)
    app.add_typer(portfolio, name="portfolio")
