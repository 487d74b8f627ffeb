"""Accounts as judges see them, made by hand."""

from __future__ import annotations

from assay.model.messages import BarClosed
from assay.model.time import HOUR
from assay.trading.risk.acts.judge import AccountView, Holding, Reduce, Wish

CASH = 10_000_000


def hold(
    quantity: int, *, price: int = 100_000, entry: int = 100_000, worth: int = 0, waiting: int = 0,
    unrealised: int = 0, stop: int = 0, ticket: int = 0,
) -> Holding:  # fmt: skip
    return Holding(quantity, waiting, quantity * entry, stop, price, worth, unrealised, ticket)


def see(
    ts: int, equity: int = CASH, *, balance: int = CASH, margin: int = 0, at_close: bool = True,
    **held: Holding,
) -> AccountView:  # fmt: skip
    return AccountView(ts, at_close, balance, equity, margin, held)


def see_tickets(ts: int, *tickets: Holding, equity: int = CASH) -> AccountView:
    """Return a hedging account as the warden shows it: the net position, and its parts."""
    net = sum(each.quantity for each in tickets)
    cost = sum(each.cost for each in tickets)
    held = {"EURUSD": Holding(net, 0, cost, 0, tickets[0].price, 0, 0)} if net else {}
    return AccountView(ts, True, CASH, equity, 0, held, {"EURUSD": tickets} if tickets else {})


def close_bar(symbol: str, ts: int, high: int, low: int, close: int) -> BarClosed:
    return BarClosed(
        id=1, ts_event=ts, ts_init=ts, symbol=symbol, timeframe=HOUR, ts_open=ts - HOUR, open=close,
        high=high, low=low, close=close, spread_open=1, spread_high=1, spread_low=1,
        spread_close=1,
    )  # fmt: skip


def reductions(wishes: list[Wish]) -> dict[str, int]:
    return {each.symbol: each.keep for each in wishes if isinstance(each, Reduce)}
