"""Every limit by its name: what it bounds, in which unit it is given, and how it is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from types import MappingProxyType

from assay.model.errors import UsageError
from assay.model.time import DAY, HOUR, MINUTE, SECOND

Given = Decimal | int | bool | tuple[str, ...]
"""A limit as people give it: a number, a yes or no, or symbols."""

_SPANS = (("ms", SECOND // 1_000), ("s", SECOND), ("m", MINUTE), ("h", HOUR), ("d", DAY))
_MOST = 2**53
"""No limit needs more, and its products with money stay far inside 128 bits."""


@dataclass(frozen=True, slots=True)
class Limit:
    """Name a limit: its field of LIMITS and its unit, one of those below."""

    name: str
    field: str
    unit: str
    meaning: str
    most: int = _MOST


UNITS: Mapping[str, str] = MappingProxyType(
    {
        "lots": "lots",
        "pips": "pips",
        "share": "basis points of the opening cash",
        "bp": "basis points",
        "parts": "ten-thousandths",
        "count": "orders",
        "number": "a whole number",
        "span": "time, such as 500ms, 30m or 1d",
        "flag": "yes or no",
        "symbols": "symbols joined by commas, or none",
    }
)
"""What a limit's unit means to whoever gives it."""


LIMITS: Mapping[str, Limit] = MappingProxyType(
    {
        each.name: each
        for each in (
            Limit("position_max_lots", "position_max", "lots", "volume held in one instrument"),
            Limit("exposure_max_bp", "exposure_max", "share", "worth of all positions"),
            Limit("daily_loss_max_bp", "daily_loss_max", "share", "loss of the broker's day"),
            Limit("drawdown_max_bp", "drawdown_max_bp", "bp", "fall from the peak", 10_000),
            Limit("age_max", "age_max", "span", "age of the price"),
            Limit("spread_max_pips", "spread_max", "pips", "spread"),
            Limit("session_only", "session_only", "flag", "no new risk outside the session"),
            Limit("margin_use_max_bp", "margin_use_max_bp", "bp", "margin over equity"),
            Limit("stop_out_level_bp", "stop_out_level_bp", "bp", "equity over margin at stop-out"),
            Limit("wait_max", "wait_max", "span", "wait of a market order for its price"),
            Limit("halted", "instrument_halted", "symbols", "instruments in which nothing is done"),
            Limit("restricted", "restricted", "symbols", "instruments in which no risk is taken"),
            Limit("order_max_lots", "order_max", "lots", "volume of one order"),
            Limit("order_value_max_bp", "order_value_max", "share", "worth of one order"),
            Limit("collar_bp", "collar_bp", "bp", "distance of an order's price from the market"),
            Limit("second_orders_max", "second_orders_max", "count", "orders in a second", 10**6),
            Limit("minute_orders_max", "minute_orders_max", "count", "orders in a minute", 10**6),
            Limit("duplicate_window", "duplicate_window", "span", "time until an order may repeat"),
            Limit("rollover_before", "rollover_before", "span", "no new risk before a rollover"),
            Limit("rollover_after", "rollover_after", "span", "no new risk after a rollover"),
            Limit("weekend_before", "weekend_before", "span", "no new risk before a weekend"),
            Limit("weekend_after", "weekend_after", "span", "no new risk after a weekend"),
            Limit("news_before", "news_before", "span", "no new risk before a release"),
            Limit("news_after", "news_after", "span", "no new risk after a release"),
            Limit(
                "currency_exposure_max_bp", "currency_exposure_max", "share",
                "what is long or short of one currency",
            ),
            Limit(
                "cluster_exposure_max_bp", "cluster_exposure_max", "share",
                "worth of all positions of one cluster",
            ),
            Limit(
                "correlation_max", "correlation_max", "parts",
                "weighted correlation with what is held", 10_000,
            ),
            Limit("measure_age_max", "measure_age_max", "span", "age of correlations and measures"),
            Limit("margin_level_min_bp", "margin_level_min_bp", "bp", "least equity over margin"),
            Limit("weekly_loss_max_bp", "weekly_loss_max", "share", "loss of the broker's week"),
            Limit(
                "daily_risk_max_bp", "daily_risk_max", "share",
                "loss of the broker's day once every stop is met",
            ),
            Limit("var_max_bp", "var_max_bp", "bp", "value at risk over equity"),
            Limit("shortfall_max_bp", "shortfall_max_bp", "bp", "expected shortfall over equity"),
            Limit(
                "gross_max_lots", "gross_max", "lots",
                "volume of both sides in one instrument, waiting orders included",
            ),
            Limit(
                "positions_max", "positions_max", "number",
                "open positions of the account, waiting orders included", 10**6,
            ),
        )
    }
)  # fmt: skip
"""Every limit that may change while trading goes on, in the order of the rules; 0 is none."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Hold what turns a limit into the engine's units: an account's cash and an instrument.

    A lot is `lot_units`, a pip is `pip_points` at the engine's digits; `cash` is minor units.
    """

    symbol: str
    lot_units: int
    pip_points: int
    cash: int


