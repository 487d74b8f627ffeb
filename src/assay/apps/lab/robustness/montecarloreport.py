"""The files of a Monte Carlo: its figures and its page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from assay.apps.lab.output import appearing_together
from assay.apps.lab.robustness.montecarlo import MonteCarlo
from assay.books.reports.montecarlo import ToldFan, draw_ends, draw_fan, draw_stress
from assay.books.reports.page import Chart, Page, Table, write_page
from assay.books.reports.wording import format_number

WORDS = {
    "days": (
        "Days redrawn in blocks",
        "Daily returns drawn in blocks with replacement, so that what hangs together from day to "
        "day stays together. The gold line is what came: one history of many.",
    ),
    "trades": (
        "Trades redrawn",
        "As many closed trades drawn with replacement, each on its own. Where trades come in runs "
        "the true spread is wider.",
    ),
    "parameters": (
        "Parameters moved a little",
        "The same bars traded with parameters near the given ones. A narrow fan around what came "
        "speaks for a rule, a wide one says that the parameters were lucky.",
    ),
}


def write_montecarlo(found: MonteCarlo, told: dict[str, Any], out: Path, currency: str) -> None:
    """Write montecarlo.json, report.html and its charts into a folder."""
    with appearing_together(out) as folder:
        (folder / "montecarlo.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
        write_page(describe_page(found, told, currency), folder)


def describe_page(found: MonteCarlo, told: dict[str, Any], currency: str) -> Page:
    """Return the page of a Monte Carlo."""
    days = told["fans"]["days"]
    return Page(
        kind="Assay Monte Carlo", title=found.title, verdict=told["verdict"],
        shown=told["verdict"].startswith("Loss unlikely"),
        lead=f"{told['draws']:,} histories redrawn from {len(found.times):,} days and "
        f"{found.trades:,} trades, seed {told['seed']}.",
        tiles=(
            ("Chance of a loss", _percent(days["chance_of_loss"])),
            ("Final equity, 5 to 95 %",
             f"{_money(days['final']['p5'])} to {_money(days['final']['p95'])}"),
            ("Median drawdown", _percent(days["drawdown"]["p50"])),
            ("Drawdown, worst of twenty", _percent(days["drawdown"]["p95"])),
        ),
        charts=_draw(found, currency), tables=_tables(found, told), figures=(),
        facts={name: str(value) for name, value in found.params.items()},
        notes=(
            "Redrawn histories are made of what was: a market that never fell in these days does "
            "not fall in any of them. `assay stress` adds shocks that are not in the bars.",
            *(f"Left out: {why}." for why in found.missing),
        ),
    )  # fmt: skip


def _draw(found: MonteCarlo, currency: str) -> list[Chart]:
    charts = []
    for name, fan in found.fans.items():
        heading, says = WORDS[name]
        by_day = name != "trades"
        charts.append(draw_fan(ToldFan(
            name=name, heading=heading, says=says, fan=fan, currency=currency,
            times=found.times if by_day else None, came=found.equity if by_day else None,
        )))  # fmt: skip
        if name == "days":
            charts += draw_ends(fan, currency)
    rows = [(each.name, each.net) for each in found.stressed if each.net is not None]
    return [*charts, draw_stress(rows, currency)] if rows else charts


def _tables(found: MonteCarlo, told: dict[str, Any]) -> list[Table]:
    chances = Table(
        name="chances", heading="Chances",
        columns=["Histories", "Loss", *(
            f"> {100 * float(share):.0f} %" for share in told["fans"]["days"]["chance_of_fall"]
        ), "5 % end below", "Median", "5 % end above"],
        rows=[
            [WORDS[name][0], _percent(fan["chance_of_loss"]),
             *(_percent(chance) for chance in fan["chance_of_fall"].values()),
             *(_money(fan["final"][level]) for level in ("p5", "p50", "p95"))]
            for name, fan in told["fans"].items()
        ],
        says="How many of all histories end below their start, or once fall from a peak by more "
        "than so many percent; and what they end with.",
    )  # fmt: skip
    if not found.stressed:
        return [chances]
    stress = Table(
        name="scenarios", heading="Every scenario",
        columns=["Scenario", "Net", "Sharpe", "Drawdown", "Fills"],
        rows=[
            [each.name, "not measured" if each.net is None else _money(each.net),
             format_number(each.sharpe, 2), _percent(each.drawdown), format_number(each.fills, 0)]
            for each in found.stressed
        ],
        says=" ".join(f"{each.name}: {each.why}." for each in found.stressed if each.why),
    )  # fmt: skip
    return [chances, stress]


def _percent(value: float | None) -> str:
    return format_number(None if value is None else 100 * value, 1, unit=" %")


def _money(value: float) -> str:
    return format_number(value, 0)
