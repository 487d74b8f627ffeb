"""`assay diff`: the orders of one run against those of another, or of an account."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from assay.apps.cli.console import HomeOption, JsonOption, emit
from assay.apps.cli.tearsheets import AccountOption, read_record
from assay.model.time import SECOND, format_time

EXIT_DIFFERS = 3
SHOWN = 50


def diff(
    first: Annotated[Path, typer.Argument(help="Folder that `assay backtest --out` wrote.")],
    second: Annotated[
        Path | None, typer.Argument(help="Folder of the run that is held against it.")
    ] = None,
    account: AccountOption = None,
    window: Annotated[
        float,
        typer.Option("--window", min=0.0, help="Seconds by which orders without a key may differ."),
    ] = 60.0,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say order by order how a run differs from a backtest: exit 3 where it does.

    Orders are one where their keys are, else where symbol, side and type are, within the window.
    Missing ones the second side has not, extra ones the first has not.

    Example: assay diff runs/first --account paper
    """
    from assay.books.analytics.ordermatch import diff_orders

    ours, theirs = read_record(first, None, None), read_record(second, account, home)
    found = diff_orders(
        ours.quality, theirs.quality, {**theirs.pips, **ours.pips}, window=int(window * SECOND)
    )
    told = {
        "runs": [ours.name, theirs.name], "equal": not found.gaps, "counts": found.counts,
        "price_points": found.price_points, "fill_seconds": found.fill_seconds,
        "gaps": [
            {
                "time": format_time(gap.pair.told.time), "symbol": gap.pair.told.symbol,
                "side": gap.pair.told.side, "key": str(gap.pair.told.key), "what": gap.what,
                "first": gap.first, "second": gap.second,
            }
            for gap in found.gaps
        ],
    }  # fmt: skip
    emit(told, as_json, _lines)
    if found.gaps:
        raise typer.Exit(EXIT_DIFFERS)


def _lines(told: dict[str, Any]) -> str:
    counts = told["counts"]
    lines = [
        f"{counts['first']:,} orders of {told['runs'][0]}, {counts['second']:,} of "
        f"{told['runs'][1]}: {counts['by_key']:,} matched by key, {counts['by_window']:,} by "
        f"window, {counts['equal']:,} equal"
    ]
    kinds = {name: number for name, number in counts.items() if name not in NAMED}
    if kinds:
        lines.append("differing: " + ", ".join(f"{name} {n:,}" for name, n in kinds.items()))
    if told["price_points"] or told["fill_seconds"]:
        lines.append(
            f"the second paid {told['price_points']:+.2f} points more and filled "
            f"{told['fill_seconds']:+.3f} s later on average"
        )
    for gap in told["gaps"][:SHOWN]:
        sides = " -> ".join(each for each in (gap["first"], gap["second"]) if each)
        lines.append(
            f"{gap['time'][:19].replace('T', ' ')}  {gap['symbol']} {gap['side']:<4}  "
            f"{gap['what']:<9}  {sides}"
        )
    if len(told["gaps"]) > SHOWN:
        lines.append(f"and {len(told['gaps']) - SHOWN:,} more (--json has all)")
    return "\n".join(lines)


NAMED = ("first", "second", "by_key", "by_window", "equal")


def register(app: typer.Typer) -> None:
    """Add `diff` to the command line."""
    app.command("diff")(diff)
