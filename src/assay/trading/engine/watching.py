"""Watch what rules measure of an account at every mark, and tell once where a limit is reached."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from assay.kernel.compiling import bind_types, compiled
from assay.kernel.rounding import OVERFLOW, muldiv_wide
from assay.model.accounts import AccountSpec
from assay.model.messages import Message, RiskThresholdBreached
from assay.trading.engine.arrays import world_at
from assay.trading.engine.exposures import gross_exposure
from assay.trading.engine.world import World

MEASURES = (
    ("daily_loss", "money"),
    ("weekly_loss", "money"),
    ("drawdown", "money"),
    ("margin_level", "basis points"),
    ("exposure_limit", "money"),
    ("value_at_risk", "money"),
    ("expected_shortfall", "money"),
)
"""Rule and unit of each measure, in the order of their bits in an account's alarms."""

FIELDS = (
    "daily_loss_max", "weekly_loss_max", "drawdown_max_bp", "margin_level_min_bp", "exposure_max",
    "var_max_bp", "shortfall_max_bp",
)  # fmt: skip
"""The limits that are watched."""

MARGIN_LEVEL = 3
FINE, WARNING, BREACHED = 0, 1, 2
WARNING_AT = 8
"""Tenths of a limit from which on it is warned of."""
FINE_BELOW = 7
"""Tenths of a limit below which a warning is over, so that none recurs while a measure wavers."""


@compiled
def _gauge(world, a, row):  # type: ignore[no-untyped-def]
    """Write value and limit of each measure of an account; a limit of 0 is not set."""
    account, limits = world.accounts[a], world.limits[a, 0]
    equity = account.balance + account.unrealised
    ready = max(equity, 0)
    row[0, 0], row[0, 1] = account.day_start - equity, limits.daily_loss_max
    row[1, 0], row[1, 1] = account.week_start - equity, limits.weekly_loss_max
    row[2, 0] = account.peak - equity
    row[2, 1] = muldiv_wide(max(account.peak, 0), limits.drawdown_max_bp, 10_000)
    row[3, 0], row[3, 1] = 0, 0
    if account.margin > 0:
        row[3, 0] = muldiv_wide(ready, 10_000, account.margin)
        row[3, 1] = limits.margin_level_min_bp
    row[4, 0], row[4, 1] = 0, limits.exposure_max
    if limits.exposure_max:
        row[4, 0] = gross_exposure(world, a)
    row[5, 0] = account.value_at_risk
    row[5, 1] = muldiv_wide(ready, limits.var_max_bp, 10_000)
    row[6, 0] = account.shortfall
    row[6, 1] = muldiv_wide(ready, limits.shortfall_max_bp, 10_000)


@compiled
def _is_near(place, value, limit, tenths):  # type: ignore[no-untyped-def]
    if place == MARGIN_LEVEL:
        return value * tenths < limit * 10
    return value * 10 >= limit * tenths


@compiled
def _level(place, value, limit, before):  # type: ignore[no-untyped-def]
    """Return how near a measure is to its limit; equity for its margin is to stay above one."""
    if limit == 0:
        return FINE
    if value == OVERFLOW:
        return BREACHED
    if (value < limit) if place == MARGIN_LEVEL else (value >= limit):
        return BREACHED
    tenths = WARNING_AT if before == FINE else FINE_BELOW
    return WARNING if _is_near(place, value, limit, tenths) else FINE


@compiled
def watch_accounts(address, gauges, risen):  # type: ignore[no-untyped-def]
    """Note in `risen` [a, measures] the levels that accounts have newly reached; say if any did."""
    world, any_rose = world_at(address), False
    for a in range(len(world.accounts)):
        _gauge(world, a, gauges[a])
        alarms = world.accounts[a].alarms
        for place in range(len(risen[a])):
            before = (alarms >> 2 * place) & 3
            level = _level(place, gauges[a, place, 0], gauges[a, place, 1], before)
            risen[a, place] = level if level > before else FINE
            if level == FINE or level > before:
                alarms += (level - before) << 2 * place
            any_rose |= level > before
        world.accounts[a].alarms = alarms
    return any_rose


class Watch:
    """Tell the limits that accounts reach at a mark; it costs nothing where none is set."""

    def __init__(self, accounts: Sequence[AccountSpec], world: World) -> None:
        self._accounts, self._world = accounts, world
        self._gauges = np.zeros((len(accounts), len(MEASURES), 2), np.int64)
        self._risen = np.zeros((len(accounts), len(MEASURES)), np.int64)
        self._look: Callable[..., bool] = bind_types(
            watch_accounts, world.address, self._gauges, self._risen
        )
        self.renew()

    def renew(self) -> None:
        """See which limits are set, after they may have changed."""
        self._is_idle = not any(self._world.limits[name].any() for name in FIELDS)

    def tell(self, cause: Message, next_id: Callable[[], int]) -> list[Message]:
        """Return what accounts have newly reached."""
        if self._is_idle or not self._look(self._world.address, self._gauges, self._risen):
            return []
        found: list[Message] = []
        for a, place in np.argwhere(self._risen).tolist():
            spec, (rule, unit) = self._accounts[a], MEASURES[place]
            value, limit = self._gauges[a, place].tolist()
            found.append(
                RiskThresholdBreached(
                    id=next_id(), cause=cause.id, tenant=spec.tenant, ts_event=cause.ts_event,
                    ts_init=cause.ts_init, account=spec.id, rule=rule, value=value, limit=limit,
                    unit=unit, warning=bool(self._risen[a, place] == WARNING),
                )
            )  # fmt: skip
        return found
