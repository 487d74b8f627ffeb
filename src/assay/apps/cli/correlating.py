"""`assay correlations`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from assay.apps.cli.console import HomeOption, JsonOption, emit, progress
from assay.model.time import Timeframe, parse_time

STAGES = 4
"""Of one timeframe; reading the files is one more."""
LEADS_SHOWN = 8
ALERTS_SHOWN = 12


def read_timeframes(given: list[str] | None) -> tuple[Timeframe, ...]:
    """Read lengths given one by one or joined by commas."""
    words = [word for text in given or () for word in text.split(",")]
    return tuple(Timeframe.parse(word.strip()) for word in words)


def _number(value: float | None, digits: int = 2) -> str:
    return "–" if value is None else f"{value:.{digits}f}".replace("-", "−")


def _span(low: float | None, high: float | None) -> str:
    return f"{_number(low)} to {_number(high)}"


def _minute(moment: str | None) -> str:
    return "" if moment is None else moment[:16].replace("T", " ")


def _table(title: str, names: str, rows: list[tuple[str, ...]]) -> Any:  # Any: Rich, when shown
    from rich.console import Group
    from rich.table import Table

    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim")
    for place, name in enumerate(names.split("|")):
        table.add_column(name, justify="left" if place == 0 else "right", overflow="fold")
    for row in rows:
        table.add_row(*row)
    return Group("", title, table)


def _head(found: dict[str, Any]) -> str:
    coverage, dollar = found["coverage"], found["dollar"]
    missed = ", ".join(f"{name} {count:,}" for name, count in coverage["absent"].items())
    early = {name: count for name, count in coverage["early"].items() if count}
    lines = [
        f"{found['timeframe']}: {found['returns']:,} returns, {found['first']} to {found['last']}",
        f"{coverage['shared']:,} of {coverage['closes']:,} closes shared; absent: {missed}; left "
        f"out: {coverage['after_absence']:,} returns beside an absence, "
        f"{coverage['after_pause']:,} over a pause",
    ]
    if early:
        told = ", ".join(f"{name} {count:,}" for name, count in early.items())
        lines.append(f"bars whose last price is older than their close: {told}")
    lines.append(
        {
            "index": f"dollar: the index {dollar['symbol']}",
            "proxy": f"dollar: {dollar['symbol']}, a proxy of five pairs (no SEK)",
            "none": f"dollar: none; a proxy needs {', '.join(dollar['absent'])} too",
        }[dollar["kind"]]
    )
    return "\n".join(lines)


def _matrix_title(found: dict[str, Any]) -> str:
    length = (
        f"half-life {found['half_life']:g}"
        if found["method"] == "ewm"
        else f"window {found['window']:,}"
    )
    intensity = found["shrinkage_intensity"]
    drawn = "" if intensity is None else f", {100 * intensity:.1f} % towards {found['target']}"
    return f"Correlation at the last bar ({found['method']}, {length}{drawn})"


def _tables(found: dict[str, Any]) -> list[Any]:
    names = found["symbols"]
    matrix = [
        (name, *map(_number, row)) for name, row in zip(names, found["correlation"], strict=True)
    ]
    shown = [_table(_matrix_title(found), "|".join(["", *names]), matrix)]
    if found["exposures"]:
        rows = [
            (each["symbol"], _number(each["beta"]), _span(each["low"], each["high"]),
             _number(each["explained"]))
            for each in found["exposures"]
        ]  # fmt: skip
        title = f"Beta to the dollar ({found['dollar']['kind']})"
        shown.append(_table(title, "|beta|95 %|explained", rows))
    shown.append(_stability_table(found))
    return [*shown, *_lead_tables(found), *_alert_tables(found), *_graph_tables(found)]


def _stability_table(found: dict[str, Any]) -> Any:
    rows = [
        (" ".join(each["pair"]), _number(each["whole"]["correlation"]),
         _span(each["whole"]["low"], each["whole"]["high"]),
         f"{each['whole']['effective_n']:,.0f}",
         f"{_number(each['first']['correlation'])} → {_number(each['second']['correlation'])}",
         "moved" if each["moved"] else "", _number(each["restlessness"], 1))
        for each in found["stability"]
    ]  # fmt: skip
    return _table("Stability over all bars", "|all|95 %|effective n|halves||restless", rows)


def _lead_tables(found: dict[str, Any]) -> list[Any]:
    tests = found["lead_lag"]["tests"]
    if not tests:
        return ["", f"Lead and lag: {found['lead_lag']['rows']} rows without a gap are too few"]
    strongest = sorted(tests, key=lambda each: (not each["leads"], -abs(each["partial"] or 0)))
    leads = [each for each in strongest if each["leads"]]
    rows = [
        (f"{each['leader']} → {each['follower']}", str(each["lag"]), _number(each["cross"], 3),
         _number(each["partial"], 3), f"{_number(each['low'], 3)} to {_number(each['high'], 3)}",
         "leads" if each["leads"] else "")
        for each in strongest[:LEADS_SHOWN]
    ]  # fmt: skip
    title = f"Lead and lag: {len(leads)} of {len(tests)} tests beyond chance, the strongest"
    return [_table(title, "|bars|plain|beside own past|corrected 95 %|", rows)]


def _alert_tables(found: dict[str, Any]) -> list[Any]:
    alerts = found["alerts"]
    if not found["watched_from"]:
        return ["", "Alerts: none; no pair has a past of ten windows, give more bars"]
    if not alerts:
        return ["", f"Alerts: none since {_minute(found['watched_from'])}"]
    rows = [
        (" ".join(each["pair"]), _minute(each["start"]), _minute(each["end"]), each["outcome"],
         _number(each["usual"]), _number(each["became"]))
        for each in alerts[-ALERTS_SHOWN:]
    ]  # fmt: skip
    title = f"Alerts: {len(alerts)} in all" + (", the last" if len(alerts) > len(rows) else "")
    return [_table(title, "|from|to|outcome|usual|became", rows)]


def _graph_tables(found: dict[str, Any]) -> list[Any]:
    graph = found["graph"]
    if graph["collinear"]:
        return ["", "Dependencies: none, one instrument is a sum of others or never moves"]
    rows = [
        (" ".join(each["pair"]), _number(each["partial"]), _span(each["low"], each["high"]))
        for each in sorted(graph["edges"], key=lambda each: -abs(each["partial"]))
        if each["holds"]
    ]
    tree = ", ".join("–".join(each["pair"]) for each in graph["tree"])
    left_out = ", ".join(graph["edges_leave_out"])
    title = "Dependencies beside all others" + (f", without {left_out}" if left_out else "")
    return [_table(title, "|partial|corrected 95 %", rows), "", f"Tree: {tree}"]


def _show(result: dict[str, Any]) -> object:
    from rich.console import Group

    parts: list[Any] = []
    for found in result["timeframes"]:
        parts += [_head(found), *_tables(found), ""]
    if result["files"]:
        parts.append("\n".join(result["files"]))
    return Group(*parts)


def correlations(
    data: Annotated[
        list[Path], typer.Option("--data", help="Parquet file of bars of one symbol; repeatable.")
    ],
    timeframe: Annotated[
        list[str] | None,
        typer.Option(
            "--timeframe", help="M5,H1 or repeated: the bars of the files made longer; else as is."
        ),
    ] = None,
    method: Annotated[
        str,
        typer.Option(
            "--method",
            help="rolling; ewm: exponentially weighted; shrinkage: Ledoit-Wolf of the window.",
        ),
    ] = "rolling",
    window: Annotated[int, typer.Option("--window", help="Bars that are looked back on.")] = 500,
    half_life: Annotated[
        float, typer.Option("--half-life", help="Bars after which a weight has halved (ewm).")
    ] = 125.0,
    target: Annotated[
        str,
        typer.Option("--target", help="Of shrinkage: constant (one correlation) or identity."),
    ] = "constant",
    lags: Annotated[
        int, typer.Option("--lags", min=1, max=100, help="Most bars that one leads another by.")
    ] = 5,
    start: Annotated[str | None, typer.Option("--from", help="First close to look at.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="First close not to look at.")] = None,
    report: Annotated[
        Path | None, typer.Option("--report", help="Folder for charts, graph and JSON.")
    ] = None,
    home: HomeOption = None,  # noqa: ARG001  every command takes it; this one needs no home
    as_json: JsonOption = False,
) -> None:
    """Say how instruments move together, how sure that is, who leads, and what broke.

    Matrix and dollar exposure are those of the last bar; the rest is of all bars given.

    Example: assay correlations --data eurusd_m1_2018.parquet --data xauusd_m1_2018.parquet
    --timeframe M5,H1 --report runs/correlations
    """
    from assay.apps.lab.markets.correlationreport import write_correlation_report
    from assay.apps.lab.markets.correlations import (
        CorrelationRequest,
        describe_correlations,
        find_correlations,
    )
    from assay.signals.correlation import Estimator

    request = CorrelationRequest(
        data=data, timeframes=read_timeframes(timeframe), lags=lags,
        estimator=Estimator(method, window, half_life, target),
        start=parse_time(start) if start else None, end=parse_time(end) if end else None,
    )  # fmt: skip
    total = 1 + STAGES * max(1, len(request.timeframes))
    with progress("reading", total, quiet=as_json) as bar:

        def tell(stage: str) -> None:
            bar.advance()
            bar.describe(stage)

        found = find_correlations(request, tell)
    files = write_correlation_report(found, report) if report else []
    emit(
        {"timeframes": [describe_correlations(each) for each in found], "files": files},
        as_json,
        _show,
    )


def register(app: typer.Typer) -> None:
    """Add `correlations` to the command line."""
    app.command("correlations")(correlations)
