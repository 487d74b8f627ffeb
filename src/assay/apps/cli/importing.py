"""`assay import` and `assay data`: vendors' files into the home, and what is stored there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.apps.cli import mending
from assay.apps.cli.console import HomeOption, JsonOption, emit, progress
from assay.apps.cli.stored import (
    FrameArgument,
    SideOption,
    SourceOption,
    SymbolArgument,
    describe_series,
    name_frame,
    open_series,
    parse_frame,
    read_stored,
    word_time,
)
from assay.model.errors import UsageError
from assay.model.time import SECOND, Timeframe, format_time
from assay.runtime.home import open_home

if TYPE_CHECKING:
    from assay.market.history import SeriesKey
    from assay.market.series import Series

LOCK = "import"
LOCK_WAIT_S = 120.0

LimitOption = Annotated[int, typer.Option("--limit", min=0, help="Rows at most; 0 for all.")]


def register(app: typer.Typer) -> None:
    """Add `import` and `data` to the program."""
    app.command("import", epilog="Example: assay import histdata DAT_ASCII_EURUSD_M1_201903.csv")(
        import_file
    )
    data = typer.Typer(no_args_is_help=True, help="Look at the stored series.")
    data.command("list", epilog="Example: assay data list --json")(list_data)
    data.command("show", epilog="Example: assay data show EURUSD M1 --from 2019-03-01 --limit 5")(
        show_data
    )
    data.command("export", epilog="Example: assay data export EURUSD M1 eurusd_m1.parquet")(
        export_data
    )
    data.command("gaps", epilog="Example: assay data gaps EURUSD M1")(show_gaps)
    data.command("rejects", epilog="Example: assay data rejects EURUSD ticks --limit 20")(
        show_rejects
    )
    mending.register_data(data)
    app.add_typer(data, name="data")


def import_file(
    format_name: Annotated[
        str,
        typer.Argument(
            metavar="FORMAT",
            help="csv, dukascopy, fxcm, histdata, jforex, lean, mt5, parquet or truefx.",
        ),
    ],
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The vendor's file (or folder).")],
    symbol: Annotated[str | None, typer.Option("--symbol", help="Else from the name.")] = None,
    timeframe: Annotated[
        str | None, typer.Option("--timeframe", help="M1 … D1; else from the name.")
    ] = None,
    tz: Annotated[
        str | None,
        typer.Option("--tz", metavar="ZONE", help="Europe/Athens, NY+7, UTC+2, … (MT5 needs it)."),
    ] = None,
    side: Annotated[str | None, typer.Option("--side", help="bid, ask, mid or quote.")] = None,
    columns: Annotated[
        str | None,
        typer.Option("--columns", help="csv: time=Date,open=#2,… (names or #places)."),
    ] = None,
    time_format: Annotated[
        str | None, typer.Option("--format", help="csv: strftime, such as '%d.%m.%Y %H:%M'.")
    ] = None,
    points: Annotated[
        bool, typer.Option("--points", help="csv: prices are integer points.")
    ] = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Import one vendor's file; the same file twice adds nothing."""
    from assay.market.history import commit_import, fingerprint_file
    from assay.market.quality import assess_file
    from assay.market.reading import ReadRequest, find_source

    source = find_source(format_name)
    request = ReadRequest(
        path=path, symbol=symbol, zone=tz, side=side, time_format=time_format, in_points=points,
        timeframe=Timeframe.parse(timeframe) if timeframe else None,
        columns=_parse_columns(columns) if columns else None,
    )  # fmt: skip
    with progress(f"Importing {path.name}", quiet=as_json) as shown:
        assessment = assess_file(source, request)
        shown.describe("Storing")
        options: dict[str, object] = {
            "zone": tz, "columns": columns, "format": time_format, "points": points,
        }  # fmt: skip
        identity = fingerprint_file(path, format_name, options)
        opened = open_home(home)
        with opened.wait_lock(LOCK, seconds=LOCK_WAIT_S), open_series(opened) as store:
            outcome = commit_import(store, identity, assessment, opened.clock.now_ns())
    emit(
        {
            "read": outcome.read, "accepted": outcome.accepted, "rejected": outcome.rejected,
            "first": word_time(outcome.first), "last": word_time(outcome.last),
            "symbol": outcome.symbol,
            "timeframe": name_frame(outcome.timeframe), "side": outcome.side,
            "sha256": outcome.sha256,
        },
        as_json,
    )  # fmt: skip


def list_data(as_json: JsonOption = False, home: HomeOption = None) -> None:
    """List the stored series."""
    from assay.market.history import list_series

    with open_series(open_home(home)) as store:
        found = list_series(store)
    series = [
        {
            "symbol": row["symbol"], "timeframe": name_frame(_frame_of(row["timeframe"])),
            "side": row["side"], "source": row["source"], "digits": int(row["digits"]),
            "rows": int(row["rows"]), "first": word_time(row["first"]),
            "last": word_time(row["last"]), "files": int(row["files"]),
        }
        for row in found
    ]  # fmt: skip
    emit({"series": series}, as_json, lambda _: _table(series, "nothing stored"))


