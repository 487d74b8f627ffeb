"""`assay backtest`."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from assay.apps.cli.console import HomeOption, JsonOption, emit, progress
from assay.apps.config import Config
from assay.model.errors import UsageError
from assay.runtime.home import Home, open_home
from assay.runtime.settings import load_settings

if TYPE_CHECKING:
    from assay.apps.lab.backtests.backtest import Request
    from assay.apps.lab.runs.setup import Costs
    from assay.trading.terminal.profile import BrokerProfile

RiskOption = Annotated[str | None, typer.Option("--risk", help="default, strict or reference.")]
CalendarOption = Annotated[
    Path | None,
    typer.Option(
        "--calendar",
        help="Parquet or CSV file of releases (time, currency, importance, event); "
        "the modelled spread is wider near them.",
    ),
]


ProfileOption = Annotated[
    str | None,
    typer.Option(
        "--profile", help="A broker's profile (`assay broker exam`): what it charges, by its hours."
    ),
]


YearsOption = Annotated[
    float | None,
    typer.Option(
        "--years", min=0.0, envvar="HISTORICAL_DATA_YEARS", show_envvar=True,
        help="Trade the last years of the data alone; else all.",
    ),
]  # fmt: skip


def read_decimal(text: str | None, flag: str) -> Decimal | None:
    """Read a number >= 0; raise UsageError naming the flag for anything else."""
    if text is None:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise UsageError(f"{flag} {text!r} is not a number") from None
    if not value.is_finite() or value < 0:
        raise UsageError(f"{flag} {text} is not a number >= 0")
    return value


def read_config(place: Home, margin_mode: str | None) -> Config:
    """Read a home's settings; raise UsageError for what is no margin mode of its account."""
    config = load_settings(Config, place).value
    if margin_mode is None:
        return config
    if margin_mode not in ("netting", "hedging"):
        raise UsageError(f"--margin-mode {margin_mode!r} is unknown; use netting or hedging")
    account = msgspec.structs.replace(config.account, margin_mode=margin_mode)
    return msgspec.structs.replace(config, account=account)


def read_costs(
    spread_pips: str | None, commission_bp: str | None, slippage_points: int,
    calendar: Path | None, profile: str | None = None,
) -> Costs:  # fmt: skip
    """Read what a run charges; raise UsageError for what is no cost."""
    from assay.apps.lab.runs.setup import Costs
    from assay.market.news import read_calendar

    return Costs(
        spread_pips=read_decimal(spread_pips, "--spread-pips"),
        commission_bp=read_decimal(commission_bp, "--commission-bp"),
        slippage_points=slippage_points,
        releases=read_calendar(calendar) if calendar else (),
        broker=read_broker(profile),
    )


def read_broker(profile: str | None) -> BrokerProfile | None:
    """Read a broker's profile by its name or file, None where none is given."""
    if profile is None:
        return None
    from assay.trading.terminal.profile import load_profile

    return load_profile(profile)


def read_request(
    place: Home, what: tuple[list[Path], str, list[str] | None], costs: Costs, *,
    cash: str | None, risk: str | None, out: Path | None = None,
) -> Request:  # fmt: skip
    """Read what a command is to trade: data, strategy and parameters, costs and account.

    Raises UsageError for a strategy that trades on forecasts: these commands ask no model.
    """
    from assay.apps.lab.backtests.backtest import Request
    from assay.books.trials import TrialLedger
    from assay.trading.engine.loading import load_strategy

    data, strategy, param = what
    if load_strategy(strategy, place.path / "strategies").conclude is not None:
        raise UsageError(
            f"strategy {strategy} trades on forecasts, and this command asks no model; run it by "
            f"`assay backtest --strategy {strategy} --model NAME`, or name another --strategy"
        )
    return Request(
        data=data, strategy=strategy, params=parse_params(param or []),
        cash=read_decimal(cash, "--cash"), costs=costs, risk=risk, out=out,
        strategies=place.path / "strategies", config=load_settings(Config, place).value,
        ledger=TrialLedger(place), home=place.path,
    )  # fmt: skip


def parse_params(given: list[str]) -> dict[str, str]:
    """Read texts of the form name=value; raise UsageError for others."""
    pairs: dict[str, str] = {}
    for text in given:
        key, sign, value = text.partition("=")
        if not sign or not key:
            raise UsageError(f"--param {text!r} is not of the form name=value")
        pairs[key.strip()] = value.strip()
    return pairs


