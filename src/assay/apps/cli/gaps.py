"""`assay weekend-gaps`: how far markets open from where they closed, over weekends and holidays."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from assay.apps.cli.console import JsonOption, emit

DataOption = Annotated[
    list[Path] | None, typer.Option("--data", help="A Parquet file of bars or ticks; repeatable.")
]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("weekend-gaps")(gaps)


def gaps(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Measure the gaps over weekends, for [acts.weekend_gaps_bp] of config.toml.

    Example: assay weekend-gaps --data eurusd_h1.parquet
    """
    from assay.apps.lab.markets.gaps import measure_gaps

    emit({"gaps": measure_gaps(data or [])}, as_json, _table)


def _table(found: Mapping[str, Any]) -> str:
    return "\n".join(_word(row) for row in found["gaps"])


def _word(row: Mapping[str, Any]) -> str:
    if row["p99_bp"] is None and row["pauses"] >= row["needed"]:
        return f"{row['symbol']:<10} prices do not jump over {row['pauses']} pauses; take others"
    if row["p99_bp"] is None:
        return f"{row['symbol']:<10} {row['pauses']} pauses; {row['needed']} are needed to tell"
    return (
        f"{row['symbol']:<10} one in a hundred of {row['pauses']} is beyond "
        f"{row['p99_bp']:.2f} bp; median {row['median_bp']:.2f}, largest {row['largest_bp']:.2f}"
    )
