"""The symbol map: which of a broker's names stands for which instrument."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from decimal import Decimal

import msgspec

from assay.model.instruments import CURRENCIES, UNDESCRIBED_DIGITS, Instrument
from assay.trading.brokers.mt5 import api
from assay.trading.brokers.mt5.structures import SymbolInfo

ALIASES = {
    "XAUUSD": ("GOLD",),
    "XAGUSD": ("SILVER",),
    "XPTUSD": ("PLATINUM",),
    "XPDUSD": ("PALLADIUM",),
    "SPXUSD": ("US500", "SPX500", "SP500"),
    "NSXUSD": ("US100", "NAS100", "USTEC"),
    "BCOUSD": ("BRENT", "UKOIL", "XBRUSD"),
}
SPOT = (
    api.SYMBOL_CALC_MODE_FOREX,
    api.SYMBOL_CALC_MODE_CFD,
    api.SYMBOL_CALC_MODE_CFDINDEX,
    api.SYMBOL_CALC_MODE_CFDLEVERAGE,
    api.SYMBOL_CALC_MODE_FOREX_NO_LEVERAGE,
)


class SymbolLink(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hold that a person confirmed `name` at the broker to be our `symbol`."""

    symbol: str
    name: str
    digits: int
    quantity_digits: int


class SymbolSearch(msgspec.Struct, frozen=True):
    """Hold what was found for an instrument: a link, or why there is none, naming candidates."""

    link: SymbolLink | None
    text: str


PAIR_LETTERS = 6
TICK_SHARE = 0.01
"""A tick's worth may differ so much from its contract's: terminals round it."""
_SHARES, _INDICES = re.compile("stock|share|equit|etf", re.I), re.compile("index|indic", re.I)
_WORD = re.compile("[A-Za-z0-9]+")


def _fits_name(symbol: str, name: str) -> bool:
    """Say whether a broker's name contains ours or another name of it, whatever its suffix.

    What is shorter than a pair of currencies is part of many names, and must be a word of it.

    >>> [_fits_name("XAUUSD", name) for name in ("XAUUSD#", "GOLD", "mXAUUSD.r", "XAUEUR")]
    [True, True, True, False]
    >>> [_fits_name("SPY", name) for name in ("SPY.US", "SPYG.US")]
    [True, False]
    """
    plain = symbol.partition(".")[0]
    if len(plain) < PAIR_LETTERS:
        return _has_word(plain, name)
    return any(word in name.upper() for word in (plain, *ALIASES.get(plain, ())))


def _has_word(symbol: str, name: str) -> bool:
    """Say whether a word of a broker's name is ours, one small letter before or behind it apart.

    >>> [_has_word("AAPL", name) for name in ("AAPL.US", "#AAPL", "AAPLm", "US_AAPL", "AAPLX.US")]
    [True, True, True, True, False]
    """
    ours = re.compile(f"[a-z]?{re.escape(symbol)}[a-z]?")
    return any(ours.fullmatch(word) for word in _WORD.findall(name))


def find_objection(instrument: Instrument, info: SymbolInfo, *, is_named: bool = False) -> str:
    """Say why a broker's symbol is not our instrument; empty where it may be.

    Of one that a person named, a contract of another size is believed, and that it only quotes.
    """
    objection = _find_kind(info)
    if objection:
        return objection
    if len(instrument.symbol.partition(".")[0]) >= PAIR_LETTERS and _is_share(info):
        return "it is a share or a fund"
    if info.trade_mode == api.SYMBOL_TRADE_MODE_DISABLED and not is_named:
        return "it cannot be traded"
    if info.currency_profit != instrument.quote:
        return f"it pays in {info.currency_profit}, not {instrument.quote}"
    # Contracts for difference name the currency they pay in where metals name the metal.
    if info.currency_base not in (instrument.base, instrument.quote):
        return f"its base is {info.currency_base}, not {instrument.base}"
    if (
        info.trade_calc_mode == api.SYMBOL_CALC_MODE_FOREX
        and info.currency_base == info.currency_profit
    ):
        return f"its base is {info.currency_base}, not {instrument.base}"
    if not is_named and info.trade_contract_size != float(instrument.contract_size):
        return f"its contract is {info.trade_contract_size:g}, not {instrument.contract_size}"
    return ""


