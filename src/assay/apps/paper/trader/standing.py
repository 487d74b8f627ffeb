"""Where the trader stands: taken from the engine's own state."""

from __future__ import annotations

from assay import __version__
from assay.apps.lab.feeds.events import TICK_BARS
from assay.apps.lab.runs.setup import Setup
from assay.apps.paper.plan import Plan
from assay.apps.paper.trader.hotpath import PaperTrader
from assay.apps.paper.view.picture import describe_halts
from assay.apps.paper.view.sheet import Held, Past, Sheet, Standing, Traded
from assay.market.series import BarSeries
from assay.trading.risk.catalogue import RULES

PAST_BARS = 1_000


def describe_desk(plan: Plan, trader: PaperTrader, run: int, challenger: str = "") -> Sheet:
    """Return what a trader trades, who forecasts, and its limits."""
    setup = trader.setup
    first, forecaster = trader.topology.desk.world.limits[0, 0], setup.forecaster
    return Sheet(
        tenant=setup.account.tenant, account=setup.account.id, run=run,
        currency=setup.account.currency, currency_digits=setup.account.currency_digits,
        source=plan.source, strategy=setup.strategy.name,
        model=forecaster.artifact.id if forecaster else None,
        speed=plan.speed, version=__version__, traded=describe_traded(trader),
        exposure_max=int(first["exposure_max"]), daily_loss_max=int(first["daily_loss_max"]),
        drawdown_max_bp=int(first["drawdown_max_bp"]),
        margin_use_max_bp=int(first["margin_use_max_bp"]),
        rules=tuple(rule.REASON for rule in RULES), challenger=challenger or None,
    )  # fmt: skip


def describe_traded(trader: PaperTrader) -> tuple[Traded, ...]:
    """Return how each symbol is traded."""
    setup = trader.setup
    limits = trader.topology.desk.world.limits[0]
    return tuple(
        Traded(
            symbol=spec.symbol, digits=price.digits, lot_units=spec.lot_units,
            pip_points=spec.pip_points * 10 ** (price.digits - spec.digits),
            timeframe=int(one.timeframe if isinstance(one, BarSeries) else TICK_BARS),
            position_max=int(limit["position_max"]), spread_max=int(limit["spread_max"]),
        )
        for spec, price, one, limit in zip(
            setup.instruments, setup.pricing, setup.series, limits, strict=True
        )
    )  # fmt: skip


def describe_past(setup: Setup) -> Past:
    """Return the last bars before the feed that a setup knows of, as many as a chart shows."""
    found = {}
    for symbol, one in setup.history.items():
        last = one.cut(slice(-PAST_BARS, None))
        columns = (last.open, last.high, last.low, last.close, last.spread)
        opened = last.ts_close - int(TICK_BARS)
        rows = (column.tolist() for column in (opened, *columns))
        found[symbol] = list(zip(*rows, strict=True))
    return Past(bars=found)


def take_standing(trader: PaperTrader, *, done: bool = False) -> Standing:
    """Return the account and the open positions as the engine sees them."""
    world = trader.topology.desk.world
    account = world.accounts[0]
    positions = tuple(
        Held(
            symbol=symbol, quantity=int(held["quantity"]), cost=int(held["cost"]),
            unrealised=int(held["unrealised"]), stop=int(held["stop"]),
            target=int(held["target"]),
        )
        for symbol, held in zip(trader.setup.symbols, world.positions[0], strict=True)
        if held["quantity"]
    )  # fmt: skip
    return Standing(
        next=trader.next, done=done, balance=int(account["balance"]),
        unrealised=int(account["unrealised"]), margin=int(account["margin"]),
        peak=int(account["peak"]), day_start=int(account["day_start"]),
        exposure=_exposure(trader), positions=positions,
        entries_halted=tuple(describe_halts(trader.entry_halts)),
    )  # fmt: skip


def _exposure(trader: PaperTrader) -> int:
    # The engine brings its own figure up to date only where an order asks for it.
    world, total = trader.topology.desk.world, 0
    for held, market, terms in zip(
        world.positions[0], world.markets, trader.setup.terms[0], strict=True
    ):
        raw = abs(int(held["quantity"])) * int(market["bid"])
        worth = raw * int(terms["value_num"]) // int(terms["value_den"])
        leg = int(market["leg_bid"])
        if raw and int(terms["leg"]) >= 0 and leg:
            worth = worth // leg if terms["leg_divides"] else worth * leg
        total += worth
    return total
