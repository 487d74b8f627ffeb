"""The tear sheet on paper: A4 pages as PDF, drawn by what draws the charts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from textwrap import wrap
from typing import Any, NamedTuple

from assay.books.reports import charts, sheetcharts
from assay.books.reports.charts import GOLD
from assay.books.reports.losses import list_losses
from assay.books.reports.sheet import Sheet
from assay.books.reports.tearsheet import (
    curves_of,
    format_share,
    heat_depth,
    list_falls,
    list_pips,
    list_plots,
    list_ratios,
)
from assay.books.reports.wording import (
    format_exact,
    format_moment,
    format_number,
    format_span,
)

WIDTH, HEIGHT, MARGIN, FOOT = 8.27, 11.69, 0.62, 0.55
"""A4 and its margins, in inches."""
INNER = WIDTH - 2 * MARGIN
ROW, TITLE, GAP = 0.21, 0.34, 0.16
LINE_CHARS = 104
WEB_ALONE = frozenset({"favourable"})
"""Charts that the page of the web has room for and paper has not."""
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
Figure = Any  # Matplotlib's own types
Rows = Sequence[Sequence[str]]


class Box(NamedTuple):
    """Hold a place on a page in inches from its lower left corner."""

    left: float
    bottom: float
    width: float
    height: float


class Block(NamedTuple):
    """Hold a part of the sheet that stays on one page: its height, and what draws it there."""

    height: float
    paint: Callable[[Figure, Box], None]


class Column(NamedTuple):
    """Hold a column of a table: its heading, its share of the width, and left or right."""

    title: str
    share: float
    side: str = "right"


def write_pages(sheet: Sheet, path: Path) -> int:
    """Write a tear sheet as PDF and return its number of pages; equal sheets give equal bytes."""
    import matplotlib as mpl
    from matplotlib.backends.backend_pdf import PdfPages
    from matplotlib.figure import Figure as NewFigure

    pages = _flow(_list_blocks(sheet))
    name = sheet.record.result.strategy
    # Type 42 keeps the letters of a font whole, so that the text can be searched and copied.
    style = {"pdf.fonttype": 42, "font.family": "sans-serif", "font.size": 8.0,
             "axes.titlesize": 8.5}  # fmt: skip
    metadata = {"Title": f"Tear sheet: {name}", "Creator": "Assay", "CreationDate": None}
    with mpl.rc_context(style), PdfPages(path, metadata=metadata) as pdf:
        for number, blocks in enumerate(pages, 1):
            figure = NewFigure(figsize=(WIDTH, HEIGHT))
            top = HEIGHT - MARGIN
            for block in blocks:
                block.paint(figure, Box(MARGIN, top - block.height, INNER, block.height))
                top -= block.height + GAP
            _write(figure, MARGIN, FOOT * 0.6, f"Assay tear sheet · {name} · {number} of "
                   f"{len(pages)}", size=7, color=charts.MUTED)  # fmt: skip
            pdf.savefig(figure)
    return len(pages)


def _flow(blocks: Sequence[Block]) -> list[list[Block]]:
    room = HEIGHT - MARGIN - FOOT
    pages: list[list[Block]] = [[]]
    left = room
    for block in blocks:
        if block.height > left and pages[-1]:
            pages.append([])
            left = room
        pages[-1].append(block)
        left -= block.height + GAP
    return pages


def _list_blocks(sheet: Sheet) -> list[Block]:
    currency, result = sheet.record.result.currency, sheet.record.result
    blocks = [_head(sheet), _tiles(sheet)]
    if len(result.times) > 1:
        blocks.append(_equity(sheet))
    blocks += [_months(sheet)] if sheet.months else []
    blocks.append(_ratios(sheet))
    blocks += [_losses(sheet)] if sheet.losses else []
    if len(sheet.rolling.times) > 1:
        blocks.append(_rolling(sheet))
    blocks.append(_beside(_money(sheet), _counts(sheet)))
    plots = [_plot(plot) for name, plot in list_plots(sheet).items() if name not in WEB_ALONE]
    blocks += [_beside(*plots[place : place + 2]) for place in range(0, len(plots), 2)]
    for title, parts in (
        ("Long and short", sheet.sides), ("By symbol", sheet.symbols),
        ("By what closed them", sheet.exits),
    ):  # fmt: skip
        if parts and not (title == "By symbol" and len(parts) < 2):
            blocks.append(_parts(f"{title}, {currency}", parts, sheet.digits))
    blocks += [_falls(sheet)] if sheet.falls else []
    blocks += [_execution(sheet)] if sheet.execution else []
    blocks.append(_facts(sheet))
    return blocks


def _write(figure: Figure, left: float, bottom: float, text: str, **style: Any) -> None:
    # A dollar in somebody's strategy is no formula.
    figure.text(left / WIDTH, bottom / HEIGHT, text, parse_math=False, **style)


def _axes(figure: Figure, box: Box) -> Any:  # Any: as above
    left, bottom = box.left / WIDTH, box.bottom / HEIGHT
    return figure.add_axes((left, bottom, box.width / WIDTH, box.height / HEIGHT))


def _head(sheet: Sheet) -> Block:
    record, verdict = sheet.record, sheet.verdict
    rest = verdict.rest[:1].upper() + verdict.rest[1:]
    told = [verdict.head, *wrap(rest, LINE_CHARS)]
    title = f"{record.result.strategy} on {', '.join(record.result.symbols)}"
    height = 0.85 + 0.19 * len(told)

    def paint(figure: Figure, box: Box) -> None:
        top = box.bottom + box.height
        _write(figure, box.left, top - 0.14, f"ASSAY TEAR SHEET · {record.origin.upper()}", size=8,
               color=GOLD, weight="bold")  # fmt: skip
        _write(figure, box.left, top - 0.55, title[:60], size=19, color=charts.INK, weight="bold")
        for place, line in enumerate(told):
            _write(figure, box.left, top - 0.88 - 0.19 * place, line, size=9, color=charts.INK,
                   weight="normal" if place else "bold")  # fmt: skip

    return Block(height, paint)


def _tiles(sheet: Sheet) -> Block:
    stats, ratios = sheet.stats, sheet.ratios
    held = sheet.exposure.held if sheet.exposure else None
    tiles = (
        (f"Net result, {sheet.record.result.currency}",
         format_number(sheet.net, sheet.digits, plus=True)),
        ("Growth a year", format_share(ratios["annual_return"].value, plus=True)),
        ("Sharpe ratio", format_number(ratios["sharpe"].value, 2)),
        ("Deepest drawdown", format_share(sheet.drawdown)),
        ("Closed trades", format_number(stats.count, 0)),
        ("Trades won", format_share(stats.win_rate)),
        ("Profit factor", format_number(stats.profit_factor, 2)),
        ("Time in the market", format_share(held)),
    )  # fmt: skip

    def paint(figure: Figure, box: Box) -> None:
        wide, high = box.width / 4, box.height / 2
        for place, (label, value) in enumerate(tiles):
            left = box.left + wide * (place % 4)
            bottom = box.bottom + high * (1 - place // 4)
            _write(figure, left, bottom + 0.30, label, size=7.5, color=charts.MUTED)
            _write(figure, left, bottom + 0.06, value, size=13, color=charts.INK, weight="bold")

    return Block(1.05, paint)


def _beside(left: Block, right: Block | None = None) -> Block:
    """Return two blocks side by side, or one alone over the whole width."""
    if right is None:
        return left
    half = (INNER - 2 * GAP) / 2

    def paint(figure: Figure, box: Box) -> None:
        for block, at in ((left, box.left), (right, box.left + half + 2 * GAP)):
            top = box.bottom + box.height
            block.paint(figure, Box(at, top - block.height, half, block.height))

    return Block(max(left.height, right.height), paint)


def _titled(
    title: str, height: float, paint: Callable[[Figure, Box], None], *, under: str = ""
) -> Block:
    lines = wrap(under, LINE_CHARS + 12)
    foot = 0.15 * len(lines) + (0.06 if lines else 0.0)

    def painted(figure: Figure, box: Box) -> None:
        _write(figure, box.left, box.bottom + box.height - 0.2, title, size=11, color=charts.INK,
               weight="bold")  # fmt: skip
        inner = Box(box.left, box.bottom + foot, box.width, box.height - TITLE - foot)
        paint(figure, inner)
        for place, line in enumerate(lines):
            _write(figure, box.left, box.bottom + foot - 0.15 * (place + 1), line, size=7,
                   color=charts.MUTED)  # fmt: skip

    return Block(height + TITLE + foot, painted)


def _table(
    title: str, columns: Sequence[Column], rows: Rows, *, under: str = "",
    shade: Callable[[int, int], str | None] = lambda *_: None,
) -> Block:  # fmt: skip
    first = 0 if any(column.title for column in columns) else 1

    def paint(figure: Figure, box: Box) -> None:
        axes = _axes(figure, box)
        axes.set_axis_off()
        axes.set_xlim(0.0, 1.0)
        axes.set_ylim(len(rows) + 1, first)
        edges = [sum(column.share for column in columns[:place]) for place in range(len(columns))]
        titles = [column.title for column in columns]
        for number, row in [*enumerate([titles, *rows])][first:]:
            for place, (column, text) in enumerate(zip(columns, row, strict=True)):
                colour = shade(number - 1, place) if number else None
                if colour:
                    axes.axhspan(number, number + 1, edges[place], edges[place] + column.share,
                                 color=colour, linewidth=0)  # fmt: skip
                is_left = column.side == "left"
                at = edges[place] + (0.0 if is_left else column.share - 0.008)
                axes.text(at, number + 0.5, text, ha=column.side, va="center", size=7.5,
                          color=charts.INK if number else charts.MUTED, parse_math=False,
                          weight="normal" if number else "bold")  # fmt: skip
            axes.axhline(number + 1, color=charts.GRID if number else charts.MUTED, linewidth=0.6)

    return _titled(title, ROW * (len(rows) + 1 - first), paint, under=under)


def _equity(sheet: Sheet) -> Block:
    curves = curves_of(sheet)

    def paint(figure: Figure, box: Box) -> None:
        above = _axes(figure, Box(box.left + 0.55, box.bottom + 1.45, box.width - 0.55, 1.85))
        below = _axes(figure, Box(box.left + 0.55, box.bottom + 0.25, box.width - 0.55, 0.85))
        charts.plot_worth(above, curves)
        above.legend(loc="lower left", bbox_to_anchor=(-0.01, 0.99), ncols=3, frameon=False,
                     borderpad=0, handlelength=1.1)  # fmt: skip
        charts.plot_falls(below, curves)
        _date([above, below])

    return _titled(f"Equity, balance and drawdown, {sheet.record.result.currency}", 3.4, paint)


def _rolling(sheet: Sheet) -> Block:
    def paint(figure: Figure, box: Box) -> None:
        above = _axes(figure, Box(box.left + 0.55, box.bottom + 1.35, box.width - 0.55, 1.0))
        below = _axes(figure, Box(box.left + 0.55, box.bottom + 0.25, box.width - 0.55, 0.7))
        sheetcharts.plot_rolling(above, below, sheet.rolling)
        _date([above, below])

    return _titled("A moving quarter", 2.65, paint)


def _date(pair: Sequence[Any]) -> None:
    for axes in pair:
        charts.quieten(axes)
        axes.margins(x=0.005)
    pair[0].tick_params(labelbottom=False)
    pair[0].sharex(pair[1])
    charts.date_axis(pair[1])


def _plot(plot: Callable[[Any], None]) -> Block:
    def paint(figure: Figure, box: Box) -> None:
        axes = _axes(figure, Box(box.left + 0.5, box.bottom + 0.42, box.width - 0.5, 1.5))
        charts.quieten(axes)
        plot(axes)

    return Block(2.2, paint)


def _months(sheet: Sheet) -> Block:
    most = max([0.01, *(abs(v) for _, row, _ in sheet.months for v in row if v)])
    columns = [Column("Year", 0.09, "left"), *(Column(name, 0.07) for name in (*MONTHS, "Year"))]
    rows = [
        [str(year), *("" if v is None else format_number(100 * v, 2) for v in (*values, whole))]
        for year, values, whole in sheet.months
    ]

    def shade(row: int, place: int) -> str | None:
        value = sheet.months[row][1][place - 1] if 0 < place <= len(MONTHS) else None
        return _tint(value, most) if value else None

    return _table("Monthly returns, %", columns, rows, shade=shade)


def _tint(value: float, most: float) -> str:
    """Return a colour mixed with white, since PDF readers print transparency badly."""
    depth = heat_depth(value, most)
    colour = (11, 102, 66) if value > 0 else (163, 36, 43)
    return "#" + "".join(f"{round(255 - depth * (255 - each)):02x}" for each in colour)


def _ratios(sheet: Sheet) -> Block:
    columns = (Column("Figure", 0.17, "left"), Column("Value", 0.1),
               Column("95 % interval", 0.19), Column("", 0.02),
               Column("", 0.52, "left"))  # fmt: skip
    rows = [(label, value, span, "", how) for label, value, span, how in list_ratios(sheet)]
    return _table(
        "Return and risk, with what luck leaves open", columns, rows,
        under=f"Of {sheet.days:,} days, resampled in blocks of five on average (stationary "
        "bootstrap).",
    )  # fmt: skip


def _losses(sheet: Sheet) -> Block:
    columns = (Column("", 0.08, "left"), Column("Value at risk", 0.15),
               Column("Expected shortfall", 0.19), Column("Days that lost more", 0.27),
               Column("p, Kupiec", 0.13), Column("p, Christoffersen", 0.18))  # fmt: skip
    return _table(
        "What a day may lose, of its equity", columns, list_losses(sheet.losses),
        under="Losses as they were. Each day is held to the value at risk of the 250 days before "
        "it; below p = 0.05 it did not keep its word.",
    )  # fmt: skip


def _money(sheet: Sheet) -> Block:
    costs, digits = sheet.costs, sheet.digits
    rows = [
        (label, format_number(value, digits, plus=True))
        for label, value in (
            ("Result at mid prices, before costs", costs["market"]),
            ("Spread", -costs["spread_cost"]), ("Slippage", -costs["slippage_cost"]),
            ("Commission", -costs["commission"]), ("Swap", costs["swap"]),
            ("Net result", sheet.net),
        )
    ]  # fmt: skip
    columns = (Column("", 0.72, "left"), Column("", 0.28))
    return _table(f"What it cost, {sheet.record.result.currency}", columns, rows)


def _counts(sheet: Sheet) -> Block:
    stats, digits = sheet.stats, sheet.digits

    def signed(value: float | None) -> str:
        return format_number(value, digits, plus=True)

    rows = [
        ("Won, lost", f"{stats.wins:,}, {stats.losses:,}"),
        ("Mean trade, net", signed(stats.expectancy)),
        ("Mean gain, mean loss", f"{signed(stats.average_win)}, {signed(stats.average_loss)}"),
        ("Payoff (mean gain over mean loss)", format_number(sheet.payoff, 2)),
        ("Largest gain, largest loss",
         f"{signed(stats.largest_win)}, {signed(stats.largest_loss)}"),
    ]  # fmt: skip
    if sheet.held:
        low, middle, high = (format_span(each) for each in sheet.held)
        rows += [("Held: half of the trades", middle), ("Held: eight in ten", f"{low} to {high}")]
    if sheet.exposure:
        sides = (sheet.exposure.long, sheet.exposure.short)
        rows.append(("Time long, time short", ", ".join(map(format_share, sides))))
    if sheet.margin_use:
        rows.append(
            ("Margin of equity: mean, most", ", ".join(map(format_share, sheet.margin_use)))
        )
    return _table("Trades and exposure", (Column("", 0.58, "left"), Column("", 0.42)), rows)


def _parts(title: str, parts: Sequence[Any], digits: int) -> Block:
    columns = (Column("", 0.22, "left"), Column("Trades", 0.11), Column("Net", 0.16),
               Column("Costs", 0.14), Column("Won", 0.12), Column("Profit factor", 0.13),
               Column("Mean", 0.12))  # fmt: skip
    rows = [
        (part.name.replace("_", " "), format_number(part.trades, 0),
         format_number(part.net, digits, plus=True), format_number(part.costs, digits),
         format_share(part.win_rate), format_number(part.profit_factor, 2),
         format_number(part.expectancy, digits, plus=True))
        for part in parts
    ]  # fmt: skip
    return _table(title, columns, rows)


def _falls(sheet: Sheet) -> Block:
    columns = (Column("Depth", 0.12), Column("", 0.04), Column("Peak before", 0.2, "left"),
               Column("Lowest", 0.2, "left"), Column("Recovered", 0.2, "left"),
               Column("Lasted", 0.24))  # fmt: skip
    rows = [(fall.depth, "", *fall[1:]) for fall in list_falls(sheet)]
    return _table("The deepest drawdowns", columns, rows)


def _execution(sheet: Sheet) -> Block:
    columns = (Column("Orders", 0.2, "left"), Column("Filled", 0.12), Column("Delay", 0.1),
               Column("Spread", 0.1), Column("Commission", 0.12), Column("Missed", 0.12),
               Column("Shortfall", 0.13), Column("Effective", 0.11))  # fmt: skip
    rows = [
        (f"{part.symbol} {part.kind.replace('_', ' ')}",
         f"{part.filled:,} of {part.orders - part.denied:,}",
         *(format_number(value, sheet.digits, plus=True) for value in
           (part.delay, part.spread + part.slippage, part.commission, part.opportunity,
            part.shortfall)), effective)
        for part, effective, _ in list_pips(sheet)
    ]  # fmt: skip
    return _table(
        "How orders were executed", columns, rows,
        under=f"Costs in {sheet.record.result.currency} against the mid at the decision, slippage "
        "with the spread; effective spread in pips.",
    )  # fmt: skip


def _facts(sheet: Sheet) -> Block:
    result = sheet.record.result
    facts = [("Run", sheet.record.name)]
    facts += [("Traded on", sheet.record.place)] if sheet.record.place else []
    if len(result.times):
        first, last = (format_moment(int(result.times[place])) for place in (0, -1))
        facts.append(("Time", f"{first} to {last} UTC"))
    start = result.cash * 10.0**-result.currency_digits
    facts.append(("Start", f"{format_exact(start)} {result.currency}"))
    if result.params:
        facts.append(("Parameters", ", ".join(f"{k} = {v}" for k, v in result.params.items())))
    facts += [(name[:1].upper() + name[1:], str(value)) for name, value in result.extra.items()]
    facts += [("Digest", result.digest)] if result.digest else []
    rows = [
        (name if place == 0 else "", line)
        for name, text in facts
        for place, line in enumerate(wrap(text, LINE_CHARS - 18) or [""])
    ]
    return _table(
        "What this is of", (Column("", 0.16, "left"), Column("", 0.84, "left")), rows,
        under="Past results, of a market as it was and with costs as assumed here, promise "
        "nothing.",
    )  # fmt: skip