def find_contract_objection(info: SymbolInfo, *, is_named: bool = False) -> str:
    """Say why a broker's symbol cannot be an instrument that nobody has described; empty if it can.

    Such are shares, indices and other contracts for difference: what they pay in and how much a
    lot is, the terminal alone says.
    """
    objection = _find_kind(info)
    if objection:
        return objection
    if info.trade_mode == api.SYMBOL_TRADE_MODE_DISABLED and not is_named:
        return "it cannot be traded"
    paid = info.currency_profit
    if paid not in CURRENCIES:
        return f"it pays in {paid or 'nothing'}, which is no currency that is known"
    if info.currency_base in CURRENCIES and info.currency_base != paid:
        return f"it is a pair of currencies; call it {info.currency_base}{paid}"
    units = Decimal(repr(info.trade_contract_size)).scaleb(UNDESCRIBED_DIGITS)
    if units <= 0 or units % 1:
        return f"its contract is {info.trade_contract_size:g}, no number of hundredths"
    return ""


def find_tick_objection(info: SymbolInfo, currency: str) -> str:
    """Say why a point of a symbol does not pay what its contract says; empty where it may.

    Only of what pays in the account's own currency can that be seen: a price in pence that pays
    pounds, or an index whose point is worth several.
    """
    size, told = info.trade_tick_size, info.trade_tick_value
    if info.currency_profit != currency or size <= 0 or told <= 0:
        return ""
    expected = size * info.trade_contract_size
    if abs(told - expected) <= TICK_SHARE * expected:
        return ""
    return f"a tick of it is worth {told:g} {currency}, not the {expected:g} of its contract"


def _find_kind(info: SymbolInfo) -> str:
    if info.custom:
        return "it is made in the terminal"
    if info.trade_calc_mode not in SPOT or info.expiration_time:
        return "it is a future, an option or an exchange's paper"
    return ""


def _is_share(info: SymbolInfo) -> bool:
    # A mining company's share may be called GOLD and have the contract of the smallest gold.
    return bool(_SHARES.search(info.path)) and not _INDICES.search(info.path)


def link_of(instrument: Instrument, name: str) -> SymbolLink:
    """Return the link that a person confirms by naming the broker's symbol."""
    return SymbolLink(
        symbol=instrument.symbol,
        name=name,
        digits=instrument.digits,
        quantity_digits=instrument.quantity_digits,
    )


def link_shown(symbol: str, info: SymbolInfo) -> SymbolLink:
    """Return the link of an instrument that nobody has described, by what the terminal shows."""
    return SymbolLink(
        symbol=symbol, name=info.name, digits=info.digits, quantity_digits=UNDESCRIBED_DIGITS
    )


def find_symbol(instrument: Instrument, listed: Iterable[SymbolInfo]) -> SymbolSearch:
    """Find the one symbol of a broker that is our instrument; refuse where there are several."""
    named = [info for info in listed if _fits_name(instrument.symbol, info.name)]
    judged = [(info, find_objection(instrument, info)) for info in named]
    return _choose(instrument.symbol, judged, lambda info: link_of(instrument, info.name))


def list_fitting(instrument: Instrument, listed: Iterable[SymbolInfo]) -> list[SymbolInfo]:
    """Return every symbol of a broker that may be our instrument."""
    named = (info for info in listed if _fits_name(instrument.symbol, info.name))
    return [info for info in named if not find_objection(instrument, info)]


def find_contract(symbol: str, listed: Iterable[SymbolInfo]) -> SymbolSearch:
    """Find the one symbol of a broker with the name of an instrument that nobody has described."""
    named = [info for info in listed if _has_word(symbol, info.name)]
    judged = [(info, find_contract_objection(info)) for info in named]
    return _choose(symbol, judged, lambda info: link_shown(symbol, info))


def _choose(
    symbol: str,
    judged: Iterable[tuple[SymbolInfo, str]],
    link: Callable[[SymbolInfo], SymbolLink],
) -> SymbolSearch:
    judged = list(judged)
    fitting = [info for info, objection in judged if not objection]
    if len(fitting) == 1:
        info = fitting[0]
        text = f"{symbol} = {info.name} ({info.path}); confirm it once"
        return SymbolSearch(link(info), text)
    if fitting:
        names = ", ".join(f"{info.name} ({info.path})" for info in fitting)
        return SymbolSearch(None, f"{symbol} may be any of {names}; name one")
    reasons = "; ".join(f"{info.name}: {objection}" for info, objection in judged)
    return SymbolSearch(
        None, f"{symbol} is not among the broker's symbols ({reasons or 'none like it'})"
    )
