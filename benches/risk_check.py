"""Every risk rule on one order, with every limit set: eight instruments, a position in each.

The subject is the engine's own step from what a strategy wants to the answer of the rules: currency
and cluster exposures, correlation, stops of all positions and the windows are worked out anew for
each order. `DENYING` denies it, so that no two orders meet another account. The reference is
the same order with no limit set.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from assay.apps.config import Config, RiskConfig
from assay.apps.lab.runs.setup import Costs, prepare
from assay.kernel.records import GO_TO
from assay.market.news import Importance, Release
from assay.market.series import BarSeries
from assay.model.errors import InvariantError
from assay.model.instruments import instrument_for
from assay.model.time import DAY, HOUR, Timeframe, parse_time
from assay.trading.engine.loading import load_strategy
from assay.trading.engine.step import place_intent, run_schedule
from assay.trading.engine.world import World
from assay.trading.risk.catalogue import RULES
from benches.harness import Bench, Round, time_each

ORDERS = 20_000
START = parse_time("2019-03-04T00:00:00Z")
NOON = START + DAY + 12 * HOUR
MARKETS = {
    "EURUSD": 113_000, "GBPUSD": 131_000, "USDJPY": 111_000, "AUDUSD": 71_000, "NZDUSD": 68_000,
    "USDCHF": 100_000, "USDCAD": 133_000, "XAUUSD": 129_000,
}  # fmt: skip
WIDE = "900719925474"
LIMITS = {
    "position_max_lots": "90", "exposure_max_bp": WIDE, "daily_loss_max_bp": WIDE,
    "drawdown_max_bp": "10000", "age_max": "1d", "spread_max_pips": "90", "session_only": "yes",
    "margin_use_max_bp": WIDE, "order_max_lots": "90", "order_value_max_bp": WIDE,
    "collar_bp": "900", "second_orders_max": "1000000", "minute_orders_max": "1000000",
    "duplicate_window": "1ms", "rollover_before": "5m", "rollover_after": "30m",
    "weekend_before": "1h", "weekend_after": "1h", "news_before": "30m", "news_after": "30m",
    "currency_exposure_max_bp": WIDE, "cluster_exposure_max_bp": WIDE, "correlation_max": "10000",
    "margin_level_min_bp": "1", "weekly_loss_max_bp": WIDE, "daily_risk_max_bp": WIDE,
    "var_max_bp": "10000", "shortfall_max_bp": "10000", "gross_max_lots": "90",
    "positions_max": "7",
}  # fmt: skip

DENYING = "open_positions"


def _bars(symbol: str, price: int) -> BarSeries:
    level = np.full(48, price)
    return BarSeries(
        symbol=symbol, timeframe=Timeframe.H1, side="bid", source="made",
        digits=instrument_for(symbol).digits, ts_open=START + np.arange(48) * int(Timeframe.H1),
        open=level, high=level, low=level, close=level, fold=np.zeros(48, np.bool_),
    )  # fmt: skip


def _make_world(limits: dict[str, str]) -> World:
    """Return an engine at noon that holds a little of everything, half of it short."""
    releases = [
        Release(NOON + after * DAY, "USD", Importance.HIGH, "figures") for after in (-1, 1, 2)
    ]
    setup = prepare(
        [_bars(*market) for market in MARKETS.items()], load_strategy("breakout"), given={},
        risk="reference", costs=Costs(releases=releases if limits else ()),
        config=Config(risk=RiskConfig(limits=dict(limits))),
    )  # fmt: skip
    world = setup.world()
    for i, price in enumerate(MARKETS.values()):
        market, position = world.markets[i], world.positions[0, i]
        market["bid"], market["ask"], market["spread"], market["ts"] = price, price + 10, 10, NOON
        if world.instruments[i]["leg"] == i:
            market["leg_bid"], market["leg_ask"] = price, price + 10
        units = 10_000 if i % 2 else -10_000
        position["quantity"], position["cost"] = units, units * price
        position["stop"] = price - units // 100
        run_schedule(world.handle, i, NOON)
    world.correlations[...] = 5_000
    account = world.accounts[0]
    account["correlations_ts"] = account["measured_ts"] = NOON
    account["margin"] = account["value_at_risk"] = account["shortfall"] = 100_000
    intent = world.intent[0]
    intent["action"], intent["stop"] = GO_TO, MARKETS["EURUSD"] - 500
    return world


def _place(world: World) -> Round:
    handle, counts, intent = world.handle, world.counts, world.intent[0]

    def place(order: int) -> None:
        counts[0] = 0
        intent["quantity"] = 20_000 + order % 5 * 1_000
        place_intent(handle, 0, 0, NOON)

    return time_each(ORDERS, place)


def build(folder: Path) -> Bench:
    """Prepare both engines, and see that every rule answered and only the last denied."""
    limited, free = _make_world(LIMITS), _make_world({})
    for world in (limited, free):
        _place(world)
    verdicts = limited.checks[0]["verdict"].tolist()
    if verdicts != [0 if rule.REASON == DENYING else 1 for rule in RULES]:
        raise InvariantError(f"the rules answered {verdicts}; all but {DENYING} were to allow")
    return Bench(
        what="every risk rule on one order, eight positions, every limit set",
        items="orders",
        figure="latency",
        reference_what="the same order with no limit set",
        subject=lambda: _place(limited),
        reference=lambda: _place(free),
        floor=20.0,
        notes={"rules": len(RULES)},
    )
