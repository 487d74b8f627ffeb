"""A finished run held to the rules of a funded account, and what may come of more such days."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from assay.apps.config import Config, configured_instrument
from assay.apps.lab.output import appearing_together
from assay.apps.lab.risk.recorded import DIGITS, RecordedRun, read_initial
from assay.books.reports.prop import Fate, write_fate
from assay.market.news import Importance, Release
from assay.model.errors import DataError, UsageError
from assay.model.time import format_time
from assay.runtime.ids import seeded_generator
from assay.trading.risk.prop import Headroom, Profile, PropBook, parse_profile
from assay.trading.risk.prop.days import turn_after
from assay.trading.risk.prop.paths import (
    DAILY,
    HELD,
    LATE,
    MAXIMUM,
    PASSED,
    QUANTILES,
    Draws,
    Outcomes,
    RunDays,
    Terms,
    simulate_paths,
)
from assay.trading.risk.prop.profile import share_of
from assay.trading.risk.prop.state import ACCOUNT, DAY

MONEY = 10**DIGITS
LEAST_DAYS = 20
WORLDS = 200
ENDS = {
    "passed": PASSED, "daily_loss": DAILY, "maximum_loss": MAXIMUM, "held": HELD, "late": LATE,
}  # fmt: skip
LEVEL = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class PropRequest:
    """Say what to hold to which profile; the initial balance is the run's where none is."""

    run: RecordedRun
    profile: Path
    initial: str | None = None
    releases: Sequence[Release] = ()
    config: Config = field(default_factory=Config)


@dataclass(frozen=True, slots=True, kw_only=True)
class FateRequest(PropRequest):
    """Say what to simulate: paths, trading days at most, mean block length, seed."""

    paths: int = 20_000
    horizon: int = 250
    block: float = 5.0
    seed: int = 1
    out: Path | None = None


