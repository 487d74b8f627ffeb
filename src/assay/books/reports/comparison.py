"""Two runs side by side: figures, equity on one chart, and the trades that differ."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from assay.books.analytics.ratios import Estimate
from assay.books.analytics.versus import (
    Advantage,
    TradePair,
    compare_days,
    days_of,
    pair_trades,
)
from assay.books.reports import charts
from assay.books.reports.record import RunRecord
from assay.books.reports.rendering import load_templates
from assay.books.reports.sheet import Sheet, describe_run
from assay.books.reports.wording import format_moment, format_number

PAIRS_SHOWN = 200
SHARE, RATIO, MONEY, COUNT = "share ratio money count".split()
ROWS: tuple[tuple[str, str, Callable[[Sheet], float | None]], ...] = (
    ("Net result", MONEY, lambda sheet: sheet.net),
    ("Growth a year", SHARE, lambda sheet: sheet.ratios["annual_return"].value),
    ("Volatility a year", SHARE, lambda sheet: sheet.ratios["volatility"].value),
    ("Sharpe ratio", RATIO, lambda sheet: sheet.ratios["sharpe"].value),
    ("Sortino ratio", RATIO, lambda sheet: sheet.ratios["sortino"].value),
    ("Calmar ratio", RATIO, lambda sheet: sheet.ratios["calmar"].value),
    ("Deepest drawdown", SHARE, lambda sheet: sheet.drawdown),
    ("Ulcer index", SHARE, lambda sheet: sheet.ratios["ulcer_index"].value),
    ("Closed trades", COUNT, lambda sheet: sheet.stats.count),
    ("Trades won", SHARE, lambda sheet: sheet.stats.win_rate),
    ("Profit factor", RATIO, lambda sheet: sheet.stats.profit_factor),
    ("Mean trade", MONEY, lambda sheet: sheet.stats.expectancy),
    ("Costs paid", MONEY, lambda sheet: sheet.costs["paid"]),
    ("Time in the market", SHARE,
     lambda sheet: sheet.exposure.held if sheet.exposure else None),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Hold two runs, what the first earned more, and their trades in pairs."""

    first: Sheet
    second: Sheet
    advantage: Advantage
    pairs: list[TradePair]

    @property
    def differing(self) -> list[TradePair]:
        """Return the pairs that are not equal, those that matter most first."""
        found = [pair for pair in self.pairs if not pair.is_equal]
        return sorted(found, key=lambda pair: -abs(pair.gap))

    @property
    def names(self) -> tuple[str, str]:
        """Return what the two runs are called, told apart where they are called alike."""
        first, second = self.first.record.name, self.second.record.name
        return (first, second) if first != second else (f"{first} (1)", f"{second} (2)")


def compare_runs(first: RunRecord, second: RunRecord) -> Comparison:
    """Work out how two runs differ; money is compared as it is, so give one currency."""
    days = [
        days_of(one.result.times, one.result.equity, one.result.cash) for one in (first, second)
    ]
    return Comparison(
        first=describe_run(first), second=describe_run(second), advantage=compare_days(*days),
        pairs=pair_trades(first.trades, second.trades),
    )  # fmt: skip


def word_advantage(found: Comparison) -> tuple[str, str]:
    """Return what may be said of the difference, in a few words and the reason.

    >>> from assay.books.analytics.ratios import Estimate
    >>> _judge(Estimate(0.02, -0.01, 0.05))
    'No difference shown'
    """
    mean, names = found.advantage.mean, found.names
    if mean.value is None or mean.lower is None or mean.upper is None:
        return "Too few days in common", f"{found.advantage.days} days say nothing."
    told = " to ".join(format_number(100 * each, 2, unit=" %") for each in (mean.lower, mean.upper))
    gap = format_number(100 * mean.value, 2, unit=" %", plus=True)
    return _judge(mean), (
        f"{names[0]} earned {gap} a year against {names[1]} on {found.advantage.days:,} days in "
        f"common (95 % interval {told}, days resampled in blocks)."
    )


def _judge(mean: Estimate) -> str:
    assert mean.lower is not None
    assert mean.upper is not None
    if mean.lower > 0:
        return "The first is better"
    return "The second is better" if mean.upper < 0 else "No difference shown"


