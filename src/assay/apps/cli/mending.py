"""`assay data compare` and `assay data mend`: stored bars of two sources, and holes in one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from assay.apps.cli.console import HomeOption, JsonOption, emit
from assay.apps.cli.stored import (
    FrameArgument,
    SideOption,
    SourceOption,
    SymbolArgument,
    read_stored,
)
from assay.model.errors import UsageError
from assay.model.time import format_time
from assay.runtime.home import Home, open_home

if TYPE_CHECKING:
    from assay.market.series import BarSeries, Int64s

OtherOption = Annotated[str, typer.Option("--with", help="The other source, such as dukascopy.")]


def register_data(data: typer.Typer) -> None:
    """Add the commands to `assay data`."""
    data.command("compare", epilog="Example: assay data compare EURUSD H1 --with histdata")(
        compare_data
    )
    data.command("mend", epilog="Example: assay data mend EURUSD H1 whole.parquet --interpolate 5")(
        mend_data
    )


def compare_data(
    symbol: SymbolArgument,
    timeframe: FrameArgument,
    other: OtherOption,
    side: SideOption = None,
    source: SourceOption = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Tell how two sources of one market agree: bars of each, points apart, hours shifted."""
    from assay.market.quality.mending import compare_series

    opened = open_home(home)
    first = _bars(opened, symbol, timeframe, (side, source))
    second = _bars(opened, symbol, timeframe, (first.side, other))
    found = compare_series(first, second)
    result = {"first": first.source, "second": second.source, **found._asdict()}
    emit(result | {"agrees": found.agrees}, as_json)


def mend_data(
    symbol: SymbolArgument,
    timeframe: FrameArgument,
    path: Annotated[Path, typer.Argument(metavar="PATH.parquet")],
    other: Annotated[
        str | None, typer.Option("--with", help="The source that missing bars are taken from.")
    ] = None,
    interpolate: Annotated[
        int, typer.Option("--interpolate", min=0, help="Bars drawn over holes of so many at most.")
    ] = 0,
    side: SideOption = None,
    source: SourceOption = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Write a series with its holes filled, and beside it which bars are not its own.

    What is stored stays as it is. A source that tells another market gives nothing.
    """
    from assay.market.quality.mending import mend
    from assay.market.sources.parquet import write_parquet

    if other is None and not interpolate:
        raise UsageError("say --with SOURCE, --interpolate BARS, or both")
    opened = open_home(home)
    series = _bars(opened, symbol, timeframe, (side, source))
    second = _bars(opened, symbol, timeframe, (series.side, other)) if other else None
    found = mend(series, second, longest=interpolate * int(series.timeframe))
    write_parquet(found.series, path)
    spans = {
        "taken": _spans(found.taken, int(series.timeframe)),
        "interpolated": _spans(found.made, int(series.timeframe)),
        "missing": _spans(found.left, int(series.timeframe)),
    }
    told = path.with_name(f"{path.name}.mended.json")
    told.write_bytes(msgspec.json.format(msgspec.json.encode({"with": other, **spans}), indent=1))
    emit(
        {
            "path": str(path), "spans": str(told), "rows": len(found.series),
            "taken": len(found.taken), "interpolated": len(found.made), "missing": len(found.left),
        },
        as_json,
    )  # fmt: skip


def _bars(
    home: Home, symbol: str, timeframe: str, choice: tuple[str | None, str | None]
) -> BarSeries:
    from assay.market.series import BarSeries

    _, series = read_stored(home, symbol, timeframe, choice, (None, None))
    if not isinstance(series, BarSeries):
        raise UsageError("quotes have no bars that could be missing; give a length, as M1")
    return series


def _spans(opens: Int64s, length: int) -> list[dict[str, Any]]:
    """Return runs of bars without a break as their begin, end and number."""
    runs: list[list[int]] = []
    for opened in opens.tolist():
        if runs and opened == runs[-1][1]:
            runs[-1][1] += length
        else:
            runs.append([opened, opened + length])
    return [
        {"from": format_time(begin), "to": format_time(end), "bars": (end - begin) // length}
        for begin, end in runs
    ]
