"""The symbol map: which of a broker's names stands for which instrument."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from assay.model.instruments import Instrument
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


def _fits_name(symbol: str, name: str) -> bool:
    """Say whether a broker's name contains ours or another name of it, whatever its suffix.

    >>> [_fits_name("XAUUSD", name) for name in ("XAUUSD#", "GOLD", "mXAUUSD.r", "XAUEUR")]
    [True, True, True, False]
    """
    plain = symbol.partition(".")[0]
    return any(word in name.upper() for word in (plain, *ALIASES.get(plain, ())))


def find_objection(instrument: Instrument, info: SymbolInfo) -> str:
    """Say why a broker's symbol is not our instrument; empty where it may be."""
    if info.custom:
        return "it is made in the terminal"
    if info.trade_calc_mode not in SPOT or info.expiration_time:
        return "it is a future, an option or an exchange's paper"
    if info.trade_mode == api.SYMBOL_TRADE_MODE_DISABLED:
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
    if info.trade_contract_size != float(instrument.contract_size):
        return f"its contract is {info.trade_contract_size:g}, not {instrument.contract_size}"
    return ""


def link_of(instrument: Instrument, name: str) -> SymbolLink:
    """Return the link that a person confirms by naming the broker's symbol."""
    return SymbolLink(
        symbol=instrument.symbol,
        name=name,
        digits=instrument.digits,
        quantity_digits=instrument.quantity_digits,
    )


def find_symbol(instrument: Instrument, listed: Iterable[SymbolInfo]) -> SymbolSearch:
    """Find the one symbol of a broker that is our instrument; refuse where there are several."""
    named = [info for info in listed if _fits_name(instrument.symbol, info.name)]
    judged = [(info, find_objection(instrument, info)) for info in named]
    fitting = [info for info, objection in judged if not objection]
    if len(fitting) == 1:
        info = fitting[0]
        text = f"{instrument.symbol} = {info.name} ({info.path}); confirm it once"
        return SymbolSearch(link_of(instrument, info.name), text)
    if fitting:
        names = ", ".join(f"{info.name} ({info.path})" for info in fitting)
        return SymbolSearch(None, f"{instrument.symbol} may be any of {names}; name one")
    reasons = "; ".join(f"{info.name}: {objection}" for info, objection in judged)
    return SymbolSearch(
        None, f"{instrument.symbol} is not among the broker's symbols ({reasons or 'none like it'})"
    )
