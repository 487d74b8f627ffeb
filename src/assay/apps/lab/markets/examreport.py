"""The report of a broker exam: its figures with intervals, and the spread of each hour."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from assay.apps.lab.output import appearing_together
from assay.books.reports.broker import SpreadWeek, draw_spread_week
from assay.books.reports.page import Page, Table, write_page
from assay.books.reports.wording import format_number
from assay.trading.exam.findings import Finding
from assay.trading.exam.profiling import Measured

COLUMNS = ("Figure", "Measured", "95 % interval", "Seen", "The terminal says", "")
TILES = ("server clock", "latency p50", "latency p95", "latency p99")


def write_exam(measured: Measured, out: Path) -> None:
    """Write report.html and its charts into a folder."""
    with appearing_together(out) as folder:
        write_page(describe_exam(measured), folder)


def describe_exam(measured: Measured) -> Page:
    """Return the page of an exam."""
    profile, findings = measured.profile, measured.findings
    unsure = [each for each in findings if not each.sure and each.value is not None]
    known = [each for each in findings if each.value is not None]
    return Page(
        kind="Assay broker exam", title=f"{profile.server}",
        verdict=f"{len(known) - len(unsure)} of {len(known)} figures are sure: the others are "
        "marked, by few observations or because they are not what the terminal says",
        shown=not unsure,
        lead=f"Measured on demo account {profile.accounts[0].login} by the smallest orders.",
        tiles=tuple(
            (each.name.capitalize(), _value(each)) for name in TILES for each in findings
            if each.name == name and each.value is not None
        ),
        charts=[
            draw_spread_week(
                SpreadWeek(
                    symbol=terms.name,
                    seen=[cell.ticks for cell in measured.cells[terms.name]],
                    spreads=np.array(
                        [np.nan if each is None else float(each) for each in terms.spreads]
                    ),
                )
            )
            for terms in profile.symbols
            if terms.spreads
        ],
        tables=[
            _table("broker", "The broker", [each for each in findings if not each.symbol]),
            *(
                _table(terms.name, terms.name, [f for f in findings if f.symbol == terms.name])
                for terms in profile.symbols
            ),
        ],
        figures=(),
        notes=[
            "Slippage against the quote is measured at the moment of the fill; against the order "
            "it includes what the market moved meanwhile. Positive is against us.",
            "Figures without a value were not measured and stay as usual in the profile.",
        ],
    )  # fmt: skip


def _table(name: str, heading: str, findings: Sequence[Finding]) -> Table:
    rows = [
        [
            each.name, _value(each), _interval(each),
            format_number(float(each.count), 0) if each.count else "–", each.told or "–",
            each.note if not each.sure else "",
        ]
        for each in findings
    ]  # fmt: skip
    return Table(name=name, heading=heading, columns=list(COLUMNS), rows=rows)


def _value(each: Finding) -> str:
    if each.value is None:
        return "–"
    text = each.value if isinstance(each.value, str) else _number(each.value)
    return f"{text} {each.unit}".strip()


def _interval(each: Finding) -> str:
    if each.low is None or each.high is None or each.low != each.low:
        return "–"
    return f"{_number(each.low)} to {_number(each.high)}"


def _number(value: float) -> str:
    digits = 0 if value == int(value) else 2 if abs(value) >= 10 else 3
    return format_number(value, digits)
