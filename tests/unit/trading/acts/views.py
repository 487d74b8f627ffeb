"""Accounts as judges see them, made by hand."""

from __future__ import annotations

from assay.model.messages import BarClosed
from assay.model.time import HOUR
from assay.trading.risk.acts.judge import AccountView, Holding, Reduce, Wish

CASH = 10_000_000


def hold(
    quantity: int, *, price: int = 100_000, entry: int = 100_000, worth: int = 0, waiting: int = 0,
    unrealised: int = 0, stop: int = 0,
) -> Holding:  # fmt: skip
    return Holding(quantity, waiting, quantity * entry, stop, price, worth, unrealised)


def see(
    ts: int, equity: int = CASH, *, balance: int = CASH, margin: int = 0, at_close: bool = True,
    **held: Holding,
) -> AccountView:  # fmt: skip
    return AccountView(ts, at_close, balance, equity, margin, held)


def close_bar(symbol: str, ts: int, high: int, low: int, close: int) -> BarClosed:
    return BarClosed(
        id=1, ts_event=ts, ts_init=ts, symbol=symbol, timeframe=HOUR, ts_open=ts - HOUR, open=close,
        high=high, low=low, close=close, spread_open=1, spread_high=1, spread_low=1,
        spread_close=1,
    )  # fmt: skip


def reductions(wishes: list[Wish]) -> dict[str, int]:
    return {each.symbol: each.keep for each in wishes if isinstance(each, Reduce)}
