"""`assay patterns list` and `assay patterns scan`."""

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

NamesOption = Annotated[
    list[str] | None,
    typer.Option("--pattern", help="Only this one, by name; repeatable. Else all."),
]
PICTURE_BARS = 200

patterns = typer.Typer(
    no_args_is_help=True, help="Find patterns, and hold each against what became of its like."
)


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def _rate(row: dict[str, Any]) -> str:
    if not row["count"]:
        return "–"
    return f"{_percent(row['hit_rate'])} ({100 * row['low']:.0f}–{100 * row['high']:.0f})"


def _points(value: float | None) -> str:
    return "–" if value is None else f"{value:+,.1f}".replace("-", "−")


def _table(title: str, headings: str, rows: list[tuple[str, ...]]) -> Any:  # Any: Rich, when shown
    from rich.console import Group
    from rich.table import Table

    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim")
    for place, heading in enumerate(headings.split("|")):
        table.add_column(heading, justify="left" if place == 0 else "right", overflow="fold")
    for row in rows:
        table.add_row(*row)
    return Group("", title, table)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _show_list(result: dict[str, Any]) -> object:
    rows = [
        (each["pattern"], each["kind"], str(each["bars"]), ", ".join(each["sides"]),
         each["source"])
        for each in result["patterns"]
    ]  # fmt: skip
    return _table(f"{len(rows)} patterns", "name|kind|bars|says|after", rows)


def _show(found: dict[str, Any]) -> object:
    from rich.console import Group

    before = f", {found['bars_before']:,} before it as history" if found["bars_before"] else ""
    parts: list[Any] = [
        _verdict_line(found),
        f"{found['symbol']} {found['timeframe']}: {found['occurrences']:,} patterns in "
        f"{found['bars']:,} bars, {found['from']} to {found['until']}{before}; "
        f"{found['seconds']:.1f} s",
        f"trials before this one on this instrument and time: {found['trials_before']:,}",
        _verdicts_table(found),
        _patterns_table(found),
    ]
    if found["last"]:
        parts.append(_last_table(found))
    if "latency_us" in found:
        told = ", ".join(f"{name} {value:,.0f} µs" for name, value in found["latency_us"].items())
        parts += ["", f"A bar, from message to verdicts: {told}"]
    return Group(*parts)


def _verdict_line(found: dict[str, Any]) -> str:
    confirmed = found["verdicts"][0]
    if not confirmed["count"]:
        return "No pattern was confirmed and is over: nothing can be said of confirmed ones"
    words = "better than" if confirmed["low"] > confirmed["chance"] else "no better than"
    net = confirmed["net_points"]
    cost = "more" if net > 0 else "less"
    return (
        f"Confirmed patterns came true {words} chance: {_rate(confirmed)} of "
        f"{confirmed['count']:,}, chance {_percent(confirmed['chance'])}; on average they moved "
        f"{cost} than the spread ({_points(net)} points)"
    )


def _verdicts_table(found: dict[str, Any]) -> Any:
    rows = [
        (each["verdict"], f"{each['found']:,}", f"{each['count']:,}", _rate(each),
         _percent(each["chance"]), _points(each["net_points"]))
        for each in found["verdicts"]
    ]  # fmt: skip
    title = f"What came of verdicts, {found['horizon']} bars later"
    return _table(title, "verdict|found|apart|hits (95 %)|chance|net points", rows)


def _patterns_table(found: dict[str, Any]) -> Any:
    rows = [
        (f"{_words(each['pattern'])} {each['side']}", f"{each['found']:,}", f"{each['count']:,}",
         _rate(each), _percent(each["chance"]), _percent(each["confidence"]),
         _points(each["net_points"]))
        for each in found["patterns"]
        if each["found"]
    ]  # fmt: skip
    title = "What came of patterns"
    return _table(title, "pattern|found|apart|hits (95 %)|chance|confidence|net points", rows)


def _last_table(found: dict[str, Any]) -> Any:
    rows = [
        (each["time"][:16].replace("T", " "), f"{_words(each['pattern'])} {each['side']}",
         _rate(each["history"]), _rate(each["neighbours"]), _percent(each["confidence"]),
         each["verdict"], _points(each["came_points"]))
        for each in found["last"]
    ]  # fmt: skip
    return _table(
        "The last, by what was known at their close",
        "close|pattern|its history|neighbours|confidence|verdict|came", rows,
    )  # fmt: skip


@patterns.command("list")
def list_(names: NamesOption = None, as_json: JsonOption = False) -> None:
    """List the patterns, what each says and who described it.

    Example: assay patterns list --pattern hammer
    """
    from assay.apps.lab.markets.patterns import list_patterns

    emit({"patterns": list_patterns(names or ())}, as_json, _show_list)


@patterns.command("scan")
def scan_(
    data: Annotated[Path, typer.Option("--data", help="Parquet file of bars.")],
    names: NamesOption = None,
    horizon: Annotated[
        int, typer.Option("--horizon", help="Bars that a foretold move has, 1 to 1000.")
    ] = 12,
    confidence: Annotated[
        float,
        typer.Option(
            "--confidence",
            help="Probability of being better than chance from which a pattern is confirmed.",
        ),
    ] = 0.7,
    neighbours: Annotated[
        int, typer.Option("--neighbours", help="Nearest shapes that are asked, 30 to 1000.")
    ] = 50,
    start: Annotated[
        str | None,
        typer.Option("--from", help="First bar of the figures; those before it are history."),
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="First bar not to read.")] = None,
    last: Annotated[
        int, typer.Option("--last", min=0, help="Occurrences that are listed, the last ones.")
    ] = 10,
    live: Annotated[
        bool, typer.Option("--live", help="Bar by bar, as live, and timed; the same answers.")
    ] = False,
    store: Annotated[
        str,
        typer.Option(
            "--store",
            help="Where shapes are kept: memory (all compared) or postgres (by pgvector's index).",
        ),
    ] = "memory",
    report: Annotated[
        Path | None,
        typer.Option("--report", help="Folder for patterns.svg, .json and occurrences.parquet."),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find patterns in a file of bars and judge each by what was known at its close.

    Confirmed is one whose own history and nearest shapes both were better than chance, as surely as
    --confidence; unknown one of which too little is known. Counted as a trial.

    Example: assay patterns scan --data eurusd_h1_2010_2021.parquet --horizon 12 --report seen
    """
    from assay.apps.lab.markets.patterns import (
        PatternsRequest,
        describe,
        judge_patterns,
        write_report,
    )
    from assay.apps.lab.markets.shapes import choose_shapes
    from assay.books.trials import TrialLedger
    from assay.signals.recognition import Terms

    place = open_home(home or default_home())
    request = PatternsRequest(
        data=data, names=names or (), start=parse_time(start) if start else None,
        end=parse_time(end) if end else None, live=live, shapes=choose_shapes(store, place),
        terms=Terms(horizon=horizon, threshold=confidence, neighbours=neighbours),
        config=load_settings(Config, place).value, trials=TrialLedger(place),
    )  # fmt: skip
    with progress("reading", 1.0, quiet=as_json) as bar:
        judged = judge_patterns(request, fill_stages(bar))
    if report:
        write_report(judged, report, PICTURE_BARS)
    emit(judged.figures | {"last": describe(judged, last)}, as_json, _show)


def register(app: typer.Typer) -> None:
    """Add `patterns` to the command line."""
    app.add_typer(patterns, name="patterns")
