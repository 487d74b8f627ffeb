"""A record made into a broker's profile, and into the figures that say how sure each of it is."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from math import exp
from typing import Literal, NamedTuple, get_args

import msgspec
import numpy as np

from assay.trading.brokers.mt5 import api
from assay.trading.exam.clocks import fit_clock, zone_of
from assay.trading.exam.estimates import (
    Estimate,
    Floats,
    bracket_level,
    bracket_rate,
    gather_slips,
    resample,
    resample_slips,
    share,
)
from assay.trading.exam.findings import Finding, of_bracket, of_estimate
from assay.trading.exam.record import ExamRecord
from assay.trading.exam.rounds import NAMED
from assay.trading.exam.spreads import Cell, cell_findings, cell_spreads, cells_of
from assay.trading.exam.swaps import swap_findings, swap_terms
from assay.trading.terminal.profile import (
    BrokerProfile,
    Latency,
    Slippage,
    SymbolTerms,
)

SEED = 7
USUAL_FACTOR = Slippage().stop_factor
SESSION_GAP = 30
"""Minutes of the week without a bar that are a closed market and not a quiet one."""
CLOSED_MINUTES = 11
"""A refusal says so much of the market's being closed: it is asked again after ten."""
BUILD, MAX_BARS = 5_000, 100_000
"""What a profile has where a terminal did not say."""
BEYOND = 5
"""Observations that must lie beyond a percentile before it can be sure."""
UNMEASURED = (
    "latency.news_factor", "slippage.news_factor", "weekend_leverage", "request_rate",
    "weekend_from", "limit_positions", "history_calls", "history_lag_ms", "margin_rate",
)  # fmt: skip
"""What of a profile the exam leaves as usual, and says so."""
Kept = Literal["keep", "clear", "prefix"]


class Measured(NamedTuple):
    """Hold the profile that an exam found, its figures, and the spread of each hour by symbol."""

    profile: BrokerProfile
    findings: list[Finding]
    cells: dict[str, list[Cell]]


def make_profile(record: ExamRecord, name: str = "measured") -> Measured:
    """Return what a record shows; figures that were never seen stay as the terminal tells them."""
    findings: list[Finding] = []
    clock, is_clear = fit_clock(record.opens, record.ahead)
    zone = zone_of(clock) if clock is not None else "UTC+0"
    findings.append(
        Finding(
            name="server clock", value=zone, count=len(record.opens), sure=is_clear,
            note="" if is_clear else "no change of summer time was seen that would tell it apart",
        )
    )  # fmt: skip
    latency = _latency(record, findings)
    requotes = share(record.requoted, record.asked_instantly)
    if record.asked_instantly:
        findings.append(of_estimate("requote rate", requotes, ""))
    partial = share(record.partial, record.divisible)
    findings.append(
        of_estimate("partial fill rate", partial, "")
        if record.divisible
        else Finding(
            name="partial fill rate", sure=False,
            note="an order of one step cannot be filled in part",
        )
    )  # fmt: skip
    symbols = tuple(_symbol(record, terms, findings) for terms in record.told.values())
    improved = share(record.limits_improved, record.limits_beyond)
    findings.append(of_estimate("limits filled better than named", improved, ""))
    profile = BrokerProfile(
        name=name, server=record.server, company=record.company, zone=zone,
        accounts=(record.account,), symbols=symbols, latency=latency,
        improves=not record.limits_beyond or improved.value > 0.5,
        requote_chance=_decimal(requotes.value) if record.asked_instantly else Decimal(0),
        comments=_most(record.comments, "keep", get_args(Kept)),
        build=record.build or BUILD,
        max_bars=record.max_bars or MAX_BARS,
        magics="zero" if record.magics.get("zero", 0) > record.magics.get("keep", 0) else "keep",
    )  # fmt: skip
    findings += [
        Finding(name=each, sure=False, note="not measured, as usual") for each in UNMEASURED
    ]
    return Measured(profile, findings, {name: cells_of(record, name) for name in record.told})


def _most(seen: dict[str, int], usual: Kept, known: Sequence[str]) -> Kept:
    found = max(seen, key=lambda name: seen[name], default=usual)
    return found if found in known else usual  # type: ignore[return-value]


def _decimal(value: float, digits: int = 6) -> Decimal:
    return Decimal(f"{value:.{digits}f}").normalize() + Decimal(0)


