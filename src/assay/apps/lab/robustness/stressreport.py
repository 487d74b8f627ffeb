"""The files of a stress: its figures and its page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from assay.apps.lab.output import appearing_together
from assay.apps.lab.robustness.shocks import SHOCKS
from assay.apps.lab.robustness.stress import StressedRun
from assay.books.reports.page import Page, Table, write_page
from assay.books.reports.stress import draw_damages, draw_paths
from assay.books.reports.wording import format_number

SHOWN = 60
PATH_POINTS = 400


def write_stress(found: StressedRun, told: dict[str, Any], out: Path) -> None:
    """Write stress.json, report.html and its charts into a folder."""
    with appearing_together(out) as folder:
        (folder / "stress.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
        write_page(describe_page(found, told), folder)


def describe_page(found: StressedRun, told: dict[str, Any]) -> Page:
    """Return the page of a stress."""
    setup = found.course.setup
    struck = told["shocks"]
    worst = max(one["worst"] for one in struck)
    return Page(
        kind="Assay stress", title=f"{setup.strategy.name} on {', '.join(setup.symbols)}",
        verdict=told["verdict"], shown=told["verdict"].startswith("Survives"),
        lead=f"{len(found.struck):,} strikes at {told['symbol']}, each watched for "
        f"{told['days']} days; direction: {told['direction']}, size x {told['scale']:g}.",
        tiles=(
            ("Worst strike takes", _percent(worst)),
            ("Stopped out", f"{sum(one['stopped_out'] for one in struck)} of {len(found.struck)}"),
            ("No equity left",
             f"{sum(one['no_equity_left'] for one in struck)} of {len(found.struck)}"),
            ("Shocks", str(len(struck))),
        ),
        charts=[draw_paths(_paths(told)), draw_damages(_damages(found))],
        tables=[_tabulate_shocks(told), _tabulate_strikes(told)], figures=(),
        facts={f"{one['shock']} ({one['when']} UTC)": one["source"] for one in struck},
        notes=(
            "A shock is there at the open of a bar: stops and targets between the last price and "
            "that open fill at the open. Brokers did worse: some quoted nothing for minutes.",
        ),
    )  # fmt: skip


def _paths(told: dict[str, Any]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    found = {}
    for one in told["shocks"]:
        shock = SHOCKS[one["shock"]]
        minutes = np.linspace(0, shock.times[-1] + 60, PATH_POINTS)
        found[shock.name] = minutes, 100 * told["scale"] * shock.move(minutes)
    return found


def _damages(found: StressedRun) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = {}
    for one in found.struck:
        taken.setdefault(one.shock, []).append(100 * one.damage)
    return taken


def _tabulate_shocks(told: dict[str, Any]) -> Table:
    return Table(
        name="shocks", heading="By shock",
        columns=["Shock", "Strikes", "Median taken", "Worst", "Mildest", "Stopped out",
                 "No equity left"],
        rows=[
            [one["shock"], str(one["strikes"]), _percent(one["median"]), _percent(one["worst"]),
             _percent(one["mildest"]), str(one["stopped_out"]), str(one["no_equity_left"])]
            for one in told["shocks"]
        ],
    )  # fmt: skip


def _tabulate_strikes(told: dict[str, Any]) -> Table:
    worst = sorted(told["strikes"], key=lambda one: -one["damage"])[:SHOWN]
    return Table(
        name="strikes", heading=f"The {len(worst)} worst of {len(told['strikes'])} strikes",
        columns=["At, UTC", "Shock", "Held", "Price", "Equity before", "After", "Without it",
                 "Lowest", "Taken"],
        rows=[
            [one["at"][:16].replace("T", " "), one["shock"], format_number(one["held"], 0),
             "rises" if one["rises"] else "falls", format_number(one["before"], 0),
             format_number(one["after"], 0), format_number(one["without"], 0),
             format_number(one["lowest"], 0), _percent(one["damage"])]
            for one in worst
        ],
    )  # fmt: skip


def _percent(value: float) -> str:
    return format_number(100 * value, 2, unit=" %")
