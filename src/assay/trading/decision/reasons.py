"""A decision in words: its outcome, its figures, and the chain of reasons behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay.kernel.records import PLACE_LIMIT
from assay.model.messages import Predicted
from assay.model.time import format_time
from assay.trading.decision.choice import (
    ABSTAIN,
    BOOK_LEANS,
    ENTER,
    ENTRY_WAITS,
    EXIT,
    HOLD_ON,
    NO_EDGE,
    NO_VALUE,
    NOT_READY,
    TOO_SMALL,
    TURN_NEAR,
    UNMEASURED,
    WIDE_SPREAD,
)
from assay.trading.decision.edge import CERTAIN

OUTCOMES = {ENTER: "enter", EXIT: "exit", HOLD_ON: "hold", ABSTAIN: "abstain"}
AT_ONCE = "market order at the next price"
SIDES = {1: "long", -1: "short", 0: "flat"}
ABSTENTIONS = {
    NO_EDGE: "no_edge: expected value after costs is not above 0 at the lower bound",
    TOO_SMALL: "too_small: what may be risked is less than the least volume",
    NO_VALUE: "no_value: the worth of a lot passes 63 bits",
    TURN_NEAR: "turn_near: the session or the trading day turns too soon",
    UNMEASURED: "unmeasured: too few bars to know the usual spread and swing, or no quoted sizes",
    BOOK_LEANS: "book_leans: the quote offers far more against this side than for it",
    ENTRY_WAITS: "entry_waits: an order waits for its price",
}
STATES = {
    "warming": "warming_up: the features have not settled yet",
    "unskilled": "no_skill: the calibration of the model showed none",
    "hindsight": "hindsight: the model was taught by this very bar",
    "silenced": "skill_lost: the model has been right less often than it promised",
    "inquorate": "no_quorum: too few members of the ensemble answered",
}


def describe_decision(
    intent: Mapping[str, Any], predicted: Predicted, money: float, venue: str = ""
) -> dict[str, Any]:
    """Return the fields of a DecisionMade that tell why; `money` is minor units to one.

    `intent` is the INTENT record that the decision left, `venue` who fills the account's orders.
    """
    outcome, side = int(intent["outcome"]), int(intent["side"])
    told: dict[str, Any] = {"outcome": OUTCOMES[outcome], "side": SIDES[side]}
    if side:
        names = ("probability", "lower", "upper", "cost", "expected")
        told |= {name: int(intent[name]) for name in names}
        told["confidence"] = round(100 * told["probability"] / CERTAIN)
    if outcome == ENTER:
        told |= _order_of(intent, venue)
    return {**told, "reasons": tuple(_chain(intent, told, predicted, money))}


def _order_of(intent: Mapping[str, Any], venue: str) -> dict[str, Any]:
    waits = int(intent["action"]) == PLACE_LIMIT
    until = format_time(int(intent["expires"])) if waits else ""
    instruction = f"limit order at the near side of the quote until {until}" if waits else AT_ONCE
    return {
        "quantity": int(intent["quantity"]), "price": int(intent["entry"]),
        "order_type": "limit" if waits else "market",
        "instruction": f"{instruction}, by {venue}" if venue else instruction,
        "worth": int(intent["worth"]), "value_at_risk": int(intent["at_risk"]),
        "sharpe": int(intent["sharpe"]),
    }  # fmt: skip


def _chain(
    intent: Mapping[str, Any], told: Mapping[str, Any], predicted: Predicted, money: float
) -> list[str]:
    outcome, reason = int(intent["outcome"]), int(intent["reason"])
    if outcome == HOLD_ON and reason:
        return ["bracket_open: its horizon is over", _wide(intent)]
    if outcome == HOLD_ON:
        return ["bracket_open: held until its stop, its target or its horizon"]
    if outcome == EXIT:
        return [f"horizon_over: the bracket was open for {predicted.horizon} bars"]
    layers = [f"{each.name}: {each.verdict}, {each.text}" for each in predicted.layers]
    if reason == NOT_READY:
        return [STATES[predicted.state], *layers]
    found = [f"forecast: {predicted.model} looks {predicted.horizon} bars ahead", *layers]
    if "expected" in told:
        found.append(
            f"direction: {told['side']} is right with {told['probability'] / 1e4:.4f}, between "
            f"{told['lower'] / 1e4:.4f} and {told['upper'] / 1e4:.4f}"
        )
    if "quantity" in told:
        found += [
            f"timing: {told['instruction']}",
            f"size: {abs(told['quantity'])} units, worth {told['worth'] / money:+.2f}, 95 % value "
            f"at risk {told['value_at_risk'] / money:.2f}, Sharpe ratio {told['sharpe'] / 1e3:.3f} "
            "a trade",
        ]
    if "expected" in told:
        found += [
            f"cost: {told['cost'] / money:.2f} a lot to open and close",
            f"worth: {told['expected'] / money:+.2f} a lot after costs at the lower bound",
        ]
    if reason == WIDE_SPREAD:
        found.append(_wide(intent))
    elif reason:
        found.append(ABSTENTIONS[reason])
    return found


def _wide(intent: Mapping[str, Any]) -> str:
    return (
        f"wide_spread: {int(intent['spread'])} points, usually {int(intent['usual_spread'])}; "
        "wait for it to narrow"
    )