def _latency(record: ExamRecord, findings: list[Finding]) -> Latency:
    seen = np.array(record.latencies)
    for percent in (50, 95, 99):
        finding = of_estimate(f"latency p{percent}", _percentile(seen, percent), "ms")
        if len(seen) * (100 - percent) < 100 * BEYOND:
            # Resamples of few observations know no larger one than the largest.
            finding = msgspec.structs.replace(finding, sure=False, note="few observations")
        findings.append(finding)
    worked = np.array(record.worked)
    found = _percentile(worked, 50)
    findings.append(of_estimate("at the server, order to fill", found, "ms"))
    above = seen[seen > 0]
    if len(above) < 2:
        return Latency()
    logs = np.log(above)
    middle = resample(logs, lambda part: exp(float(np.mean(part))), SEED)
    spread = resample(logs, lambda part: float(np.std(part, ddof=1)), SEED)
    findings += [
        of_estimate("latency.median_ms", middle, "ms"), of_estimate("latency.sigma", spread, ""),
    ]  # fmt: skip
    return Latency(median_ms=_decimal(middle.value, 3), sigma=_decimal(spread.value, 4))


def _percentile(values: Floats, percent: float) -> Estimate:
    return resample(values, lambda part: float(np.percentile(part, percent)), SEED)


def _symbol(record: ExamRecord, told: SymbolTerms, findings: list[Finding]) -> SymbolTerms:
    slippage = _slippage(record, told, findings)
    levels = {
        name: _level(record, told, name, findings) for name in ("stops", "freeze")
    }  # fmt: skip
    spreads = cell_spreads(record, told.name)
    findings += cell_findings(record, told.name)
    findings += swap_findings(record, told)
    long, short, triple = swap_terms(record, told)
    return msgspec.structs.replace(
        told, slippage=slippage, stops_level=levels["stops"], freeze_level=levels["freeze"],
        filling=_filling(record, told, findings), spreads=spreads,
        commission=_commission(record, told, findings), depth=_depth(record, told.name, findings),
        swap_long=long, swap_short=short, swap_triple_day=triple,
        sessions=_sessions(record, told, findings),
    )  # fmt: skip


def _slippage(record: ExamRecord, told: SymbolTerms, findings: list[Finding]) -> Slippage:
    mine = [seen for seen in record.fills if seen.symbol == told.name]
    for kind in ("market", "stop", "limit"):
        for side, word in ((1, "buy"), (-1, "sell")):
            for what in ("slip", "felt"):
                slips = np.array(
                    [getattr(s, what) for s in mine if s.kind == kind and s.side == side], float
                )
                found = resample(slips, lambda part: float(np.mean(part)), SEED)
                label = "against the quote" if what == "slip" else "against the order"
                findings.append(of_estimate(f"{kind} {word}, {label}", found, "points", told.name))
    is_named = told.execution in NAMED
    used = [
        (seen.spread, seen.slip, seen.kind == "stop")
        for seen in mine
        if seen.kind == "stop" or (seen.kind == "market" and not is_named)
    ]
    if len(used) < 2:
        return Slippage()
    points, part, factor = resample_slips(gather_slips(used), SEED)
    if is_named or factor.value == 1.0:
        # The law of stops alone is known: half of it at twice the factor is the same.
        points, part = _scaled(points), _scaled(part)
        factor = Estimate(float(USUAL_FACTOR), np.nan, np.nan, 0)
    lucky = sum(s.slip < 0 for s in mine if s.kind == "market")
    slipped = sum(s.slip != 0 for s in mine if s.kind == "market")
    favourable = share(lucky, slipped)
    findings += [
        of_estimate("slippage.points", points, "points", told.name),
        of_estimate("slippage.spread_share", part, "", told.name),
        of_estimate("slippage.stop_factor", factor, "", told.name),
        of_estimate("slippage.favourable", favourable, "", told.name),
    ]
    return Slippage(
        points=_decimal(points.value, 4), spread_share=_decimal(part.value, 5),
        stop_factor=_decimal(factor.value, 4),
        favourable=_decimal(favourable.value, 4) if slipped else Slippage().favourable,
    )  # fmt: skip


def _scaled(found: Estimate) -> Estimate:
    by = float(USUAL_FACTOR)
    return Estimate(found.value / by, found.low / by, found.high / by, found.seen)


