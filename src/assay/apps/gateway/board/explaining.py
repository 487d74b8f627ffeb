"""A decision in the page's words: outcome, figures, reasons, and what it was made from."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from assay.apps.gateway.board.scale import Scale, moment, side_of, timeframe_name
from assay.apps.gateway.views import (
    DecisionInput,
    OutcomeName,
    Pattern,
    Rate,
    Reason,
    Side,
    Value,
)
from assay.model.messages import (
    DecisionMade,
    FeaturesReady,
    PatternsJudged,
    PatternVerdict,
    Predicted,
)

CERTAIN = 10_000
"""A probability of 1 in the messages."""
SETS = ("neither direction", "one direction", "both directions")
_EVIDENCE = {False: "evidence that the skill is gone", True: "evidence that the skill is back"}
TEXTS = {
    "market": "at the next price",
    "limit": "at a better price than now",
    "stop": "once the price breaks out",
}


@dataclass(frozen=True, slots=True)
class Basis:
    """Hold what a decision was made from, and what was said of its bar beside it.

    `names` are those of the features, empty if unknown.
    """

    ready: FeaturesReady | None = None
    predicted: Predicted | None = None
    names: Sequence[str] = ()
    judged: PatternsJudged | None = None


def outcome_of(made: DecisionMade, denied_by: str | None) -> OutcomeName:
    """Return what became of a decision; a strategy without forecasts only says what it wants."""
    if denied_by:
        return "denied"
    told: OutcomeName
    for told in get_args(OutcomeName):
        if told == made.outcome:
            return told
    if made.target == made.position:
        return "hold"
    return "enter" if made.target else "exit"


def describe(made: DecisionMade, outcome: OutcomeName, scale: Scale) -> dict[str, Any]:
    """Return the fields of a Decision that its message tells: fractions, money, lots."""
    return {
        "time": moment(made.ts_event), "symbol": made.symbol,
        "timeframe": timeframe_name(scale.traded[made.symbol].timeframe),
        "strategy": made.strategy, "outcome": outcome, "side": _side(made, outcome),
        "lots": 0.0 if outcome == "abstain" else scale.lots(made.symbol, made.target),
        "reasons": tuple(_reasons(made)),
        **{name: _fraction(getattr(made, name)) for name in ("probability", "lower", "upper")},
        **{
            name: None if getattr(made, name) is None else scale.money(getattr(made, name))
            for name in ("cost", "expected")
        },
    }  # fmt: skip


def _side(made: DecisionMade, outcome: OutcomeName) -> Side:
    # An abstention is from a side: the one that its probability and its worth are told of.
    if outcome == "abstain":
        return {"long": "long", "short": "short"}.get(made.side, "flat")  # type: ignore[return-value]
    return side_of(made.target)


def _fraction(probability: int | None) -> float | None:
    return None if probability is None else probability / CERTAIN


def _reasons(made: DecisionMade) -> Iterable[Reason]:
    if not made.reasons:
        yield Reason(code=made.reason, text=TEXTS.get(made.reason, made.reason))
    for each in made.reasons:
        code, _, text = each.partition(": ")
        yield Reason(code=code, text=text or code.replace("_", " "))


def inputs_of(made: DecisionMade, basis: Basis, scale: Scale) -> tuple[DecisionInput, ...]:
    """Return what a decision was made from: bar, position, forecast and features."""
    lot = scale.traded[made.symbol].lot_units
    found: list[tuple[str, Value]] = [
        ("bar closed", f"{moment(made.ts_bar)[:16].replace('T', ' ')} UTC"),
        ("position before, lots", made.position / lot),
        ("position wanted, lots", made.target / lot),
    ]
    if basis.predicted is not None:
        found += _forecast(basis.predicted, scale)
    if basis.ready is not None:
        found += _features(basis.ready, basis.names)
    return tuple(DecisionInput(name=name, value=value) for name, value in found)


def _forecast(told: Predicted, scale: Scale) -> list[tuple[str, Value]]:
    points = 10 ** scale.traded[told.symbol].digits
    shares = (
        ("mid is higher", told.p_up, told.up_lower, told.up_upper),
        ("a long bracket earns", told.p_long, told.long_lower, told.long_upper),
        ("a short bracket earns", told.p_short, told.short_lower, told.short_upper),
    )
    found: list[tuple[str, Value]] = [
        ("model", told.model), ("state", told.state), ("horizon, bars", told.horizon),
        ("prediction set", SETS[told.set_size]),
        (_EVIDENCE[told.state == "silenced"], f"10^{told.evidence / 1_000:.2f} of 10^4 that act"),
    ]  # fmt: skip
    for name, share, low, high in shares:
        spread = f"{share / CERTAIN:.4f} ({low / CERTAIN:.4f} to {high / CERTAIN:.4f})"
        found.append((f"probability: {name}", spread))
    found += [
        (f"vote: {vote.member}", f"none, {vote.why}" if vote.score is None
         else f"{vote.score / CERTAIN:.4f}")
        for vote in told.votes
    ]  # fmt: skip
    found += [(f"layer: {each.name}", f"{each.verdict}: {each.text}") for each in told.layers]
    distances = ("stop", "target", "gain", "loss")
    return found + [(f"{name}, in price", getattr(told, name) / points) for name in distances]


def patterns_of(basis: Basis) -> tuple[Pattern, ...]:
    """Return the patterns that a decision's bar completed, which it was not made from."""
    return tuple(map(_pattern, basis.judged.patterns)) if basis.judged else ()


def _pattern(told: PatternVerdict) -> Pattern:
    return Pattern(
        name=told.pattern.replace("_", " "), side=side_of(told.side),
        verdict=told.verdict,  # type: ignore[arg-type]
        confidence=_fraction(told.confidence), chance=told.chance / CERTAIN,
        history=_rate(told.count, told.hits, told.low, told.high),
        neighbours=_rate(told.near_count, told.near_hits, told.near_low, told.near_high),
    )  # fmt: skip


def _rate(count: int, hits: int, low: int, high: int) -> Rate:
    share = hits / count if count else None
    return Rate(share=share, low=low / CERTAIN, high=high / CERTAIN, count=count)


def _features(ready: FeaturesReady, names: Sequence[str]) -> list[tuple[str, Value]]:
    values = struct.unpack(f"<{len(ready.values) // 4}f", ready.values)
    if len(names) != len(values):
        names = [f"feature {number}" for number in range(1, len(values) + 1)]
    shown: list[tuple[str, Value]] = [("features", ready.feature_set)]
    for name, value in zip(names, values, strict=True):
        shown.append((name.replace("_", " "), "unknown" if math.isnan(value) else value))
    return shown
