"""What a broker is like: its account, its symbols, how it executes and when it is late."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Literal

import msgspec

from assay.model.errors import UsageError
from assay.model.time import DAY, MINUTE
from assay.trading.brokers.mt5 import api

Margining = Literal["netting", "exchange", "hedging"]
Execution = Literal["request", "instant", "market", "exchange"]
Calculation = Literal["forex", "forex_no_leverage", "cfd", "cfd_leverage"]
Trading = Literal["disabled", "long_only", "short_only", "close_only", "full"]
Swapping = Literal["disabled", "points", "symbol", "margin", "deposit", "interest"]

_PROFILES = Path(__file__).parent / "profiles"
HOURS_A_WEEK = 168

MARGIN_MODES: dict[str, int] = {
    "netting": api.ACCOUNT_MARGIN_MODE_RETAIL_NETTING,
    "exchange": api.ACCOUNT_MARGIN_MODE_EXCHANGE,
    "hedging": api.ACCOUNT_MARGIN_MODE_RETAIL_HEDGING,
}
EXECUTIONS: dict[str, int] = {
    "request": api.SYMBOL_TRADE_EXECUTION_REQUEST,
    "instant": api.SYMBOL_TRADE_EXECUTION_INSTANT,
    "market": api.SYMBOL_TRADE_EXECUTION_MARKET,
    "exchange": api.SYMBOL_TRADE_EXECUTION_EXCHANGE,
}
CALCULATIONS: dict[str, int] = {
    "forex": api.SYMBOL_CALC_MODE_FOREX,
    "forex_no_leverage": api.SYMBOL_CALC_MODE_FOREX_NO_LEVERAGE,
    "cfd": api.SYMBOL_CALC_MODE_CFD,
    "cfd_leverage": api.SYMBOL_CALC_MODE_CFDLEVERAGE,
}
TRADE_MODES: dict[str, int] = {
    "disabled": api.SYMBOL_TRADE_MODE_DISABLED,
    "long_only": api.SYMBOL_TRADE_MODE_LONGONLY,
    "short_only": api.SYMBOL_TRADE_MODE_SHORTONLY,
    "close_only": api.SYMBOL_TRADE_MODE_CLOSEONLY,
    "full": api.SYMBOL_TRADE_MODE_FULL,
}
SWAP_MODES: dict[str, int] = {
    "disabled": api.SYMBOL_SWAP_MODE_DISABLED,
    "points": api.SYMBOL_SWAP_MODE_POINTS,
    "symbol": api.SYMBOL_SWAP_MODE_CURRENCY_SYMBOL,
    "margin": api.SYMBOL_SWAP_MODE_CURRENCY_MARGIN,
    "deposit": api.SYMBOL_SWAP_MODE_CURRENCY_DEPOSIT,
    "interest": api.SYMBOL_SWAP_MODE_INTEREST_OPEN,
}
ACCOUNT_KINDS: dict[str, int] = {
    "demo": api.ACCOUNT_TRADE_MODE_DEMO,
    "contest": api.ACCOUNT_TRADE_MODE_CONTEST,
    "real": api.ACCOUNT_TRADE_MODE_REAL,
}


class Slippage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say how far fills lie from the quote, in points of the symbol.

    A fill slips by an exponential draw of mean `points + spread_share x spread`; orders at market
    slip for us with chance `favourable`, stops never do and slip `stop_factor` times as far. News
    multiply all of it.
    """

    points: Decimal = Decimal(0)
    spread_share: Decimal = Decimal(0)
    stop_factor: Decimal = Decimal(2)
    news_factor: Decimal = Decimal(5)
    favourable: Decimal = Decimal("0.3")


