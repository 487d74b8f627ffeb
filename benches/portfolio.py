"""A whole look at a portfolio of twenty instruments: worth, risk, targets, and the orders there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from assay.model.accounts import AccountSpec
from assay.model.instruments import instrument_for
from assay.model.messages import OrderFilled, Tick
from assay.runtime.ids import seeded_generator
from assay.trading.portfolio import Portfolio, view_account
from assay.trading.portfolio.rebalancing import Book, rebalance
from assay.trading.portfolio.targets import (
    choose_targets,
    cvar_of,
    risk_shares,
    shrink_covariance,
)
from benches.harness import Bench, Round, time_each

SYMBOLS = (
    "EURUSD GBPUSD AUDUSD NZDUSD USDJPY USDCHF USDCAD EURGBP EURJPY GBPJPY EURCHF EURAUD GBPCHF "
    "AUDJPY CADJPY CHFJPY EURCAD GBPCAD XAUUSD XAGUSD"
).split()
WORTH = {"EUR": 1.1, "GBP": 1.3, "AUD": 0.7, "NZD": 0.65, "USD": 1.0, "JPY": 0.0091, "CHF": 1.05,
         "CAD": 0.75, "XAU": 1_500.0, "XAG": 18.0}  # fmt: skip
ROWS, LOOKS, OTHERS = 500, 200, 20
FLOOR = 25_000.0
"""Microseconds at the 99th percentile."""


def quote(symbol: str, number: int) -> Tick:
    """Return a tick near what the two currencies are worth."""
    digits = instrument_for(symbol).digits
    bid = round(WORTH[symbol[:3]] / WORTH[symbol[3:]] * 10**digits) + number % 5
    return Tick(id=number, ts_event=number, ts_init=number, symbol=symbol, bid=bid, ask=bid + 12)


def filled_portfolio() -> Portfolio:
    """Return an account that holds each symbol, every second one short."""
    instruments = {name: instrument_for(name) for name in SYMBOLS}
    portfolio = Portfolio([AccountSpec(id="paper", cash=10_000_000)], instruments)
    for number, (name, spec) in enumerate(instruments.items()):
        tick = quote(name, number)
        units = spec.volume_step * (1 if number % 2 else -1)
        portfolio.handle(tick)
        portfolio.handle(
            OrderFilled(
                id=number, ts_event=number, ts_init=number, key=number, fill=number,
                account="paper", symbol=name, quantity=units, price=tick.ask,
                price_digits=spec.digits, commission=7, profit=0, spread_cost=5, slippage_cost=0,
                rate_num=1, rate_den=1, position=units, kind="exact", reason="market",
            )
        )  # fmt: skip
    return portfolio


def look(portfolio: Portfolio, returns: np.ndarray, number: int) -> int:
    """Value the account after a tick, measure its risk, and find parity and the way to it."""
    portfolio.handle(quote(SYMBOLS[number % len(SYMBOLS)], number))
    view = view_account(portfolio, "paper")
    covariance = shrink_covariance(returns)
    weights = choose_targets(returns, "risk-parity")
    shares, tail = risk_shares(weights, covariance), cvar_of(returns, weights)
    held = {name: one[""].quantity for name, one in portfolio.holdings("paper").items()}
    book = Book(portfolio.specs["paper"], view.equity, held)
    targets = dict(zip(SYMBOLS, weights.tolist(), strict=True))
    orders = rebalance(book, targets, portfolio.chains, 0.01)
    assert len(shares) == len(SYMBOLS)
    assert tail > 0
    return len(orders)


def build(folder: Path) -> Bench:
    """Compare with NumPy's covariance alone, by one thread."""
    limit = threadpool_limits(1)
    rng = seeded_generator(1)
    returns = 1e-3 * (0.5 * rng.standard_normal((ROWS, 1)) + rng.standard_normal((ROWS, 20)))
    portfolio = filled_portfolio()
    others = {
        name: float(np.percentile(time_method(returns, name).latencies, 99))  # type: ignore[arg-type]
        for name in ("mean-variance", "minimum-cvar")
    }
    return Bench(
        what=f"worth, exposures, risk, parity and orders of {len(SYMBOLS)} instruments, "
        f"{ROWS} rows of returns",
        items="looks",
        figure="latency",
        reference_what="numpy.cov of the same rows, one thread",
        subject=lambda: time_each(LOOKS, lambda number: look(portfolio, returns, number)),
        reference=lambda: time_each(LOOKS, lambda _: np.cov(returns.T)),
        floor=FLOOR,
        close=limit.restore_original_limits,
        notes={"targets alone, p99_us, once": others},
    )


def time_method(returns: np.ndarray, name: str) -> Round:
    """Find the targets of a method again and again."""
    return time_each(OTHERS, lambda _: choose_targets(returns, name))
