"""What a run's accounts hold and made, and what to hold of several instruments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import reduce
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from assay.apps.config import Config, configured_instrument
from assay.apps.lab.feeds.events import choose_pricing, merge_events
from assay.apps.lab.runs.eventlog import read_event_log
from assay.market.series import BarSeries
from assay.market.sources.parquet import read_parquet
from assay.model.accounts import MarkMode
from assay.model.errors import DataError, UsageError
from assay.model.instruments import Instrument
from assay.model.messages import EquityMarked, Message, tag_of
from assay.model.time import DAY, format_time
from assay.model.values import scale_decimal
from assay.trading.portfolio import Chains, Portfolio, PortfolioView, view_account
from assay.trading.portfolio.rebalancing import Book, rebalance
from assay.trading.portfolio.targets import (
    TAIL,
    TERMS,
    Terms,
    choose_targets,
    cvar_of,
    risk_shares,
    shrink_covariance,
)

EVENTS = "events.msgpack"
PERIODS = ("day", "bar")
FOLLOWED = (*(tag_of(kind) for kind in Portfolio.consumes), tag_of(EquityMarked))
"""What tells of an account, by the tags of the journal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRequest:
    """Say what to share out: files, method, symbols held short, and the account as it is."""

    data: Sequence[Path]
    method: str
    short: Sequence[str] = ()
    terms: Terms = TERMS
    period: str = "day"
    equity: Decimal | None = None
    leverage: float = 1.0
    held: Mapping[str, Decimal] = field(default_factory=dict)
    band: float = 0.0
    config: Config = field(default_factory=Config)


def find_targets(request: TargetRequest) -> dict[str, Any]:
    """Return the weights of a method on history, and the orders that lead to them.

    Raises UsageError for what does not fit, DataError for too little history in common.
    """
    series = [_read_bars(path) for path in request.data]
    symbols = [one.symbol for one in series]
    _check(request, symbols)
    signs = np.array([-1.0 if name in request.short else 1.0 for name in symbols])
    returns, span = align_returns(series, request.period)
    weights = choose_targets(returns * signs, request.method, request.terms)
    covariance = shrink_covariance(returns * signs)
    shares = risk_shares(weights, covariance)
    signed = weights * signs * request.leverage + 0.0  # no share is -0
    book, chains = _book(request, series)
    orders = rebalance(
        book, dict(zip(symbols, signed.tolist(), strict=True)), chains, request.band
    )  # fmt: skip
    return {
        "method": request.method, "period": request.period, "rows": len(returns),
        "from": format_time(span[0]), "until": format_time(span[1]),
        "targets": [
            {"symbol": name, "weight": weight, "risk_share": share, "volatility": deviation}
            for name, weight, share, deviation in zip(
                symbols, signed.tolist(), shares.tolist(), np.sqrt(np.diag(covariance)).tolist(),
                strict=True,
            )
        ],
        "volatility": float(np.sqrt(weights @ covariance @ weights)) * request.leverage,
        "cvar": cvar_of(returns * signs, weights) * request.leverage, "tail": TAIL,
        "currency": book.spec.currency, "equity": book.equity / 10**book.spec.currency_digits,
        "orders": [_tell_order(order, chains) for order in orders],
    }  # fmt: skip


def show_run(folder: Path, config: Config) -> dict[str, Any]:
    """Return the account of a replayed run at its end, as `show_account` does.

    Raises UsageError where the folder holds no messages.
    """
    path = folder / EVENTS
    if not path.is_file():
        raise UsageError(f"{folder} holds no {EVENTS}; run the backtest by --driver replay --out")
    return {"run": str(folder), **show_account(read_event_log(path), config)}


def show_account(messages: Iterable[Message], config: Config) -> dict[str, Any]:
    """Return what an account is worth after its messages: profit, who made it, and exposures.

    Raises DataError where no message marks its equity.
    """
    spec = config.account.to_spec()
    # A run whose prices are mids is marked at them, and its messages do not say so.
    marks: tuple[MarkMode, ...] = ("exit", "mid")
    followed = [Portfolio([msgspec.structs.replace(spec, mark=mark)], {}) for mark in marks]
    last = None
    for message in messages:
        symbol = getattr(message, "symbol", None)
        for portfolio in followed:
            if symbol is not None and symbol not in portfolio.chains.instruments:
                portfolio.chains.add(symbol, configured_instrument(config, symbol))
            portfolio.handle(message)
        if isinstance(message, EquityMarked) and message.account == spec.id:
            last = message
    if last is None:
        raise DataError(f"no message marks the equity of account {spec.id}; trade first")
    views = [_with_cash(view_account(each, spec.id), last) for each in followed]
    agreeing = [view for view in views if view.equity == last.equity]
    return _tell_view((agreeing or views)[0], last, agrees=bool(agreeing))


