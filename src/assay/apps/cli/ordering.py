"""`assay order` and `assay flatten`: what a person asks of the platform that trades."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from assay.apps.cli.console import HomeOption, JsonOption, emit
from assay.model.errors import UsageError
from assay.model.time import SECOND, parse_time
from assay.runtime.environment import user_name
from assay.runtime.home import Home, open_home

SIGNS = {"buy": "", "sell": "-"}
SymbolArgument = Annotated[str, typer.Argument(help="The instrument, such as EURUSD.")]
LotsArgument = Annotated[str, typer.Argument(help="Volume in lots, such as 0.5.")]
KeyArgument = Annotated[int, typer.Argument(help="The order, as `assay order list` names it.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; kept in the record.")]
TypeOption = Annotated[
    str,
    typer.Option(
        "--type",
        help="market, limit, stop, stop_limit, trailing_stop, twap, vwap or iceberg.",
    ),
]
PriceOption = Annotated[str, typer.Option("--price", help="Where it waits.")]
LimitOption = Annotated[str, typer.Option("--limit", help="Of a stop_limit, once triggered.")]
DistanceOption = Annotated[
    str, typer.Option("--distance", help="Of a trailing_stop, in price, such as 0.0020.")
]
StopOption = Annotated[str, typer.Option("--stop", help="Where the position is cut short.")]
TargetOption = Annotated[str, typer.Option("--target", help="Where its profit is taken.")]
TimeOption = Annotated[
    str, typer.Option("--time-in-force", help="gtc, gtd (with --until), day, ioc or fok.")
]
UntilOption = Annotated[str, typer.Option("--until", help="When a gtd order ends, ISO-8601.")]
SlicesOption = Annotated[int, typer.Option("--slices", min=0, help="Parts of a twap or vwap.")]
EveryOption = Annotated[
    float, typer.Option("--every", min=0, help="Seconds from one part to the next.")
]
ShownOption = Annotated[str, typer.Option("--shown", help="Lots of an iceberg that are seen.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    order = typer.Typer(help="Order by hand, under every risk rule.", no_args_is_help=True)
    order.command("list")(list_orders)
    order.command("place")(place)
    order.command("close")(close)
    order.command("change")(change)
    order.command("cancel")(cancel)
    order.command("protect")(protect)
    app.add_typer(order, name="order")
    app.command("flatten")(flatten)


def list_orders(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show the orders that wait on the platform that trades.

    Example: assay order list
    """
    import msgspec

    from assay.apps.paper.control.orders import LIST_ORDERS
    from assay.apps.paper.trader.byhand import Waiting

    text = _ask(open_home(home), LIST_ORDERS, "to see")
    found = msgspec.json.decode(text, type=list[Waiting])
    emit({"orders": [msgspec.structs.asdict(each) for each in found]}, as_json, _table)


def _table(found: Mapping[str, Any]) -> str:
    lines = [
        f"{row['key']:>20}  {row['symbol']:<8} {row['side']:<4} {row['lots']:>8} lots "
        f"{row['kind']:<13} at {row['price'] or 'market':<10} stop {row['stop'] or '-':<10} "
        f"target {row['target'] or '-'}"
        for row in found["orders"]
    ]
    return "\n".join(lines) or "no order waits"


