"""The assets of the simulated market: level, volatility, season, and who leads whom."""

from __future__ import annotations

from dataclasses import dataclass

EUROPE = (
    0.60, 0.65, 0.95, 1.35, 1.30, 1.10, 1.00, 1.10, 1.50, 1.55, 1.55, 1.30,
    1.00, 0.90, 0.95, 0.85, 0.65, 0.40, 0.45, 0.60, 0.70, 0.65, 0.60, 0.55,
)  # fmt: skip
PACIFIC = (
    0.90, 0.90, 1.00, 1.20, 1.15, 1.00, 0.90, 1.00, 1.35, 1.40, 1.40, 1.20,
    0.95, 0.85, 0.90, 0.80, 0.65, 0.45, 0.60, 1.00, 1.20, 1.15, 1.00, 0.90,
)  # fmt: skip
AMERICA = (
    0.55, 0.60, 0.75, 1.00, 1.00, 0.90, 0.90, 1.10, 1.80, 1.80, 1.75, 1.40,
    1.10, 1.00, 1.05, 0.85, 0.60, 0.35, 0.45, 0.60, 0.70, 0.70, 0.60, 0.55,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """Describe one asset.

    `level` is its first mid price; `volatility` the standard deviation of a 5-minute bar's return
    in price units; `season` its relative volatility by hour of New York's day; `dollar` its loading
    on the common dollar factor; `ticks` a 5-minute bar's usual number of ticks. With kind `lagged`
    the signal is the leader's, times `lead`; an asset without leader follows itself.
    """

    symbol: str
    level: float
    volatility: float
    season: tuple[float, ...]
    dollar: float
    ticks: float
    leader: str = ""
    lead: float = 1.0


ASSETS = {
    asset.symbol: asset
    for asset in (
        Asset(
            symbol="EURUSD", level=1.10, volatility=0.00027, season=EUROPE, dollar=0.80, ticks=260
        ),
        Asset(
            symbol="USDJPY", level=110.0, volatility=0.0290, season=PACIFIC, dollar=-0.45,
            ticks=240, leader="XAUUSD", lead=-1.0,
        ),
        Asset(
            symbol="GBPUSD", level=1.30, volatility=0.00035, season=EUROPE, dollar=0.65,
            ticks=280, leader="EURUSD",
        ),
        Asset(
            symbol="USDCHF", level=0.95, volatility=0.00025, season=EUROPE, dollar=-0.75,
            ticks=200, leader="XAUUSD", lead=-1.0,
        ),
        Asset(
            symbol="AUDUSD", level=0.72, volatility=0.00023, season=PACIFIC, dollar=0.65,
            ticks=200, leader="EURUSD",
        ),
        Asset(
            symbol="USDCAD", level=1.30, volatility=0.00028, season=AMERICA, dollar=-0.60,
            ticks=210, leader="XAUUSD", lead=-1.0,
        ),
        Asset(
            symbol="NZDUSD", level=0.67, volatility=0.00022, season=PACIFIC, dollar=0.60,
            ticks=170, leader="EURUSD",
        ),
        Asset(
            symbol="XAUUSD", level=1500.0, volatility=0.90, season=AMERICA, dollar=0.40, ticks=420
        ),
    )
}  # fmt: skip
SYMBOLS = tuple(ASSETS)