def _lines(figures: dict[str, Any]) -> str:
    from assay.apps.lab.trial import word_trial

    sharpe = "-" if figures["sharpe"] is None else f"{figures['sharpe']:.2f}"
    rate, regimes = figures["bars_per_second"], figures.get("regimes_told")
    return (
        f"{figures['bars']:,} bars  {figures['orders']:,} orders  {figures['fills']:,} fills\n"
        f"final equity {figures['final_equity']:,.2f}  net profit {figures['net_profit']:,.2f}  "
        f"max drawdown {100 * figures['max_drawdown']:.2f} %  Sharpe {sharpe}\n"
        f"{figures['seconds']:.3f} s"
        + (f"  {rate:,} bars/s" if rate else "")
        + "\n"
        + ("" if regimes is None else f"{regimes:,} changes of regime were told\n")
        + f"digest {figures['digest']}\n"
        f"{word_trial(figures)}"
    )


def backtest(
    data: Annotated[list[Path], typer.Option("--data", help="Parquet file of bars; repeatable.")],
    strategy: Annotated[str, typer.Option("--strategy", help="Name of a strategy.")],
    param: Annotated[
        list[str] | None,
        typer.Option("--param", help="Strategy parameter, name=value; repeatable."),
    ] = None,
    cash: Annotated[str | None, typer.Option("--cash", help="Opening deposit; 100000.")] = None,
    units: Annotated[
        int | None, typer.Option("--units", min=1, help="Position size in units of base.")
    ] = None,
    spread_pips: Annotated[
        str | None,
        typer.Option("--spread-pips", help="Constant spread; the file's prices are then mids."),
    ] = None,
    commission_bp: Annotated[
        str | None, typer.Option("--commission-bp", help="Commission in basis points of notional.")
    ] = None,
    slippage_points: Annotated[
        int, typer.Option("--slippage-points", min=0, help="Slippage of market and stop orders.")
    ] = 0,
    depth_lots: Annotated[
        str | None, typer.Option("--depth-lots", help="Lots that a bar or quote offers a side.")
    ] = None,
    size_lots: Annotated[
        str | None, typer.Option("--size-lots", help="Lots that a quoted size of 1 stands for.")
    ] = None,
    calendar: CalendarOption = None,
    profile: ProfileOption = None,
    years: YearsOption = None,
    model: Annotated[
        str | None, typer.Option("--model", help="Model for strategy ai, as `train` named it.")
    ] = None,
    risk: RiskOption = None,
    margin_mode: Annotated[
        str | None, typer.Option("--margin-mode", help="netting or hedging; of [account].")
    ] = None,
    driver: Annotated[str, typer.Option("--driver", help="sweep or replay.")] = "sweep",
    out: Annotated[Path | None, typer.Option("--out", help="Folder for tables and report.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Trade history through the engine: a trial, counted in the home before the first bar.

    Example: assay backtest --data eurusd_h1_sample_20170101_20171229.parquet --strategy sma-cross
    """
    from assay.apps.lab.backtests.backtest import Request, run_backtest
    from assay.books.trials import TrialLedger

    params = parse_params(param or [])
    if units is not None:
        params["units"] = str(units)
    costs = replace(
        read_costs(spread_pips, commission_bp, slippage_points, calendar, profile),
        depth_lots=read_decimal(depth_lots, "--depth-lots") or Decimal(0),
        size_lots=read_decimal(size_lots, "--size-lots") or Decimal(0),
    )
    place = open_home(home)
    request = Request(
        data=data, strategy=strategy, params=params, cash=read_decimal(cash, "--cash"),
        costs=costs, risk=risk, driver=driver, out=out,
        strategies=place.path / "strategies", config=read_config(place, margin_mode),
        model=place.path / "models" / model if model else None, ledger=TrialLedger(place),
        years=years, home=place.path,
    )  # fmt: skip
    with progress("trading", quiet=as_json) as bar:
        figures = run_backtest(request, bar.advance)
    emit(figures, as_json, _lines)


def register(app: typer.Typer) -> None:
    """Add `backtest` to the command line."""
    app.command("backtest")(backtest)
