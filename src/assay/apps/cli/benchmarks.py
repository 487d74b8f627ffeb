"""`assay bench`: measure the paths of the platform, each beside its reference."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Annotated, Any

import typer

from assay.apps.cli.console import JsonOption, emit, progress
from assay.model.errors import DataError, InvariantError, OperatorError, UsageError
from assay.runtime.environment import child_environment, interpreter

ROOT = Path(__file__).resolve().parents[4]
NOT_BENCHES = frozenset({"__init__", "harness"})
ON_REQUEST = frozenset({"model_to_commit_steady"})
"""Too long to be among all."""
GROUPS = {
    "backtest": (
        "sweep", "sweep_parameters", "replay", "fill_cost", "submit_to_fill", "risk_check",
        "many_accounts", "bar_to_broker",
    ),
}  # fmt: skip
"""Benches that one name stands for."""
BENCH_SECONDS_MAX = 1_800

OutOption = Annotated[
    Path | None,
    typer.Option("--out", metavar="FILE", help="Also write the JSON of every bench to this file."),
]


def find_benches(root: Path = ROOT) -> dict[str, Path]:
    """Return the benches of this checkout by name; raise OperatorError where there is none."""
    folder = root / "benches"
    files = {path.stem: path for path in sorted(folder.glob("*.py"))}
    found = {name: path for name, path in files.items() if name not in NOT_BENCHES}
    if not found:
        raise OperatorError(f"{folder} has no benches; run `assay bench` from a source checkout")
    return found


def choose_benches(names: list[str], root: Path = ROOT) -> list[str]:
    """Return the named benches, those of a named group one by one, or all that are short.

    Raises UsageError naming those that exist.
    """
    found = find_benches(root)
    for name in names:
        if name not in found and name not in GROUPS:
            known = ", ".join([*GROUPS, *found])
            raise UsageError(f"bench {name!r} is unknown; there are {known}")
    chosen = [one for name in names for one in GROUPS.get(name, (name,))]
    return chosen or [name for name in found if name not in ON_REQUEST]


def measure_bench(name: str, root: Path = ROOT) -> dict[str, Any]:
    """Run one bench in a process of its own and return its figures."""
    done = subprocess.run(
        [interpreter(), "-m", "benches.harness", name],
        cwd=root,
        env=child_environment(),
        capture_output=True,
        text=True,
        timeout=BENCH_SECONDS_MAX,
        check=False,
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise InvariantError(f"bench {name} ended with {done.returncode}: {last[0]}")
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _number(value: float) -> str:
    if value >= 1_000_000:
        return f"{value / 1e6:.2f}M"
    if value >= 10_000:
        return f"{value / 1e3:.1f}k"
    return f"{value:.2f}"


def _row(figures: dict[str, Any]) -> tuple[str, ...]:
    subject, reference = figures["subject"], figures["reference"]
    is_rate = figures["figure"] == "rate"
    spread = subject["rate_spread" if is_rate else "p99_spread"]
    percentiles = " / ".join(
        f"{subject[key]:.1f}" for key in ("p50_us", "p95_us", "p99_us") if key in subject
    )
    return (
        figures["name"],
        f"{_number(subject['rate'])} {figures['items']}/s",
        percentiles,
        f"{spread:.0%}",
        f"{figures['ratio']:.3g} x {reference['what']}",
        _verdict(figures),
    )


def _verdict(figures: dict[str, Any]) -> str:
    floor, times = figures["floor"], figures.get("ratio_floor")
    asked = [] if floor is None else [_number(floor)]
    asked += [] if times is None else [f"{times:g} x"]
    return " and ".join(asked) + (" met" if figures["floor_met"] else " !") if asked else ""


def build_table(result: dict[str, Any]) -> object:
    """Lay the figures out as a table for people."""
    from rich.table import Table

    table = Table(title=f"assay bench, median of 7, commit {result['commit']}")
    for title in ("bench", "median", "p50 / p95 / p99 µs", "spread", "ratio", "floor"):
        table.add_column(title, overflow="fold")
    for figures in result["benches"]:
        table.add_row(*_row(figures))
    return table


def bench(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]...",
            help="Benches or groups of them (backtest); all short ones if none.",
        ),
    ] = None,
    as_json: JsonOption = False,
    out: OutOption = None,
    check: Annotated[bool, typer.Option("--check", help="Exit 3 when a floor is missed.")] = False,
) -> None:
    """Measure paths of the platform on one pinned core, beside a reference of the same run."""
    chosen = choose_benches(list(names or []))
    measured = []
    with progress("measuring", total=len(chosen), quiet=as_json) as bar:
        for name in chosen:
            bar.describe(name)
            measured.append(measure_bench(name))
            bar.advance()
    result = {"commit": measured[0]["commit"], "benches": measured}
    if out is not None:
        out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    emit(result, as_json, build_table)
    missed = [figures["name"] for figures in measured if not figures["floor_met"]]
    if check and missed:
        raise DataError(
            f"floor missed by {', '.join(missed)}; compare with the load of the machine"
        )


def register(app: typer.Typer) -> None:
    """Add `bench` to the command line."""
    app.command("bench", epilog="Example: assay bench backtest")(bench)
