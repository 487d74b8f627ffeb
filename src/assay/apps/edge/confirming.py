"""Write down once which account a connector trades, and the broker's name of each instrument."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from assay.model.errors import UsageError
from assay.model.instruments import Instrument, instrument_for
from assay.trading.brokers.mt5 import api
from assay.trading.brokers.mt5.account import lock_of
from assay.trading.brokers.mt5.contracts import terms_of
from assay.trading.brokers.mt5.servertime import ServerClock, infer_clock
from assay.trading.brokers.mt5.state import MT5Settings
from assay.trading.brokers.mt5.symbols import (
    SymbolLink,
    find_contract,
    find_contract_objection,
    find_objection,
    find_symbol,
    find_tick_objection,
    link_of,
    link_shown,
    list_fitting,
)
from assay.trading.brokers.mt5.weekopens import read_week_opens

CLOCK_BARS = 24 * 35
"""Hours in which there are weekly opens enough."""
CLOCK_PAIRS = ("EURUSD", "USDJPY", "GBPUSD")
_PLAIN = re.compile("[A-Z][A-Z0-9]{1,11}")


def confirm_account(
    terminal: Any, account: str, symbols: str, *, begin: int, clock: ServerClock | None = None
) -> MT5Settings:
    """Return what a terminal shows of its account, for a person to read and keep.

    A symbol that several of the broker's could be must be named; one that pays in another currency
    is refused however it is named. What nobody has described (a share, an index) is what the
    terminal shows of it. A clock that is not given is read off the first bars of weeks, where the
    terminal has such. Money that is real is not armed.
    """
    info = terminal.account_info()
    if info is None:
        raise UsageError("the terminal is logged in to no account; log in and confirm again")
    links = _link(terminal, symbols, info.currency)
    if clock is None:
        clock = read_clock(terminal, links)
    contracts = {each.symbol: terms_of(terminal.symbol_info(each.name)) for each in links}
    return MT5Settings(
        account=account, lock=lock_of(info), links=links, begin=begin, clock=clock,
        contracts=contracts,
    )  # fmt: skip


def read_clock(terminal: Any, links: Iterable[SymbolLink]) -> ServerClock | None:
    """Return how a server's clock goes by its weekly opens, None where they do not tell.

    Any pair of currencies of the terminal tells it best, whatever else is asked for.
    """
    listed, pairs = terminal.symbols_get() or (), list[SymbolLink]()
    for usual in map(instrument_for, CLOCK_PAIRS):
        names = [info.name for info in list_fitting(usual, listed)[:1]]
        pairs += [link_of(usual, name) for name in names if terminal.symbol_select(name, True)]
    opens = read_week_opens(terminal, (*pairs, *links), api.TIMEFRAME_H1, CLOCK_BARS)
    return infer_clock(opens)


def describe_contracts(terminal: Any, links: Iterable[SymbolLink]) -> dict[str, dict[str, Any]]:
    """Return what the platform's config.toml must say of instruments that nobody has described.

    Volumes are in the units that quantities travel in.
    """
    told = {}
    for link in links:
        if find_usual(link.symbol) is not None:
            continue
        info = terminal.symbol_info(link.name)
        lot = info.trade_contract_size * 10**link.quantity_digits
        volumes = {
            name: max(1, round(getattr(info, name) * lot))
            for name in ("volume_min", "volume_max", "volume_step")
        }
        told[link.symbol] = {
            "base": link.symbol, "quote": info.currency_profit, "digits": link.digits,
            "contract_size": info.trade_contract_size, "quantity_digits": link.quantity_digits,
            **volumes,
        }  # fmt: skip
    return told


def find_usual(symbol: str) -> Instrument | None:
    """Return the usual contract of a symbol, None where nobody has described one of that name.

    Raises UsageError for what cannot be a symbol.
    """
    try:
        return instrument_for(symbol)
    except UsageError:
        if not _PLAIN.fullmatch(symbol):
            raise
        return None


def _link(terminal: Any, symbols: str, currency: str) -> tuple[SymbolLink, ...]:
    parts = [each.strip() for each in symbols.split(",") if each.strip()]
    links = tuple(_link_one(terminal, each, currency) for each in parts)
    for kind in ("symbol", "name"):
        for told, count in Counter(getattr(each, kind) for each in links).items():
            if count > 1:
                raise UsageError(f"--symbols {symbols!r} means {told} {count} times")
    return links


def _link_one(terminal: Any, part: str, currency: str) -> SymbolLink:
    symbol, _, name = part.partition("=")
    usual = find_usual(symbol)
    if not name:
        listed = terminal.symbols_get() or ()
        search = find_contract(symbol, listed) if usual is None else find_symbol(usual, listed)
        if search.link is None:
            raise UsageError(f"{search.text}; write {symbol}=ITS-NAME")
        name = search.link.name
    info = terminal.symbol_info(name)
    if info is None:
        raise UsageError(f"the terminal has no symbol {name!r}")
    objection = (
        find_contract_objection(info, is_named=True)
        if usual is None
        else find_objection(usual, info, is_named=True)
    ) or find_tick_objection(info, currency)
    if objection:
        raise UsageError(f"{name} is not {symbol}: {objection}")
    return link_shown(symbol, info) if usual is None else link_of(usual, name)


def keep_account(file: Path, settings: MT5Settings) -> None:
    """Write a confirmed account to a new private file; raise UsageError where it exists."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise UsageError(f"{file} exists; a confirmed account is never written over") from None
    with os.fdopen(descriptor, "wb") as out:
        out.write(msgspec.json.format(msgspec.json.encode(settings), indent=1) + b"\n")