def find_limit(name: str) -> Limit:
    """Return a limit by name; raise UsageError naming those that exist."""
    if name not in LIMITS:
        raise UsageError(f"limit {name!r} is unknown; there are {', '.join(LIMITS)}")
    return LIMITS[name]


def read_limit(limit: Limit, text: str) -> Given:
    """Return what a text says of a limit; raise UsageError with the value and what it may be.

    >>> read_limit(LIMITS["age_max"], "30m") == 30 * MINUTE
    True
    >>> read_limit(LIMITS["restricted"], "EURUSD, XAUUSD")
    ('EURUSD', 'XAUUSD')
    """
    text = text.strip()
    value: Decimal | int | None = None
    if limit.unit == "symbols":
        return () if text in ("", "none") else tuple(each.strip() for each in text.split(","))
    if limit.unit == "flag":
        value = {"yes": True, "true": True, "no": False, "false": False}.get(text.lower())
    elif limit.unit == "span":
        value = _read_span(text)
    elif limit.unit in ("lots", "pips"):
        value = _read_decimal(text)
    elif text.isascii() and text.isdigit():
        value = int(text)
    if value is None or value > limit.most:
        most = f", 0 to {limit.most}" if limit.most < _MOST else ""
        raise UsageError(
            f"{limit.name} was {text!r} and takes {UNITS[limit.unit]}{most}; 0 is no limit"
        )
    return value


def _read_span(text: str) -> int | None:
    for suffix, length in _SPANS:
        number = text.removesuffix(suffix)
        if number != text and number.isascii() and number.isdigit():
            return int(number) * length
    return 0 if text == "0" else None


def _read_decimal(text: str) -> Decimal | None:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() and value >= 0 else None


def write_limit(limit: Limit, value: Given) -> str:
    """Return a limit's value as `read_limit` takes it.

    >>> write_limit(LIMITS["age_max"], 90 * SECOND)
    '90s'
    """
    if isinstance(value, tuple):
        return ",".join(value) or "none"
    if limit.unit == "flag":
        return "yes" if value else "no"
    if limit.unit == "span" and value:
        span = int(value)
        suffix, length = next(each for each in reversed(_SPANS) if span % each[1] == 0)
        return f"{span // length}{suffix}"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def in_engine_units(limit: Limit, value: Given, scale: Scale) -> int:
    """Return a limit as the engine's LIMITS hold it, of one account in one instrument."""
    if isinstance(value, tuple):
        return int(scale.symbol in value)
    if limit.unit == "lots":
        return int(value * scale.lot_units)
    if limit.unit == "pips":
        return int(value * scale.pip_points)
    return scale.cash * int(value) // 10_000 if limit.unit == "share" else int(value)


def read_changes(texts: Iterable[str], symbols: Sequence[str] = ()) -> dict[str, str]:
    """Return the limits that NAME=VALUE texts set, as they are written; raise UsageError else.

    Of symbols only those that are traded make sense, where they are told.
    """
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"{text!r} is no limit; give NAME=VALUE, such as collar_bp=200")
        limit = find_limit(name.strip())
        if limit.name in found:
            raise UsageError(f"{limit.name} is given twice; give it once")
        given = read_limit(limit, value)
        if isinstance(given, tuple) and symbols:
            _require_traded(limit, given, symbols)
        found[limit.name] = write_limit(limit, given)
    if not found:
        raise UsageError("no limit is given; give NAME=VALUE, such as collar_bp=200")
    return found


def _require_traded(limit: Limit, given: tuple[str, ...], symbols: Sequence[str]) -> None:
    strange = [each for each in given if each not in symbols]
    if strange:
        raise UsageError(
            f"{limit.name}: {', '.join(strange)} is not traded; there are {', '.join(symbols)}"
        )
