"""A small broker whose figures are easy to reckon by hand, and requests to it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from assay.model.time import parse_time
from assay.trading.brokers.mt5 import api
from assay.trading.brokers.mt5.structures import OrderSendResult
from assay.trading.terminal import BrokerProfile, SimulatedTerminal
from assay.trading.terminal.profile import AccountTerms, SymbolTerms

MONDAY = parse_time("2019-03-04T10:00:00")
EURUSD = SymbolTerms(
    name="EURUSD", currency_base="EUR", currency_profit="USD", digits=5, path="Forex\\EURUSD"
)
USDJPY = SymbolTerms(
    name="USDJPY", currency_base="USD", currency_profit="JPY", digits=3, path="Forex\\USDJPY"
)
GOLD = SymbolTerms(
    name="XAUUSD", currency_base="XAU", currency_profit="USD", currency_margin="USD", digits=2,
    contract_size=Decimal(100), calculation="cfd_leverage", path="Metals\\XAUUSD",
)  # fmt: skip


def make(
    account: dict[str, Any] | None = None, eurusd: dict[str, Any] | None = None, **broker: Any
) -> SimulatedTerminal:
    """Return a connected terminal, quoted at 1.10000 / 1.10010 on a Monday at 10:00 UTC."""
    terms = AccountTerms(**({"login": 1, "deposit": Decimal(10_000)} | (account or {})))
    symbols = (msgspec.structs.replace(EURUSD, **(eurusd or {})), USDJPY, GOLD)
    other = AccountTerms(login=2, currency="EUR")
    given: dict[str, Any] = {
        "name": "small", "server": "Small-1", "zone": "UTC+2", "accounts": (terms, other),
        "symbols": symbols,
    }  # fmt: skip
    feed, seed = broker.pop("feed", ()), broker.pop("seed", 1)
    profile = BrokerProfile(**(given | broker))
    terminal = SimulatedTerminal(profile, seed=seed, start=MONDAY, feed=feed)
    assert terminal.initialize()
    assert terminal.symbol_select("EURUSD")
    terminal.quote("EURUSD", 110_000, 110_010)
    return terminal


def hedging(**given: Any) -> SimulatedTerminal:
    """Return the same on a hedging account."""
    return make({"margin_mode": "hedging"} | given.pop("account", {}), **given)


def deal(kind: int, volume: float, **fields: Any) -> dict[str, Any]:
    """Return a request at market."""
    return {
        "action": api.TRADE_ACTION_DEAL, "symbol": "EURUSD", "volume": volume, "type": kind,
        "type_filling": api.ORDER_FILLING_IOC, "deviation": 5, **fields,
    }  # fmt: skip


def buy(terminal: SimulatedTerminal, volume: float, **fields: Any) -> OrderSendResult:
    """Buy at market."""
    return answered(terminal.order_send(deal(api.ORDER_TYPE_BUY, volume, **fields)))


def sell(terminal: SimulatedTerminal, volume: float, **fields: Any) -> OrderSendResult:
    """Sell at market."""
    return answered(terminal.order_send(deal(api.ORDER_TYPE_SELL, volume, **fields)))


def pending(kind: int, price: float, volume: float = 0.1, **fields: Any) -> dict[str, Any]:
    """Return a request for a resting order."""
    return {
        "action": api.TRADE_ACTION_PENDING, "symbol": "EURUSD", "volume": volume, "type": kind,
        "price": price, **fields,
    }  # fmt: skip


def place(terminal: SimulatedTerminal, kind: int, price: float, **fields: Any) -> int:
    """Place a resting order; return its ticket."""
    result = answered(terminal.order_send(pending(kind, price, **fields)))
    assert result.retcode == api.TRADE_RETCODE_DONE, result
    return result.order


def answered(result: OrderSendResult | None) -> OrderSendResult:
    """Return a result that is there."""
    assert result is not None
    return result


def deals_of(terminal: SimulatedTerminal) -> list[tuple[float, ...]]:
    """Return type, entry, volume, price and profit of every deal but the deposit."""
    deals = terminal.history_deals_get(0, 2**32)
    assert deals is not None
    return [
        (found.type, found.entry, found.volume, found.price, found.profit) for found in deals[1:]
    ]
