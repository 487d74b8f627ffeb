"""Instruments with the properties MetaTrader 5 gives them."""

from __future__ import annotations

from decimal import Decimal
from enum import IntEnum
from typing import TypedDict

import msgspec

from assay.model.errors import UsageError
from assay.model.time import HOUR, MINUTE

CURRENCIES = frozenset(
    "USD EUR GBP JPY CHF AUD NZD CAD SEK NOK DKK SGD HKD ZAR MXN TRY PLN HUF CZK CNH IDR".split()
)
UNDESCRIBED_DIGITS = 2
"""Volumes of what nobody has described are hundredths of its contract's unit."""
METALS = {"XAU": Decimal(100), "XAG": Decimal(5000), "XPT": Decimal(100), "XPD": Decimal(100)}


class SwapMode(IntEnum):
    """Say in what unit a swap rate is quoted (MT5 SYMBOL_SWAP_MODE)."""

    DISABLED = 0
    POINTS = 1
    ACCOUNT_CURRENCY_PER_LOT = 2
    ANNUAL_PERCENT = 3


class TradeMode(IntEnum):
    """Say which trades an instrument allows (MT5 SYMBOL_TRADE_MODE)."""

    DISABLED = 0
    LONG_ONLY = 1
    SHORT_ONLY = 2
    CLOSE_ONLY = 3
    FULL = 4


class Session(msgspec.Struct, frozen=True):
    """Hold one weekly trading interval, in nanoseconds since Monday 00:00 of the session zone."""

    start: int
    end: int


WEEKDAY = 24 * HOUR
FOREX_WEEK = (Session(6 * WEEKDAY + 17 * HOUR, 7 * WEEKDAY), Session(0, 4 * WEEKDAY + 17 * HOUR))
METAL_WEEK = (
    Session(6 * WEEKDAY + 18 * HOUR, 7 * WEEKDAY),
    *(
        session
        for day in range(4)
        for session in (
            Session(day * WEEKDAY, day * WEEKDAY + 17 * HOUR),
            Session(day * WEEKDAY + 18 * HOUR, (day + 1) * WEEKDAY),
        )
    ),
    Session(4 * WEEKDAY, 4 * WEEKDAY + 17 * HOUR),
)
ALWAYS = (Session(0, 7 * WEEKDAY),)


