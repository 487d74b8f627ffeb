"""The settings of the platform: one struct per section of `config.toml`."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from assay.model.errors import UsageError
from assay.model.instruments import Instrument, instrument_for


class AccountConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Describe the paper account: its currency, its minor unit, its cash and its leverage."""

    currency: str = "USD"
    currency_digits: int = 2
    cash: Decimal = Decimal(100_000)
    leverage: int = 100

    def __post_init__(self) -> None:
        if not 0 <= self.currency_digits <= 8:
            raise UsageError(f"account.currency_digits {self.currency_digits} is outside 0..8")
        if self.cash <= 0 or self.leverage < 1:
            raise UsageError("account.cash must be positive and account.leverage at least 1")


class PostgresConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Name a PostgreSQL server; empty means the embedded one."""

    dsn: str = ""


class LogConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say what is logged on stderr and how much of it the home keeps (bytes per file)."""

    level: str = "info"
    bytes: int = 10_000_000
    files: int = 5

    def __post_init__(self) -> None:
        if self.level not in ("debug", "info", "warning", "error"):
            raise UsageError(
                f"log.level {self.level!r} is unknown; use debug, info, warning or error"
            )
        if self.bytes < 10_000 or not 1 <= self.files <= 100:
            raise UsageError("log.bytes must be at least 10000 and log.files 1..100")


class RiskConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Name the profile of risk limits."""

    profile: str = "default"


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Compose the sections of `config.toml`.

    `instruments` overrides single fields of an instrument's usual contract, by symbol.
    """

    account: AccountConfig = AccountConfig()
    postgres: PostgresConfig = PostgresConfig()
    log: LogConfig = LogConfig()
    risk: RiskConfig = RiskConfig()
    instruments: dict[
        str, dict[str, Any]
    ] = {}  # Any: typed by Instrument, see configured_instrument

    def __post_init__(self) -> None:
        for symbol in self.instruments:
            configured_instrument(self, symbol)


def configured_instrument(config: Config, symbol: str) -> Instrument:
    """Return an instrument's contract with the overrides of `[instruments.SYMBOL]` on top."""
    overrides = config.instruments.get(symbol)
    if not overrides:
        return instrument_for(symbol)
    try:
        usual = msgspec.to_builtins(instrument_for(symbol))
    except UsageError:
        usual = {"symbol": symbol}
    try:
        return msgspec.convert({**usual, **overrides}, Instrument, strict=False)
    except msgspec.ValidationError as error:
        raise UsageError(f"[instruments.{symbol}] in config.toml: {error}; correct it") from None
