"""`assay broker`: measure a broker on a demo account, and read what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.apps.cli.console import JsonOption, emit, fill_stages, note, progress

if TYPE_CHECKING:
    from assay.trading.exam.profiling import Measured

OutOption = Annotated[
    Path, typer.Option("--out", metavar="DIR", help="Folder of the exam; it goes on from there.")
]
NameOption = Annotated[str, typer.Option("--name", help="Name of the profile.")]
DEFAULT_OUT = Path("broker-exam")


def exam(
    symbols: Annotated[
        str, typer.Option("--symbols", help="The broker's names, such as EURUSD,GOLD.")
    ],
    terminal: Annotated[
        str, typer.Option("--terminal", help="mt5, or sim:ADDRESS of `assay mt5-sim`.")
    ] = "mt5",
    confirm: Annotated[
        int | None,
        typer.Option(
            "--confirm", metavar="LOGIN", help="The demo account to trade on; else only told."
        ),
    ] = None,
    orders: Annotated[int, typer.Option("--orders", min=1, help="Most orders that open.")] = 300,
    money: Annotated[
        str, typer.Option("--money", help="Most to lose, in the account's currency.")
    ] = "50",
    hours: Annotated[float, typer.Option("--hours", min=0.01, help="How long it takes.")] = 1.0,
    fine_lots: Annotated[
        float,
        typer.Option(
            "--fine-lots", min=0.0, help="Volume of the few orders that nights are watched with."
        ),
    ] = 0.0,
    history_days: Annotated[
        int, typer.Option("--history-days", min=0, help="Days of quotes to read for spreads.")
    ] = 28,
    name: NameOption = "measured",
    out: OutOption = DEFAULT_OUT,
    as_json: JsonOption = False,
) -> None:
    """Measure a broker on a demo account by orders of the smallest volume; write its profile.

    Without --confirm it says what it would do. One that was stopped goes on where it was.

    Example: assay broker exam --symbols EURUSD --confirm 5000001 --orders 300 --money 50
    """
    from assay.apps.cli.backtesting import read_decimal
    from assay.apps.edge.examining import sit_exam, tell_plan
    from assay.model.time import DAY, HOUR
    from assay.trading.exam.plan import ExamPlan

    plan = ExamPlan(
        symbols=tuple(dict.fromkeys(filter(None, (s.strip() for s in symbols.split(","))))),
        orders=orders, money=read_decimal(money, "--money") or 0, span=round(hours * HOUR),
        fine_lots=fine_lots, back=history_days * DAY,
    )  # fmt: skip
    told = tell_plan(terminal, plan)
    if confirm is None:
        emit(told, as_json, _plan_text)
        return
    note(_plan_text(told, is_armed=True))
    with progress("exam", 1.0, quiet=as_json) as bar:
        record = sit_exam(terminal, confirm, plan, out, fill_stages(bar))
    if record.open_tickets:
        left = ", ".join(map(str, record.open_tickets))
        note(f"still open or not yet told of: {left}; the same command closes what is the exam's")
    _write(out, name, as_json=as_json)


def report(
    name: NameOption = "measured", out: OutOption = DEFAULT_OUT, as_json: JsonOption = False
) -> None:
    """Write profile and report of an exam anew from its record.

    Example: assay broker report --out broker-exam
    """
    _write(out, name, as_json=as_json)


def _write(out: Path, name: str, *, as_json: bool) -> None:
    from assay.apps.edge.examining import PROFILE, write_measured

    measured = write_measured(out, name)
    told: dict[str, Any] = {"profile": str(out / PROFILE), "figures": len(measured.findings)}
    try:
        from assay.apps.lab.markets.examreport import write_exam

        write_exam(measured, out)
        told["report"] = str(out / "report.html")
    except ImportError as error:
        # Beside a terminal the program may stand without what draws.
        note(f"no report: {error}; run `assay broker report` where the platform is")
    told["unsure"] = [
        " ".join(filter(None, (each.symbol, each.name))) for each in measured.findings
        if not each.sure
    ]  # fmt: skip
    emit(told, as_json, lambda found: _measured_text(found, measured))


def _plan_text(told: Mapping[str, Any], *, is_armed: bool = False) -> str:
    lots = ", ".join(f"{lots:g} lots of {name}" for name, lots in told["lots"].items())
    fine = f" (nights with {told['fine_lots']:g} lots)" if told["fine_lots"] else ""
    text = (
        f"demo account {told['login']} at {told['server']}: at most {told['orders']:,} orders of "
        f"{lots}{fine}, each closed again, at most {told['money']:,.2f} {told['currency']} lost, "
        f"{told['hours']:g} hours"
    )
    return text if is_armed else f"{text}\nNothing was sent; --confirm {told['login']} starts it."


def _measured_text(told: Mapping[str, Any], measured: Measured) -> str:
    lines = []
    for each in measured.findings:
        if each.value is None:
            continue
        value = each.value if isinstance(each.value, str) else f"{each.value:.6g}"
        reach = "" if each.low is None else f"  ({each.low:.6g} to {each.high:.6g})"
        mark = "" if each.sure else f"  ? {each.note}"
        name = " ".join(filter(None, (each.symbol, each.name)))
        lines.append(f"{name:<44} {value} {each.unit}{reach}{mark}")
    lines.append(f"profile {told['profile']}")
    return "\n".join(lines)


def register(app: typer.Typer) -> None:
    """Add `broker` to the command line."""
    broker = typer.Typer(help="Measure a broker.", no_args_is_help=True)
    broker.command("exam")(exam)
    broker.command("report")(report)
    app.add_typer(broker, name="broker")