def show_data(
    symbol: SymbolArgument,
    timeframe: FrameArgument,
    start: Annotated[str | None, typer.Option("--from", help="ISO-8601, included.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="ISO-8601, not included.")] = None,
    side: SideOption = None,
    source: SourceOption = None,
    limit: LimitOption = 20,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Show the first rows of a series, prices as decimals."""
    key, series = read_stored(open_home(home), symbol, timeframe, (side, source), (start, end))
    shown = series if limit == 0 else series.select(slice(0, limit))
    result = describe_series(key, series) | {"data": _rows(shown)}
    emit(result, as_json, lambda told: _table(told["data"], "no rows in that span"))


def export_data(
    symbol: SymbolArgument,
    timeframe: FrameArgument,
    path: Annotated[Path, typer.Argument(metavar="PATH.parquet")],
    start: Annotated[str | None, typer.Option("--from", help="ISO-8601, included.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="ISO-8601, not included.")] = None,
    side: SideOption = None,
    source: SourceOption = None,
    of_ticks: Annotated[
        bool, typer.Option("--of-ticks", help="Make the bars of the stored ticks, with their flow.")
    ] = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Write a series as Parquet: time with prices, volume and flow if any, ask columns.

    Bars made of ticks tell what the quotes inside them did: see docs/microstructure.md.
    """
    from assay.market.sources.parquet import write_parquet

    asked = "ticks" if of_ticks else timeframe
    key, series = read_stored(open_home(home), symbol, asked, (side, source), (start, end))
    if of_ticks:
        key, series = _make_bars(key, series, timeframe)
    write_parquet(series, path)
    emit(describe_series(key, series) | {"path": str(path)}, as_json)


def show_gaps(
    symbol: SymbolArgument,
    timeframe: FrameArgument,
    side: SideOption = None,
    source: SourceOption = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """List holes inside the trading session."""
    from assay.market.quality import find_gaps

    key, series = read_stored(open_home(home), symbol, timeframe, (side, source), (None, None))
    gaps = [
        {"from": format_time(begin), "to": format_time(finish), "missed_seconds": missed / SECOND}
        for begin, finish, missed in find_gaps(series).tolist()
    ]
    result = describe_series(key, series) | {"count": len(gaps), "gaps": gaps}
    emit(result, as_json, lambda told: _table(told["gaps"], "no gaps"))


def show_rejects(
    symbol: SymbolArgument,
    timeframe: FrameArgument,
    limit: LimitOption = 1000,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """List rows that a quality rule kept out, as they stood in the file."""
    from assay.market.history import count_rejects, read_rejects
    from assay.market.naming import parse_symbol

    frame, name = parse_frame(timeframe), parse_symbol(symbol)
    with open_series(open_home(home)) as store:
        counts = count_rejects(store, name, frame)
        rows = read_rejects(store, name, frame, limit or 2**62)
    rejects = [
        {
            "time": format_time(row["ts"]), "rule": row["rule"], "row": int(row["place"]) + 1,
            "prices": row["row_text"], "import": row["import_id"][:12],
        }
        for row in rows
    ]  # fmt: skip
    result: dict[str, Any] = {
        "symbol": name, "timeframe": name_frame(frame), "count": sum(counts.values()),
        "rules": counts, "rejects": rejects,
    }  # fmt: skip
    emit(result, as_json, lambda told: _table(told["rejects"], "no rejected rows"))


def _make_bars(key: SeriesKey, ticks: Series, timeframe: str) -> tuple[SeriesKey, Series]:
    from dataclasses import replace

    from assay.market.bars import ticks_to_bars
    from assay.market.series import TickSeries

    frame = parse_frame(timeframe)
    if frame is None:
        raise UsageError("--of-ticks makes bars; give their length, as M1")
    assert isinstance(ticks, TickSeries)
    return replace(key, timeframe=frame), ticks_to_bars(ticks, frame)


def _rows(series: Series) -> list[dict[str, Any]]:
    from assay.market.grid import from_flow
    from assay.market.series import BarSeries, price_columns

    names = price_columns(series)
    sizes = [
        (name, column)
        for name in ("volume", "bid_size", "ask_size")
        if (column := getattr(series, name, None)) is not None
    ]
    if isinstance(series, BarSeries) and series.flow is not None:
        sizes += from_flow(series.flow, series.digits).items()
    rows = []
    for place, ts in enumerate(series.time.tolist()):
        row: dict[str, Any] = {"time": format_time(ts)}
        row |= {name: getattr(series, name)[place] / 10**series.digits for name in names}
        row |= {name: float(column[place]) for name, column in sizes}
        row["fold"] = bool(series.fold[place])
        rows.append(row)
    return rows


def _parse_columns(text: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in text.split(",")]
    if not all(name and told for name, _, told in pairs):
        raise UsageError(f"--columns {text!r} is not of the form time=Date,open=Open,…")
    return {name.strip(): told.strip() for name, _, told in pairs}


def _frame_of(value: int) -> Timeframe | None:
    return Timeframe(value) if value else None


def _table(rows: list[dict[str, Any]], nothing: str) -> object:
    from rich.table import Table

    if not rows:
        return nothing
    table = Table(box=None, header_style="bold")
    for name in rows[0]:
        table.add_column(name)
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    return table
