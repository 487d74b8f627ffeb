"""The files of a walk-forward optimisation: its figures, its account and its page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from assay.apps.lab.output import appearing_together
from assay.apps.lab.sweeps.optimisation import Optimised
from assay.books.analytics.performance import drawdowns
from assay.books.reports.page import Page, Table, write_page
from assay.books.reports.walkforwardopt import WalkedChoices, draw_choices
from assay.books.reports.wording import format_number


def write_optimised(found: Optimised, told: dict[str, Any], out: Path) -> None:
    """Write optimise.json, equity.parquet (each day's end), report.html and its charts."""
    scale = 10.0**-found.course.setup.account.currency_digits
    with appearing_together(out) as folder:
        (folder / "optimise.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
        times = pa.array(np.ascontiguousarray(found.ends), pa.timestamp("ns", tz="UTC"))
        pq.write_table(
            pa.table({"time": times, "equity": found.equity * scale}), folder / "equity.parquet"
        )
        write_page(describe_page(found, told), folder)


def describe_page(found: Optimised, told: dict[str, Any]) -> Page:
    """Return the page of a walk-forward optimisation."""
    setup, request = found.course.setup, found.request
    names = found.grid.names
    low, high = told["sharpe_interval"]
    return Page(
        kind="Assay walk-forward optimisation",
        title=f"{setup.strategy.name} on {', '.join(setup.symbols)}", verdict=told["verdict"],
        shown=told["verdict"].startswith("Edge shown"),
        lead=f"{len(found.stages)} windows, {request.scheme}; the best of {found.variants:,} "
        f"variants by {request.objective} of each was traded on the next, in one account.",
        tiles=(
            ("Net outside", format_number(told["net"], 0)),
            ("Sharpe outside", format_number(told["sharpe"], 2)),
            ("95 % interval", f"{format_number(low, 2)} to {format_number(high, 2)}"),
            ("Kept of what was promised", _kept(found.efficiency)),
        ),
        charts=draw_choices(_choices(found)), tables=[_tabulate(told)],
        figures=_read_figures(told),
        facts={
            "Searched": ", ".join(
                f"{axis.name} {axis.values[0]} to {axis.values[-1]} ({len(axis.values)} values)"
                for axis in found.grid.axes
            ),
            "Condition": request.where or "none", "Risk": setup.profile.name,
            "Fixed": ", ".join(
                f"{name} = {value}" for name, value in setup.params.items() if name not in names
            ) or "nothing",
        },
    )  # fmt: skip


def _choices(found: Optimised) -> WalkedChoices:
    account, names = found.course.setup.account, found.grid.names
    scale = 10.0**-account.currency_digits
    return WalkedChoices(
        times=found.ends, equity=found.equity * scale,
        falls=drawdowns(found.equity, account.cash), cash=account.cash * scale,
        starts=np.array([stage.window.outside[0] for stage in found.stages]),
        ends=np.array([stage.window.outside[1] for stage in found.stages]),
        inside=np.array([_or_nan(stage.inside.sharpe) for stage in found.stages]),
        outside=np.array([_or_nan(stage.sharpe) for stage in found.stages]), names=names,
        chosen=np.array([[stage.variant[name] for name in names] for stage in found.stages]),
        searched=[(axis.values[0], axis.values[-1]) for axis in found.grid.axes],
        currency=account.currency,
    )  # fmt: skip


def _or_nan(value: float | None) -> float:
    return np.nan if value is None else value


def _tabulate(told: dict[str, Any]) -> Table:
    return Table(
        name="windows", heading="Every window",
        columns=["Traded", "To", "Chosen", "Sharpe inside", "Net inside", "Sharpe outside",
                 "Net outside"],
        rows=[
            [each["from"], each["to"],
             ", ".join(f"{name} {value}" for name, value in each["params"].items()),
             format_number(each["inside"]["sharpe"], 2), format_number(each["inside"]["net"], 0),
             format_number(each["sharpe"], 2), format_number(each["net"], 0)]
            for each in told["windows"]
        ],
    )  # fmt: skip


def _read_figures(told: dict[str, Any]) -> list[tuple[str, str, str]]:
    low, high = told["growth_interval"]
    return [
        ("Growth outside", f"{_percent(told['growth'])} ({_percent(low)} to {_percent(high)})",
         "Over all windows, with its 95 % interval by stationary bootstrap of the days."),
        ("Kept of what was promised", _kept(told["efficiency"]),
         "Walk-forward efficiency: the annual return outside over the mean one inside; a dash "
         "where nothing was promised."),
        ("Drawdown outside", _percent(told["drawdown"]), "The deepest fall from a peak."),
        ("Looks before", format_number(told["looks_before"], 0),
         "What the home had tried on these instruments and times before this command."),
        ("Deflated Sharpe, looks before counted", format_number(told["deflated_sharpe"], 3),
         "The probability of skill if this were the best of them all. The variants tried inside "
         "are not among them: what they were chosen on is not what is judged here."),
    ]  # fmt: skip


def _kept(efficiency: float | None) -> str:
    # How many times over a small promise was lost is a number without a sense.
    return _percent(efficiency) if efficiency is None or efficiency >= 0 else "nothing, it lost"


def _percent(value: float | None) -> str:
    return format_number(None if value is None else 100 * value, 1, unit=" %")
