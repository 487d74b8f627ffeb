"""`assay performance`: what an account came to, from its books."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from assay.apps.cli.console import HomeOption, JsonOption, emit
from assay.model.errors import UsageError
from assay.model.time import format_time
from assay.runtime.home import Home, open_home

ORDER, ACCOUNT = "order", "account"
ORDERS_SHOWN = 50
WORDS = 4
"""Columns of words, before those of money."""
AccountOption = Annotated[
    str | None, typer.Option("--account", help="The account; needed where there are several.")
]
ByOption = Annotated[
    str,
    typer.Option(
        "--by", help="symbol, strategy, model, side, hour, day, order (execution), or account."
    ),
]


def performance(
    account: AccountOption = None,
    by: ByOption = "symbol",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what the newest run of an account came to: trades, costs, drawdown, calibration.

    With --by order what each order cost against the mid at which it was decided; with --by account
    what every run of the home came to, the oldest first.

    Example: assay performance --by hour
    """
    from assay.apps.lab.accounts.books import read_tape
    from assay.books.reports.performance import KEYS, measure_performance
    from assay.books.reports.tape import BOOK_KINDS, TAPE_KINDS

    if by not in (ORDER, ACCOUNT, *KEYS):
        raise UsageError(f"--by {by!r} is unknown; use one of {', '.join((*KEYS, ORDER, ACCOUNT))}")
    if by == ACCOUNT:
        emit({"accounts": _measure_all(open_home(home))}, as_json, _show_all)
        return
    kinds = {ORDER: TAPE_KINDS, "model": (*BOOK_KINDS, "Predicted")}.get(by, BOOK_KINDS)
    tape = read_tape(open_home(home), account, kinds=kinds)
    told = measure_performance(tape, "symbol" if by == ORDER else by)
    for edge in ("from", "to"):
        told[edge] = None if told[edge] is None else format_time(told[edge])
    if by == ORDER:
        told["by"], told["parts"] = ORDER, _list_orders(tape)
    emit(told, as_json, _show)


def _measure_all(home: Home) -> list[dict[str, Any]]:
    from assay.apps.lab.accounts.books import list_accounts, read_tape
    from assay.books.reports.performance import measure_performance
    from assay.books.reports.tape import BOOK_KINDS

    found = []
    for name in list_accounts(home):
        told = measure_performance(read_tape(home, name, kinds=BOOK_KINDS))
        for edge in ("from", "to"):
            told[edge] = None if told[edge] is None else format_time(told[edge])
        found.append({key: value for key, value in told.items() if key not in ("by", "parts")})
    return found


def _show_all(told: dict[str, Any]) -> str:
    from assay.books.reports.wording import format_number

    rows = [("account", "strategy", "from", "days", "trades", "net", "won", "drawdown", "Sharpe")]
    for each in told["accounts"]:
        won, sharpe = each["win_rate"], each["ratios"]["sharpe"]
        rows.append((
            each["account"], each["strategy"], (each["from"] or "-")[:10],
            format_number(each["days"], 0), format_number(each["trades"], 0),
            f"{format_number(each['net'], 2, plus=True)} {each['currency']}",
            format_number(None if won is None else 100 * won, 1, unit=" %"),
            format_number(100 * each["max_drawdown"], 2, unit=" %"),
            "few days" if sharpe["lower"] is None else _span(sharpe),
        ))  # fmt: skip
    return "\n".join(_align(rows, 3))


def _align(rows: list[tuple[str, ...]], words: int) -> list[str]:
    """Return rows as lines: so many columns of words to the left, those after them to the right."""
    wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            text.ljust(width) if place < words else text.rjust(width)
            for place, (text, width) in enumerate(zip(row, wide, strict=True))
        )
        for row in rows
    ]


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
        f"Sharpe ratio {_span(told['ratios']['sharpe'])} over {told['days']:,} days  "
        f"in the market {share((told['exposure'] or {}).get('held'))} of the time",
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


def _span(told: dict[str, float | None]) -> str:
    from assay.books.reports.wording import format_number

    value, lower, upper = (format_number(told[name], 2) for name in ("value", "lower", "upper"))
    return value if told["lower"] is None else f"{value} (95 % interval {lower} to {upper})"


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
    lines = _align(rows, WORDS)
    count = len(told["parts"])
    return "\n".join([*lines, f"the last {len(rows) - 1:,} of {count:,} orders"])


def register(app: typer.Typer) -> None:
    """Add `performance` to the command line."""
    app.command("performance")(performance)
