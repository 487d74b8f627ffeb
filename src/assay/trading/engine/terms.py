"""Instruments and accounts as the engine's constants, with the bounds that keep integers exact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from assay.kernel.records import INSTRUMENT, LIMITS
from assay.model.accounts import AccountSpec
from assay.model.errors import UsageError
from assay.model.instruments import Instrument, SwapMode
from assay.model.time import HOUR, MINUTE, SECOND
from assay.trading.risk.limits import LIMITS as RISK_LIMITS
from assay.trading.risk.limits import (
    Scale,
    find_limit,
    in_engine_units,
    read_limit,
    write_limit,
)

UNBOUNDED = 2**62
HEADROOM = 2**62
MILLI = 1000


@dataclass(frozen=True, slots=True)
class RiskProfile:
    """Hold a tenant's limits, as assay.trading.risk.limits names them; 0 is no limit.

    Shares are basis points, times nanoseconds; without `clusters` the usual ones are taken.
    """

    name: str
    position_max_lots: Decimal = Decimal(0)
    exposure_max_bp: int = 0
    daily_loss_max_bp: int = 0
    drawdown_max_bp: int = 0
    age_max: int = 0
    spread_max_pips: Decimal = Decimal(0)
    session_only: bool = False
    margin_use_max_bp: int = 0
    stop_out_level_bp: int = 0
    wait_max: int = 0
    volume_rules: bool = True
    halted: tuple[str, ...] = ()
    restricted: tuple[str, ...] = ()
    order_max_lots: Decimal = Decimal(0)
    order_value_max_bp: int = 0
    collar_bp: int = 0
    second_orders_max: int = 0
    minute_orders_max: int = 0
    duplicate_window: int = 0
    rollover_before: int = 0
    rollover_after: int = 0
    weekend_before: int = 0
    weekend_after: int = 0
    news_before: int = 0
    news_after: int = 0
    currency_exposure_max_bp: int = 0
    cluster_exposure_max_bp: int = 0
    correlation_max: int = 0
    measure_age_max: int = 24 * HOUR
    margin_level_min_bp: int = 0
    weekly_loss_max_bp: int = 0
    daily_risk_max_bp: int = 0
    var_max_bp: int = 0
    shortfall_max_bp: int = 0
    gross_max_lots: Decimal = Decimal(0)
    positions_max: int = 0
    clusters: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def minds_news(self) -> bool:
        """Say whether new risk is denied around releases."""
        return bool(self.news_before or self.news_after)

    @property
    def needs_measures(self) -> bool:
        """Say whether value at risk or expected shortfall is limited."""
        return bool(self.var_max_bp or self.shortfall_max_bp)

    def changed(self, texts: Mapping[str, str]) -> RiskProfile:
        """Return the profile with limits given as texts by name; raise UsageError for others."""
        given = {name: read_limit(find_limit(name), text) for name, text in texts.items()}
        return replace(self, **given)  # type: ignore[arg-type]  # each read by its own unit

    def texts(self) -> dict[str, str]:
        """Return every limit as `changed` takes it."""
        return {
            name: write_limit(limit, getattr(self, name)) for name, limit in RISK_LIMITS.items()
        }


DEFAULT = RiskProfile(
    "default",
    position_max_lots=Decimal(10),
    exposure_max_bp=300_000,
    daily_loss_max_bp=500,
    drawdown_max_bp=2_000,
    age_max=HOUR,
    spread_max_pips=Decimal(10),
    session_only=True,
    margin_use_max_bp=5_000,
    stop_out_level_bp=5_000,
    wait_max=4 * HOUR,
)
PROFILES = {
    "reference": RiskProfile("reference", volume_rules=False),
    "default": DEFAULT,
    "strict": replace(
        DEFAULT,
        name="strict",
        weekly_loss_max_bp=1_000,
        margin_level_min_bp=20_000,
        order_max_lots=Decimal(5),
        order_value_max_bp=100_000,
        collar_bp=200,
        second_orders_max=10,
        minute_orders_max=120,
        duplicate_window=SECOND,
        rollover_before=5 * MINUTE,
        rollover_after=30 * MINUTE,
        weekend_before=HOUR,
        weekend_after=30 * MINUTE,
        currency_exposure_max_bp=150_000,
        cluster_exposure_max_bp=200_000,
        gross_max_lots=Decimal(10),
    ),
}


@dataclass(frozen=True, slots=True)
class Contract:
    """Hold an instrument as it is traded here: its engine digits, slippage (points) and leg.

    `depth` are the units that a bar or a quote of unknown size offers on either side, `size_units`
    those of a quoted size of 1; 0 is no bound.
    """

    instrument: Instrument
    digits: int
    slippage: int = 0
    leg: int = -1
    leg_divides: bool = False
    leg_digits: int = 0
    depth: int = 0
    size_units: int = 0


def conversion_leg(
    instrument: Instrument, currency: str, symbols: list[str]
) -> tuple[int, bool, str]:
    """Return (index of the leg, whether its price divides, its symbol); index -1 needs none.

    Only one direct leg between the quote and the account currency is taken; raise UsageError
    where the loaded instruments have none.
    """
    quote = instrument.quote
    if quote == currency:
        return -1, False, ""
    for index, symbol in enumerate(symbols):
        pair = symbol.partition(".")[0]
        if pair == quote + currency:
            return index, False, symbol
        if pair == currency + quote:
            return index, True, symbol
    raise UsageError(
        f"{instrument.symbol} is quoted in {quote} and the account is in {currency}: "
        f"add data of {quote}{currency} or {currency}{quote}"
    )


def _ratio(value: Fraction, what: str) -> tuple[int, int]:
    if value.numerator >= HEADROOM or value.denominator >= HEADROOM:
        raise UsageError(f"{what} is outside the exact range; use fewer digits")
    return value.numerator, value.denominator


def instrument_terms(
    contract: Contract, account: AccountSpec, profile: RiskProfile, price_max: int
) -> Any:
    """Return the INSTRUMENT record; raise UsageError where a product could pass 64 bits."""
    spec, row = contract.instrument, np.zeros((), INSTRUMENT)
    value = Fraction(10) ** (account.currency_digits - spec.quantity_digits - contract.digits)
    leg_scale = Fraction(10) ** contract.leg_digits
    if contract.leg >= 0:
        value = value * leg_scale if contract.leg_divides else value / leg_scale
    row["value_num"], row["value_den"] = _ratio(value, f"{spec.symbol}: value of a point")
    row["leg"], row["leg_divides"] = contract.leg, contract.leg_divides
    row["leg_scale"] = 10**contract.leg_digits
    _commission_terms(row, spec, account, value)
    margin = value * Fraction(spec.margin_rate) / account.leverage
    row["margin_num"], row["margin_den"] = _ratio(margin, f"{spec.symbol}: margin")
    if spec.margin_hedged is not None:
        hedged = margin * Fraction(spec.margin_hedged) / Fraction(spec.contract_size)
        row["hedged_num"], row["hedged_den"] = _ratio(hedged, f"{spec.symbol}: margin_hedged")
    row["lot_units"], row["trade_mode"] = spec.lot_units, spec.trade_mode
    row["volume_min"], row["volume_step"] = spec.volume_min, spec.volume_step
    row["volume_max"] = spec.volume_max
    if not profile.volume_rules:
        row["volume_min"] = row["volume_step"] = 1
        row["volume_max"] = min(UNBOUNDED, HEADROOM // max(price_max, 1) // 4)
    _swap_terms(row, contract, account, value)
    row["slippage"], row["mark_mid"] = contract.slippage, account.mark == "mid"
    row["price_max"] = price_max
    row["depth"], row["size_units"] = contract.depth, contract.size_units
    if int(row["volume_max"]) * 2 * price_max >= HEADROOM:
        raise UsageError(
            f"{spec.symbol}: volume_max {spec.volume_max} x price {price_max} passes 63 bits; "
            "lower volume_max or the digits"
        )
    return row[()]


def _commission_terms(
    row: np.ndarray, spec: Instrument, account: AccountSpec, value: Fraction
) -> None:
    schedule = account.commission
    rate = Fraction(schedule.rate)
    row["commission_min"] = schedule.minimum if schedule.mode != "none" else 0
    share = {
        "none": Fraction(0),
        "bp": value * rate / 10_000,
        "per_million": value * rate / 1_000_000,
        "per_lot": rate * 10**account.currency_digits / spec.lot_units,
    }[schedule.mode]
    row["commission_per_lot"] = schedule.mode == "per_lot"
    row["commission_num"], row["commission_den"] = _ratio(share, f"{spec.symbol}: commission")


def _swap_terms(row: np.ndarray, contract: Contract, account: AccountSpec, value: Fraction) -> None:
    spec = contract.instrument
    long_rate, short_rate, mode = spec.swap_long, spec.swap_short, spec.swap_mode
    if account.swap_free:
        fee = Decimal(-account.swap_free_fee).scaleb(-account.currency_digits)
        long_rate = short_rate = fee
        mode = SwapMode.ACCOUNT_CURRENCY_PER_LOT
    points = Fraction(10) ** (contract.digits - spec.digits)
    scale = points if mode == SwapMode.POINTS else Fraction(1)
    row["swap_mode"] = mode
    row["swap_long"] = int(Fraction(long_rate) * MILLI * scale)
    row["swap_short"] = int(Fraction(short_rate) * MILLI * scale)
    factor = value / MILLI
    if mode == SwapMode.ACCOUNT_CURRENCY_PER_LOT:
        factor = Fraction(10) ** account.currency_digits / (spec.lot_units * MILLI)
    row["swap_num"], row["swap_den"] = _ratio(factor, f"{spec.symbol}: swap")


def limit_terms(profile: RiskProfile, account: AccountSpec, lot_units: int, pip_points: int) -> Any:
    """Return the LIMITS of an account in one instrument; amounts are shares of the opening cash.

    A lot is lot_units, a pip is pip_points at the engine's digits.
    """
    row = np.zeros((), LIMITS)
    scale = Scale("", lot_units, pip_points, account.cash)
    for name, limit in RISK_LIMITS.items():
        row[limit.field] = in_engine_units(limit, getattr(profile, name), scale)
    if account.venue:
        row["stop_out_level_bp"] = 0  # a venue stops out by itself
    return row[()]


def list_symbols(rows: Any, profile: RiskProfile, symbols: Sequence[str]) -> None:
    """Write which symbols are halted or restricted into an account's LIMITS, a row a symbol."""
    for row, symbol in zip(rows, symbols, strict=True):
        row["instrument_halted"] = symbol in profile.halted
        row["restricted"] = symbol in profile.restricted
