"""The exam finds again what was planted in simulated brokers: each field within a twentieth."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest

from assay.model.time import SECOND
from assay.trading.exam.profiling import make_profile
from assay.trading.terminal import BrokerProfile
from assay.trading.terminal.profile import SymbolTerms
from tests.unit.trading.exam.planted import plant_spreads, plant_symbol, planted_broker, sit

SHARE = 0.05
SUNDAY = (6 * 1_440 + 1_380, 7 * 1_440)
"""A clock that does not change with New York's sees the week open an hour before its Monday."""
WHOLE = ((0, 5 * 1_440), SUNDAY)
BREAKS = (
    (0, 720),
    *((day * 1_440 - 660, day * 1_440 + 720) for day in range(1, 5)),
    (6_540, 7_200),
    SUNDAY,
)
PLANTED = {
    # Market execution on a netting account, on the clock that most brokers keep.
    "netting": planted_broker(
        plant_symbol(
            "EURUSD", ("5", "0.2", "2", "0.4"), commission=Decimal("-3.5"), depth=Decimal(5),
            swap_long=Decimal("-6.5"), swap_short=Decimal("2.1"),
            spreads=plant_spreads(1, (8, 14), (60, 120)),
        ),
        seed=1,
    ),
    # A price that is named and asked anew, levels, a prefix in comments, Athens' clock.
    "hedging": planted_broker(
        plant_symbol(
            "EURUSD.m", ("4", "0", "2", "0.3"), execution="instant", stops_level=20,
            freeze_level=5, sessions=WHOLE, filling=("ioc",), swap_long=Decimal(-11),
            swap_short=Decimal(-3), swap_triple_day=2, spreads=plant_spreads(2, (8, 14), (50, 90)),
        ),
        seed=2, margin_mode="hedging", zone="Europe/Athens", latency=("120", "0.7"),
        requotes="0.3", comments="prefix", improves=False,
    ),
    # No policy of filling but the broker's own, breaks of trading each day, a clock without summer.
    "breaks": planted_broker(
        plant_symbol(
            "EURUSDx", ("0", "0.5", "1.5", "0.5"), filling=("fok",), stops_level=7,
            sessions=BREAKS, commission=Decimal(-7), swap_mode="deposit",
            swap_long=Decimal("-4.2"), swap_short=Decimal("-1.3"), volume_min=Decimal("0.1"),
            volume_step=Decimal("0.1"), depth=Decimal(50),
            spreads=plant_spreads(3, (10, 20), (40, 80)),
        ),
        seed=3, zone="UTC+2", latency=("30", "0.4"), comments="clear", magics="zero",
    ),
}  # fmt: skip
SAT = {
    "netting": (5_000, 20 * SECOND, 12.0), "hedging": (8_000, 5 * SECOND, 8.0),
    "breaks": (3_000, 20 * SECOND, 12.0),
}  # fmt: skip
"""The orders of each exam, how far quotes are apart in it, and their standard deviation."""
OWN = ("slippage", "spreads", "sessions")
"""Fields of a symbol that are held to their own bounds below."""


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_broker_is_found_again_field_by_field(name: str) -> None:
    planted, (orders, step, moves) = PLANTED[name], SAT[name]
    record = sit(planted, orders, seed=4, step=step, moves=moves)
    found = make_profile(record, planted.name).profile
    missed = [*compare(planted, found), *compare_symbols(planted.symbols[0], found.symbols[0])]
    assert not missed


def compare(planted: BrokerProfile, found: BrokerProfile) -> list[str]:
    """Return in words which fields of the broker differ."""
    missed = differences(planted, found, ("accounts", "symbols", "latency"))
    missed += differences(planted.accounts[0], found.accounts[0], ("password", "name"))
    return missed + differences(planted.latency, found.latency, ())


def differences(planted: object, found: object, but: tuple[str, ...]) -> list[str]:
    """Return which fields differ: numbers by more than the share, all else at all."""
    missed = []
    for field in planted.__struct_fields__:  # type: ignore[attr-defined]
        one, other = getattr(planted, field), getattr(found, field)
        is_number = isinstance(one, Decimal) or (isinstance(one, int) and one not in (0, 1))
        far = abs(float(other - one)) > SHARE * abs(float(one)) if is_number else one != other
        if field not in but and far:
            missed.append(f"{field}: {one} was measured as {other}")
    return missed


def compare_symbols(planted: SymbolTerms, found: SymbolTerms) -> list[str]:
    """Return in words which fields of a symbol differ."""
    missed = differences(planted, found, (*OWN, "filling"))
    missed += [] if set(planted.filling) == set(found.filling) else ["filling"]
    slips = ["news_factor"]
    if planted.execution == "instant":
        # No market order slips at a named price, so that nobody can see what would be for us.
        slips.append("favourable")
    usual = mean_spread(planted)
    # A share of none is held to what it would add to the usual slip.
    scale = float(planted.slippage.points) + float(planted.slippage.spread_share) * usual
    for field, weight in (("points", 1.0), ("spread_share", usual)):
        one, other = (float(getattr(each.slippage, field)) for each in (planted, found))
        bound = SHARE * one if one else SHARE * scale / weight
        if abs(one - other) > bound:
            missed.append(f"slippage.{field}: {one} was measured as {other}")
        slips.append(field)
    missed += differences(planted.slippage, found.slippage, tuple(slips))
    return missed + compare_hours(planted, found)


def mean_spread(terms: SymbolTerms) -> float:
    known = [float(each) for each in terms.spreads if each is not None]
    return sum(known) / len(known)


def compare_hours(planted: SymbolTerms, found: SymbolTerms) -> list[str]:
    missed, seen = [], 0
    for hour, (one, other) in enumerate(zip(planted.spreads, found.spreads, strict=True)):
        if other is None:
            continue
        seen += 1
        if abs(float(other) - float(one or 0)) > SHARE * float(one or 0):
            missed.append(f"spread of hour {hour}: {one} was measured as {other}")
    trading = sum(last - first for first, last in planted.sessions) // 60
    if abs(seen - trading) > SHARE * trading:
        missed.append(f"{seen} hours were seen, not {trading}")
    edges = [edge for session in planted.sessions for edge in session]
    shown = [edge for session in found.sessions for edge in session]
    lengths = zip(pairwise(edges), pairwise(shown), strict=False)
    far = any(abs((b - a) - (d - c)) > SHARE * max(b - a, 60) + 10 for (a, b), (c, d) in lengths)
    if len(edges) != len(shown) or far:
        missed.append(f"sessions: {planted.sessions} were measured as {found.sessions}")
    return missed
