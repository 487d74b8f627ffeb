"""A page of the laboratory: a verdict, figures, charts and tables in one HTML file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from markupsafe import Markup

from assay.books.reports.charts import with_paper
from assay.books.reports.rendering import load_templates, split_verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Hold a chart as SVG text, wide and narrow, with its heading and how it is read."""

    name: str
    heading: str
    says: str
    wide: str
    narrow: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Hold a table in words: the first column names the row."""

    name: str
    heading: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    says: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Hold what a page shows, in words; `verdict` is a head and what follows its colon.

    `tiles` are name and value, `figures` name, value and how to read it.
    """

    kind: str
    title: str
    verdict: str
    shown: bool
    lead: str
    tiles: Sequence[tuple[str, str]]
    charts: Sequence[Chart]
    tables: Sequence[Table]
    figures: Sequence[tuple[str, str, str]]
    facts: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()


def write_page(page: Page, folder: Path) -> None:
    """Write report.html and its charts as SVG files into a folder."""
    for chart in page.charts:
        (folder / f"{chart.name}.svg").write_text(with_paper(chart.wide), encoding="utf-8")
    (folder / "report.html").write_text(render_page(page), encoding="utf-8")


def typeset(text: str) -> str:
    """Return a line of the terminal as print has it: a true minus, a space before percent.

    >>> typeset("Sharpe -1.59 (-3.84 to 0.47), 96% of walk-forward days, 2017-01-03")
    'Sharpe −1.59 (−3.84 to 0.47), 96 % of walk-forward days, 2017-01-03'
    """
    return re.sub(r"(?<=\d)%", " %", re.sub(r"(?<![\w-])-(?=[\d.])", "−", text))


def render_page(page: Page) -> str:
    """Return the page as one HTML document that needs neither network nor script."""
    environment = load_templates()
    # The charts hold numbers and names of parameters only, so their markup is safe as it is.
    environment.filters["drawn"] = Markup
    verdict = split_verdict(typeset(page.verdict))
    return environment.get_template("page.html.j2").render(
        page=page, verdict=verdict, tone="good" if page.shown else "bad"
    )
