"""`assay band`: is a live strategy still the one that the evidence is of."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from assay.apps.cli.console import HomeOption, JsonOption, emit
from assay.apps.cli.prop import take_run
from assay.apps.config import Config
from assay.runtime.home import open_home
from assay.runtime.settings import load_settings


def band(
    evidence: Annotated[Path, typer.Option("--evidence", help="Folder of a run out of sample.")],
    live: Annotated[
        Path | None, typer.Option("--live", help="Folder of the run to hold to it; else the home.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the chart.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draw the band that a strategy's days allow, and say when a live run fell out of it.

    The live run is a folder's, else that of the platform in the home.

    Example: assay band --evidence runs/tested --live runs/live --out runs/band
    """
    from assay.apps.lab.risk.band import BandRequest, hold_to_band
    from assay.apps.lab.risk.recorded import read_run

    place = open_home(home)
    config = load_settings(Config, place).value
    request = BandRequest(
        evidence=read_run(evidence), live=take_run(live, place, config), out=out
    )  # fmt: skip
    emit(hold_to_band(request), as_json, _lines)


def _lines(found: dict[str, Any]) -> str:
    lines = [
        f"after {found['days']} days: profit {found['profit']:,.2f}, expected "
        f"{found['expected']:,.2f}, band {found['lower']:,.2f} to {found['upper']:,.2f}"
    ]
    lines += [
        f"{one['at']} (day {one['day']}): size {one['size']:g}; {one['reason']}"
        for one in found["verdicts"]
    ]
    if not found["verdicts"]:
        lines.append(f"inside all the time; e-value {found['e_value']:.3g}")
    return "\n".join(lines)


def register(app: typer.Typer) -> None:
    """Add `band` to the command line."""
    app.command("band")(band)
