"""`assay performance`: what an account came to, from its books."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from assay.apps.cli.console import HomeOption, JsonOption, emit
from assay.model.errors import UsageError
from assay.model.time import format_time
from assay.runtime.home import open_home

ORDER = "order"
ORDERS_SHOWN = 50
WORDS = 4
"""Columns of words, before those of money."""
AccountOption = Annotated[
    str | None, typer.Option("--account", help="The account; needed where there are several.")
]
ByOption = Annotated[
    str,
    typer.Option("--by", help="symbol, strategy, model, side, hour, day, or order (execution)."),
]


def performance(
    account: AccountOption = None,
    by: ByOption = "symbol",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what the newest run of an account came to: trades, costs, drawdown, calibration.

    With --by order what each order cost against the mid at which it was decided.

    Example: assay performance --by hour
    """
    from assay.apps.lab.accounts import read_tape
    from assay.books.reports.performance import KEYS, measure_performance
    from assay.books.reports.tape import BOOK_KINDS, TAPE_KINDS

    if by != ORDER and by not in KEYS:
        raise UsageError(f"--by {by!r} is unknown; use one of {', '.join((*KEYS, ORDER))}")
    kinds = {ORDER: TAPE_KINDS, "model": (*BOOK_KINDS, "Predicted")}.get(by, BOOK_KINDS)
    tape = read_tape(open_home(home), account, kinds=kinds)
    told = measure_performance(tape, "symbol" if by == ORDER else by)
    for edge in ("from", "to"):
        told[edge] = None if told[edge] is None else format_time(told[edge])
    if by == ORDER:
        told["by"], told["parts"] = ORDER, _list_orders(tape)
    emit(told, as_json, _show)


def _list_orders(tape: Any) -> list[dict[str, Any]]:  # Any: imported only where it is needed
    return [
        {**line._asdict(), "key": str(line.key), "time": format_time(line.time)}
        for line in tape.record("paper").quality
    ]


def _show(told: dict[str, Any]) -> object:
    from rich.console import Group

    from assay.books.reports.wording import format_number

    def share(value: float | None) -> str:
        return format_number(None if value is None else 100 * value, 2, unit=" %")

    costs = told["costs"]
    lines = [
        f"Account {told['account']}, {told['strategy']}, {told['from'] or '-'} to {told['to']}",
        f"net {format_number(told['net'], 2, plus=True)} {told['currency']}  "
        f"trades {told['trades']:,}  won {share(told['win_rate'])}  "
        f"profit factor {format_number(told['profit_factor'], 2)}  "
        f"mean trade {format_number(told['expectancy'], 2, plus=True)}  "
        f"deepest drawdown {share(told['max_drawdown'])}",
        f"spread {format_number(costs['spread_cost'], 2)}  "
        f"slippage {format_number(costs['slippage_cost'], 2)}  "
        f"commission {format_number(costs['commission'], 2)}  "
        f"swap {format_number(costs['swap'], 2, plus=True)}",
    ]
    score = told["decisions"]
    if score is not None:
        lines.append(
            f"{score['entries']:,} entries said {share(score['said'])}, {share(score['came'])} "
            f"came true; Brier score {score['brier']:.4f}"
        )
    if told["by"] == ORDER:
        return "\n".join([*lines, _list(told)])
    return Group("\n".join(lines), _tabulate(told))


def _tabulate(told: dict[str, Any]) -> object:
    from rich.table import Table

    from assay.books.reports.wording import format_number

    table = Table()
    for number, title in enumerate(
        (told["by"], "trades", "net", "costs", "won", "profit factor", "mean")
    ):
        table.add_column(title, justify="right" if number else "left")
    for part in told["parts"]:
        won = part["win_rate"]
        table.add_row(
            part["name"], format_number(part["trades"], 0),
            format_number(part["net"], 2, plus=True), format_number(part["costs"], 2),
            format_number(None if won is None else 100 * won, 1, unit=" %"),
            format_number(part["profit_factor"], 2),
            format_number(part["expectancy"], 2, plus=True),
        )  # fmt: skip
    return table


def _list(told: dict[str, Any]) -> str:
    """Return the last orders as lines of text, since a drawn table would not fit a terminal."""
    from assay.books.reports.wording import format_number

    money = ("delay", "spread", "slippage", "commission", "opportunity", "shortfall")
    rows = [("time", "symbol", "order", "state", *money[:-2], "missed", money[-1])]
    rows += [
        (
            line["time"][2:16].replace("T", " "), line["symbol"], f"{line['side']} {line['kind']}",
            line["state"], *(format_number(line[name], 2, plus=True) for name in money),
        )
        for line in told["parts"][-ORDERS_SHOWN:]
    ]  # fmt: skip
    wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            text.ljust(width) if place < WORDS else text.rjust(width)
            for place, (text, width) in enumerate(zip(row, wide, strict=True))
        )
        for row in rows
    ]
    count = len(told["parts"])
    return "\n".join([*lines, f"the last {len(rows) - 1:,} of {count:,} orders"])


def register(app: typer.Typer) -> None:
    """Add `performance` to the command line."""
    app.command("performance")(performance)
