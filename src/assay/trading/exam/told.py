"""What a terminal says of account and symbols, in the terms of a broker's profile."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from assay.model.errors import UsageError
from assay.trading.brokers.mt5 import api
from assay.trading.brokers.mt5.account import lock_of
from assay.trading.brokers.mt5.structures import AccountInfo, SymbolInfo
from assay.trading.terminal.profile import (
    CALCULATIONS,
    EXECUTIONS,
    SWAP_MODES,
    TRADE_MODES,
    AccountTerms,
    SymbolTerms,
)

Filling = Literal["fok", "ioc", "boc"]
FILLING_BITS: dict[Filling, int] = {
    "fok": api.FILLING_BIT_FOK, "ioc": api.FILLING_BIT_IOC, "boc": api.FILLING_BIT_BOC,
}  # fmt: skip


def account_terms(info: AccountInfo) -> AccountTerms:
    """Return the account as the terminal shows it."""
    lock = lock_of(info)
    return AccountTerms(
        login=info.login, name=info.name, kind=lock.trade_mode, currency=info.currency,
        currency_digits=info.currency_digits, leverage=info.leverage, margin_mode=lock.margin_mode,
        stopout_mode="money" if info.margin_so_mode else "percent",
        margin_call=exact(info.margin_so_call), stopout=exact(info.margin_so_so),
        limit_orders=info.limit_orders, fifo_close=info.fifo_close, deposit=exact(info.balance),
    )  # fmt: skip


def symbol_terms(info: SymbolInfo) -> SymbolTerms:
    """Return a symbol as the terminal shows it; UsageError for what a profile cannot hold."""
    return SymbolTerms(
        name=info.name, currency_base=info.currency_base, currency_profit=info.currency_profit,
        currency_margin="" if info.currency_margin == info.currency_base else info.currency_margin,
        digits=info.digits, path=info.path, description=info.description,
        contract_size=exact(info.trade_contract_size),
        calculation=_named(CALCULATIONS, info.trade_calc_mode, info.name),  # type: ignore[arg-type]
        execution=_named(EXECUTIONS, info.trade_exemode, info.name),  # type: ignore[arg-type]
        trade_mode=_named(TRADE_MODES, info.trade_mode, info.name),  # type: ignore[arg-type]
        swap_mode=_named(SWAP_MODES, info.swap_mode, info.name),  # type: ignore[arg-type]
        filling=tuple(
            name for name, bit in FILLING_BITS.items() if info.filling_mode & bit
        ),
        order_mode=info.order_mode, expiration_mode=info.expiration_mode,
        stops_level=info.trade_stops_level, freeze_level=info.trade_freeze_level,
        volume_min=exact(info.volume_min), volume_max=exact(info.volume_max),
        volume_step=exact(info.volume_step), volume_limit=exact(info.volume_limit),
        swap_long=exact(info.swap_long), swap_short=exact(info.swap_short),
        swap_triple_day=info.swap_rollover3days, margin_initial=exact(info.margin_initial),
        margin_maintenance=exact(info.margin_maintenance), margin_hedged=exact(info.margin_hedged),
        margin_hedged_use_leg=info.margin_hedged_use_leg,
    )  # fmt: skip


def _named(names: dict[str, int], number: int, symbol: str) -> str:
    for name, known in names.items():
        if known == number:
            return name
    raise UsageError(f"{symbol} is a contract (mode {number}) that no profile describes")


def exact(value: float) -> Decimal:
    """Return the shortest decimal of a double.

    >>> exact(0.01), exact(100000.0)
    (Decimal('0.01'), Decimal('100000'))
    """
    text = repr(value)
    return Decimal(text[:-2] if text.endswith(".0") else text)
