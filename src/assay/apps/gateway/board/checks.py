"""The answers of the risk rules in the units that people read."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from assay.apps.gateway.board.scale import Scale
from assay.apps.gateway.views import Relation, RuleCheck, Value, Verdict
from assay.model.messages import RuleCheck as Told
from assay.model.time import SECOND

WORDS = {
    "halt": {
        0: "running",
        1: "halted",
        2: "overflowed",
        3: "halted, overflowed",
        4: "venue away",
        5: "halted, venue away",
        6: "overflowed, venue away",
        7: "halted, overflowed, venue away",
    },
    "session": {0: "closed", 1: "open"},
    "list": {0: "not listed", 1: "listed"},
    "window": {0: "outside", 1: "inside", 2: "unknown"},
}
SIDES = {-1: "sell", 0: "reduce", 1: "buy"}
MODES = {0: "no trade", 1: "long only", 2: "short only", 3: "close only", 4: "both sides"}
PIP_DIGITS, LOT_DIGITS, SECOND_DIGITS, PERCENT_DIGITS, CORRELATION_DIGITS = 1, 2, 0, 1, 2
PERCENT, WHOLE = 100, 10_000


def tell_checks(told: Sequence[Told], symbol: str, scale: Scale) -> tuple[RuleCheck, ...]:
    """Return what every rule measured of an order of a symbol."""
    return tuple(_scaled(check, symbol, scale) for check in told)


def name_checks(rules: Sequence[str], denied: str | None) -> tuple[RuleCheck, ...]:
    """Return the verdicts of an order journalled before its figures were.

    The rules were asked in turn, and none after the first that denied.
    """
    passed = rules[: rules.index(denied)] if denied in rules else rules
    found = [_verdict_alone(rule, "allowed") for rule in passed]
    return (*found, _verdict_alone(denied, "denied")) if denied else tuple(found)


def _verdict_alone(rule: str, verdict: Verdict) -> RuleCheck:
    return RuleCheck(
        rule=rule, verdict=verdict, relation=None, value=None, limit=None, unit="", digits=0,
        passed=verdict != "denied",
    )  # fmt: skip


def _scaled(check: Told, symbol: str, scale: Scale) -> RuleCheck:
    value, limit, unit, digits = _figures(check, symbol, scale)
    return RuleCheck(
        rule=check.rule, verdict=msgspec.convert(check.verdict, Verdict),
        relation=msgspec.convert(check.relation, Relation), value=value, limit=limit, unit=unit,
        digits=digits, passed=check.verdict != "denied",
    )  # fmt: skip


def _figures(check: Told, symbol: str, scale: Scale) -> tuple[Value | None, Value | None, str, int]:
    value, limit, unit = check.value, check.limit, check.unit
    if unit == "trade_mode":
        return _word(SIDES, value), _word(MODES, limit), "", 0
    if unit in WORDS:
        return _word(WORDS[unit], value), _word(WORDS[unit], limit), "", 0
    traded = scale.traded[symbol]
    divisor, shown, digits = {
        "money": (10**scale.currency_digits, scale.currency, scale.currency_digits),
        "points": (traded.pip_points, "pips", PIP_DIGITS),
        "price": (10**traded.digits, "", traded.digits),
        "units": (traded.lot_units, "lots", LOT_DIGITS),
        "nanoseconds": (SECOND, "s", SECOND_DIGITS),
        "basis points": (PERCENT, "%", PERCENT_DIGITS),
        "ten-thousandths": (WHOLE, "", CORRELATION_DIGITS),
    }.get(unit, (1, unit, 0))
    return _share(value, divisor), _share(limit, divisor), shown, digits


def _word(words: dict[int, str], code: int | None) -> str | None:
    return None if code is None else words.get(code, str(code))


def _share(raw: int | None, divisor: int) -> float | None:
    return None if raw is None else raw / divisor
