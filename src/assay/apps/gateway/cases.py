"""Decisions, orders and fills as the page shows them, made from what the modules said."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from assay.apps.gateway.scale import Scale, moment, side_of, timeframe_name
from assay.apps.gateway.views import (
    Decision,
    DecisionDetail,
    DecisionInput,
    Fill,
    Order,
    OrderState,
    OutcomeName,
    Reason,
    RuleCheck,
)
from assay.model.messages import (
    DecisionMade,
    OrderApproved,
    OrderCancelled,
    OrderDenied,
    OrderFilled,
    OrderSubmitted,
)

KEPT = 1_000
TEXTS = {
    "market": "at the next price",
    "limit": "at a better price than now",
    "stop": "once the price breaks out",
}


class Case(msgspec.Struct, kw_only=True):
    """Hold one decision and what followed from it, by place in the journal."""

    place: int
    made: DecisionMade
    is_approved: bool = False
    denied_by: str | None = None
    order: int | None = None


class Cases:
    """Keep the last 1,000 decisions, orders and fills, and bring together what belongs together."""

    def __init__(self, scale: Scale) -> None:
        self._scale = scale
        self.cases: OrderedDict[int, Case] = OrderedDict()
        self._by_message: OrderedDict[int, int] = OrderedDict()
        self.orders: OrderedDict[int, Order] = OrderedDict()
        self.fills: OrderedDict[int, tuple[int, Fill]] = OrderedDict()
        self.opened: dict[str, int] = {}
        self._held: dict[str, int] = {}

    def decide(self, place: int, made: DecisionMade) -> Case:
        """Take a decision."""
        case = self.cases[place] = Case(place=place, made=made)
        self._by_message[made.id] = place
        _trim(self.cases)
        _trim(self._by_message, 3 * KEPT)
        return case

    def _case_of(self, cause: int) -> Case | None:
        return self.cases.get(self._by_message.get(cause, 0))

    def approve(self, approved: OrderApproved) -> Case | None:
        """Note that every rule let a decision's order pass."""
        case = self._case_of(approved.cause)
        if case:
            case.is_approved, case.order = True, approved.key
            self._by_message[approved.id] = case.place
        return case

    def deny(self, denied: OrderDenied) -> tuple[Case | None, Order]:
        """Note which rule refused a decision's order."""
        case = self._case_of(denied.cause)
        if case:
            case.denied_by, case.order = denied.reason, denied.key
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
        _trim(self.orders)
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
        before = self._held.get(symbol, 0)
        if filled.position and side_of(before) != side_of(filled.position):
            self.opened[symbol] = filled.ts_event
        self._held[symbol] = filled.position
        shown = Fill(
            id=str(place), order=str(filled.key), time=moment(filled.ts_event), symbol=symbol,
            side=side_of(filled.quantity), lots=scale.lots(symbol, filled.quantity),
            price=scale.price(symbol, filled.price), commission=scale.money(filled.commission),
            profit=scale.money(filled.profit), kind=filled.kind, reason=filled.reason,
        )  # fmt: skip
        self.fills[place] = (filled.key, shown)
        _trim(self.fills)
        return shown, self._turn(filled.key, "filled", filled.reason)

    def show(self, case: Case) -> Decision:
        """Return a decision as the page lists it."""
        return Decision(**_fields(case, self._scale))

    def detail(self, case: Case, rules: Sequence[str]) -> DecisionDetail:
        """Return a decision with all that belongs to it; `rules` are in the order of asking."""
        made, scale = case.made, self._scale
        inputs = (
            DecisionInput(name="position before", value=made.position / _lot(scale, made)),
            DecisionInput(name="position wanted", value=made.target / _lot(scale, made)),
            DecisionInput(name="bar", value=moment(made.ts_bar)),
        )
        fills = tuple(fill for key, fill in self.fills.values() if key == case.order)
        return DecisionDetail(
            **_fields(case, scale), inputs=inputs, checks=_checks(case, rules), fills=fills,
            order=self.orders.get(case.order) if case.order is not None else None, audit=None,
        )  # fmt: skip


def _lot(scale: Scale, made: DecisionMade) -> int:
    return scale.traded[made.symbol].lot_units


def _fields(case: Case, scale: Scale) -> dict[str, Any]:  # Any: fields of two structs
    made = case.made
    known = ("probability", "lower", "upper", "cost", "expected")
    return {
        "id": str(case.place), "time": moment(made.ts_event), "symbol": made.symbol,
        "timeframe": timeframe_name(scale.traded[made.symbol].timeframe),
        "strategy": made.strategy, "outcome": _outcome(case), "side": side_of(made.target),
        "lots": scale.lots(made.symbol, made.target), "reasons": tuple(_reasons(made)),
        "denied_by": case.denied_by, **{name: getattr(made, name, None) for name in known},
    }  # fmt: skip


def _outcome(case: Case) -> OutcomeName:
    made = case.made
    if case.denied_by:
        return "denied"
    told: OutcomeName | None = getattr(made, "outcome", None)
    if told:
        return told
    if made.target == made.position:
        return "hold"
    return "enter" if made.target else "exit"


def _reasons(made: DecisionMade) -> Iterable[Reason]:
    told = getattr(made, "reasons", None)
    if told:
        return (Reason(code=str(each), text=str(each).replace("_", " ")) for each in told)
    return (Reason(code=made.reason, text=TEXTS.get(made.reason, made.reason)),)


def _checks(case: Case, rules: Sequence[str]) -> tuple[RuleCheck, ...]:
    """Return the rules in the order they were asked; none is asked after the first that denies."""
    denied = case.denied_by
    if not (case.is_approved or denied):
        return ()
    passed = rules[: rules.index(denied)] if denied in rules else rules
    found = [RuleCheck(rule=rule, value=None, limit=None, passed=True) for rule in passed]
    if denied:
        found.append(RuleCheck(rule=denied, value=None, limit=None, passed=False))
    return tuple(found)


def _trim(kept: OrderedDict[int, Any], most: int = KEPT) -> None:
    while len(kept) > most:
        kept.popitem(last=False)