def list_rows(found: Comparison) -> list[tuple[str, str, str, str]]:
    """Return each figure of both runs and what the first has more, in words."""
    rows = []
    digits = found.first.digits
    for label, form, of in ROWS:
        a, b = of(found.first), of(found.second)
        gap = None if a is None or b is None else a - b
        rows.append(
            (label, _word(a, form, digits), _word(b, form, digits),
             _word(gap, form, digits, plus=True))
        )  # fmt: skip
    return rows


def _word(value: float | None, form: str, digits: int, *, plus: bool = False) -> str:
    if value is None:
        return format_number(None, 0)
    scaled, places, unit = {
        SHARE: (100 * value, 2, " %"), RATIO: (value, 2, ""), MONEY: (value, digits, ""),
        COUNT: (value, 0, ""),
    }[form]  # fmt: skip
    return format_number(scaled, places, unit=unit, plus=plus)


def write_comparison(found: Comparison, path: Path) -> None:
    """Write a comparison as one HTML file, UTF-8."""
    path.write_text(render_comparison(found), encoding="utf-8")


def render_comparison(found: Comparison) -> str:
    """Return a comparison as one HTML document; equal ones give equal bytes."""
    environment = load_templates()
    digits = found.first.digits
    environment.filters["signed"] = lambda value: format_number(value, digits, plus=True)
    environment.filters["moment"] = format_moment
    head, rest = word_advantage(found)
    differing = found.differing
    return environment.get_template("comparison.html.j2").render(
        found=found, names=found.names, head=head, rest=rest, rows=list_rows(found),
        pairs=differing[:PAIRS_SHOWN], differing=len(differing), chart=_draw(found),
        currency=found.first.record.result.currency,
    )  # fmt: skip


def _draw(found: Comparison) -> tuple[Markup, Markup] | None:
    if min(len(sheet.record.result.times) for sheet in (found.first, found.second)) < 2:
        return None
    wide, narrow = (_draw_worth(found, size) for size in (charts.WIDE, charts.NARROW))
    # The charts hold numbers and fixed words only, so their markup is safe as it is.
    return Markup(wide), Markup(narrow)  # noqa: S704


def _draw_worth(found: Comparison, size: charts.Size) -> str:
    with charts.drawing("assay-comparison", size):
        figure, (above, below) = charts.date_pair(size)
        for sheet, colour, label in (
            (found.first, charts.BLUE, "first"), (found.second, charts.RED, "second"),
        ):  # fmt: skip
            _plot_one(above, below, sheet, (colour, label))
        above.axhline(100.0, color=charts.MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
        above.set_title("Equity, start = 100", loc="left", color=charts.INK, pad=8)
        below.set_title("Drawdown, % of the peak", loc="left", color=charts.INK, pad=8)
        below.set_ylim(top=0.0)
        charts.place_legend(figure, 2)
        for axes in (above, below):
            axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.5g}".replace("-", "−"))
        return charts.to_svg(figure)


def _plot_one(above: Any, below: Any, sheet: Sheet, style: tuple[str, str]) -> None:
    from assay.books.analytics.performance import drawdowns

    result, (colour, label) = sheet.record.result, style
    worth = 100.0 * result.equity / max(result.cash, 1)
    kept = charts.thin(worth)
    above.plot(charts.moments_of(result.times[kept]), worth[kept], color=colour, linewidth=1.2,
               label=label)  # fmt: skip
    falls = -100.0 * drawdowns(result.equity, result.cash)
    kept = charts.thin(falls)
    below.plot(charts.moments_of(result.times[kept]), falls[kept], color=colour, linewidth=1.0)


def list_comparison(found: Comparison) -> dict[str, Any]:
    """Return a comparison as `--json` has it."""
    head, rest = word_advantage(found)
    advantage = found.advantage
    return {
        "runs": list(found.names), "verdict": head, "why": rest, "days": advantage.days,
        "mean_difference": advantage.mean._asdict(),
        "sharpe_difference": advantage.sharpe._asdict(), "correlation": advantage.correlation,
        "figures": [
            {"name": label, "first": of(found.first), "second": of(found.second)}
            for label, _, of in ROWS
        ],
        "trades": {
            "both": sum(1 for pair in found.pairs if pair.first and pair.second),
            "only_first": sum(1 for pair in found.pairs if pair.second is None),
            "only_second": sum(1 for pair in found.pairs if pair.first is None),
            "differing": len(found.differing),
        },
    }  # fmt: skip