def place(
    side: Annotated[str, typer.Argument(help="buy or sell.")],
    symbol: SymbolArgument, lots: LotsArgument, reason: ReasonOption,
    kind: TypeOption = "market", price: PriceOption = "", limit: LimitOption = "",
    distance: DistanceOption = "", stop: StopOption = "", target: TargetOption = "",
    time_in_force: TimeOption = "gtc", until: UntilOption = "", slices: SlicesOption = 0,
    every: EveryOption = 0.0, shown: ShownOption = "", home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Buy or sell; without --type at the market.

    Example: assay order place buy EURUSD 0.5 --type limit --price 1.0850 --reason "support"
    """
    if side not in SIGNS:
        raise UsageError(f"side {side!r} is unknown; use {' or '.join(SIGNS)}")
    if lots.startswith("-"):
        raise UsageError(f"{lots} lots are no volume; the side says whether it sells")
    wish = {
        "action": kind, "lots": SIGNS[side] + lots, "price": price, "limit": limit,
        "distance": distance, "stop": stop, "target": target, "shown": shown, "slices": slices,
        "time_in_force": time_in_force, "expires": parse_time(until) if until else 0,
        "every": round(every * SECOND),
    }  # fmt: skip
    _order(open_home(home), symbol, wish, reason, as_json)


def close(
    symbol: SymbolArgument, reason: ReasonOption,
    lots: Annotated[str, typer.Option("--lots", help="At most so much; all without it.")] = "",
    home: HomeOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Close a position, or a part of it, at the market; orders that wait stay.

    Example: assay order close EURUSD --lots 0.2 --reason "half of it is enough"
    """
    _order(open_home(home), symbol, {"action": "close", "lots": lots}, reason, as_json)


def change(
    symbol: SymbolArgument, key: KeyArgument, reason: ReasonOption,
    lots: Annotated[str, typer.Option("--lots", help="Signed: minus sells.")] = "",
    price: PriceOption = "", limit: LimitOption = "", stop: StopOption = "",
    target: TargetOption = "", home: HomeOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Change an order that waits; a stop or target of `none` is taken away.

    Example: assay order change EURUSD 4611686018427387905 --price 1.0845 --reason "a better level"
    """
    wish = {"action": "change", "key": str(key), "lots": lots, "price": price, "limit": limit,
            "stop": stop, "target": target}  # fmt: skip
    _order(open_home(home), symbol, wish, reason, as_json)


def cancel(
    symbol: SymbolArgument, reason: ReasonOption,
    key: Annotated[int, typer.Option("--key", help="One order; all that wait without it.")] = 0,
    home: HomeOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Cancel an order that waits, or all of an instrument.

    Example: assay order cancel EURUSD --reason "the level has gone"
    """
    _order(open_home(home), symbol, {"action": "cancel", "key": str(key or "")}, reason, as_json)


def protect(
    symbol: SymbolArgument, reason: ReasonOption, stop: StopOption = "", target: TargetOption = "",
    home: HomeOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Give an open position another stop or target; `none` takes one away.

    Example: assay order protect EURUSD --stop 1.0810 --reason "to the entry"
    """
    wish = {"action": "protect", "stop": stop, "target": target}
    _order(open_home(home), symbol, wish, reason, as_json)


def flatten(
    reason: ReasonOption,
    symbol: Annotated[str, typer.Option("--symbol", help="One instrument; without it, all.")] = "",
    home: HomeOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Close everything, cancel what waits, and hold entries back; halted or not.

    Each position is seen through: NOT FLAT is told, and asked for again, until it is closed.

    Example: assay flatten --reason "the central bank has spoken"
    """
    from assay.apps.paper.control.orders import FLATTEN

    text = _ask(open_home(home), FLATTEN, reason, symbol)
    emit({"action": FLATTEN, "symbol": symbol, "reason": reason, "text": text}, as_json, _text)


def _order(home: Home, symbol: str, wish: Mapping[str, Any], reason: str, as_json: bool) -> None:
    from assay.apps.paper.control.orders import TRADE, ByHand

    text = _ask(home, TRADE, reason, wish=ByHand(symbol=symbol, **wish))
    emit(
        {"action": wish["action"], "symbol": symbol, "reason": reason, "text": text}, as_json, _text
    )


def _ask(home: Home, action: str, reason: str, symbol: str = "", *, wish: Any = None) -> str:
    """Return what the platform answers; raise UsageError where it does not do it."""
    from assay.apps.paper.control.orders import ControlOrder, ask_trader

    if not reason.strip():
        raise UsageError("--reason is empty; say why, it is kept in the record")
    if not home.is_locked("up"):
        raise UsageError("no `assay up` runs in this home, so there is nothing to order of")
    order = ControlOrder(action, reason, user_name(), symbol=symbol, by_hand=wish)
    # Nobody's order is left lying: what is not taken at once is taken back.
    answer = ask_trader(home, order, seconds=10.0, is_patient=False)
    if not answer.serves:
        raise UsageError(f"not done: {answer.text}")
    return answer.text


def _text(found: Mapping[str, Any]) -> str:
    return str(found["text"])
