"""Decisions, orders and fills as the page shows them, made from what the modules said."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import msgspec

from assay.apps.gateway.checks import name_checks, tell_checks
from assay.apps.gateway.explaining import (
    Basis,
    describe,
    inputs_of,
    outcome_of,
    patterns_of,
)
from assay.apps.gateway.scale import Scale, moment, side_of
from assay.apps.gateway.views import (
    Decision,
    DecisionDetail,
    Fill,
    Order,
    OrderState,
    OutcomeName,
)
from assay.model.messages import (
    DecisionMade,
    OrderApproved,
    OrderCancelled,
    OrderDenied,
    OrderFilled,
    OrderSubmitted,
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

    @property
    def outcome(self) -> OutcomeName:
        """Return what became of it."""
        return outcome_of(self.made, self.denied_by)


class Cases:
    """Keep the last decisions, orders and fills, and bring together what belongs together.

    At most so many `kept` of each; decisions to hold, which come with every bar, only `with_holds`.
    """

    def __init__(self, scale: Scale, *, kept: int = KEPT, with_holds: bool = False) -> None:
        self._scale, self._kept, self._with_holds = scale, kept, with_holds
        self.cases: OrderedDict[int, Case] = OrderedDict()
        self._by_message: OrderedDict[int, int] = OrderedDict()
        self.orders: OrderedDict[int, Order] = OrderedDict()
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

    def deny(self, denied: OrderDenied) -> tuple[Case | None, Order]:
        """Note which rule refused a decision's order."""
        case = self._case_of(denied.cause)
        if case:
            case.denied_by, case.order, case.checks = denied.reason, denied.key, denied.checks
        return case, self._enter(denied, "denied", denied.reason)

    def submit(self, sent: OrderSubmitted) -> Order:
        """Take an order that goes to the broker."""
        return self._enter(sent, "submitted", "")

    def _enter(self, order: OrderSubmitted | OrderDenied, state: OrderState, reason: str) -> Order:
        scale, symbol = self._scale, order.symbol
        entered = self.orders[order.key] = Order(
            key=str(order.key), time=moment(order.ts_event), symbol=symbol, type=order.order_type,
            side=side_of(order.quantity), lots=scale.lots(symbol, order.quantity),
            price=scale.price_or_none(symbol, order.price),
            stop=scale.price_or_none(symbol, order.stop),
            target=scale.price_or_none(symbol, order.target), state=state, reason=reason,
        )  # fmt: skip
        _trim(self.orders, self._kept)
        return entered

    def _turn(self, key: int, state: OrderState, reason: str) -> Order | None:
        known = self.orders.get(key)
        if known is None:
            return None
        turned = self.orders[key] = msgspec.structs.replace(known, state=state, reason=reason)
        return turned

    def cancel(self, cancelled: OrderCancelled) -> Order | None:
        """Note that an order will not fill."""
        return self._turn(cancelled.key, "cancelled", cancelled.reason)

    def fill(self, place: int, filled: OrderFilled) -> tuple[Fill, Order | None]:
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
        return shown, self._turn(filled.key, "filled", filled.reason)

    def show(self, case: Case) -> Decision:
        """Return a decision as the page lists it."""
        return Decision(**self._fields(case))

    def _fields(self, case: Case) -> dict[str, Any]:  # Any: fields of two structs
        told = describe(case.made, case.outcome, self._scale)
        return {"id": str(case.place), "denied_by": case.denied_by, **told}

    def detail(self, case: Case, rules: Sequence[str], basis: Basis) -> DecisionDetail:
        """Return a decision with all that belongs to it; `rules` are in the order of asking."""
        key, denied = case.order, case.denied_by
        checks = tell_checks(case.checks, case.made.symbol, self._scale)
        if not checks and (case.is_approved or denied):
            checks = name_checks(rules, denied)
        return DecisionDetail(
            **self._fields(case), inputs=inputs_of(case.made, basis, self._scale),
            checks=checks, audit=None, patterns=patterns_of(basis),
            fills=tuple(fill for of, fill in self.fills.values() if of == key),
            order=self.orders.get(key) if key is not None else None,
        )  # fmt: skip


def _trim(kept: OrderedDict[int, Any], most: int) -> None:
    while len(kept) > most:
        kept.popitem(last=False)
