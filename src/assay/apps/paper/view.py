"""The picture on a terminal: live with Rich, or one line at a time."""

from __future__ import annotations

from typing import Any

from rich.columns import Columns
from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from assay.apps.paper.picture import Picture

BLOCKS = "▁▂▃▄▅▆▇█"
CURVE_HEIGHT = 8


def plain_line(picture: Picture, rate: float) -> str:
    """Return the picture as one line."""
    state = "HALTED " if picture.halted else ""
    return (
        f"{picture.time}  {picture.symbol} {picture.bid:.{picture.digits}f}/"
        f"{picture.ask:.{picture.digits}f}  position {picture.position:,.0f}  "
        f"equity {picture.equity:,.2f} {picture.currency}  fills {picture.fills}  "
        f"{state}{rate:,.0f} events/s"
    )


def draw_curve(values: list[float], width: int, height: int = CURVE_HEIGHT) -> list[str]:
    """Return a curve as rows of block characters, the highest row first.

    >>> draw_curve([1.0, 2.0], width=2, height=1)
    ['▁█']
    """
    if not values:
        return [""] * height
    step = max(1, -(-len(values) // width))
    points = [values[min(i + step - 1, len(values) - 1)] for i in range(0, len(values), step)]
    low, high = min(points), max(points)
    levels = height * len(BLOCKS) - 1
    filled = [round((p - low) / (high - low) * levels) if high > low else 0 for p in points]
    rows = []
    for row in range(height - 1, -1, -1):
        cells = []
        for level in filled:
            above = level - row * len(BLOCKS)
            cells.append(" " if above < 0 else BLOCKS[min(above, len(BLOCKS) - 1)])
        rows.append("".join(cells))
    return rows


def _market(picture: Picture) -> Panel:
    table = Table.grid(padding=(0, 2))
    table.add_row(
        "bid / ask",
        Text(f"{picture.bid:.{picture.digits}f} / {picture.ask:.{picture.digits}f}", style="bold"),
    )
    table.add_row("spread", f"{picture.spread_pips:.1f} pips")
    table.add_row("time", picture.time.replace("T", " ").removesuffix("Z"))
    side = "long" if picture.position > 0 else "short" if picture.position < 0 else "flat"
    style = {"long": "green", "short": "red", "flat": "dim"}[side]
    table.add_row("position", Text(f"{picture.position:+,.0f}  {side}", style=style))
    return Panel(table, title=picture.symbol or "waiting", width=38)  # fmt: skip


def _account(picture: Picture) -> Panel:
    gain = picture.equity - picture.start
    fall = 100 * (1 - picture.equity / picture.peak) if picture.peak > 0 else 0.0
    table = Table.grid(padding=(0, 2))
    table.add_row("equity", Text(f"{picture.equity:,.2f} {picture.currency}", style="bold"))
    table.add_row("net profit", Text(f"{gain:+,.2f}", style="green" if gain >= 0 else "red"))
    table.add_row("drawdown", f"{fall:.2f} %")
    table.add_row("margin", f"{picture.margin:,.2f}")
    return Panel(table, title="account", width=34)


def _limits(picture: Picture) -> Panel:
    table = Table.grid(padding=(0, 2))
    for name, value in picture.limits.items():
        table.add_row(name, Text(value, style="dim" if value == "none" else ""))
    return Panel(table, title="limits", width=32)


def _curve_title(picture: Picture) -> str:
    if not picture.curve:
        return "equity"
    low, high = min(picture.curve), max(picture.curve)
    return f"equity, last {len(picture.curve)} bars: {low:,.2f} to {high:,.2f} {picture.currency}"


def render(picture: Picture, rate: float, width: int) -> Any:
    """Return what Rich shows: market, account, limits, equity curve, orders, and the state."""
    curve = "\n".join(draw_curve(picture.curve, max(width - 6, 10)))
    state = (
        Text(f" KILL SWITCH ENGAGED {picture.halt_reason} ", style="bold white on red")
        if picture.halted
        else Text("finished" if picture.done else "trading", style="green")
    )
    share = picture.events / picture.events_total if picture.events_total else 0.0
    foot = Text.assemble(
        state, f"   {picture.strategy}   {picture.events:,} of {picture.events_total:,} events"
        f" ({100 * share:.0f} %)   {rate:,.0f} events/s   {picture.orders_sent} orders"
        f"   {picture.fills} fills   {picture.denied} denied",
    )  # fmt: skip
    return Group(
        Columns([_market(picture), _account(picture), _limits(picture)]),
        Panel(Text(curve, style="cyan"), title=_curve_title(picture)),
        Panel(Text("\n".join(picture.orders) or "no fills yet"), title="orders and fills"),
        foot,
    )
