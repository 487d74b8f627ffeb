"""The account lock: orders go to the account that was named, or nowhere."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import msgspec

from assay.model.errors import OperatorError
from assay.trading.brokers.mt5 import api
from assay.trading.brokers.mt5.structures import AccountInfo

TradeMode = Literal["demo", "contest", "real"]
MarginMode = Literal["netting", "exchange", "hedging"]
TRADE_MODES: dict[int, TradeMode] = {
    api.ACCOUNT_TRADE_MODE_DEMO: "demo",
    api.ACCOUNT_TRADE_MODE_CONTEST: "contest",
    api.ACCOUNT_TRADE_MODE_REAL: "real",
}
MARGIN_MODES: dict[int, MarginMode] = {
    api.ACCOUNT_MARGIN_MODE_RETAIL_NETTING: "netting",
    api.ACCOUNT_MARGIN_MODE_EXCHANGE: "exchange",
    api.ACCOUNT_MARGIN_MODE_RETAIL_HEDGING: "hedging",
}


class AccountLock(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hold what must stay as it was when a person named the account."""

    login: int
    server: str
    trade_mode: TradeMode
    margin_mode: MarginMode
    currency: str
    currency_digits: int = 2


def lock_of(info: AccountInfo) -> AccountLock:
    """Return the lock that fits an account; a mode that nobody knows counts as real money."""
    return AccountLock(
        login=info.login,
        server=info.server,
        trade_mode=TRADE_MODES.get(info.trade_mode, "real"),
        margin_mode=MARGIN_MODES.get(info.margin_mode, "exchange"),
        currency=info.currency,
        currency_digits=info.currency_digits,
    )


def find_difference(lock: AccountLock, info: AccountInfo) -> str:
    """Say in words what of an account is not as locked; empty where nothing is."""
    found = lock_of(info)
    return "; ".join(
        f"{name} is {getattr(found, name)}, not {getattr(lock, name)}"
        for name in AccountLock.__struct_fields__
        if getattr(found, name) != getattr(lock, name)
    )


def find_missing_arm(lock: AccountLock, armed_login: int) -> str:
    """Say why real money may not be traded; empty where it may, or where there is none."""
    if lock.trade_mode != "real" or armed_login == lock.login:
        return ""
    named = f"names login {armed_login}" if armed_login else "is absent"
    return f"account {lock.login} holds real money and the arm {named}"


def read_arm(path: Path) -> int:
    """Return the login that a file arms for real money, 0 where there is no file.

    Raises OperatorError for a file that others may read or write, or that names no login.
    """
    if not path.exists():
        return 0
    # Windows has no such bits; there the profile's folder keeps others out.
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise OperatorError(f"{path} can be read by others; chmod 600 it")
    text = path.read_text(encoding="utf-8").strip()
    if not text.isdecimal():
        raise OperatorError(f"{path} holds {text!r}; write the number of the login to arm")
    return int(text)
