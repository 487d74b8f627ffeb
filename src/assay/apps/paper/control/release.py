"""The second step of a release: a code that names the halt, so that it lifts no other one."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec

from assay.apps.paper.control.orders import Answer, ControlOrder
from assay.model.errors import UsageError
from assay.model.messages import TradingReleaseRequested
from assay.runtime.journal import Halt

if TYPE_CHECKING:
    from assay.apps.paper.trader.hotpath import PaperTrader

DIGITS = 6


def release_code(halt: Halt) -> str:
    """Return the code of a halt; another halt, or the same one engaged anew, has another.

    Raise UsageError where nothing is halted.
    """
    if not halt.engaged:
        raise UsageError("trading is not halted, so there is nothing to resume")
    told = msgspec.json.encode([halt.tenant, halt.reason, halt.by, halt.ts])
    return sha256(told).hexdigest()[:DIGITS]


def require_code(halt: Halt, given: str) -> None:
    """Raise UsageError where a code is not that of the halt as it stands."""
    if given.strip().lower() != release_code(halt):
        raise UsageError(
            f"code {given!r} does not name the halt of now ({halt.reason!r} by {halt.by}); ask "
            "for its code with `assay resume` without --confirm"
        )


def release(trader: PaperTrader, order: ControlOrder) -> Answer:
    """Lift the halt that an order names by its code; tell the code to one that names none."""
    halt = trader.kept_halt
    try:
        if order.confirm:
            require_code(halt, order.confirm)
            trader.resume(order.reason, order.by)
            return Answer(True, "trading may go on")
        code = release_code(halt)
    except UsageError as error:
        return Answer(False, str(error))
    asked = TradingReleaseRequested(
        id=0, tenant=halt.tenant, ts_event=0, ts_init=0, reason=order.reason, by=order.by
    )
    trader.record([trader.sign(asked)])
    return Answer(True, code)
