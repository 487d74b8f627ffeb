"""Swap by what nights cost: the rates, the day that counts threefold, and when it is charged."""

from __future__ import annotations

from decimal import Decimal

from assay.trading.exam.estimates import Bracket, bracket_rate
from assay.trading.exam.findings import Finding, of_bracket
from assay.trading.exam.record import ExamRecord, NightSeen
from assay.trading.terminal.profile import SymbolTerms

DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_WIDE = 1.6
"""A night that costs so many times the cheapest of its side counts threefold."""


def swap_terms(record: ExamRecord, told: SymbolTerms) -> tuple[Decimal, Decimal, int]:
    """Return swap of the long and short side and the threefold day, as told where that fits."""
    triple = triple_day(record, told)
    rates = []
    for side, said in ((1, told.swap_long), (-1, told.swap_short)):
        bracket = _rate(record, told, side)
        value, fits = bracket.settle(float(said)) if bracket else (float(said), True)
        rates.append(said if fits else Decimal(f"{value:.4f}"))
    return rates[0], rates[1], told.swap_triple_day if triple is None else triple


def triple_day(record: ExamRecord, told: SymbolTerms) -> int | None:
    """Return the weekday that was charged threefold, None where none was seen to be."""
    for side in (1, -1):
        nights = _nights(record, told.name, side)
        costs = {night.weekday: abs(night.minor) / night.lots for night in nights if night.minor}
        if len(costs) < 2:
            continue
        least, most = min(costs.values()), max(costs, key=lambda day: costs[day])
        if costs[most] > _WIDE * least:
            return most
    return None


def _nights(record: ExamRecord, symbol: str, side: int) -> list[NightSeen]:
    return [seen for seen in record.nights if seen.symbol == symbol and seen.side == side]


def _rate(record: ExamRecord, told: SymbolTerms, side: int) -> Bracket | None:
    """Return the rate in the terminal's own unit; None where the unit is not points."""
    unit = point_value(record, told)
    nights = _nights(record, told.name, side)
    if not nights or unit is None:
        return None
    found = triple_day(record, told)
    triple = told.swap_triple_day if found is None else found
    seen = [(night.lots * (3 if night.weekday == triple else 1), night.minor) for night in nights]
    bracket = bracket_rate(seen)
    return Bracket(bracket.low / unit, bracket.high / unit, bracket.seen)


def point_value(record: ExamRecord, told: SymbolTerms) -> float | None:
    """Return minor units of the account that a point of a lot is worth; None if not by points."""
    is_own = told.currency_profit == record.account.currency
    if told.swap_mode == "points" and is_own:
        scale = 10.0 ** (record.account.currency_digits - told.digits)
        return float(told.contract_size) * scale
    if told.swap_mode == "deposit":
        return 10.0**record.account.currency_digits
    return None


def swap_findings(record: ExamRecord, told: SymbolTerms) -> list[Finding]:
    """Return the rates, the threefold day and the moment of the charge."""
    found = []
    for name, side, said in (
        ("swap long", 1, told.swap_long), ("swap short", -1, told.swap_short),
    ):  # fmt: skip
        bracket = _rate(record, told, side)
        if bracket is None:
            found.append(
                Finding(name=name, symbol=told.name, value=float(said), told=str(said), sure=False,
                        unit=told.swap_mode, note="no night was seen that tells it")
            )  # fmt: skip
        else:
            found.append(of_bracket(name, bracket, float(said), told.swap_mode, told.name))
    triple = triple_day(record, told)
    found.append(
        Finding(
            name="threefold swap", symbol=told.name, sure=triple == told.swap_triple_day,
            value=DAYS[triple] if triple is not None else None, told=DAYS[told.swap_triple_day],
            note="" if triple is not None else "no two nights of a side were seen",
        )
    )  # fmt: skip
    nights = [seen for seen in record.nights if seen.symbol == told.name]
    if nights:
        low, high = max(n.before for n in nights), min(n.after for n in nights)
        low, high = min(low, high), max(low, high)
        found.append(
            Finding(
                name="swap charged after midnight", symbol=told.name, value=(low + high) / 2,
                low=low, high=high, count=len(nights), unit="s", sure=low <= 0 <= high,
            )
        )  # fmt: skip
    return found
