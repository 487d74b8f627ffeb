"""What an exam may do, and on which account alone."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from assay.model.errors import UsageError
from assay.model.time import HOUR, MINUTE, SECOND
from assay.trading.brokers.mt5.account import lock_of
from assay.trading.brokers.mt5.structures import AccountInfo, TerminalApi

MAGIC = 7_201_904


class ExamPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the budget: orders that open, money that may be lost, time, and the volume of each.

    `lots` of 0 are the smallest volume; `fine_lots` is the volume of the few orders whose charges
    are to be read finer than a cent, 0 for the smallest too. `back` is how far quotes are read from
    the terminal's history. Times are nanoseconds.
    """

    symbols: tuple[str, ...]
    orders: int = 300
    money: Decimal = Decimal(50)
    span: int = HOUR
    fine_lots: float = 0.0
    back: int = 28 * 24 * HOUR
    patience: int = 5 * MINUTE
    poll: int = SECOND // 4
    reach: int = 10


def admit(info: AccountInfo | None, confirmed: int | None) -> AccountInfo:
    """Return the account that an exam may trade; raise UsageError for every other.

    Only a demo account whose login a person has named is traded; what nobody knows counts as real.
    """
    if info is None:
        raise UsageError("the terminal is logged in to no account; log in to a demo account")
    kind = lock_of(info).trade_mode
    if kind != "demo":
        raise UsageError(
            f"account {info.login} is a {kind} account; the exam trades on demo accounts alone"
        )
    if confirmed is not None and confirmed != info.login:
        raise UsageError(f"--confirm names login {confirmed}, and the terminal shows {info.login}")
    return info


def require_flat(terminal: TerminalApi, symbols: tuple[str, ...], own: set[int]) -> None:
    """Raise UsageError where somebody else has positions or orders in a symbol."""
    for symbol in symbols:
        found = (terminal.positions_get(symbol=symbol), terminal.orders_get(symbol=symbol))
        if None in found:
            raise UsageError(f"the terminal does not say what is open in {symbol}; try again")
        others = [
            each.ticket
            for part in found
            for each in part or ()
            if each.magic != MAGIC and each.ticket not in own
        ]
        if others:
            raise UsageError(
                f"the account has {len(others)} position(s) or order(s) in {symbol} that are not "
                f"the exam's, such as {others[0]}; close them or name another symbol"
            )
