"""Write down once which account a connector trades, and the broker's name of each instrument."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from assay.model.errors import UsageError
from assay.model.instruments import instrument_for
from assay.trading.brokers.mt5 import api
from assay.trading.brokers.mt5.account import lock_of
from assay.trading.brokers.mt5.servertime import ServerClock, infer_clock
from assay.trading.brokers.mt5.state import MT5Settings
from assay.trading.brokers.mt5.symbols import SymbolLink, find_symbol, link_of
from assay.trading.brokers.mt5.weekopens import read_week_opens

CLOCK_BARS = 24 * 35
"""Hours in which there are weekly opens enough."""


def confirm_account(
    terminal: Any, account: str, symbols: str, *, begin: int, clock: ServerClock | None = None
) -> MT5Settings:
    """Return what a terminal shows of its account, for a person to read and keep.

    A symbol that several of the broker's could be must be named. A clock that is not given is read
    off the first bars of weeks, where the terminal has such. Money that is real is not armed.
    """
    info = terminal.account_info()
    if info is None:
        raise UsageError("the terminal is logged in to no account; log in and confirm again")
    links = tuple(_link(terminal, symbols))
    if clock is None:
        clock = infer_clock(read_week_opens(terminal, links, api.TIMEFRAME_H1, CLOCK_BARS))
    return MT5Settings(account=account, lock=lock_of(info), links=links, begin=begin, clock=clock)


def _link(terminal: Any, symbols: str) -> Iterator[SymbolLink]:
    for part in filter(None, (each.strip() for each in symbols.split(","))):
        symbol, _, name = part.partition("=")
        instrument = instrument_for(symbol)
        if name:
            if terminal.symbol_info(name) is None:
                raise UsageError(f"the terminal has no symbol {name!r}")
            yield link_of(instrument, name)
            continue
        search = find_symbol(instrument, terminal.symbols_get() or ())
        if search.link is None:
            raise UsageError(f"{search.text}; write {symbol}=ITS-NAME")
        yield search.link


def keep_account(file: Path, settings: MT5Settings) -> None:
    """Write a confirmed account to a new private file; raise UsageError where it exists."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise UsageError(f"{file} exists; a confirmed account is never written over") from None
    with os.fdopen(descriptor, "wb") as out:
        out.write(msgspec.json.format(msgspec.json.encode(settings), indent=1) + b"\n")
