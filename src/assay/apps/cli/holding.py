"""`assay entries`: who holds entries back, and how a person does so and lets them go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from assay.apps.cli.console import HomeOption, JsonOption, emit, note
from assay.model.errors import UsageError
from assay.model.halts import OPERATOR, SOURCES
from assay.runtime.environment import user_name
from assay.runtime.home import Home, open_home

ReasonOption = Annotated[str, typer.Option("--reason", help="Why; kept in the record.")]
SourceOption = Annotated[
    str, typer.Option("--source", help=f"Whose halt it is: {', '.join(SOURCES)}.")
]
SymbolOption = Annotated[
    str, typer.Option("--symbol", help="Of one instrument; without it, of all.")
]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    entries = typer.Typer(help="Hold entries back and let them go.", no_args_is_help=True)
    entries.command("show")(show)
    entries.command("halt")(halt)
    entries.command("release")(release)
    app.add_typer(entries, name="entries")


def show(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show who holds entries back, and why, as the newest run last told it.

    Example: assay entries show
    """
    from assay.apps.paper.view.picture import PICTURE, read_picture

    picture = read_picture(open_home(home).path / "run" / PICTURE)
    held = picture.entries_halted if picture else []
    emit({"entries_halted": held}, as_json, _table)


def _table(found: Mapping[str, Any]) -> str:
    return "\n".join(found["entries_halted"]) or "nobody holds entries back"


def halt(
    reason: ReasonOption, symbol: SymbolOption = "", source: SourceOption = OPERATOR,
    home: HomeOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Deny new risk until this source lets it go; open positions may still be closed.

    Example: assay entries halt --reason "a strike at the exchange" --symbol XAUUSD
    """
    from assay.apps.paper.control.orders import HALT_ENTRIES, ControlOrder

    order = ControlOrder(HALT_ENTRIES, reason, user_name(), source=source, symbol=symbol)
    _give(open_home(home), order, as_json)


def release(
    reason: ReasonOption, symbol: SymbolOption = "", source: SourceOption = OPERATOR,
    home: HomeOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Lift the halt of one source, as the operator; what others hold back stays so.

    Example: assay entries release --source twin --reason "the gap is explained"
    """
    from assay.apps.paper.control.orders import RELEASE_ENTRIES, ControlOrder

    order = ControlOrder(
        RELEASE_ENTRIES, reason, user_name(), source=source, symbol=symbol, actor=OPERATOR
    )
    _give(open_home(home), order, as_json)


def _give(home: Home, order: Any, as_json: bool) -> None:
    from assay.apps.paper.control.orders import ask_trader, leave_order

    if not order.reason.strip():
        raise UsageError("--reason is empty; say why, it is kept in the record")
    if order.source not in SOURCES:
        raise UsageError(f"source {order.source!r} is unknown; there are {', '.join(SOURCES)}")
    holds = home.is_locked("up")
    text = "the next `assay up` carries it out before its first event"
    if holds:
        answer = ask_trader(home, order)
        if not answer.serves:
            raise UsageError(f"nothing was changed: {answer.text}")
        text = answer.text
    else:
        leave_order(home, order)
        note("no `assay up` runs in this home")
    told = {"action": order.action, "source": order.source, "symbol": order.symbol,
            "reason": order.reason, "holds": holds, "text": text}  # fmt: skip
    emit(told, as_json, lambda found: str(found["text"]))