def _level(record: ExamRecord, told: SymbolTerms, level: str, findings: list[Finding]) -> int:
    seen = [
        (each.distance, each.refused)
        for each in record.levels
        if each.symbol == told.name and each.level == level
    ]
    said = told.stops_level if level == "stops" else told.freeze_level
    if not seen:
        findings.append(
            Finding(name=f"{level} level", symbol=told.name, value=said, told=str(said), sure=False,
                    note="not tried", unit="points")
        )  # fmt: skip
        return said
    bracket = bracket_level(seen)
    if level == "stops":
        # A distance that is the level itself is taken, one less is refused; at least a point is
        # asked everywhere, so that refused at none is a level of none.
        bracket = bracket._replace(low=bracket.low + 1 if bracket.low else 0)
        bracket = bracket._replace(high=max(bracket.low, bracket.high))
    else:
        bracket = bracket._replace(high=max(bracket.low, bracket.high - 1))
    finding = of_bracket(f"{level} level", bracket, said, "points", told.name)
    if finding.sure and bracket.high - bracket.low > 1:
        finding = msgspec.structs.replace(finding, sure=False, note="not bracketed")
    findings.append(finding)
    return round(bracket.settle(said)[0])


def _filling(
    record: ExamRecord, told: SymbolTerms, findings: list[Finding]
) -> tuple[Literal["fok", "ioc", "boc"], ...]:
    tried = {each.filling: each.taken for each in record.fillings if each.symbol == told.name}
    names: dict[Literal["fok", "ioc"], int] = {
        "fok": api.ORDER_FILLING_FOK, "ioc": api.ORDER_FILLING_IOC,
    }  # fmt: skip
    found: list[Literal["fok", "ioc", "boc"]] = [
        name for name, number in names.items() if tried.get(number, name in told.filling)
    ]
    found += [name for name in told.filling if name == "boc"]
    findings.append(
        Finding(
            name="filling", symbol=told.name, value=", ".join(found) or "return", count=len(tried),
            told=", ".join(told.filling) or "return", sure=set(found) == set(told.filling),
        )
    )  # fmt: skip
    return tuple(found)


def _commission(record: ExamRecord, told: SymbolTerms, findings: list[Finding]) -> Decimal:
    seen = [(s.lots, s.minor) for s in record.commissions if s.symbol == told.name]
    if not seen:
        return Decimal(0)
    scale = 10**record.account.currency_digits
    bracket = bracket_rate(seen)
    low, high = bracket.low / scale, bracket.high / scale
    value = 0.0 if low <= 0.0 <= high and not any(minor for _, minor in seen) else (low + high) / 2
    is_sure = value == 0.0 or (high - low) / 2 <= 0.05 * abs(value)
    findings.append(
        Finding(
            name="commission", symbol=told.name, value=value, low=low, high=high, count=len(seen),
            unit=f"{record.account.currency} a lot and side", sure=is_sure,
            note="" if is_sure else "rounded to the cent; a larger --fine-lots tells it finer",
        )
    )  # fmt: skip
    return _decimal(value, 4)


def _depth(record: ExamRecord, symbol: str, findings: list[Finding]) -> Decimal:
    shown = record.depths.get(symbol, [])
    found = resample(np.array(shown), lambda part: float(np.median(part)), SEED)
    findings.append(
        of_estimate("depth", found, "lots", symbol)
        if shown
        else Finding(name="depth", symbol=symbol, sure=False, note="the broker shows no book")
    )
    return _decimal(found.value, 8) if shown else Decimal(0)


def _sessions(
    record: ExamRecord, told: SymbolTerms, findings: list[Finding]
) -> tuple[tuple[int, int], ...]:
    refused = record.closed.get(told.name, ())
    closed = {minute + later for minute in refused for later in range(CLOSED_MINUTES)}
    minutes = [each for each in record.minutes.get(told.name, ()) if each not in closed]
    minutes.sort()
    breaks = [i for i in range(1, len(minutes)) if minutes[i] - minutes[i - 1] > SESSION_GAP + 1]
    edges = [0, *breaks, len(minutes)]
    found = tuple(
        (minutes[first], minutes[last - 1] + 1) for first, last in pairwise(edges) if last > first
    )
    days = len({minute // 1_440 for minute in minutes})
    is_whole = days >= 5
    findings.append(
        Finding(
            name="sessions", symbol=told.name, count=days, unit="days", sure=is_whole,
            value=f"{len(found)}, {sum(b - a for a, b in found) / 60:.1f} h" if is_whole else None,
            note="" if is_whole else "not a whole week was seen; as usual",
        )
    )  # fmt: skip
    return found if is_whole else told.sessions
