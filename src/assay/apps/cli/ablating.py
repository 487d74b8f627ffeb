"""`assay models ablate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from assay.apps.cli.console import HomeOption, JsonOption, emit, fill_stages, progress
from assay.apps.config import Config
from assay.runtime.home import open_home
from assay.runtime.settings import load_settings


def _show(found: dict[str, Any]) -> object:
    from rich.console import Group
    from rich.table import Table

    table = Table("weights for each", box=None, pad_edge=False)
    for heading in ("gain, nats a row", "interval", ""):
        table.add_column(heading, justify="right")
    for name, each in found["variants"].items():
        table.add_row(
            name, _number(each["gain"]), f"{_number(each['low'])} to {_number(each['high'])}",
            "improves" if each["improves"] else "worse" if each["high"] < 0 else "not shown",
        )  # fmt: skip
    return Group(
        f"{found['model']}, combined by {found['combined_by']}: {found['rows']:,} calibration rows "
        f"in {found['blocks']:,} blocks, {found['from']} to {found['until']}; log loss without "
        f"regimes {found['log_loss']:.6f}",
        table,
    )


def _number(value: float) -> str:
    return f"{value:+.6f}".replace("-", "−")


def ablate(
    model: Annotated[str, typer.Argument(help="An ensemble, as `assay models list` names it.")],
    data: Annotated[
        list[Path], typer.Option("--data", help="Parquet file of bars it was taught; repeatable.")
    ],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say whether an ensemble would forecast better with weights of its own in each regime.

    On the calibration span, by purged folds: the log loss that is spared, paired row by row, with
    intervals that hold together in 95 of 100 cases.

    Example: assay models ablate ensemble-0123456789 --data eurusd_m1_2018.parquet
    """
    from assay.apps.lab.evaluation.ablation import AblationRequest, ablate_regimes

    place = open_home(home)
    request = AblationRequest(
        model=place.path / "models" / model, data=data, config=load_settings(Config, place).value
    )
    with progress("reading", 1.0, quiet=as_json) as bar:
        found = ablate_regimes(request, fill_stages(bar))
    emit(found, as_json, _show)
