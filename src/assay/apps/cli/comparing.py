"""`assay compare`: two runs side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.apps.cli.console import JsonOption, emit, progress
from assay.model.errors import UsageError

if TYPE_CHECKING:
    from assay.books.reports.comparison import Comparison

SHOWN = 10
RunArgument = Annotated[Path, typer.Argument(help="Folder that `assay backtest --out` wrote.")]


def compare(
    first: RunArgument,
    second: RunArgument,
    out: Annotated[Path | None, typer.Option("--out", help="HTML file to write.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Compare two runs: figures, the daily difference with its interval, trades that differ.

    Example: assay compare runs/fast runs/slow --out comparison.html
    """
    from assay.apps.lab.backtests.folder import read_run
    from assay.books.reports.comparison import compare_runs, list_comparison, write_comparison

    records = [read_run(folder) for folder in (first, second)]
    currencies = [record.result.currency for record in records]
    if len(set(currencies)) > 1:
        raise UsageError(
            f"the runs are in {' and '.join(currencies)}; compare runs of one currency"
        )
    with progress("comparing", quiet=as_json):
        found = compare_runs(*records)
        if out is not None:
            write_comparison(found, out)
    told = {**list_comparison(found), "html": None if out is None else str(out)}
    emit(told, as_json, lambda _: _show(found, out))


def _show(found: Comparison, out: Path | None) -> object:
    from rich.console import Group
    from rich.table import Table

    from assay.books.reports.comparison import list_rows, word_advantage
    from assay.books.reports.wording import format_moment, format_number

    head, rest = word_advantage(found)
    figures = Table()
    for title, justify in (("figure", "left"), *((name, "right") for name in found.names),
                           ("first has more", "right")):  # fmt: skip
        figures.add_column(title, justify=justify)  # type: ignore[arg-type]
    for row in list_rows(found):
        figures.add_row(*row)
    differing, digits = found.differing, found.first.digits
    lines = [f"{len(differing):,} of {len(found.pairs):,} trades differ"]
    for pair in differing[:SHOWN]:
        told = pair.first or pair.second
        assert told is not None
        nets = [
            "not there" if trade is None else format_number(trade.net, digits, plus=True)
            for trade in pair
        ]
        lines.append(f"{format_moment(pair.opened)}  {told.symbol} {told.side}  {' / '.join(nets)}")
    lines += [] if out is None else [str(out)]
    return Group(f"{head}: {rest}", figures, "\n".join(lines))


def register(app: typer.Typer) -> None:
    """Add `compare` to the command line."""
    app.command("compare")(compare)