def read_profile(path: Path) -> Profile:
    """Read a profile's file; raise UsageError where it cannot be, or does not fit."""
    try:
        return parse_profile(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read ({error}); name a profile's file") from None


def check_run(request: PropRequest) -> dict[str, Any]:
    """Return how a run ends under a profile: passed, breached or trading, and how near it came."""
    profile, found = read_profile(request.profile), request.run
    _require_news(profile, request)
    initial = read_initial(request.initial, found)
    book = PropBook.opened(
        profile, initial, int(found.times[0]) - 1, news_by_currency(profile, request.releases)
    )
    worst, stops = _feed(book, found, _lots(found, request.config))
    state = book.state
    return {
        "run": request.run.name, "verdict": state.status,
        "stopped": state.stopped, "phase": book.phase.name,
        "phases_passed": [format_time(ts) for ts in state.passed_at],
        "breach": _tell_breach(book),
        "until": format_time(state.ts), "initial": initial / MONEY,
        "gain": state.gain / MONEY, "traded_days": state.traded_days,
        "headroom": [_tell_room(room, state.offset) for room in book.headroom()],
        "worst_use": worst, **stops,
        "initial_differs": initial != found.initial,
    }  # fmt: skip


def simulate_run(request: FateRequest) -> dict[str, Any]:
    """Return the chances that an account which trades such days passes, breaches or runs late.

    The days are drawn in blocks, as they were traded and again with our own stops. Each interval is
    of resampled runs: it tells how little so many days say. With `out` writes charts there.
    """
    profile, found = read_profile(request.profile), request.run
    if all(phase.target_percent is None for phase in profile.phases):
        raise UsageError(f"{request.profile} has no phase with a target, so none to pass")
    days = run_days(found, profile, read_initial(request.initial, found))
    told, fates = {}, []
    for name, guarded in (("as_traded", False), ("with_stops", True)):
        terms = Terms(profile, guarded)
        outcomes, interval = _draw(days, terms, request)
        told[name] = _tell_outcomes(outcomes, interval)
        fates.append(Fate(name.replace("_", " "), told[name], outcomes.fan, QUANTILES))
    result = {
        "run": request.run.name, "days": len(days.change), "paths": request.paths,
        "horizon": request.horizon, "block": request.block, "seed": request.seed, **told,
        "not_simulated": _not_simulated(profile),
    }  # fmt: skip
    if request.out:
        with appearing_together(request.out) as folder:
            result["charts"] = [str(request.out / name) for name in write_fate(fates, folder)]
    return result


def run_days(found: RecordedRun, profile: Profile, initial: int) -> RunDays:
    """Cut a run into the firm's days, in shares of the initial balance."""
    if initial <= 0:
        raise UsageError("an account needs an initial balance above 0; give --initial")
    turns = list(_turns(profile, int(found.times[0]), int(found.times[-1])))
    at = np.searchsorted(turns, found.times, side="left")
    ends = np.flatnonzero(np.diff(at, append=at[-1] + 1)) + 1
    if len(ends) < LEAST_DAYS:
        raise DataError(f"the run has {len(ends)} days; {LEAST_DAYS} are needed to draw from")
    filled = set(np.searchsorted(turns, [fill.time for fill in found.fills], side="left").tolist())
    rows, begin, before = [], 0, (initial, initial)
    for end in ends:
        marks = np.concatenate(([before[1]], found.equity[begin:end])) - before[1]
        behind = int(found.balance[end - 1] - found.equity[end - 1])
        rows.append(
            (marks[-1], marks.min(), marks.max(), (np.maximum.accumulate(marks) - marks).max(),
             max(-np.diff(marks).min(), 0), max(before[0] - before[1], 0), behind)
        )  # fmt: skip
        before, begin = (int(found.balance[end - 1]), int(found.equity[end - 1])), end
    columns = np.array(rows, dtype=np.float64).T / initial
    traded = np.array([int(at[end - 1]) in filled for end in ends])
    return RunDays(*columns, traded)


def _turns(profile: Profile, first: int, last: int) -> Iterator[int]:
    turn, start = first, profile.day_start_ns()
    while turn <= last:
        turn = turn_after(turn, profile.zone, start=start)
        yield turn


def _feed(
    book: PropBook, found: RecordedRun, lots: Mapping[str, Decimal]
) -> tuple[dict[str, float], dict[str, Any]]:
    """Take every event of a run; return how far each limit was used, and when stops would act."""
    worst: dict[str, float] = {}
    days, account, reached = 0, None, None
    fills = iter(found.fills)
    fill = next(fills, None)
    rows = zip(
        found.times.tolist(), found.balance.tolist(), found.equity.tolist(), strict=True
    )  # fmt: skip
    for ts, balance, equity in rows:
        while fill and fill.time <= ts:
            volume = Decimal(str(fill.quantity)) / lots[fill.symbol]
            book.fill(fill.time, fill.symbol, volume, fill.ticket)
            fill = next(fills, None)
        held = book.state.stopped
        book.mark(ts, balance, equity)
        state = book.state
        for room in book.headroom():
            worst[room.rule] = max(worst.get(room.rule, 0.0), room.used)
        days += state.stopped == DAY != held
        if state.stopped == ACCOUNT and account is None:
            account = format_time(ts)
        target = book.phase.target_percent
        if reached is None and target and not state.phase:
            gained = state.equity - state.capital >= share_of(state.initial, target)
            reached = format_time(ts) if gained else None
        if state.breach:
            break
    return worst, {
        "daily_stops": days, "account_stop": account, "first_target_touched": reached
    }  # fmt: skip


def _lots(found: RecordedRun, config: Config) -> dict[str, Decimal]:
    symbols = sorted({fill.symbol for fill in found.fills})
    return {name: configured_instrument(config, name).contract_size for name in symbols}


def _require_news(profile: Profile, request: PropRequest) -> None:
    if profile.news and not request.releases:
        raise UsageError(f"{request.profile} has a news window; name the releases by --calendar")


def news_by_currency(profile: Profile, releases: Sequence[Release]) -> dict[str, list[int]]:
    """Return the times (ns UTC, rising) of the releases that a profile minds, by currency."""
    if profile.news is None:
        return {}
    least = Importance[profile.news.importance.upper()]
    kept = sorted((one.currency, one.time) for one in releases if one.importance >= least)
    return {name: [time for _, time in rows] for name, rows in groupby(kept, lambda row: row[0])}


def _tell_breach(book: PropBook) -> dict[str, str] | None:
    breach = book.state.breach
    if breach is None:
        return None
    value, limit = breach.value, breach.limit
    if breach.equity is not None and breach.floor is not None:
        value = f"equity {breach.equity / MONEY:,.2f}"
        limit = f"above {breach.floor / MONEY:,.2f}"
    return {"at": format_time(breach.ts), "rule": breach.rule, "value": value, "limit": limit}


def _tell_room(room: Headroom, offset: int) -> dict[str, Any]:
    return {
        "rule": room.rule, "floor": (room.floor - offset) / MONEY, "limit": room.limit / MONEY,
        "left": room.left / MONEY,
    }  # fmt: skip


def _draw(
    days: RunDays, terms: Terms, request: FateRequest
) -> tuple[Outcomes, dict[str, list[float]]]:
    """Return the outcomes of the run's own days, and the interval of each chance."""
    count = len(days.change)
    own = Draws(np.arange(count)[None], request.paths, request.horizon, request.block)
    outcomes = simulate_paths(days, terms, own, seeded_generator(request.seed, 0))
    worlds = _worlds(count, request)
    others = own._replace(worlds=worlds, paths=max(request.paths // WORLDS, 1))
    found = simulate_paths(days, terms, others, seeded_generator(request.seed, 1))
    status = found.status.reshape(WORLDS, -1)
    tails = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    return outcomes, {
        name: np.quantile((status == code).mean(axis=1), tails).tolist()
        for name, code in ENDS.items()
    }


def _worlds(count: int, request: FateRequest) -> np.ndarray:
    from assay.books.analytics.resampling import stationary_rows

    generator = seeded_generator(request.seed, 2)
    return np.array(
        list(stationary_rows(generator, count, block=request.block, draws=WORLDS)), np.int64
    )


def _tell_outcomes(outcomes: Outcomes, interval: Mapping[str, list[float]]) -> dict[str, Any]:
    chances = {name: float((outcomes.status == code).mean()) for name, code in ENDS.items()}
    passed = outcomes.days[outcomes.status == PASSED]
    spread = np.quantile(passed, [0.05, 0.5, 0.95]).tolist() if len(passed) else [None] * 3
    return {
        "chances": chances, "intervals": dict(interval),
        "breached": chances["daily_loss"] + chances["maximum_loss"],
        "days_to_pass": dict(zip(("p5", "median", "p95"), spread, strict=True)),
    }  # fmt: skip


def _not_simulated(profile: Profile) -> list[str]:
    return [name for name in ("news", "weekend", "lots") if getattr(profile, name) is not None]