def _with_cash(view: PortfolioView, last: EquityMarked) -> PortfolioView:
    return view._replace(cash=last.balance - (view.balance - view.cash))


def _tell_view(view: PortfolioView, last: EquityMarked, *, agrees: bool) -> dict[str, Any]:
    scale = 10**view.digits
    return {
        "until": format_time(last.ts_event), "currency": view.currency,
        "cash": view.cash / scale, "balance": view.balance / scale, "equity": view.equity / scale,
        "marked_equity": last.equity / scale, "agrees": agrees,
        "total": _tell_line(view.total, scale),
        "by_symbol": {name: _tell_line(one, scale) for name, one in view.by_symbol.items()},
        "by_strategy": {name: _tell_line(one, scale) for name, one in view.by_strategy.items()},
        "exposure": {name: amount / scale for name, amount in view.exposure.items()},
        "gross": {name: amount / scale for name, amount in view.gross.items()},
        "unpriced": view.unpriced,
    }  # fmt: skip


def align_returns(series: Sequence[BarSeries], period: str) -> tuple[np.ndarray, tuple[int, int]]:
    """Return the returns [t, n] of the times that all series share, and the first and last of them.

    Of a `day` (UTC) the last close counts.
    """
    columns = [_closes(one, period) for one in series]
    shared = reduce(np.intersect1d, (times for times, _ in columns))
    if len(shared) < 2:
        raise DataError(f"the files share {len(shared)} {period}s; give the same span of each")
    closes = np.column_stack(
        [prices[np.searchsorted(times, shared)] for times, prices in columns]
    )  # fmt: skip
    step = DAY if period == "day" else 1
    return closes[1:] / closes[:-1] - 1.0, (int(shared[0]) * step, int(shared[-1]) * step)


def _closes(one: BarSeries, period: str) -> tuple[np.ndarray, np.ndarray]:
    prices = one.close if one.ask_close is None else one.close + (one.ask_close - one.close) / 2
    if period == "bar":
        return one.ts_open, prices.astype(np.float64)
    days = (one.ts_open + int(one.timeframe) - 1) // DAY
    last = np.flatnonzero(np.diff(days, append=days[-1] + 1))
    return days[last], prices[last].astype(np.float64)


def _read_bars(path: Path) -> BarSeries:
    found = read_parquet(path)
    if not isinstance(found, BarSeries):
        raise UsageError(f"{path} holds ticks; give bars")
    return found


def _check(request: TargetRequest, symbols: Sequence[str]) -> None:
    if len(set(symbols)) < 2 or len(set(symbols)) < len(symbols):
        raise UsageError("name the files of two or more symbols, each once")
    if request.period not in PERIODS:
        raise UsageError(f"period {request.period!r} is unknown; use {' or '.join(PERIODS)}")
    for name in (*request.short, *request.held):
        if name not in symbols:
            raise UsageError(f"{name} is not among the data ({', '.join(symbols)})")


def _book(request: TargetRequest, series: Sequence[BarSeries]) -> tuple[Book, Chains]:
    config = request.config
    specs = [configured_instrument(config, one.symbol) for one in series]
    account = config.account.to_spec()
    equity = account.cash
    if request.equity is not None:
        equity = scale_decimal(request.equity, account.currency_digits)
    chains = _quote(series, specs)
    held = {
        spec.symbol: scale_decimal(request.held[spec.symbol], spec.quantity_digits)
        for spec in specs
        if spec.symbol in request.held
    }
    return Book(account, equity, held), chains


def _quote(series: Sequence[BarSeries], specs: Sequence[Instrument]) -> Chains:
    """Return the chains at the last prices of each file, with the spreads that a run would see."""
    last = [one.select(slice(len(one) - 1, None)) for one in series]
    pricing = [choose_pricing(one, spec, None) for one, spec in zip(last, specs, strict=True)]
    digits = {spec.symbol: price.digits for spec, price in zip(specs, pricing, strict=True)}
    chains = Chains({spec.symbol: spec for spec in specs}, digits)
    for event in merge_events(last, pricing, specs):
        bid = int(event["close"])
        chains.observe(specs[event["instrument"]].symbol, bid, bid + int(event["spread_close"]))
    return chains


def _tell_line(line: Any, scale: int) -> dict[str, Any]:
    money = {name: value / scale for name, value in line._asdict().items() if name != "fills"}
    return {**money, "net": line.net / scale, "fills": line.fills}


def _tell_order(order: Any, chains: Chains) -> dict[str, Any]:
    instrument = chains.instruments[order.symbol]
    units = Decimal(abs(order.units)).scaleb(-instrument.quantity_digits)
    return {
        "symbol": order.symbol, "side": "buy" if order.units > 0 else "sell",
        "units": float(units), "lots": float(units / instrument.contract_size),
        "weight": order.weight, "target": order.target, "after": order.after,
    }  # fmt: skip
