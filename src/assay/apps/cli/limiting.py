"""`assay limits`: the risk limits in force, and how others are set while the platform trades."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from assay.apps.cli.console import HomeOption, JsonOption, emit, note
from assay.apps.config import Config
from assay.model.errors import UsageError
from assay.runtime.environment import user_name
from assay.runtime.home import Home, open_home
from assay.runtime.settings import load_settings

ChangesArgument = Annotated[
    list[str],
    typer.Argument(metavar="NAME=VALUE...", help="Limits, as `assay limits show` has them."),
]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; kept in the record.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    limits = typer.Typer(help="Show and set risk limits.", no_args_is_help=True)
    limits.command("show")(show)
    limits.command("set")(set_limits)
    app.add_typer(limits, name="limits")


def show(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show every limit in force, and those that wait for the next start.

    Example: assay limits show
    """
    found = _read(open_home(home))
    emit(found, as_json, _table)


def _read(home: Home) -> dict[str, Any]:
    from assay.apps.lab.runs.setup import configured_profile
    from assay.apps.paper.control.orders import LIMIT, pending_orders
    from assay.apps.paper.view.sheet import read_limits
    from assay.trading.risk.limits import LIMITS, UNITS

    config = load_settings(Config, home).value
    told = read_limits(home)
    profile = told.profile if told else config.risk.profile
    values = told.limits if told else configured_profile(config, profile).texts()
    waiting = {
        name: value
        for _, order in pending_orders(home) if order.action == LIMIT
        for name, value in (order.limits or {}).items()
    }  # fmt: skip
    rows = [
        {"limit": name, "value": values.get(name, ""), "unit": UNITS[each.unit],
         "bounds": each.meaning, "waits": waiting.get(name)}
        for name, each in LIMITS.items()
    ]  # fmt: skip
    return {"profile": profile, "limits": rows}


def _table(found: Mapping[str, Any]) -> str:
    lines = [f"profile {found['profile']}; 0 is no limit"]
    for row in found["limits"]:
        waits = f"  (next start: {row['waits']})" if row["waits"] is not None else ""
        lines.append(f"{row['limit']:<26} {row['value']:<10} {row['bounds']}, {row['unit']}{waits}")
    return "\n".join(lines)


def set_limits(
    changes: ChangesArgument,
    reason: ReasonOption,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let limits hold from the next event on; without a running platform from the next start on.

    Example: assay limits set weekly_loss_max_bp=800 collar_bp=100 --reason "quiet week"
    """
    from assay.apps.paper.control.orders import LIMIT, ControlOrder, ask_trader, leave_order
    from assay.apps.paper.view.sheet import read_limits
    from assay.trading.risk.limits import read_changes

    opened = open_home(home)
    told = read_limits(opened)
    limits = read_changes(changes, told.symbols if told else ())
    if not reason.strip():
        raise UsageError("--reason is empty; say why, it is kept in the record")
    order = ControlOrder(LIMIT, reason, user_name(), limits=limits)
    holds = opened.is_locked("up")
    if holds:
        answer = ask_trader(opened, order)
        if not answer.serves:
            raise UsageError(f"the limits stay as they were: {answer.text}")
    else:
        leave_order(opened, order)
        note("no `assay up` runs in this home; the next one takes them up before its first event")
    emit({"limits": limits, "holds": holds, "reason": reason}, as_json, _set_text)


def _set_text(found: Mapping[str, Any]) -> str:
    when = "from the next event on" if found["holds"] else "from the next start on"
    return "\n".join(f"{name} = {value} {when}" for name, value in found["limits"].items())
