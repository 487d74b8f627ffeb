"""A decision in words: its outcome, its figures, and the chain of reasons behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay.model.messages import Predicted
from assay.trading.decision.choice import (
    ABSTAIN,
    ENTER,
    EXIT,
    HOLD_ON,
    NO_EDGE,
    NO_VALUE,
    NOT_READY,
    TOO_SMALL,
)

OUTCOMES = {ENTER: "enter", EXIT: "exit", HOLD_ON: "hold", ABSTAIN: "abstain"}
SIDES = {1: "long", -1: "short", 0: "flat"}
ABSTENTIONS = {
    NO_EDGE: "no_edge: expected value after costs is not above 0 at the lower bound",
    TOO_SMALL: "too_small: a fraction of Kelly is less than the least volume",
    NO_VALUE: "no_value: the worth of a lot passes 63 bits",
}
STATES = {
    "warming": "warming_up: the features have not settled yet",
    "unskilled": "no_skill: the calibration of the model showed none",
    "hindsight": "hindsight: the model was taught by this very bar",
    "silenced": "skill_lost: the model has been right less often than it promised",
    "inquorate": "no_quorum: too few members of the ensemble answered",
}


def describe_decision(
    intent: Mapping[str, Any], predicted: Predicted, money: float
) -> dict[str, Any]:
    """Return the fields of a DecisionMade that tell why; `money` is minor units to one.

    `intent` is the INTENT record that the decision left.
    """
    outcome, reason, side = int(intent["outcome"]), int(intent["reason"]), int(intent["side"])
    told: dict[str, Any] = {"outcome": OUTCOMES[outcome], "side": SIDES[side]}
    if side:
        names = ("probability", "lower", "upper", "cost", "expected")
        told |= {name: int(intent[name]) for name in names}
    return {**told, "reasons": tuple(_chain(outcome, reason, told, predicted, money))}


def _chain(
    outcome: int, reason: int, told: Mapping[str, Any], predicted: Predicted, money: float
) -> list[str]:
    if outcome == HOLD_ON:
        return ["bracket_open: held until its stop, its target or its horizon"]
    if outcome == EXIT:
        return [f"horizon_over: the bracket was open for {predicted.horizon} bars"]
    layers = [f"{each.name}: {each.verdict}, {each.text}" for each in predicted.layers]
    if reason == NOT_READY:
        return [STATES[predicted.state], *layers]
    found = [f"forecast: {predicted.model} looks {predicted.horizon} bars ahead", *layers]
    if "expected" in told:
        found += [
            f"direction: {told['side']} is right with {told['probability'] / 1e4:.4f}, between "
            f"{told['lower'] / 1e4:.4f} and {told['upper'] / 1e4:.4f}",
            f"cost: {told['cost'] / money:.2f} a lot to open and close",
            f"worth: {told['expected'] / money:+.2f} a lot after costs at the lower bound",
        ]
    if reason:
        found.append(ABSTENTIONS[reason])
    return found
