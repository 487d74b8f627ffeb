"""`assay twin`: a day that was traded beside the same day run again, and why they differ."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.apps.cli.console import HomeOption, JsonOption, emit, progress
from assay.runtime.home import Home, open_home

if TYPE_CHECKING:
    from assay.apps.lab.twins.daily import Appraisal

EXIT_ABOVE = 3


def twin(
    run: Annotated[
        int | None, typer.Option("--run", help="Of this run of the home; else the newest.")
    ] = None,
    day: Annotated[
        str | None, typer.Option("--day", help="The account's day, as 2024-03-05; else the last.")
    ] = None,
    bound: Annotated[
        float | None,
        typer.Option("--bound", min=0.0, help="Share of equity that the gap may be; else [twin]."),
    ] = None,
    data: Annotated[
        list[Path] | None,
        typer.Option("--data", help="Ticks recorded beside the platform, which the twin gets."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for the report; else one of the home.")
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run a day again without its venue and split the gap by cause: exit 3 above the bound.

    Example: assay twin --day 2024-03-05
    """
    from assay.apps.lab.twins.daily import FOLDER, TwinRequest, appraise_day, tell_appraisal
    from assay.apps.lab.twins.report import write_twin

    place = open_home(home)
    request = TwinRequest(home=place, run=run, day=day, data=data or (), bound=bound)
    with progress("running the day again", quiet=as_json):
        found = appraise_day(request)
    told = tell_appraisal(found)
    target = out or place.folder(FOLDER) / f"{found.run}-{found.day}"
    told["files"] = write_twin(told, target)
    told["recorded"] = found.rerun.is_over and _record(place, found)
    emit(told, as_json, _lines)
    if found.is_above:
        raise typer.Exit(EXIT_ABOVE)


def _record(home: Home, found: Appraisal) -> bool:
    """Let a running platform record a whole day that nobody has appraised yet."""
    from assay.apps.twin.acting import is_recorded, record_appraisal

    if not home.is_locked("up") or is_recorded(home, found.run, found.day):
        return False
    record_appraisal(home, found, paused=False)
    return True


def _lines(told: dict[str, Any]) -> str:
    currency = told["currency"]
    lines = [
        f"{told['account']} on {told['day']} (run {told['run']}, {told['strategy']}): earned "
        f"{told['live']:+,.2f} {currency}, its twin {told['twin']:+,.2f}, gap {told['gap']:+,.2f}",
        f"{'cause':<12}  {currency:>12}  {'share':>7}  {'orders':>6}",
    ]
    lines += [
        f"{one['cause']:<12}  {one['amount']:>+12,.2f}  {one['share']:>7.1%}  {one['orders']:>6,}"
        for one in told["causes"]
    ]
    word = "above" if told["above"] else "within"
    lines.append(
        f"{told['share']:.3%} of equity, {word} the bound of {told['bound']:.3%}"
        + ("" if told["is_over"] else "; the day goes on yet")
    )
    return "\n".join([*lines, *told["files"]])


def register(app: typer.Typer) -> None:
    """Add `twin` to the command line."""
    app.command("twin")(twin)
