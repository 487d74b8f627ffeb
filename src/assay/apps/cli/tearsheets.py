"""`assay tearsheet`: what a run or an account did, as one would show it to an investor."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.apps.cli.console import HomeOption, JsonOption, emit, progress
from assay.model.errors import UsageError
from assay.runtime.home import open_home

if TYPE_CHECKING:
    from assay.books.reports.record import RunRecord

AccountOption = Annotated[
    str | None,
    typer.Option("--account", help="Of this account of the home instead, from its journal."),
]
RunArgument = Annotated[
    Path | None, typer.Argument(help="Folder that `assay backtest --out` wrote.")
]

PdfOption = Annotated[
    Path | None, typer.Option("--pdf", help="Write it as PDF, too, of pages of A4.")
]
OutOption = Annotated[
    Path | None,
    typer.Option("--out", help="The HTML file; else tearsheet.html in the run's folder, or here."),
]


def tearsheet(
    run: RunArgument = None,
    account: AccountOption = None,
    out: OutOption = None,
    pdf: PdfOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a tear sheet: verdict, curves, ratios with intervals, costs, attribution, execution.

    Of a run's folder, or with --account of the newest run of an account of the home.

    Example: assay tearsheet runs/first
    """
    from assay.apps.lab.accounts.losses import measure_losses
    from assay.books.reports.sheet import list_figures
    from assay.books.reports.sheetpages import write_pages
    from assay.books.reports.tearsheet import write_tearsheet

    record = read_record(run, account, home)
    target = out or (run or Path()) / "tearsheet.html"
    with progress("drawing", quiet=as_json):
        sheet = write_tearsheet(record, target, measure_losses(record.result))
        if pdf is not None:
            write_pages(sheet, pdf)
    files = {"html": str(target), "pdf": None if pdf is None else str(pdf)}
    emit({**list_figures(sheet), **files}, as_json, _lines)


def read_record(run: Path | None, account: str | None, home: Path | None) -> RunRecord:
    """Return a run's folder, or an account of a home, as a record; UsageError for both or none."""
    if (run is None) == (account is None):
        raise UsageError("name either a run's folder or --account NAME (with --home, if need be)")
    if run is not None:
        from assay.apps.lab.backtests.folder import read_run

        return read_run(run)
    from assay.apps.lab.accounts.books import read_account

    return read_account(open_home(home), account)


def _lines(told: dict[str, Any]) -> str:
    files = "\n".join(told[kind] for kind in ("html", "pdf") if told[kind])
    return f"{told['verdict']}: {told['why']}\n{files}"


def register(app: typer.Typer) -> None:
    """Add `tearsheet` to the command line."""
    app.command("tearsheet")(tearsheet)
