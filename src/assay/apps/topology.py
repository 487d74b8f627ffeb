"""Which modules there are and who hears whom: written once, for every driver."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from assay.apps.lab.setup import Setup
from assay.books.ledger import Ledger, QuoteMarks, Reconciler
from assay.model.instruments import Instrument
from assay.runtime.runners import InlineRunner
from assay.trading.engine.module import TradingDesk


@dataclass(frozen=True, slots=True)
class Topology:
    """Hold the modules of one platform; the runner delivers in this order."""

    desk: TradingDesk
    ledger: Ledger
    reconciler: Reconciler

    def runner(self, *, wire: bool = False) -> InlineRunner:
        """Return a runner over the modules: trading, then the ledger, then its reconciler."""
        return InlineRunner([self.desk, self.ledger, self.reconciler], wire=wire)

    def snapshot(self) -> bytes:
        """Return the state of every module."""
        parts = (self.desk.snapshot(), self.ledger.snapshot(), self.reconciler.snapshot())
        return msgspec.msgpack.encode(parts)

    def restore(self, state: bytes) -> None:
        """Bring every module to a state taken before."""
        desk, ledger, reconciler = msgspec.msgpack.decode(state, type=tuple[bytes, bytes, bytes])
        self.desk.restore(desk)
        self.ledger.restore(ledger)
        self.reconciler.restore(reconciler)


def traded_instruments(setup: Setup) -> dict[str, Instrument]:
    """Return the instruments at the digits that this run trades them with."""
    return {
        spec.symbol: msgspec.structs.replace(spec, digits=price.digits)
        for spec, price in zip(setup.instruments, setup.pricing, strict=True)
    }


def build_topology(setup: Setup, next_id: Callable[[], int]) -> Topology:
    """Return fresh modules for a setup; ids come from the injected source."""
    instruments = traded_instruments(setup)
    ledger = Ledger([setup.account], instruments, next_id)
    marks = QuoteMarks([setup.account], instruments)
    return Topology(
        desk=setup.desk(next_id),
        ledger=ledger,
        reconciler=Reconciler(ledger, next_id, marks),
    )
