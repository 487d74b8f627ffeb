"""`assay regimes`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from assay.apps.cli.console import HomeOption, JsonOption, emit, fill_stages, progress
from assay.apps.config import Config
from assay.model.time import parse_time
from assay.runtime.environment import default_home
from assay.runtime.home import open_home
from assay.runtime.settings import load_settings

SUCCESSORS = 3


def _show(found: dict[str, Any]) -> object:
    from rich.console import Group

    fit, judged = found["fit"], found["judged"]
    return Group(
        f"{found['symbol']} {found['timeframe']}: fitted on {fit['bars']:,} bars until "
        f"{fit['until']}, judged on {judged['bars']:,} from {judged['from']} to "
        f"{judged['until']}; {found['seconds']:.1f} s",
        f"trials before this one on this instrument and time: {found['trials_before']:,}",
        _verdict(found),
        _regimes_table(found),
        _scores_table(found),
        _confusion_table(found),
        *([f"\nsaved as {found['saved']}"] if "saved" in found else []),
    )


def _verdict(found: dict[str, Any]) -> str:
    words = []
    for name, count in (("regimes", 12), ("cells", 9)):
        ours, last = found["ahead"][name]["f1"], found["last_confirmed"][name]["f1"]
        than = "better than" if ours > last else "no better than"
        words.append(f"of {count} {than} the last confirmed (macro F1 {ours:.3f}, {last:.3f})")
    return f"The next {found['ahead_bars']} bars are foretold {'; '.join(words)}"


def _regimes_table(found: dict[str, Any]) -> object:
    from rich.table import Table

    table = Table("regime", box=None, pad_edge=False)
    for heading in ("said", "came", "lasts"):
        table.add_column(heading, justify="right")
    table.add_column("then")
    for name, share in found["shares"].items():
        after = list(found["transitions"][name].items())[:SUCCESSORS]
        table.add_row(
            name.replace("_", " "), f"{100 * share:.1f} %",
            f"{100 * found['came_shares'][name]:.1f} %", f"{found['chain']['lasts'][name]:,.0f}",
            ", ".join(f"{each.replace('_', ' ')} {count}" for each, count in after),
        )  # fmt: skip
    return table


def _scores_table(found: dict[str, Any]) -> object:
    from rich.table import Table

    table = Table("\nagainst what came", box=None, pad_edge=False)
    for heading in ("F1 of 12", "right of 12", "F1 of 9", "right of 9"):
        table.add_column(heading, justify="right")
    rows = {
        "foretold by the forest": "ahead", "told by the filter": "now",
        "last confirmed": "last_confirmed",
    }  # fmt: skip
    for words, name in rows.items():
        scores = [found[name][kind] for kind in ("regimes", "cells")]
        cells = [text for each in scores for text in
                 (f"{each['f1']:.3f}", f"{100 * each['accuracy']:.1f} %")]  # fmt: skip
        table.add_row(words, *cells)
    return table


def _confusion_table(found: dict[str, Any]) -> object:
    from rich.table import Table

    confusion = found["cell_confusion"]
    table = Table("\ncame, foretold →", box=None, pad_edge=False)
    for number in range(len(confusion["cells"])):
        table.add_column(str(number + 1), justify="right")
    for number, (name, bars) in enumerate(zip(confusion["cells"], confusion["bars"], strict=True)):
        table.add_row(
            f"{number + 1} {name.replace('_', ' ')}", *(f"{count:,}" for count in bars)
        )  # fmt: skip
    return table


def regimes(
    data: Annotated[Path, typer.Option("--data", help="Parquet file of bars.")],
    fit_until: Annotated[
        str, typer.Option("--fit-until", help="Date that nothing fitted looks beyond.")
    ],
    fit_from: Annotated[
        str | None, typer.Option("--fit-from", help="First bar to fit on; else the first there is.")
    ] = None,
    start: Annotated[
        str | None, typer.Option("--from", help="First bar to judge; else --fit-until.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="First bar not to judge.")] = None,
    ahead: Annotated[
        int, typer.Option("--ahead", help="Bars that the labels look ahead, 12 to 240.")
    ] = 60,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the forest.")] = 1,
    report: Annotated[
        Path | None, typer.Option("--report", help="Folder for regimes.svg and regimes.json.")
    ] = None,
    save: Annotated[
        str | None,
        typer.Option("--save", help="Name under which the home keeps it for `assay up`."),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fit the twelve regimes of a market on its past, and judge them on the bars that follow.

    Example: assay regimes --data eurusd_m1_2018_2019.parquet --fit-until 2019-01-01 --report seen
    """
    from assay.apps.lab.markets.regimes import (
        RegimesRequest,
        judge_regimes,
        save_regimes,
        write_report,
    )
    from assay.books.trials import TrialLedger
    from assay.signals.regimes import place_of

    opened = open_home(home or default_home())
    if save:
        place_of(opened.path, save)
    request = RegimesRequest(
        data=data, fit_until=parse_time(fit_until),
        fit_from=parse_time(fit_from) if fit_from else None,
        start=parse_time(start) if start else None, end=parse_time(end) if end else None,
        ahead=ahead, seed=seed,
        config=load_settings(Config, opened).value, trials=TrialLedger(opened),
    )  # fmt: skip
    with progress("reading", 1.0, quiet=as_json) as bar:
        judged = judge_regimes(request, fill_stages(bar))
    if report:
        write_report(judged, report)
    if save:
        judged.figures["saved"] = str(save_regimes(judged, opened, save))
    emit(judged.figures, as_json, _show)


def register(app: typer.Typer) -> None:
    """Add `regimes` to the command line."""
    app.command("regimes")(regimes)
