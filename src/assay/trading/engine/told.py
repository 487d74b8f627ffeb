"""What a desk is told while it trades: halts, limits, correlations, measures, orders by hand."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import TYPE_CHECKING, Any

from assay.kernel.rounding import OVERFLOW
from assay.model.messages import (
    CorrelationsMeasured,
    LimitsChanged,
    Message,
    RiskMeasured,
    TradeRequested,
    TradingHalted,
)
from assay.trading.engine.byhand import take_trade
from assay.trading.engine.step import cancel_all
from assay.trading.risk.limits import Scale, find_limit, in_engine_units, read_limit

if TYPE_CHECKING:
    from assay.trading.engine.module import TradingDesk


def take_halt(desk: TradingDesk, told: Message) -> None:
    """Halt every account of a tenant and cancel what waits there, or let them trade again."""
    halts = type(told) is TradingHalted
    for a, spec in enumerate(desk.plan.accounts):
        if spec.tenant != told.tenant:
            continue
        desk.world.accounts[a]["halted"] = int(halts)
        if halts:
            cancel_all(desk.world.handle, a, told.ts_event)


def take_limits(desk: TradingDesk, told: LimitsChanged) -> list[Message]:
    """Let limits hold for every account of a tenant from the next order on."""
    plan, world = desk.plan, desk.world
    given = [(find_limit(each.name), each.value) for each in told.limits]
    values = [(limit, read_limit(limit, text)) for limit, text in given]
    for a, spec in enumerate(plan.accounts):
        if spec.tenant != told.tenant:
            continue
        for i, symbol in enumerate(plan.symbols):
            lot_units = int(world.instruments[i]["lot_units"])
            scale = Scale(symbol, lot_units, plan.pips[i], spec.cash)
            for limit, value in values:
                # A venue stops out by itself: what the engine closed alone would be open there.
                if not (spec.venue and limit.field == "stop_out_level_bp"):
                    world.limits[a, i][limit.field] = in_engine_units(limit, value, scale)
    if desk.watch:
        desk.watch.renew()
    return []


def take_correlations(desk: TradingDesk, told: CorrelationsMeasured) -> list[Message]:
    """Keep the correlations of the symbols that a desk trades, and when they were measured.

    What the matrix does not tell is not known any more, so that no old figure passes for a new one.
    """
    world, places = desk.world, {symbol: i for i, symbol in enumerate(desk.plan.symbols)}
    world.correlations[...] = OVERFLOW
    pairs = combinations(told.symbols, 2)
    for (left, right), value in zip(pairs, told.correlations, strict=True):
        if value is not None and left in places and right in places:
            i, j = places[left], places[right]
            world.correlations[i, j] = world.correlations[j, i] = value
    world.accounts["correlations_ts"] = told.ts_event
    return []


def take_measure(desk: TradingDesk, told: RiskMeasured) -> list[Message]:
    """Keep what an account may lose, and when that was measured."""
    for a, spec in enumerate(desk.plan.accounts):
        if spec.id == told.account and spec.tenant == told.tenant:
            row = desk.world.accounts[a]
            row["value_at_risk"], row["shortfall"] = told.value_at_risk, told.shortfall
            row["measured_ts"] = told.ts_event
    return []


TOLD: dict[type[Message], Callable[[TradingDesk, Any], list[Message]]] = {
    LimitsChanged: take_limits,
    CorrelationsMeasured: take_correlations,
    RiskMeasured: take_measure,
    TradeRequested: take_trade,
}
"""What takes each message; Any: the one that is its key."""
