"""The tear sheet: one HTML file for whoever is to trust a strategy with money."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from markupsafe import Markup

from assay.books.analytics.performance import drawdowns
from assay.books.analytics.periods import Fall
from assay.books.analytics.ratios import Estimate
from assay.books.reports import charts, sheetcharts
from assay.books.reports.losses import DayLoss, list_losses
from assay.books.reports.record import RunRecord
from assay.books.reports.rendering import load_templates
from assay.books.reports.sheet import Sheet, describe_run
from assay.books.reports.wording import (
    NOTHING,
    format_moment,
    format_number,
    format_span,
)

HEAT_LEAST = 0.01
"""Monthly return at which the colour is deepest, where no month went further."""
PERCENT, PLAIN = "percent", "plain"
RATIO_ROWS = (
    ("annual_return", "Growth a year", PERCENT, "Compounded from daily returns, 252 days a year."),
    ("volatility", "Volatility a year", PERCENT, "Deviation of daily returns."),
    ("sharpe", "Sharpe ratio", PLAIN, "Mean over deviation of daily returns, no risk-free rate."),
    ("sortino", "Sortino ratio", PLAIN, "The same with the deviation of losing days alone."),
    ("calmar", "Calmar ratio", PLAIN, "Growth a year over the deepest fall at the end of a day."),
    ("ulcer_index", "Ulcer index", PERCENT, "Root mean square of the falls: how deep and how "
     "long."),
    ("tail_ratio", "Tail ratio", PLAIN, "Best days in twenty over the worst; above 1, gains reach "
     "further."),
)  # fmt: skip


class FallRow(NamedTuple):
    """Hold one drawdown in words."""

    depth: str
    started: str
    lowest: str
    recovered: str
    lasted: str


def write_tearsheet(record: RunRecord, path: Path, losses: Sequence[DayLoss] = ()) -> Sheet:
    """Write the tear sheet as UTF-8 and return what it says."""
    sheet = describe_run(record, losses)
    path.write_text(render_tearsheet(sheet), encoding="utf-8")
    return sheet


def render_tearsheet(sheet: Sheet) -> str:
    """Return a tear sheet as one HTML document; equal sheets give equal bytes."""
    environment = load_templates()
    digits = sheet.digits
    environment.filters["money"] = lambda value: format_number(value, digits)
    environment.filters["signed"] = lambda value: format_number(value, digits, plus=True)
    environment.filters["percent"] = format_share
    environment.filters["change"] = lambda value: format_share(value, plus=True)
    environment.filters["number"] = lambda value, places=2: format_number(value, places)
    environment.filters["moment"] = format_moment
    environment.filters["span"] = format_span
    months = [abs(value) for _, row, _ in sheet.months for value in row if value]
    full = max([HEAT_LEAST, *months])
    environment.filters["heat"] = lambda value: heat(value, full)
    return environment.get_template("tearsheet.html.j2").render(
        sheet=sheet, record=sheet.record, result=sheet.record.result, stats=sheet.stats,
        ratios=list_ratios(sheet), losses=list_losses(sheet.losses), falls=list_falls(sheet),
        pips=list_pips(sheet), charts=draw_charts(sheet),
    )  # fmt: skip


def format_share(value: float | None, *, plus: bool = False) -> str:
    """Return a share as a percentage of two decimals.

    >>> format_share(0.125), format_share(None)
    ('12.50 %', '–')
    """
    return format_number(None if value is None else 100 * value, 2, unit=" %", plus=plus)


def heat(value: float | None, full: float) -> str:
    """Return the style of a cell of monthly returns: green or red, deeper the nearer to `full`.

    >>> heat(0.05, 0.05), heat(None, 0.05)
    ('background: rgba(11, 102, 66, 0.50)', '')
    """
    if not value:
        return ""
    depth = heat_depth(value, full)
    colour = "11, 102, 66" if value > 0 else "163, 36, 43"
    return f"background: rgba({colour}, {depth:.2f})"


def heat_depth(value: float, full: float) -> float:
    """Return how strongly a return is coloured, up to one half.

    >>> heat_depth(0.05, 0.05)
    0.5
    """
    return 0.06 + 0.44 * min(abs(value) / full, 1.0)


def list_ratios(sheet: Sheet) -> list[tuple[str, str, str, str]]:
    """Return every ratio in words: label, figure, its 95 % interval, and how to read it."""
    rows = []
    for name, label, form, how in RATIO_ROWS:
        found = sheet.ratios[name]
        rows.append((label, _word(found.value, form), _word_interval(found, form), how))
    return rows


def _word(value: float | None, form: str) -> str:
    return format_share(value) if form == PERCENT else format_number(value, 2)


def _word_interval(found: Estimate, form: str) -> str:
    if found.lower is None or found.upper is None:
        return NOTHING
    return f"{_word(found.lower, form)} to {_word(found.upper, form)}"


def list_falls(sheet: Sheet) -> list[FallRow]:
    """Return the deepest drawdowns in words; one that is not recovered lasts until the end."""
    times = sheet.record.result.times
    return [_word_fall(fall, int(times[-1])) for fall in sheet.falls]


def _word_fall(fall: Fall, last: int) -> FallRow:
    end = fall.recovered
    return FallRow(
        format_share(fall.depth), format_moment(fall.started)[:10], format_moment(fall.lowest)[:10],
        format_moment(end)[:10] if end else "not yet", format_span((end or last) - fall.started),
    )  # fmt: skip


def list_pips(sheet: Sheet) -> list[tuple[Any, str, list[str]]]:
    """Return each part of the execution with its effective and realised spreads in pips."""
    rows = []
    for part in sheet.execution:
        pip = sheet.record.pips.get(part.symbol)
        rows.append((part, _pips(part.effective, pip), [_pips(r, pip) for r in part.realised]))
    return rows


def _pips(price: float | None, pip: float | None) -> str:
    return NOTHING if price is None or not pip else format_number(price / pip, 2)


Pair = tuple[Markup, Markup]


def draw_charts(sheet: Sheet) -> dict[str, Pair]:
    """Return each chart by name, for wide and narrow screens; one without data is absent."""
    result = sheet.record.result
    drawn: dict[str, Pair] = {}
    if len(result.times) > 1:
        curves = curves_of(sheet)
        drawn["equity"] = _pair([charts.draw_curves(curves, size)
                                 for size in (charts.WIDE, charts.NARROW)])  # fmt: skip
    if len(sheet.rolling.times) > 1:
        drawn["rolling"] = _pair([sheetcharts.draw_rolling(sheet.rolling, size)
                                  for size in (charts.WIDE, charts.NARROW)])  # fmt: skip
    sizes = (sheetcharts.FLAT, sheetcharts.FLAT_NARROW)
    for name, plot in list_plots(sheet).items():
        drawn[name] = _pair([sheetcharts.draw(name, plot, size) for size in sizes])
    return drawn


def list_plots(sheet: Sheet) -> dict[str, Any]:
    """Return what draws each chart of one pair of axes, by name; none without trades."""
    record, currency = sheet.record, sheet.record.result.currency
    if not record.trades:
        return {}
    nets = [trade.net for trade in record.trades]
    plots: dict[str, Any] = {"results": lambda axes: sheetcharts.plot_results(axes, nets, currency)}
    if any(each.adverse is not None for each in record.excursions):
        plots["excursions"] = lambda axes: sheetcharts.plot_excursions(axes, record.excursions)
        plots["favourable"] = lambda axes: sheetcharts.plot_excursions(
            axes, record.excursions, adverse=False
        )
    return plots | {
        "hours": lambda axes: sheetcharts.plot_parts(
            axes, sheet.hours, f"Net by hour (UTC), {currency}"),
        "weekdays": lambda axes: sheetcharts.plot_parts(
            axes, sheet.weekdays, f"Net by weekday (UTC), {currency}"),
    }  # fmt: skip


def curves_of(sheet: Sheet) -> charts.Curves:
    """Return equity, balance and falls as they are drawn."""
    result = sheet.record.result
    scale = 10.0**-result.currency_digits
    return charts.Curves(
        result.times, result.equity.astype(np.float64) * scale,
        result.balance.astype(np.float64) * scale, drawdowns(result.equity, result.cash),
        result.cash * scale,
    )  # fmt: skip


def _pair(texts: Sequence[str]) -> Pair:
    # The charts hold numbers and fixed words only, so their markup is safe as it is.
    wide, narrow = (Markup(text) for text in texts)  # noqa: S704
    return wide, narrow