class Instrument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Describe one tradable symbol.

    Prices are integers of 10^-digits quote currency. Volumes are integers of 10^-quantity_digits
    units of base; one lot is `contract_size` units. Swap rates are per lot and night in the unit
    of `swap_mode`; `swap_weekdays` multiplies them from Monday to Sunday. `margin_hedged` is the
    contract size by which what a hedging account holds on both sides binds margin (MT5
    SYMBOL_MARGIN_HEDGED); without it the larger side does (SYMBOL_MARGIN_HEDGED_USE_LEG).
    """

    symbol: str
    base: str
    quote: str
    digits: int
    contract_size: Decimal = Decimal(100_000)
    quantity_digits: int = 0
    volume_min: int = 1_000
    volume_max: int = 10_000_000
    volume_step: int = 1_000
    swap_mode: SwapMode = SwapMode.POINTS
    swap_long: Decimal = Decimal(0)
    swap_short: Decimal = Decimal(0)
    swap_weekdays: tuple[int, int, int, int, int, int, int] = (1, 1, 3, 1, 1, 0, 0)
    margin_rate: Decimal = Decimal(1)
    margin_hedged: Decimal | None = None
    trade_mode: TradeMode = TradeMode.FULL
    zone: str = "America/New_York"
    sessions: tuple[Session, ...] = FOREX_WEEK
    pip_points: int = 10

    @property
    def point(self) -> Decimal:
        """Return the smallest price step."""
        return Decimal(1).scaleb(-self.digits)

    @property
    def lot_units(self) -> int:
        """Return one lot in integer units."""
        return int(self.contract_size.scaleb(self.quantity_digits))

    def __post_init__(self) -> None:
        if self.contract_size.scaleb(self.quantity_digits) % 1:
            raise UsageError(f"{self.symbol}: contract_size needs more quantity_digits")
        if not 0 < self.volume_min <= self.volume_max or self.volume_step <= 0:
            raise UsageError(f"{self.symbol}: volume_min, volume_max, volume_step contradict")
        if not 0 <= self.digits <= 9:
            raise UsageError(f"{self.symbol}: digits {self.digits} is outside 0..9")
        if self.margin_hedged is not None and self.margin_hedged < 0:
            raise UsageError(f"{self.symbol}: margin_hedged {self.margin_hedged} is below 0")


class _Lots(TypedDict):
    volume_min: int
    volume_max: int
    volume_step: int


def _lots(contract: Decimal, quantity_digits: int) -> _Lots:
    lot = int(contract.scaleb(quantity_digits))
    return {"volume_min": lot // 100, "volume_max": lot * 100, "volume_step": lot // 100}


def _metal(symbol: str, contract: Decimal) -> Instrument:
    digits = 2 if symbol.startswith("XAU") else 3
    return Instrument(
        symbol=symbol, base=symbol[:3], quote=symbol[3:6], digits=digits, contract_size=contract,
        quantity_digits=2, **_lots(contract, 2), sessions=METAL_WEEK,
    )  # fmt: skip


_OTHERS = {
    "NSXUSD": ("NSX", 2, Decimal(1), METAL_WEEK),
    "SPXUSD": ("SPX", 2, Decimal(1), METAL_WEEK),
    "BCOUSD": ("BCO", 2, Decimal(1000), METAL_WEEK),
    "BTCUSD": ("BTC", 2, Decimal(1), ALWAYS),
    "DXY": ("DXY", 3, Decimal(1000), METAL_WEEK),
    "SPY": ("SPY", 4, Decimal(1), ALWAYS),
}


def instrument_for(symbol: str) -> Instrument:
    """Return the usual contract of a symbol; raise UsageError for one nobody has described.

    A suffix names a smaller gold contract: XAUUSD is 100 oz, XAUUSD.mini 10 oz, XAUUSD.micro 1 oz;
    `.cent` divides a contract by 100, as cent accounts do.

    >>> instrument_for("USDJPY").digits, instrument_for("XAUUSD").lot_units
    (3, 10000)
    """
    name, _, suffix = symbol.partition(".")
    shrink = {"": 1, "mini": 10, "micro": 100, "cent": 100}.get(suffix)
    if shrink is None:
        raise UsageError(f"{symbol}: suffix {suffix!r} is unknown; use mini, micro or cent")
    base, quote = name[:3], name[3:]
    if base in METALS and quote in CURRENCIES:
        return msgspec.structs.replace(_metal(name, METALS[base] / shrink), symbol=symbol)
    if base in CURRENCIES and quote in CURRENCIES and base != quote:
        contract = Decimal(100_000) / shrink
        return Instrument(
            symbol=symbol, base=base, quote=quote, digits=3 if quote in ("JPY", "HUF") else 5,
            contract_size=contract, **_lots(contract, 0),
        )  # fmt: skip
    if symbol in _OTHERS:
        base, digits, contract, sessions = _OTHERS[symbol]
        return Instrument(
            symbol=symbol, base=base, quote="USD", digits=digits, contract_size=contract,
            quantity_digits=2, **_lots(contract, 2), sessions=sessions,
        )  # fmt: skip
    raise UsageError(
        f"instrument {symbol!r} is unknown; describe it under [instruments.{symbol}] in config.toml"
    )


def usual_quantity_digits(symbol: str) -> int:
    """Return in which parts of its unit a symbol's volumes are told, described or not.

    >>> usual_quantity_digits("EURUSD"), usual_quantity_digits("AAPL")
    (0, 2)
    """
    try:
        return instrument_for(symbol).quantity_digits
    except UsageError:
        return UNDESCRIBED_DIGITS


ROLLOVER_BREAK = 5 * MINUTE
"""Feeds pause around the rollover; a hole this short inside a session is no gap."""
