"""A desk that goes on where another stands: the engine fills what a venue filled there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import msgspec

from assay.apps.lab.runs.drivers import PLATFORM
from assay.apps.lab.runs.setup import Costs, Setup, trade_terms
from assay.kernel.records import AWAY, FOK, IOC, MARKET, NO_VENUE, PENDING, RESTING
from assay.model.accounts import CommissionSchedule
from assay.model.time import DAY
from assay.runtime.ids import IdSource
from assay.trading.engine.away import SentOrder, VenueState
from assay.trading.engine.module import TradingDesk
from assay.trading.engine.slots import take_away
from assay.trading.engine.world import restore_state, take_state

_CHARGES = ("commission_num", "commission_den", "commission_per_lot", "commission_min")


def take_over(
    desk: TradingDesk, setup: Setup, commission: CommissionSchedule | None,
    known: tuple[Collection[int], Mapping[str, tuple[int, int]]],
) -> TradingDesk:  # fmt: skip
    """Return a desk that stands as one of a run does, with an account that the engine fills.

    What lies at a venue is `known`: keys of orders, and stop and target of a position by symbol.
    """
    if not setup.account.venue:
        fresh = setup.desk(IdSource(PLATFORM).next)
        restore_state(fresh.world, take_state(desk.world))
        return fresh
    fresh = without_venue(setup, commission).desk(IdSource(PLATFORM).next)
    state, venues, _ = msgspec.msgpack.decode(desk.snapshot(), type=tuple[bytes, bytes, bytes])
    restore_state(fresh.world, state)
    orders, protected = known
    row, positions = fresh.world.accounts[0], fresh.world.positions[0]
    row["venue"] = NO_VENUE
    # What others hold is theirs; the account's margin and floating profit are ours alone here.
    row["unrealised"], row["margin"] = positions["unrealised"].sum(), positions["margin"].sum()
    for place, symbol in enumerate(setup.symbols):
        if positions[place]["quantity"]:
            positions[place]["stop"], positions[place]["target"] = protected.get(symbol, (0, 0))
    kept = msgspec.msgpack.decode(venues, type=VenueState).sent.items()
    wanted = [sent for key, sent in kept if key in orders and not sent.unwanted]
    for i in range(len(setup.symbols)):
        _bring_home(fresh, i, {sent.reference: sent for sent in wanted if sent.instrument == i})
    return fresh


def without_venue(setup: Setup, commission: CommissionSchedule | None) -> Setup:
    """Return a setup whose account the engine fills, charging a commission."""
    schedule = commission or CommissionSchedule()
    account = msgspec.structs.replace(setup.account, venue="", commission=schedule)
    charged = trade_terms(
        [(0, DAY)] * len(setup.instruments), setup.instruments, setup.pricing, account,
        setup.profile, Costs(),
    )  # fmt: skip
    rows = setup.terms[0].copy()
    for name in _CHARGES:
        rows[name] = charged[0][name]
    return replace(setup, account=account, terms=(rows, *setup.terms[1:]))


def _bring_home(desk: TradingDesk, i: int, sent: Mapping[int, SentOrder]) -> None:
    """Let what waits at a venue wait in the engine, as `keep_order` puts it there."""
    position = desk.world.positions[0, i]
    for slot in desk.world.orders[0, i]:
        if slot["state"] != AWAY:
            continue
        reference = int(slot["number"]) + 1
        if reference not in sent:
            take_away(desk.world.handle, 0, i, reference, int(slot["quantity"]))
            continue
        is_market = slot["type"] == MARKET
        slot["state"] = RESTING
        if is_market or slot["time_in_force"] in (IOC, FOK):
            slot["state"] = PENDING
            position["waiting"] += 0 if is_market else slot["quantity"]
            position["waiting_orders"] += 1
            position["resting_orders"] -= 1
