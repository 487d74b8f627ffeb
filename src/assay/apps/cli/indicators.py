"""`assay indicators`: what features are made from, the program's and one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from assay.apps.cli.console import HomeOption, JsonOption, emit, note
from assay.apps.cli.features import TenantOption
from assay.runtime.environment import default_home
from assay.runtime.home import open_home

SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", help="Parameter as name=value; repeatable. Else its default."),
]

indicators = typer.Typer(no_args_is_help=True, help="List indicators, and check one's own.")


@indicators.command("list")
def show_all(
    tenant: TenantOption = "local", home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """List every indicator with its parameters and outputs; one's own are checked.

    Example: assay indicators list
    """
    from assay.apps.lab.models.featuresets import Shelf, list_indicators

    shelf = Shelf(open_home(home or default_home()), tenant, None if as_json else note)
    emit({"indicators": list_indicators(shelf)}, as_json, _show_list)


def _show_list(found: dict[str, Any]) -> str:
    return "\n".join(_line(row) for row in found["indicators"])


def _line(row: dict[str, Any]) -> str:
    if row["fault"] is not None:
        return f"{row['indicator']:<26} {row['fault']}"
    given = ", ".join(f"{name} {value:g}" for name, value in row["parameters"].items())
    own = "" if row["file"] is None else f"  ({row['file']})"
    return f"{row['indicator']:<26} {', '.join(row['outputs'])}  [{given or 'none'}]{own}"


@indicators.command("check")
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Python file of an indicator.")],
    given: SetOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check an indicator in a process of its own; name the first check that it breaks.

    Example: assay indicators check swing.py --set period=50
    """
    from assay.apps.lab.models.featuresets import Shelf, read_source

    shelf = Shelf(open_home(home or default_home()), tell=None if as_json else note)
    found = shelf.check(file.stem, read_source(file), _read_given(given or []))
    told = {
        "indicator": found.name, "sha256": found.source_sha256, "given": found.given,
        "bar_us": round(found.bar, 2), "fault": None,
    }  # fmt: skip
    emit(told, as_json, _show)


def _read_given(texts: list[str]) -> dict[str, float]:
    from assay.model.errors import UsageError

    given = {}
    for text in texts:
        name, _, value = text.partition("=")
        try:
            given[name] = float(value)
        except ValueError:
            raise UsageError(f"--set {text!r} is no name=number; write period=50") from None
    return given


def _show(told: dict[str, Any]) -> str:
    return (
        f"indicator {told['indicator']} holds: {told['bar_us']:,.1f} us a bar at the 99th "
        f"percentile, source {told['sha256'][:12]}"
    )


def register(app: typer.Typer) -> None:
    """Add `indicators list` and `check` to the command line."""
    app.add_typer(indicators, name="indicators")
