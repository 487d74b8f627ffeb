"""Decisions, orders and fills as the page shows them, made from what the modules said."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import msgspec

from assay.apps.gateway.board.checks import name_checks, tell_checks
from assay.apps.gateway.board.explaining import (
    Basis,
    describe,
    inputs_of,
    outcome_of,
    patterns_of,
)
from assay.apps.gateway.board.orders import Orders
from assay.apps.gateway.board.scale import Scale, moment, side_of
from assay.apps.gateway.views import (
    Decision,
    DecisionDetail,
    DecisionInput,
    Fill,
    Order,
    OutcomeName,
)
from assay.model.messages import (
    DecisionMade,
    OrderApproved,
    OrderChanged,
    OrderDenied,
    OrderFilled,
    PositionChanged,
    RuleCheck,
)

KEPT = 1_000


class Case(msgspec.Struct, kw_only=True):
    """Hold one decision and what followed from it, by place in the journal."""

    place: int
    made: DecisionMade
    is_approved: bool = False
    denied_by: str | None = None
    order: int | None = None
    checks: tuple[RuleCheck, ...] = ()
    changed: OrderChanged | PositionChanged | None = None

    @property
    def outcome(self) -> OutcomeName:
        """Return what became of it."""
        return "change" if self.changed else outcome_of(self.made, self.denied_by)


class Cases:
    """Keep the last decisions, orders and fills, and bring together what belongs together.

    At most so many `kept` of each; decisions to hold, which come with every bar, only `with_holds`.
    """

    def __init__(self, scale: Scale, *, kept: int = KEPT, with_holds: bool = False) -> None:
        self._scale, self._kept, self._with_holds = scale, kept, with_holds
        self.cases: OrderedDict[int, Case] = OrderedDict()
        self._by_message: OrderedDict[int, int] = OrderedDict()
        self.orders = Orders(scale, kept)
        self.fills: OrderedDict[int, tuple[int, Fill]] = OrderedDict()
        self.opened: dict[str, int] = {}

    def decide(self, place: int, made: DecisionMade) -> Case | None:
        """Take a decision; return None where it is not kept."""
        if made.outcome == "hold" and not self._with_holds:
            return None
        case = self.cases[place] = Case(place=place, made=made)
        self._by_message[made.id] = place
        _trim(self.cases, self._kept)
        _trim(self._by_message, 3 * self._kept)
        return case

    def _case_of(self, cause: int) -> Case | None:
        return self.cases.get(self._by_message.get(cause, 0))

    def approve(self, approved: OrderApproved) -> Case | None:
        """Note that every rule let a decision's order pass."""
        case = self._case_of(approved.cause)
        if case:
            case.is_approved, case.order, case.checks = True, approved.key, approved.checks
            self._by_message[approved.id] = case.place
        return case

    def change(self, changed: OrderChanged | PositionChanged) -> Case | None:
        """Note that a decision changed an order, or what protects a position."""
        case = self._case_of(changed.cause)
        if case:
            case.changed = changed
        return case

    def deny(self, denied: OrderDenied) -> tuple[Case | None, tuple[Order, ...]]:
        """Note which rule refused a decision's order."""
        case = self._case_of(denied.cause)
        if case:
            case.denied_by, case.order, case.checks = denied.reason, denied.key, denied.checks
        return case, self.orders.enter(denied)

    def fill(self, place: int, filled: OrderFilled) -> tuple[Fill, tuple[Order, ...]]:
        """Take an execution; note since when the position is open."""
        scale, symbol = self._scale, filled.symbol
        before = filled.position - filled.quantity
        if filled.position and side_of(before) != side_of(filled.position):
            self.opened[symbol] = filled.ts_event
        shown = Fill(
            id=str(place), order=str(filled.key), time=moment(filled.ts_event), symbol=symbol,
            side=side_of(filled.quantity), lots=scale.lots(symbol, filled.quantity),
            price=scale.price(symbol, filled.price), commission=scale.money(filled.commission),
            profit=scale.money(filled.profit), kind=filled.kind, reason=filled.reason,
        )  # fmt: skip
        self.fills[place] = (filled.key, shown)
        _trim(self.fills, self._kept)
        return shown, self.orders.fill(filled)

    def show(self, case: Case) -> Decision:
        """Return a decision as the page lists it."""
        return Decision(**self._fields(case))

    def _fields(self, case: Case) -> dict[str, Any]:  # Any: fields of two structs
        told = describe(case.made, case.outcome, self._scale)
        return {"id": str(case.place), "denied_by": case.denied_by, **told}

    def detail(self, case: Case, rules: Sequence[str], basis: Basis) -> DecisionDetail:
        """Return a decision with all that belongs to it; `rules` are in the order of asking."""
        denied, keys = case.denied_by, self.orders.keys_of(case.order)
        checks = tell_checks(case.checks, case.made.symbol, self._scale)
        if not checks and (case.is_approved or denied):
            checks = name_checks(rules, denied)
        return DecisionDetail(
            **self._fields(case), inputs=(*inputs_of(case.made, basis, self._scale),
                                          *self._changes(case.changed)),
            checks=checks, audit=None, patterns=patterns_of(basis),
            fills=tuple(fill for of, fill in self.fills.values() if of in keys),
            order=self.orders.get(case.order), parts=self.orders.parts_of(case.order),
        )  # fmt: skip

    def _changes(self, changed: OrderChanged | PositionChanged | None) -> tuple[DecisionInput, ...]:
        if changed is None:
            return ()
        what = "position" if isinstance(changed, PositionChanged) else "order"
        prices = [("stop", changed.stop), ("target", changed.target)]
        if isinstance(changed, PositionChanged):
            trail = self._scale.traded[changed.symbol].pip_points
            follows = changed.trail / trail if changed.trail else "no"
            told = DecisionInput(name="position's stop trails, pips", value=follows)
        else:
            left = self._scale.lots(changed.symbol, changed.quantity)
            prices.insert(0, ("price", changed.price))
            told = DecisionInput(name="order's rest from now on, lots", value=left)
        return (told, *(
            DecisionInput(
                name=f"{what}'s {name} from now on",
                value=self._scale.price(changed.symbol, points) if points else "none",
            )
            for name, points in prices
        ))  # fmt: skip


def _trim(kept: OrderedDict[int, Any], most: int) -> None:
    while len(kept) > most:
        kept.popitem(last=False)
