"""`assay trials`: who looked at which market, how often, and what that leaves of a result."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from assay.apps.cli.console import HomeOption, JsonOption, emit, progress
from assay.apps.cli.sealed import AuditOption, CheckpointOption, KeyOption, verify_ledger
from assay.model.errors import UsageError
from assay.model.time import format_time
from assay.runtime.home import open_home

SymbolOption = Annotated[
    list[str] | None,
    typer.Option("--symbol", help="Only trials that touched it; repeatable.", show_default=False),
]


def show(symbol: SymbolOption = None, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List every trial: when, who, which command, instruments, time, strategy, Sharpe ratio.

    Example: assay trials list --symbol EURUSD
    """
    from assay.books.analytics.performance import TRADING_DAYS
    from assay.books.trials import Outcome, Trial, TrialLedger

    found = TrialLedger(open_home(home)).read()
    wanted = {one.upper() for one in symbol or ()}
    outcomes = {line.trial: line for line in found.lines if isinstance(line, Outcome)}
    rows = []
    for line in found.lines:
        if not isinstance(line, Trial) or (wanted and not wanted & set(line.symbols)):
            continue
        came = outcomes.get(line.number)
        sharpe = came.sharpe if came else None
        rows.append(
            {
                "line": line.number, "at": format_time(line.at), "kind": line.kind,
                "who": line.who, "symbols": line.symbols, "from": format_time(line.start),
                "to": format_time(line.end), "strategy": line.strategy,
                "parameters": line.parameters, "data": line.data,
                "sharpe": None if sharpe is None else sharpe * TRADING_DAYS**0.5,
                "days": came.days if came else None,
            }
        )  # fmt: skip
    emit({"trials": rows, "count": len(rows), "lines": len(found.lines)}, as_json, _table)


def _table(found: dict[str, Any]) -> str:
    head = ("line", "at", "kind", "who", "from", "to", "Sharpe", "strategy", "symbols")
    rows = [head] + [
        (
            str(row["line"]), row["at"][:16].replace("T", " "), row["kind"], row["who"],
            row["from"][:10], row["to"][:10],
            "-" if row["sharpe"] is None else f"{row['sharpe']:.2f}", row["strategy"],
            " ".join(row["symbols"]),
        )
        for row in found["trials"]
    ]  # fmt: skip
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            text.rjust(width) if name in ("line", "Sharpe") else text.ljust(width)
            for name, text, width in zip(head, row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]
    return "\n".join([*lines, f"{found['count']:,} trials"])


def verify(
    home: HomeOption = None,
    as_json: JsonOption = False,
    public_key: KeyOption = None,
    checkpoint: CheckpointOption = None,
    audit: AuditOption = False,
) -> None:
    """Verify every line of the trial ledger against its chain and its signed head.

    Exit 3 where a line was changed, removed, moved or cut off, and the first bad one is named. With
    --audit, PostgreSQL is started where it does not run.

    Example: assay trials verify --json
    """
    import msgspec

    from assay.books.chained import require_whole
    from assay.books.trials import TRIALS
    from assay.books.trials.reading import describe

    found = verify_ledger(TRIALS, open_home(home), public_key, checkpoint or (), audit=audit)
    report = describe(found).report
    emit(msgspec.to_builtins(report), as_json, _describe)
    require_whole(TRIALS, found)


def _describe(report: dict[str, Any]) -> str:
    verdict = (
        f"the trial ledger holds; keep {report['lines']}:{report['hash']} elsewhere"
        if report["ok"]
        else f"the trial ledger does NOT hold at line {report['first_bad']}: {report['reason']}"
    )
    return f"{report['trials']:,} trials on {report['lines']:,} lines: {verdict}"


def compare(
    runs: Annotated[
        list[Path], typer.Argument(help="Folders that `assay backtest --out` wrote; two or more.")
    ],
    splits: Annotated[
        int, typer.Option("--splits", min=4, max=16, help="Blocks of days for overfitting; even.")
    ] = 16,
    block: Annotated[
        float, typer.Option("--block", min=1.0, help="Mean days of a resampled block.")
    ] = 5.0,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of what is resampled.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Say how likely the best of several runs was chosen by luck, and whether it beats being flat.

    Over the days that all runs have: the Sharpe ratio of each with its robust error, the
    probability of backtest overfitting with a 90 % interval, and Hansen's test of superior
    predictive ability. Neither decides anything alone.

    Example: assay trials compare runs/fast runs/slow runs/slower
    """
    from assay.apps.lab.backtests.comparison import ComparisonRequest, compare_runs

    if splits % 2:
        raise UsageError(f"--splits {splits} is odd; half of the blocks are chosen, so give 16")
    request = ComparisonRequest(runs=runs, splits=splits, block=block, seed=seed)
    with progress("resampling", quiet=as_json):
        found = compare_runs(request)
    emit(found, as_json, _compared)


def _compared(found: dict[str, Any]) -> str:
    width = max(len(row["run"]) for row in found["runs"])
    lines = [f"{'run':<{width}}  {'Sharpe':>8}  {'error':>8}  {'return':>9}"]
    for row in found["runs"]:
        sharpe, error = (
            "-" if row[name] is None else f"{row[name]:.2f}" for name in ("sharpe", "sharpe_error")
        )
        lines.append(f"{row['run']:<{width}}  {sharpe:>8}  {error:>8}  {row['return']:>9.2%}")
    spa = found["superiority"]
    over = found["overfitting"]
    return "\n".join(
        [
            *lines,
            f"{found['days']:,} days in common; best run {found['best']}",
            f"probability of overfitting {over['probability']:.1%} "
            f"(90 % interval {over['lower']:.1%} to {over['upper']:.1%})",
            f"superior to being flat: p = {spa['p']:.3f} "
            f"(between {spa['lower']:.3f} and {spa['upper']:.3f})",
        ]
    )


def register(app: typer.Typer) -> None:
    """Add `trials list`, `trials verify` and `trials compare` to the command line."""
    trials = typer.Typer(no_args_is_help=True, help="See and verify who tried what, and how often.")
    trials.command("list")(show)
    trials.command("verify")(verify)
    trials.command("compare")(compare)
    app.add_typer(trials, name="trials")
