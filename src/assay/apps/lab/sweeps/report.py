"""The files of a sweep: its table, its figures and its page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from assay.apps.lab.output import appearing_together
from assay.apps.lab.sweeps.store import FIGURES
from assay.apps.lab.sweeps.sweep import Swept, figure_of
from assay.apps.lab.sweeps.verdict import SKILL, JudgedSweep, describe_variant
from assay.books.analytics.deflated_sharpe import expected_maximum, period_sharpe
from assay.books.analytics.performance import TRADING_DAYS
from assay.books.reports.page import Page, Table, write_page
from assay.books.reports.sweep import SweepShape, draw_sweep
from assay.books.reports.wording import format_moment, format_number

ROWS_SHOWN = 25
TITLES = {"sharpe": "Sharpe ratio a year", "net": "Net profit", "calmar": "Calmar ratio"}
LABELS = {
    "net": "Net", "sharpe": "Sharpe", "drawdown": "Drawdown", "calmar": "Calmar",
    "orders": "Orders", "fills": "Fills", "denied": "Denied", "costs": "Costs",
}  # fmt: skip


def _inner(title: str) -> str:
    """Return a title inside a sentence: names of people keep their capital."""
    return title if title.startswith(("Sharpe", "Calmar")) else title.lower()


def table_of(swept: Swept) -> pa.Table:
    """Return a row a variant: its parameters and figures, money in whole currency."""
    digits = swept.course.setup.account.currency_digits
    told = [describe_variant(one, digits) for one in swept.found]
    columns: dict[str, Any] = {
        name: [variant[name] for variant in swept.variants] for name in swept.course.setup.params
    }
    columns |= {name: [one[name] for one in told] for name in FIGURES}
    return pa.table(columns)


def write_sweep(swept: Swept, judged: JudgedSweep, told: dict[str, Any], out: Path) -> None:
    """Write variants.parquet, sweep.json and, where any variant traded, report.html and charts."""
    with appearing_together(out) as folder:
        pq.write_table(table_of(swept), folder / "variants.parquet")
        (folder / "sweep.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
        if judged.best is not None:
            write_page(describe_page(swept, judged, told), folder)


def describe_page(swept: Swept, judged: JudgedSweep, told: dict[str, Any]) -> Page:
    """Return the page of a sweep of which some variant traded."""
    assert judged.best is not None
    setup, digits = swept.course.setup, swept.course.setup.account.currency_digits
    names, objective = swept.grid.names, swept.request.objective
    best = told["best"]
    chosen = ", ".join(f"{name} = {best['params'][name]}" for name in names)
    figures = np.array([_or_nan(figure_of(one, objective)) for one in swept.found])
    shape = SweepShape(
        names=names,
        values=np.array([[variant[name] for name in names] for variant in swept.variants]),
        figures=figures * (10.0**-digits if objective == "net" else 1.0), best=judged.best,
        objective=TITLES[objective], luck=_luck(swept) if objective == "sharpe" else np.nan,
    )  # fmt: skip
    times = swept.course.times
    return Page(
        kind="Assay sweep", title=f"{setup.strategy.name} on {', '.join(setup.symbols)}",
        verdict=told["verdict"], shown=(judged.deflated or 0.0) > SKILL,
        lead=f"{len(swept.variants):,} variants over {swept.course.bars:,} bars, "
        f"{format_moment(int(times[0]))[:10]} to {format_moment(int(times[-1]))[:10]}; "
        f"best by {_inner(TITLES[objective])}: {chosen}.",
        tiles=(
            (f"Best {_inner(TITLES[objective])}", _number(best[objective])),
            ("Median of all variants", _number(_scaled(judged.median, objective, digits))),
            ("Deflated Sharpe", _number(judged.deflated, 3)),
            ("Probability of overfitting",
             _number(judged.overfitting.probability if judged.overfitting else None)),
        ),
        charts=draw_sweep(shape), tables=[_rank_variants(swept, shape.figures)],
        figures=_read_figures(judged, told),
        facts={
            "Fixed": ", ".join(
                f"{name} = {value}" for name, value in setup.params.items() if name not in names
            ) or "nothing",
            "Condition": swept.request.where or "none", "Search": swept.request.search,
            "Risk": setup.profile.name, "Digest of the best": judged.digest,
        },
        notes=_notes(judged),
    )  # fmt: skip


def _notes(judged: JudgedSweep) -> list[str]:
    notes = [
        "The best of many variants looks better than it is. What it is worth is told by bars that "
        "no variant was chosen on: `assay optimise` does that window by window."
    ]
    if judged.unjudged:
        notes.append(f"The probability of overfitting was not measured: {judged.unjudged}.")
    return notes


def _luck(swept: Swept) -> float:
    sharpes = [period_sharpe(one.returns) for one in swept.found]
    known = [one for one in sharpes if one is not None]
    days = len(swept.course.ends)
    if len(known) < 2 or days < 3:
        return float("nan")
    variance = max(float(np.var(known, ddof=1)), 1 / (days - 1))
    return expected_maximum(variance, len(known)) * TRADING_DAYS**0.5


def _rank_variants(swept: Swept, figures: np.ndarray) -> Table:
    digits = swept.course.setup.account.currency_digits
    order = np.argsort(np.where(np.isfinite(figures), -figures, np.inf), kind="stable")
    rows = []
    for place in order[:ROWS_SHOWN]:
        told = describe_variant(swept.found[place], digits)
        rows.append([
            ", ".join(f"{name} {swept.variants[place][name]}" for name in swept.grid.names),
            *(_show(name, told[name]) for name in FIGURES),
        ])  # fmt: skip
    return Table(
        name="variants", heading=f"The first {len(rows)} of {len(swept.variants):,} variants",
        columns=["Variant", *(LABELS[name] for name in FIGURES)], rows=rows,
        says="All of them are in variants.parquet.",
    )  # fmt: skip


def _show(name: str, value: float | None) -> str:
    if name == "drawdown" and value is not None:
        return format_number(100 * value, 2, unit=" %")
    return _number(value, 0 if name in ("orders", "fills", "denied") else 2)


def _read_figures(judged: JudgedSweep, told: dict[str, Any]) -> list[tuple[str, str, str]]:
    luck = told["overfitting"]
    interval = "–" if luck is None else (
        f"{luck['probability']:.2f} ({luck['lower']:.2f} to {luck['upper']:.2f})"
    )  # fmt: skip
    return [
        ("Deflated Sharpe, alike variants as fewer", _number(told["deflated_sharpe_clustered"], 3),
         "The probability of skill if this were the best of all that was ever tried on these bars, "
         "looks with alike daily returns counted as fewer. The verdict goes by it."),
        ("Deflated Sharpe, every look", _number(told["deflated_sharpe"], 3),
         "The same with every look counted as one of its own, which is strict for neighbours."),
        ("Deflated Sharpe, this sweep alone", _number(judged.alone, 3),
         "As if nobody had looked at these bars before."),
        ("Looks at these bars", _number(told["looks"], 0),
         "Entries of the trial ledger on these instruments and times, this sweep's included."),
        ("Probability of overfitting", interval,
         "How often the best on one half of the days is below the middle on the other half "
         f"(combinatorially symmetric cross-validation, {judged.splits} blocks), with its 90 % "
         "interval."),
    ]  # fmt: skip


def _scaled(value: float | None, objective: str, digits: int) -> float | None:
    return value * 10.0**-digits if value is not None and objective == "net" else value


def _number(value: float | None, digits: int = 2) -> str:
    return format_number(value, digits)


def _or_nan(value: float | None) -> float:
    return np.nan if value is None else value
