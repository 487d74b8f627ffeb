"""Turn what a report says into files: the page by its template, the charts beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from assay.books.reports.charts import with_paper

if TYPE_CHECKING:
    from jinja2 import Environment

Drawn = Mapping[str, tuple[str, str]]
"""Charts as SVG text by name: for wide and for narrow screens."""


def load_templates() -> Environment:
    """Return the templates of the reports; one that names what nobody gave is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("assay.books.reports"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip


def write_charts(drawn: Drawn, folder: Path) -> None:
    """Write each chart for wide screens as an SVG file into a folder."""
    for name, (wide, _) in drawn.items():
        (folder / f"{name}.svg").write_text(with_paper(wide), encoding="utf-8")


def split_verdict(verdict: str) -> tuple[str, str]:
    """Return the head of a verdict and what follows its colon.

    >>> split_verdict("No edge shown: the interval includes 0")
    ('No edge shown', 'the interval includes 0')
    """
    head, _, rest = verdict.partition(":")
    return head, rest.strip()


def write_judgement(template: str, told: Any, drawn: Drawn, folder: Path, *, good: bool) -> None:
    """Write report.html and its charts: what is `told` has a verdict, which is good or bad."""
    write_charts(drawn, folder)
    text = load_templates().get_template(template).render(
        told=told, verdict=split_verdict(told.verdict), tone="good" if good else "bad",
        # The charts hold numbers, fixed words and names of settings, so their markup is safe.
        charts={name: tuple(Markup(svg) for svg in pair) for name, pair in drawn.items()},  # noqa: S704
    )  # fmt: skip
    (folder / "report.html").write_text(text, encoding="utf-8")
