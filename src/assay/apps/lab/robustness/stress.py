"""`assay stress`: a strategy struck by shocks that happened, while it holds a position."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from assay.apps.lab.backtests.backtest import Request, describe_look, prepare_request
from assay.apps.lab.robustness.shocks import SHOCKS, Shock, Strike, strike
from assay.apps.lab.runs.outcome import Outcome
from assay.apps.lab.sweeps.course import Course, Runner, measure_outcome
from assay.apps.lab.sweeps.looks import Tally
from assay.kernel.records import STOP_OUT
from assay.model.errors import DataError, UsageError
from assay.model.time import DAY, format_time
from assay.runtime.ids import seeded_generator

AGAINST, FALL, RISE = "against", "fall", "rise"
DIRECTIONS = (AGAINST, FALL, RISE)
Tell = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class StressRequest:
    """Say what to strike: a backtest, which shocks, when (ns UTC), and for how long to watch.

    Without times so many are drawn among those with a position. `against` turns the shock against
    what is held; `symbol` is struck, the first one where it is empty.
    """

    base: Request
    shocks: Sequence[str] = tuple(SHOCKS)
    at: Sequence[int] = ()
    times: int = 20
    symbol: str = ""
    direction: str = AGAINST
    scale: float = 1.0
    days: int = 5
    seed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Struck:
    """Hold one strike: what was held (units), the equity at the strike, after it and without it.

    Money is in minor units. `lowest` is the lowest equity of a bar's end after the strike, `outs`
    how many fills the stop-out made.
    """

    shock: str
    at: int
    held: int
    rises: bool
    before: int
    after: int
    without: int
    lowest: int
    outs: int

    @property
    def damage(self) -> float:
        """Return what the shock took beside the run without it, as a share of equity before."""
        return (self.without - self.after) / self.before


@dataclass(frozen=True, slots=True, kw_only=True)
class StressedRun:
    """Hold every strike of a run, by shock and time."""

    course: Course
    symbol: str
    struck: Sequence[Struck]


def run_stress(request: StressRequest, on_stage: Tell | None = None) -> StressedRun:
    """Trade a backtest as it was, then once for each shock and time with that shock in the bars.

    Each run is a look, counted before it. Raises UsageError and DataError for what does not fit.
    """
    tell = on_stage or (lambda _stage, _share: None)
    shocks = [_find_shock(name) for name in request.shocks]
    _require_sound(request)
    setup = prepare_request(request.base)
    symbol = request.symbol or setup.symbols[0]
    if symbol not in setup.symbols:
        raise UsageError(f"{symbol} is not among {', '.join(setup.symbols)}; name one of them")
    course = Course.of(setup)
    tally = Tally(request.base.ledger, describe_look(setup, request.base, "stress"), course)
    course.warm()
    place, params = list(setup.symbols).index(symbol), setup.params
    (trial,) = tally.enter([params])
    plain = Runner(course).run(params)
    tally.conclude([trial], [measure_outcome(course, plain)])
    moments = list(request.at) or _draw_moments(course, plain, place, request)
    blows = [
        Strike(shock, place, at, request.scale, _rises(request, _held_at(plain, place, at)))
        for shock in shocks for at in moments
    ]  # fmt: skip
    tally.enter([{**params, f"{blow.shock.name} at {blow.at}": 1} for blow in blows])
    found = []
    for number, blow in enumerate(blows, 1):
        tell(f"{blow.shock.name} at {format_time(blow.at)[:16]}", number / len(blows))
        found.append(_strike_once(course, plain, blow, request))
    return StressedRun(course=course, symbol=symbol, struck=found)


def _find_shock(name: str) -> Shock:
    if name not in SHOCKS:
        raise UsageError(f"shock {name!r} is unknown; there are {', '.join(SHOCKS)}")
    return SHOCKS[name]


def _require_sound(request: StressRequest) -> None:
    if request.direction not in DIRECTIONS:
        raise UsageError(
            f"direction {request.direction!r} is unknown; there are {', '.join(DIRECTIONS)}"
        )
    if not 0 < request.scale <= 3:
        raise UsageError(f"--scale {request.scale} is not above 0 and at most 3")


def _draw_moments(course: Course, plain: Outcome, place: int, request: StressRequest) -> list[int]:
    """Return times drawn among the bars at whose end the instrument was held."""
    equity = plain.equity["ts"]
    last = int(equity[-1]) - request.days * DAY if len(equity) else 0
    fills = plain.fills[plain.fills["instrument"] == place]
    slots = np.searchsorted(fills["ts"], equity, side="right") - 1
    held = np.zeros(len(equity), np.bool_)
    held[slots >= 0] = fills["position"][slots[slots >= 0]] != 0
    moments = np.unique(equity[held & (equity <= last)])
    if not len(moments):
        raise DataError(
            f"{course.setup.symbols[place]} was never held {request.days} days before the end; "
            "give other parameters, or the times by --at"
        )
    drawn = seeded_generator(request.seed).choice(
        moments, size=min(request.times, len(moments)), replace=False
    )
    return sorted(int(at) for at in drawn)


def _held_at(plain: Outcome, place: int, at: int) -> int:
    fills = plain.fills[(plain.fills["instrument"] == place) & (plain.fills["ts"] <= at)]
    return int(fills["position"][-1]) if len(fills) else 0


def _rises(request: StressRequest, held: int) -> bool:
    return request.direction == RISE or (request.direction == AGAINST and held < 0)


def _strike_once(course: Course, plain: Outcome, blow: Strike, request: StressRequest) -> Struck:
    end = blow.at + request.days * DAY
    watched = strike(course.cut(int(course.events["ts"][0]) - 1, end), blow)
    if not watched.bars or int(watched.events["ts"][-1]) <= blow.at:
        raise DataError(f"there are no bars after {format_time(blow.at)}; give an earlier --at")
    outcome = Runner(watched).run(course.setup.params)
    since = outcome.equity["ts"] > blow.at
    fills = outcome.fills[outcome.fills["ts"] > blow.at]
    cash = course.setup.account.cash
    return Struck(
        shock=blow.shock.name, at=blow.at, held=_held_at(plain, blow.instrument, blow.at),
        rises=blow.rises, before=_equity_at(plain, blow.at, cash),
        after=_equity_at(outcome, end, cash), without=_equity_at(plain, end, cash),
        lowest=int(outcome.equity["equity"][since].min()) if since.any() else cash,
        outs=int((fills["reason"] == STOP_OUT).sum()),
    )  # fmt: skip


def _equity_at(outcome: Outcome, at: int, cash: int) -> int:
    row = int(np.searchsorted(outcome.equity["ts"], at, side="right")) - 1
    return int(outcome.equity["equity"][row]) if row >= 0 else cash


def word_verdict(found: StressedRun) -> str:
    """Say in one line whether the account lives through every strike."""
    struck = found.struck
    worst = max(struck, key=lambda one: one.damage)
    below = sum(one.lowest <= 0 for one in struck)
    outs = sum(one.outs > 0 for one in struck)
    shown = f"the worst of {len(struck):,} strikes ({worst.shock}, {format_time(worst.at)[:10]}) "
    shown += f"takes {worst.damage:.1%} of equity"
    if below:
        return f"Ruin possible: {below:,} of {len(struck):,} strikes leave no equity; {shown}"
    if outs:
        return f"Stop-out possible: {outs:,} of {len(struck):,} strikes force it; {shown}"
    return f"Survives: {shown}, and none forces a stop-out"


def describe_stress(found: StressedRun, request: StressRequest) -> dict[str, Any]:
    """Return what is told of it, the verdict first."""
    account = found.course.setup.account
    scale = 10.0**-account.currency_digits
    names = list(dict.fromkeys(one.shock for one in found.struck))
    return {
        "verdict": word_verdict(found), "symbol": found.symbol, "direction": request.direction,
        "scale": request.scale, "days": request.days, "seed": request.seed,
        "shocks": [
            _describe_shock(name, [one for one in found.struck if one.shock == name])
            for name in names
        ],
        "strikes": [
            {"shock": one.shock, "at": format_time(one.at), "held": one.held,
             "rises": one.rises, "before": round(one.before * scale, account.currency_digits),
             "after": round(one.after * scale, account.currency_digits),
             "without": round(one.without * scale, account.currency_digits),
             "lowest": round(one.lowest * scale, account.currency_digits),
             "damage": one.damage, "stopped_out": one.outs > 0}
            for one in found.struck
        ],
    }  # fmt: skip


def _describe_shock(name: str, struck: Sequence[Struck]) -> dict[str, Any]:
    shock = SHOCKS[name]
    damages = np.array([one.damage for one in struck])
    return {
        "shock": name, "when": shock.when, "what": shock.what, "source": shock.source,
        "strikes": len(struck), "median": float(np.median(damages)),
        "worst": float(damages.max()), "mildest": float(damages.min()),
        "stopped_out": sum(one.outs > 0 for one in struck),
        "no_equity_left": sum(one.lowest <= 0 for one in struck),
    }  # fmt: skip
