"""A measured broker as what a run charges: spread by hour, slippage, commission, swap, leverage."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np

from assay.apps.config import Config
from assay.market.news import Release
from assay.market.series import BarSeries, Int64s
from assay.market.spreads import spread_points
from assay.model.errors import UsageError
from assay.model.instruments import Instrument, SwapMode, instrument_for
from assay.model.time import DAY, HOUR
from assay.model.values import round_to_scale
from assay.model.zones import zone_table
from assay.trading.terminal.profile import BrokerProfile, SymbolTerms

HOURS_A_WEEK = 168
_TO_MONDAY = 3 * DAY
"""1970-01-01 was a Thursday, three days into a week that begins on Monday."""
SWAP_MODES = {
    "disabled": SwapMode.DISABLED, "points": SwapMode.POINTS,
    "deposit": SwapMode.ACCOUNT_CURRENCY_PER_LOT, "interest": SwapMode.ANNUAL_PERCENT,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class HourlySpreads:
    """Hold spreads by hour of a server's week in points of so many digits, None for unknown."""

    zone: str
    digits: int
    points: tuple[float | None, ...]

    def over(
        self, series: BarSeries, instrument: Instrument, releases: tuple[Release, ...] = ()
    ) -> Int64s:
        """Return the spread of each bar in points of the series, even and at least 2.

        An hour that was never measured has the usual spread, at the level of those that were. Near
        releases it is wider by as much as the usual one is.
        """
        usual = spread_points(series, instrument).astype(float)
        wall = zone_table(self.zone).to_wall(series.ts_open)
        hour = (wall + _TO_MONDAY) // HOUR % HOURS_A_WEEK
        scale = 10.0 ** (series.digits - self.digits)
        cells = np.array([np.nan if each is None else each * scale for each in self.points])
        found = cells[hour]
        known = np.isfinite(found)
        level = float(np.median(found[known] / usual[known])) if known.any() else 1.0
        found = np.where(known, found, usual * level)
        if releases:
            found *= spread_points(series, instrument, releases) / usual
        return np.maximum(np.rint(found / 2).astype(np.int64) * 2, 2)


def find_terms(profile: BrokerProfile, symbol: str) -> SymbolTerms:
    """Return a symbol of ours under the broker's terms; UsageError where it does not trade it."""
    for terms in profile.symbols:
        if symbol.partition(".")[0] in (terms.name, terms.currency_base + terms.currency_profit):
            return terms
    known = ", ".join(terms.name for terms in profile.symbols)
    raise UsageError(f"profile {profile.name!r} does not trade {symbol}; it has {known}")


def hourly_spreads(profile: BrokerProfile | None, symbol: str) -> HourlySpreads | None:
    """Return the measured spreads of a symbol; None where the profile has none."""
    if profile is None:
        return None
    terms = find_terms(profile, symbol)
    if not any(each is not None for each in terms.spreads):
        return None
    points = tuple(None if each is None else float(each) for each in terms.spreads)
    return HourlySpreads(profile.zone, terms.digits, points)


def expected_slippage(profile: BrokerProfile, instrument: Instrument) -> int:
    """Return the slippage of a fill in points of the instrument, the dearer of market and stop.

    The mean of the profile's law at the usual spread of the hours that were measured.
    """
    terms = find_terms(profile, instrument.symbol)
    law, known = terms.slippage, [float(each) for each in terms.spreads if each is not None]
    usual = float(np.mean(known)) if known else 0.0
    mean = float(law.points) + float(law.spread_share) * usual
    at_market = mean * (1 - 2 * float(law.favourable))
    if terms.execution in ("instant", "request"):
        at_market = 0.0
    dearer = max(at_market, mean * float(law.stop_factor), 0.0)
    return round_to_scale(dearer * 10.0 ** (instrument.digits - terms.digits), 0)


def under_broker(config: Config, profile: BrokerProfile, symbols: list[str]) -> Config:
    """Return the settings with a broker's account and contracts in the place of the usual ones.

    Raises UsageError for an account in another currency, whose commission means nothing here.
    """
    account, known = profile.accounts[0], config.account
    if account.currency != known.currency:
        raise UsageError(
            f"profile {profile.name!r} is of an account in {account.currency}, and yours is in "
            f"{known.currency}; set [account] currency in config.toml"
        )
    zone, hour = _rollover(profile.zone)
    terms = [find_terms(profile, symbol) for symbol in symbols]
    rates = {each.commission for each in terms}
    if len(rates) > 1:
        raise UsageError(
            f"profile {profile.name!r} charges {', '.join(map(str, sorted(rates)))} a lot by "
            "symbol, and an account here has one commission; run the symbols one by one"
        )
    told: dict[str, Any] = {
        "leverage": account.leverage, "rollover_zone": zone, "rollover_hour": hour,
        "commission_mode": "per_lot", "commission_rate": max(Decimal(0), -rates.pop()),
    }  # fmt: skip
    instruments = dict(config.instruments)
    for symbol, one in zip(symbols, terms, strict=True):
        # What a person wrote into the settings is meant.
        instruments[symbol] = _contract(instrument_for(symbol), one) | instruments.get(symbol, {})
    return msgspec.structs.replace(
        config, account=msgspec.structs.replace(known, **told), instruments=instruments
    )


def _contract(usual: Instrument, terms: SymbolTerms) -> dict[str, Any]:
    found: dict[str, Any] = {
        name: int(getattr(terms, name) * usual.lot_units)
        for name in ("volume_min", "volume_max", "volume_step")
    }
    if not terms.margin_hedged_use_leg:
        found["margin_hedged"] = str(terms.margin_hedged)
    mode = SWAP_MODES.get(terms.swap_mode)
    if mode is None:
        return found
    finer = Decimal(10) ** (usual.digits - terms.digits) if mode == SwapMode.POINTS else Decimal(1)
    # The profile counts weekdays from Sunday, an instrument from Monday.
    nights = [1, 1, 1, 1, 1, 0, 0]
    nights[(terms.swap_triple_day - 1) % 7] = 3
    return found | {
        "swap_mode": int(mode), "swap_weekdays": nights,
        "swap_long": str(terms.swap_long * finer), "swap_short": str(terms.swap_short * finer),
    }  # fmt: skip


def _rollover(zone: str) -> tuple[str, int]:
    """Return the server's midnight as a zone and an hour.

    >>> _rollover("NY+7"), _rollover("Europe/Athens"), _rollover("UTC+2")
    (('America/New_York', 17), ('Europe/Athens', 0), ('Etc/GMT-2', 0))
    """
    if zone.startswith("NY"):
        return "America/New_York", -int(zone[2:].partition(":")[0]) % 24
    if zone.startswith(("UTC", "GMT")):
        ahead = int(zone[3:].partition(":")[0])
        return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT", 0
    return zone, 0
