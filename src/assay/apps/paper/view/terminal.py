"""The picture on a terminal: live with Rich, or one line at a time."""

from __future__ import annotations

from typing import Any

from rich.columns import Columns
from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from assay.apps.paper.view.picture import Line, Picture

BLOCKS = "▁▂▃▄▅▆▇█"
CURVE_HEIGHT = 8


def plain_line(picture: Picture, rate: float) -> str:
    """Return the picture as one line: the quote of a lone instrument, the count of several."""
    state = "HALTED  " if picture.halted else ""
    lines = picture.lines
    market = f"{len(lines)} instruments"
    if len(lines) == 1:
        one = lines[0]
        market = f"{one.symbol} {one.bid:.{one.digits}f}/{one.ask:.{one.digits}f}"
    opened = sum(line.position != 0 for line in lines)
    return (
        f"{picture.time[:19].replace('T', ' ')}  {market}  "
        f"equity {picture.equity:,.2f} {picture.currency}  {opened} open  "
        f"{picture.orders_sent} orders  {picture.fills} fills  {picture.denied} denied  "
        f"{picture.abstained} abstained  {state}{rate:,.0f} events/s"
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


SHADES = {"enter": "bold", "denied": "red", "abstain": "dim", "hold": "dim"}
SYMBOLS_MOST = 12


def _market(picture: Picture) -> Panel:
    table = Table(box=None, expand=True, pad_edge=False, header_style="dim")
    table.add_column("symbol", min_width=7, no_wrap=True)
    for name, width in (("bid", 9), ("ask", 9), ("spread", 6), ("lots", 7)):
        table.add_column(name, justify="right", min_width=width, no_wrap=True)
    table.add_column("decided", min_width=8, no_wrap=True)
    table.add_column("last decision and its reason", ratio=1, no_wrap=True, overflow="ellipsis")
    for line in picture.lines[:SYMBOLS_MOST]:
        table.add_row(*_cells(line))
    hidden = len(picture.lines) - SYMBOLS_MOST
    title = f"market, {picture.time[:19].replace('T', ' ')} UTC" if picture.time else "waiting"
    return Panel(table, title=title, subtitle=f"and {hidden} more" if hidden > 0 else None)


def _cells(line: Line) -> list[Text | str]:
    if not line.bid:
        return [line.symbol]
    side = "green" if line.position > 0 else "red" if line.position < 0 else "dim"
    decision = Text(line.outcome, style=SHADES.get(line.outcome, ""))
    if line.reason:
        decision.append(f": {line.reason}", style="dim")
    if line.pattern:
        decision.append(f"  [{line.pattern}]", style="cyan")
    return [
        line.symbol, f"{line.bid:.{line.digits}f}", f"{line.ask:.{line.digits}f}",
        f"{line.spread_pips:.1f}",
        Text(f"{line.position:+,.2f}" if line.position else "flat", style=side),
        line.decided[11:19], decision,
    ]  # fmt: skip


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


def render(picture: Picture, rate: float, size: tuple[int, int], page: str = "") -> Any:
    """Return what Rich shows on a screen of (columns, rows).

    Instruments, account, limits, equity curve, orders, alerts, the state, and where the page is.
    """
    width, rows = size
    # What is left of the screen after the market, the account and the foot.
    alerts = [Panel(Text("\n".join(picture.alerts)), title="alerts")] if picture.alerts else []
    above = len(picture.lines[:SYMBOLS_MOST]) + len(alerts) * (len(picture.alerts) + 2)
    spare = max(rows - above - 18, 4)
    height = min(CURVE_HEIGHT, max(spare // 2, 2))
    curve = "\n".join(draw_curve(picture.curve, max(width - 6, 10), height))
    orders = picture.orders[: max(spare - height, 2)]
    return Group(
        _market(picture),
        Columns([_account(picture), _limits(picture)]),
        Panel(Text(curve, style="cyan"), title=_curve_title(picture)),
        Panel(Text("\n".join(orders) or "no fills yet"), title="fills and denials, in lots"),
        *alerts,
        _foot(picture, rate, page),
    )


def _foot(picture: Picture, rate: float, page: str) -> Text:
    state = (
        Text(f" KILL SWITCH ENGAGED {picture.halt_reason} ", style="bold white on red")
        if picture.halted
        else Text("finished" if picture.done else "trading", style="green")
    )
    if picture.entries_halted:
        held = "; ".join(picture.entries_halted)
        state = Text.assemble(
            state, " ", Text(f" ENTRIES HELD BACK {held} ", style="black on yellow")
        )
    come = f"{picture.events:,} events"
    if picture.events_total:
        share = picture.events / picture.events_total
        come = f"{picture.events:,} of {picture.events_total:,} events ({100 * share:.0f} %)"
    return Text.assemble(
        state, f"  {picture.strategy}  {come}  {rate:,.0f}/s  {picture.orders_sent} orders"
        f"  {picture.fills} fills  {picture.denied} denied  {picture.abstained} abstained",
        f"\npage: {page}" if page else "",
    )  # fmt: skip