class Latency(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say how long a request takes to be executed: log-normal, in milliseconds."""

    median_ms: Decimal = Decimal(0)
    sigma: Decimal = Decimal("0.5")
    news_factor: Decimal = Decimal(3)


class SymbolTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hold the contract of one symbol under the broker's own name for it.

    Volumes are lots; levels are points; swaps are in the unit of `swap_mode` a lot and night;
    `commission` is account currency a lot and side. `sessions` are minutes from Monday 00:00 of the
    server's clock. `depth` is how many lots a quote carries on either side, 0 for as many as asked.
    `spreads` are usual spreads in points by hour of the server's week, None where nobody knows;
    they price data that have one side alone.
    """

    name: str
    currency_base: str
    currency_profit: str
    digits: int
    currency_margin: str = ""
    path: str = ""
    description: str = ""
    contract_size: Decimal = Decimal(100_000)
    calculation: Calculation = "forex"
    execution: Execution = "market"
    filling: tuple[Literal["fok", "ioc", "boc"], ...] = ("fok", "ioc")
    order_mode: int = 127
    expiration_mode: int = 15
    trade_mode: Trading = "full"
    stops_level: int = 0
    freeze_level: int = 0
    volume_min: Decimal = Decimal("0.01")
    volume_max: Decimal = Decimal(100)
    volume_step: Decimal = Decimal("0.01")
    volume_limit: Decimal = Decimal(0)
    depth: Decimal = Decimal(0)
    swap_mode: Swapping = "points"
    swap_long: Decimal = Decimal(0)
    swap_short: Decimal = Decimal(0)
    swap_triple_day: int = api.DAY_OF_WEEK_WEDNESDAY
    margin_initial: Decimal = Decimal(0)
    margin_maintenance: Decimal = Decimal(0)
    margin_hedged: Decimal = Decimal(0)
    margin_hedged_use_leg: bool = False
    margin_rate: Decimal = Decimal(1)
    commission: Decimal = Decimal(0)
    sessions: tuple[tuple[int, int], ...] = ((0, 5 * DAY // MINUTE),)
    slippage: Slippage = Slippage()
    spreads: tuple[Decimal | None, ...] = ()

    def __post_init__(self) -> None:
        if len(self.spreads) not in (0, HOURS_A_WEEK):
            raise UsageError(
                f"{self.name} has {len(self.spreads)} spreads; give {HOURS_A_WEEK}, one an hour of "
                "the server's week from Monday 00:00"
            )

    @property
    def margin_currency(self) -> str:
        """Return the currency that margin is reckoned in, the base unless told otherwise."""
        return self.currency_margin or self.currency_base

    @property
    def filling_bits(self) -> int:
        """Return `symbol_info.filling_mode`: a mask, unlike the field of a request."""
        bits = {"fok": api.FILLING_BIT_FOK, "ioc": api.FILLING_BIT_IOC, "boc": api.FILLING_BIT_BOC}
        return sum(bits[name] for name in set(self.filling))


class AccountTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hold one trading account as the broker opened it."""

    login: int
    password: str = "simulated"  # noqa: S105 - of a simulation
    name: str = "Simulated"
    kind: Literal["demo", "contest", "real"] = "demo"
    currency: str = "USD"
    currency_digits: int = 2
    leverage: int = 100
    margin_mode: Margining = "netting"
    stopout_mode: Literal["percent", "money"] = "percent"
    margin_call: Decimal = Decimal(100)
    stopout: Decimal = Decimal(50)
    limit_orders: int = 200
    limit_positions: int = 0
    fifo_close: bool = False
    deposit: Decimal = Decimal(10_000)


class BrokerProfile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hold everything that is this broker's own; the first account is the one logged in.

    `zone` is the server's wall clock (`NY+7`, `Europe/Athens`, `UTC+2`); its midnight is the
    rollover. `weekend_leverage` divides the leverage from `weekend_from` until the week's end,
    minutes from Monday 00:00 of that clock. `request_rate` is requests a second, 0 for any number.
    `history_calls` is how often bars must be asked for before they are whole; deals and done orders
    come into the history `history_lag_ms` after they were made.
    """

    name: str
    server: str
    company: str = "Simulated broker"
    zone: str = "NY+7"
    accounts: tuple[AccountTerms, ...]
    symbols: tuple[SymbolTerms, ...]
    latency: Latency = Latency()
    improves: bool = True
    requote_chance: Decimal = Decimal(0)
    comments: Literal["keep", "clear", "prefix"] = "keep"
    magics: Literal["keep", "zero"] = "keep"
    weekend_leverage: int = 1
    weekend_from: int = (4 * 24 + 22) * 60
    request_rate: int = 0
    history_calls: int = 1
    history_lag_ms: Decimal = Decimal(0)
    max_bars: int = 100_000
    build: int = 5_000

    def __post_init__(self) -> None:
        names = [terms.name for terms in self.symbols]
        if not self.accounts or not names:
            raise UsageError(f"profile {self.name!r} needs at least one account and one symbol")
        if len(set(names)) < len(names):
            raise UsageError(f"profile {self.name!r} names a symbol twice")


def load_profile(named: str | Path) -> BrokerProfile:
    """Read a shipped profile by its name (netting, hedging), or one of a file of TOML or JSON."""
    shipped = _PROFILES / f"{named}.toml"
    path = shipped if shipped.is_file() else Path(named)
    try:
        if path.suffix == ".json":
            return msgspec.json.decode(path.read_bytes(), type=BrokerProfile)
        content = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
        return msgspec.convert(content, BrokerProfile)
    except FileNotFoundError:
        known = ", ".join(sorted(found.stem for found in _PROFILES.glob("*.toml")))
        raise UsageError(f"profile {str(named)!r} is neither a file nor one of {known}") from None
    except (tomllib.TOMLDecodeError, msgspec.DecodeError) as error:
        raise UsageError(f"profile {path.name}: {error}") from None


def save_profile(profile: BrokerProfile, path: Path) -> None:
    """Write a profile, as a measurement of a broker makes it, to a file of JSON."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(profile), indent=1))
