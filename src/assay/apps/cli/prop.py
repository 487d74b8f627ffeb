"""`assay prop`: a run held to the rules of a funded account."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.apps.cli.backtesting import CalendarOption
from assay.apps.cli.console import HomeOption, JsonOption, emit
from assay.apps.config import Config
from assay.runtime.home import Home, open_home
from assay.runtime.settings import load_settings

if TYPE_CHECKING:
    from assay.apps.lab.risk.recorded import RecordedRun

RunOption = Annotated[
    Path | None,
    typer.Option("--run", help="Folder that `backtest --out` wrote; else the home's account."),
]
ProfileOption = Annotated[Path, typer.Option("--profile", help="TOML file of the rules.")]
InitialOption = Annotated[
    str | None, typer.Option("--initial", help="Initial balance; that of the run.")
]


def take_run(folder: Path | None, home: Home, config: Config) -> RecordedRun:
    """Return the run of a folder, or the account of the platform in the home."""
    from assay.apps.cli.ledger import open_entries
    from assay.apps.lab.risk.recorded import FOLLOWED, follow_account, read_run

    if folder is not None:
        return read_run(folder)
    with open_entries(home) as journal:
        return follow_account(journal.messages(FOLLOWED), config)


def check(
    profile: ProfileOption,
    run: RunOption = None,
    initial: InitialOption = None,
    calendar: CalendarOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say whether a run would have kept a funded account, and how near it came to losing it.

    Example: assay prop check --run runs/sma --profile docs/examples/funded.toml
    """
    from assay.apps.lab.risk.prop import PropRequest, check_run
    from assay.market.news import read_calendar

    place = open_home(home)
    config = load_settings(Config, place).value
    found = check_run(
        PropRequest(
            run=take_run(run, place, config), profile=profile, initial=initial,
            releases=read_calendar(calendar) if calendar else (), config=config,
        )
    )  # fmt: skip
    emit(found, as_json, _check_lines)


def simulate(
    profile: ProfileOption,
    run: RunOption = None,
    initial: InitialOption = None,
    paths: Annotated[int, typer.Option("--paths", min=200, max=1_000_000, help="Paths.")] = 20_000,
    days: Annotated[
        int, typer.Option("--days", min=1, max=2_500, help="Trading days that a path has at most.")
    ] = 250,
    block: Annotated[
        float, typer.Option("--block", min=1, help="Days that are drawn together, on average.")
    ] = 5.0,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Equal seeds, equal figures.")] = 1,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the charts.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draw a run's days again and again, and count how often a funded account passes or breaks.

    Example: assay prop simulate --run runs/sma --profile docs/examples/funded.toml --out runs/fate
    """
    from assay.apps.lab.risk.prop import FateRequest, simulate_run

    place = open_home(home)
    config = load_settings(Config, place).value
    found = simulate_run(
        FateRequest(
            run=take_run(run, place, config), profile=profile, initial=initial, paths=paths,
            horizon=days, block=block, seed=seed, out=out, config=config,
        )
    )  # fmt: skip
    emit(found, as_json, _fate_lines)


def _check_lines(found: dict[str, Any]) -> str:
    lines = [f"{found['verdict']}, phase {found['phase']}, until {found['until']}"]
    if breach := found["breach"]:
        lines.append(f"{breach['rule']} at {breach['at']}: {breach['value']}, {breach['limit']}")
    lines += [f"passed a phase at {at}" for at in found["phases_passed"]]
    lines += [
        f"{room['rule']}: {room['left']:,.2f} of {room['limit']:,.2f} left, "
        f"used up to {100 * found['worst_use'][room['rule']]:.1f} %"
        for room in found["headroom"]
    ]
    lines.append(
        f"our stops would have ended {found['daily_stops']} days early and held the account "
        + (f"at {found['account_stop']}" if found["account_stop"] else "never")
    )
    return "\n".join(lines)


def _fate_lines(found: dict[str, Any]) -> str:
    lines = [f"{found['paths']:,} paths of at most {found['horizon']} days, out of {found['days']}"]
    for name in ("as_traded", "with_stops"):
        told = found[name]
        lines.append(name.replace("_", " "))
        for end, chance in told["chances"].items():
            low, high = told["intervals"][end]
            lines.append(f"  {end:<13} {chance:7.2%}  ({low:.2%} to {high:.2%})")
        days = told["days_to_pass"]
        if days["median"] is not None:
            lines.append(
                f"  days to pass  {days['median']:.0f} ({days['p5']:.0f} to {days['p95']:.0f})"
            )
    if found["not_simulated"]:
        lines.append(f"not simulated: {', '.join(found['not_simulated'])}; see `assay prop check`")
    return "\n".join(lines)


def register(app: typer.Typer) -> None:
    """Add `prop` to the command line."""
    prop = typer.Typer(help="Hold runs to the rules of a funded account.", no_args_is_help=True)
    prop.callback()(lambda: None)
    prop.command("check")(check)
    prop.command("simulate")(simulate)
    app.add_typer(prop, name="prop")
