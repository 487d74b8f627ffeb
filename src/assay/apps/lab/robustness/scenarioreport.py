"""The files of a regime scenario: its figures and its page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from assay.apps.lab.output import appearing_together
from assay.apps.lab.robustness.scenario import RegimeScenario
from assay.books.reports.montecarlo import ToldFan, draw_ends, draw_fan
from assay.books.reports.page import Page, Table, write_page
from assay.books.reports.wording import format_number


def write_scenario(found: RegimeScenario, told: dict[str, Any], out: Path) -> None:
    """Write scenario.json, report.html and its charts into a folder."""
    with appearing_together(out) as folder:
        (folder / "scenario.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
        write_page(describe_page(found, told), folder)


def describe_page(found: RegimeScenario, told: dict[str, Any]) -> Page:
    """Return the page of a regime scenario."""
    setup = found.course.setup
    currency, name = setup.account.currency, told["regime"].replace("_", " ")
    regime, every = told["in_regime"], told["in_every_bar"]
    fans = [
        draw_fan(ToldFan(
            name=key, heading=heading, says=says, fan=fan, currency=currency, times=found.times,
            came=found.came,
        ))
        for key, heading, says, fan in (
            ("regime", f"In bars of {name} alone",
             "Markets drawn in blocks from the bars of this regime. The gold line is what came in "
             "the bars that they replace.", found.regime),
            ("every", "In bars of every kind",
             "The same, drawn from all bars: what the regime is to be held against.", found.every),
        )
    ]  # fmt: skip
    return Page(
        kind="Assay regime scenario", title=f"{setup.strategy.name} on {setup.symbols[0]}: {name}",
        verdict=told["verdict"], shown=told["verdict"].startswith("Loss unlikely"),
        lead=f"{told['draws']:,} markets of {told['bars']:,} bars, from {told['regime_bars']:,} "
        f"bars of the regime among {told['settled_bars']:,}.",
        tiles=(
            ("Chance of a loss", _percent(regime["chance_of_loss"])),
            ("In every bar", _percent(every["chance_of_loss"])),
            ("Median drawdown", _percent(regime["drawdown"]["p50"])),
            ("Drawdown, worst of twenty", _percent(regime["drawdown"]["p95"])),
        ),
        charts=[fans[0], *draw_ends(found.regime, currency), fans[1]],
        tables=[_tabulate(name, regime, every)], figures=(),
        facts={param: str(value) for param, value in setup.params.items()},
        notes=(
            "A regime is known by the classifier, which was fitted on some of these bars or on "
            "others; a market never stays in one for as long as these do.",
        ),
    )  # fmt: skip


def _tabulate(name: str, regime: dict[str, Any], every: dict[str, Any]) -> Table:
    return Table(
        name="levels", heading="Where they end",
        columns=["Bars of", "Loss", "p5", "p25", "Median", "p75", "p95", "Median drawdown"],
        rows=[
            [label, _percent(fan["chance_of_loss"]),
             *(format_number(value, 0) for value in fan["final"].values()),
             _percent(fan["drawdown"]["p50"])]
            for label, fan in ((name, regime), ("every kind", every))
        ],
    )  # fmt: skip


def _percent(value: float) -> str:
    return format_number(100 * value, 1, unit=" %")
