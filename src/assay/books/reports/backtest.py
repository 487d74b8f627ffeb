"""The backtest report: one HTML file that needs neither network nor script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from assay.books.analytics.performance import (
    drawdowns,
    max_drawdown,
    monthly_returns,
    sharpe_ratio,
)
from assay.books.analytics.trades import (
    Fill,
    close_trades,
    summarise_trades,
)
from assay.books.reports import charts
from assay.books.reports.rendering import load_templates
from assay.books.reports.result import BacktestResult
from assay.books.reports.wording import (
    format_exact,
    format_moment,
    format_number,
    format_span,
)

TRADES_SHOWN = 500
FACTS_OF_TOTALS = (("bars", "Bars"), ("orders", "Orders"), ("fills", "Fills"))


def write_backtest(result: BacktestResult, path: Path) -> None:
    """Write the report as UTF-8 to `path`, which should lie beside fills.parquet."""
    path.write_text(render_backtest(result), encoding="utf-8")


def render_backtest(result: BacktestResult) -> str:
    """Return the report as one HTML document; equal results give equal bytes."""
    environment = load_templates()
    digits = result.currency_digits
    environment.filters["money"] = lambda value: format_number(value, digits)
    environment.filters["signed"] = lambda value: format_number(value, digits, plus=True)
    environment.filters["percent"] = lambda value: format_number(_times(value, 100), 2, unit=" %")
    environment.filters["change"] = lambda value: format_number(
        _times(value, 100), 2, unit=" %", plus=True
    )
    environment.filters["number"] = lambda value, places=2: format_number(value, places)
    environment.filters["price"] = format_exact
    environment.filters["moment"] = format_moment
    environment.filters["span"] = format_span
    return environment.get_template("backtest.html.j2").render(_describe(result))


def _describe(result: BacktestResult) -> dict[str, Any]:
    fills = result.read_fills()
    trades = close_trades(fills)
    final = int(result.equity[-1]) if len(result.equity) else result.cash
    scale = 10.0**-result.currency_digits
    net = (final - result.cash) * scale
    return {
        "result": result,
        "title": f"{result.strategy} on {', '.join(result.symbols)}",
        "facts": _list_facts(result, len(fills)),
        "notes": _list_notes(result, fills),
        "net": net,
        "net_fraction": net / (result.cash * scale) if result.cash > 0 else None,
        "start": result.cash * scale,
        "final": final * scale,
        "drawdown": max_drawdown(result.equity, result.cash),
        "sharpe": sharpe_ratio(result.times, result.equity, result.cash),
        "exposure": measure_exposure(fills, result),
        "margin_use": _find_margin_use(result),
        "stats": summarise_trades(trades),
        "costs": split_costs(result, net),
        "months": tabulate_months(result),
        "trades": trades[:TRADES_SHOWN],
        "trade_count": len(trades),
        "fill_count": len(fills),
        "charts": _draw(result, scale),
    }


def _list_facts(result: BacktestResult, fills: int) -> list[tuple[str, str]]:
    facts = [("Strategy", result.strategy), ("Symbols", ", ".join(result.symbols))]
    if result.params:
        facts.append(("Parameters", ", ".join(f"{k} = {v}" for k, v in result.params.items())))
    if len(result.times):
        first, last = (format_moment(int(result.times[place])) for place in (0, -1))
        facts.append(("Span", f"{first} to {last} UTC"))
    counts = {**result.totals, "fills": fills}
    for key, label in FACTS_OF_TOTALS:
        value = counts.get(key)
        if value is not None:
            facts.append((label, format_number(value, 0)))
    seconds, speed = counts.get("seconds"), counts.get("bars_per_second")
    if seconds is not None:
        rate = f", {format_number(speed, 0)} bars per second" if speed else ""
        facts.append(("Run time", format_number(seconds, 2, unit=" s") + rate))
    facts += [(name[:1].upper() + name[1:], _join(value)) for name, value in result.extra.items()]
    if result.digest:
        facts.append(("Digest", result.digest))
    return facts


def _join(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} = {item}" for name, item in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(str(item) for item in value)
    return str(value)


def _list_notes(result: BacktestResult, fills: Sequence[Fill]) -> list[str]:
    modelled = sum(1 for kind in result.fills["kind"].to_pylist() if kind == "modelled")
    notes = []
    if modelled:
        which = "" if modelled == len(fills) else f" ({modelled:,} of {len(fills):,})"
        notes.append(
            f"Fills are modelled{which}: bars do not tell the path inside them. Each bar is taken "
            "as open, the extreme that hurts the position, the other extreme, close; a stop goes "
            "before a target, and a gap fills at the open."
        )
    if not fills:
        notes.append("There was no fill in this run.")
    return notes


def measure_exposure(fills: Sequence[Fill], result: BacktestResult) -> float | None:
    """Return the share of the time from first to last point with a position open, 0 to 1."""
    if len(result.times) < 2 or result.times[-1] <= result.times[0]:
        return None
    first, last = int(result.times[0]), int(result.times[-1])
    held: dict[str, float] = {}
    exposed, since = 0, None
    for fill in fills:
        quantity = held.pop(fill.symbol, 0.0) + fill.quantity
        if abs(quantity) > 1e-9:
            held[fill.symbol] = quantity
        if held and since is None:
            since = max(fill.time, first)
        elif not held and since is not None:
            exposed, since = exposed + min(fill.time, last) - since, None
    if since is not None:
        exposed += last - since
    return min(max(exposed / (last - first), 0.0), 1.0)


def _find_margin_use(result: BacktestResult) -> float | None:
    sound = result.equity > 0
    if not sound.any():
        return None
    return float((result.margin[sound] / result.equity[sound]).max())


def split_costs(result: BacktestResult, net: float) -> dict[str, float]:
    """Return what was paid, and the result at mid prices before it; a positive swap is a gain."""
    scale = 10.0**-result.currency_digits
    sums = {
        name: float(told) * scale
        if (told := result.totals.get(name)) is not None
        else sum(result.read_money(name))
        for name in ("spread_cost", "slippage_cost", "commission", "swap")
    }
    paid = sums["spread_cost"] + sums["slippage_cost"] + sums["commission"] - sums["swap"]
    return {**sums, "paid": paid, "market": net + paid}


def tabulate_months(result: BacktestResult) -> list[tuple[int, list[float | None], float]]:
    """Return a row a year: the return of each month, and of the year."""
    found = monthly_returns(result.times, result.equity, result.cash)
    rows = []
    for year in sorted({year for year, _ in found}):
        months = [found.get((year, month)) for month in range(1, 13)]
        whole = float(np.prod([1.0 + value for value in months if value is not None])) - 1.0
        rows.append((year, months, whole))
    return rows


def _draw(result: BacktestResult, scale: float) -> dict[str, Markup]:
    if len(result.times) < 2:
        return {}
    curves = charts.Curves(
        result.times,
        result.equity.astype(np.float64) * scale,
        result.balance.astype(np.float64) * scale,
        drawdowns(result.equity, result.cash),
        result.cash * scale,
    )
    # The charts hold numbers and fixed words only, so their markup is safe as it is.
    return {
        name: Markup(charts.draw_curves(curves, size))
        for name, size in (("wide", charts.WIDE), ("narrow", charts.NARROW))
    }


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor
