"""Contract properties as a person accepted them: versioned, and a change denies orders."""

from __future__ import annotations

import msgspec

from assay.trading.brokers.mt5.structures import SymbolInfo


class ContractTerms(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what changes the meaning or the cost of a volume; as the terminal gives it.

    Distances, rates of swap and modes of trading change from day to day and are obeyed as they
    are found.
    """

    digits: int
    trade_tick_size: float
    trade_contract_size: float
    trade_calc_mode: int
    volume_min: float
    volume_max: float
    volume_step: float
    margin_initial: float
    margin_hedged: float
    swap_mode: int
    swap_rollover3days: int
    currency_base: str
    currency_profit: str
    currency_margin: str


class ContractVersion(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the accepted terms of a symbol and how often they were accepted."""

    version: int
    terms: ContractTerms
    since: int


def terms_of(info: SymbolInfo) -> ContractTerms:
    """Return the terms that a terminal shows."""
    return ContractTerms(**{name: getattr(info, name) for name in ContractTerms.__struct_fields__})


def find_changes(accepted: ContractTerms, found: ContractTerms) -> str:
    """Say in words what changed; empty where nothing did."""
    return "; ".join(
        f"{name} was {getattr(accepted, name)} and is {getattr(found, name)}"
        for name in ContractTerms.__struct_fields__
        if getattr(accepted, name) != getattr(found, name)
    )
