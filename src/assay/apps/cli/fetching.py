"""`assay fetch`: a terminal's bars or quotes of the past, as a file to import."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from assay.apps.cli.connecting import ClockOption, TerminalOption
from assay.apps.cli.console import JsonOption, emit
from assay.model.errors import UsageError
from assay.model.time import parse_time
from assay.runtime.clock import SystemClock

CACHE = Path(".assay-edge") / "history"


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(fetch)


def fetch(
    symbol: Annotated[
        str, typer.Argument(metavar="SYMBOL", help="EURUSD, or XAUUSD=GOLD (the broker's name).")
    ],
    frame: Annotated[str, typer.Argument(metavar="TF", help="M1 M5 M15 M30 H1 H4 D1, or ticks.")],
    begin: Annotated[str, typer.Option("--from", metavar="TIME", help="Since when, UTC.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where to write it.")],
    end: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="Until before then; else all.")
    ] = None,
    terminal: TerminalOption = "mt5",
    server_clock: ClockOption = None,
    cache: Annotated[
        Path | None,
        typer.Option(
            "--cache", metavar="DIR", help="What was fetched before; else ~/.assay-edge/history.",
            show_default=False,
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Fetch bars or quotes of the past from a terminal, months that are known from a cache.

    Example: assay fetch EURUSD M1 --from 2024-01-01 --to 2024-07-01 --out eurusd_m1.csv
    """
    from assay.apps.edge.fetching import Wanted, fetch_history

    ours, _, name = symbol.partition("=")
    span = parse_time(begin), parse_time(end) if end else SystemClock().now_ns()
    if span[0] >= span[1]:
        raise UsageError(f"--from {begin} is not before {end or 'now'}")
    wanted = Wanted(
        terminal=terminal, symbol=ours, name=name or ours, frame=frame, start=span[0], end=span[1],
        server_clock=server_clock, cache=cache or Path.home() / CACHE,
    )  # fmt: skip
    emit(fetch_history(wanted, out), as_json, _text)


def _text(found: Mapping[str, Any]) -> str:
    lines = [f"{found['rows']:,} rows in {found['file']}, the broker's clock being {found['zone']}"]
    if found["short"]:
        lines.append(
            f"not whole at the terminal: {found['short'][-1]} to {found['short'][0]}; scroll its "
            "chart back and fetch again"
        )
    return "\n".join([*lines, f"Import it by: {found['import']}"])
