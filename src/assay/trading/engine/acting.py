"""Acts of risk on a desk's accounts: halts by source, smaller sizes, reductions, nearer stops."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import msgspec

from assay.model.errors import UsageError
from assay.model.halts import SOURCES, EntryHalt, may_release
from assay.model.messages import (
    EntriesHalted,
    EntriesReleased,
    Message,
    PositionChanged,
    ReductionRequested,
    SizeScaled,
    StopTightened,
)
from assay.trading.engine.following import tighten_stop, tighten_ticket
from assay.trading.engine.step import reduce_position, reduce_ticket
from assay.trading.engine.tickets import NO_TICKET

if TYPE_CHECKING:
    from assay.trading.engine.module import TradingDesk

ACTS: tuple[type[Message], ...] = (
    EntriesHalted, EntriesReleased, ReductionRequested, SizeScaled, StopTightened,
)  # fmt: skip
"""The messages that act on a desk."""
_Halts = list[tuple[int, EntryHalt]]


class RiskActs:
    """Carry out acts of risk on the accounts of a desk, and remember who holds entries back."""

    def __init__(self, desk: TradingDesk, key_of: Callable[[int, int, int, str, int], int]) -> None:
        self._desk, self._world, self._key_of = desk, desk.world, key_of
        self._halts: _Halts = []

    def halts(self, a: int = 0) -> list[EntryHalt]:
        """Return what holds an account's entries back, the oldest first."""
        return [halt for owner, halt in self._halts if owner == a]

    def tickets(self, a: int, i: int) -> list[int]:
        """Return the keys of what opened the tickets of an instrument, the oldest first."""
        return [
            self._key_of(a, i, int(one["order_ts"]), "order", int(one["order_ordinal"]))
            for one in self._world.open_tickets(a, i)
        ]

    def take(self, message: Message) -> list[Message]:
        """Carry out an act, and return what follows from it."""
        if isinstance(message, EntriesHalted):
            self._halt(message)
        elif isinstance(message, EntriesReleased):
            self._release(message)
        elif isinstance(message, SizeScaled):
            for a in self._accounts(message.tenant, message.account):
                self._world.accounts[a]["held_back"] = message.held_back
        elif isinstance(message, ReductionRequested):
            return self._reduce(message)
        elif isinstance(message, StopTightened):
            return self._tighten(message)
        return []

    def _accounts(self, tenant: str, account: str) -> Iterator[int]:
        for a, spec in enumerate(self._desk.plan.accounts):
            if spec.tenant == tenant and account in ("", spec.id):
                yield a

    def _halt(self, told: EntriesHalted) -> None:
        if told.source not in SOURCES:
            raise UsageError(f"source {told.source!r} is unknown; there are {', '.join(SOURCES)}")
        halt = EntryHalt(
            told.source, told.reason, told.by, told.ts_event, told.symbol, told.account
        )
        for a in self._accounts(told.tenant, told.account):
            # Whoever halts anew with another reason is heard; the halt is one all the same.
            self._forget(a, told.source, told.symbol)
            self._halts.append((a, halt))
            self._show(a)

    def _release(self, told: EntriesReleased) -> None:
        if not may_release(told.actor, told.source):
            return
        for a in self._accounts(told.tenant, told.account):
            self._forget(a, told.source, told.symbol)
            self._show(a)

    def _forget(self, a: int, source: str, symbol: str) -> None:
        self._halts = [
            (owner, halt)
            for owner, halt in self._halts
            if (owner, halt.source, halt.symbol) != (a, source, symbol)
        ]

    def _show(self, a: int) -> None:
        """Write the mask of sources where the engine's rule looks."""
        masks = dict.fromkeys(("", *self._desk.plan.symbols), 0)
        for owner, halt in self._halts:
            if owner == a and halt.symbol in masks:
                masks[halt.symbol] |= 1 << SOURCES.index(halt.source)
        self._world.accounts[a]["entries_halted"] = masks[""]
        for i, symbol in enumerate(self._desk.plan.symbols):
            self._world.positions[a, i]["entries_halted"] = masks[symbol]

    def _reduce(self, told: ReductionRequested) -> list[Message]:
        desk, found = self._desk, list[Message]()
        if told.symbol not in desk.plan.symbols:
            return found
        i = desk.plan.symbols.index(told.symbol)
        for a in self._accounts(told.tenant, told.account):
            if told.ticket is msgspec.UNSET:
                reduce_position(self._world.handle, a, i, told.keep)
            elif (slot := self._find(a, i, told.ticket)) >= 0:
                reduce_ticket(self._world.handle, a, i, slot, told.keep)
            reasons = (f"{told.source}: {told.reason}",)
            found += desk.tell_act(told, {"outcome": "reduce", "reasons": reasons})
        return found

    def _tighten(self, told: StopTightened) -> list[Message]:
        desk, found = self._desk, list[Message]()
        if told.symbol not in desk.plan.symbols:
            return found
        i = desk.plan.symbols.index(told.symbol)
        for a in self._accounts(told.tenant, told.account):
            held, moved = self._world.positions[a, i], False
            if told.ticket is msgspec.UNSET:
                moved = bool(tighten_stop(self._world.handle, a, i, told.stop))
            elif (slot := self._find(a, i, told.ticket)) >= 0:
                held = self._world.tickets[a, i, slot]
                moved = bool(tighten_ticket(self._world.handle, a, i, slot, told.stop))
            if moved:
                spec = desk.plan.accounts[a]
                found.append(
                    PositionChanged(
                        id=desk.next_id(), cause=told.id, tenant=spec.tenant,
                        ts_event=told.ts_event, ts_init=told.ts_init, account=spec.id,
                        symbol=told.symbol, stop=int(held["stop"]), target=int(held["target"]),
                        trail=int(held["trail"]), ticket=told.ticket,
                    )
                )  # fmt: skip
        return found

    def _find(self, a: int, i: int, ticket: int) -> int:
        """Return the slot of a ticket by its key, NO_TICKET where it is closed."""
        opened = self.tickets(a, i)
        return opened.index(ticket) if ticket in opened else NO_TICKET

    def snapshot(self) -> bytes:
        """Return who holds entries back; the rest is in the engine's arrays."""
        return msgspec.msgpack.encode(self._halts)

    def restore(self, state: bytes) -> None:
        """Take up a snapshot."""
        self._halts = msgspec.msgpack.decode(state, type=_Halts)
