"""The book of a funded account: what happens to it goes in, what its rules say comes out."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

import msgspec

from assay.model.errors import InvariantError
from assay.model.time import HOUR, MINUTE
from assay.trading.risk.prop.days import WEEK, turn_after
from assay.trading.risk.prop.profile import DailyLoss, MaximumLoss, Phase, Profile, share_of
from assay.trading.risk.prop.state import (
    ACCOUNT,
    BREACHED,
    DAY,
    NONE,
    PASSED,
    TRADING,
    Breach,
    Headroom,
    PropState,
    fresh_state,
    next_phase,
)

DAILY, MAXIMUM, TIME = "daily_loss", "maximum_loss", "maximum_days"
NEWS, WEEKEND, LOTS = "news", "weekend", "lots"
NEVER = 2**63 - 1
REOPENING = 24 * HOUR
"""How long after the weekend's moment nothing may be opened; markets open again later than that."""


class _Limit(NamedTuple):
    room: Headroom
    stop: int
    """What must be left of the limit, or our own stop acts."""


class _Amounts(NamedTuple):
    """Hold what the shares of the initial balance come to, and what is left where a stop acts."""

    daily: int
    daily_stop: int
    maximum: int
    maximum_stop: int
    lock: int


class PropBook:
    """Follow one funded account from event to event, in the order of time.

    What happens at the very instant a day starts belongs to the day before. A loss that reaches its
    limit is a breach. `releases` are the times (ns UTC, rising) of the news that counts, by
    currency.
    """

    __slots__ = ("_amounts", "profile", "releases", "state")

    def __init__(
        self,
        profile: Profile,
        state: PropState,
        releases: Mapping[str, Sequence[int]] | None = None,
    ) -> None:
        self.profile, self.state, self.releases = profile, state, releases or {}
        self._amounts = _amounts_of(profile, state.initial)

    @classmethod
    def opened(
        cls, profile: Profile, initial: int, ts: int,
        releases: Mapping[str, Sequence[int]] | None = None,
    ) -> PropBook:  # fmt: skip
        """Return the book of an account that starts with an initial balance (minor units)."""
        if initial <= 0:
            raise InvariantError(f"a funded account starts with {initial}; it needs more than 0")
        turns = (_next_day(profile, ts), _next_week(profile, ts))
        return cls(profile, fresh_state(ts, initial, turns), releases)

    @property
    def phase(self) -> Phase:
        """Return the phase that the account is in."""
        return self.profile.phases[self.state.phase]

    def mark(self, ts: int, balance: int, equity: int) -> None:
        """Take what the account is worth, open positions included (minor units)."""
        if not self._advance(ts):
            return
        state = self.state
        state.balance, state.equity = balance + state.offset, equity + state.offset
        if self._trails("trailing-equity"):
            state.peak = max(state.peak, state.equity)
        self._judge_losses()
        self._judge_phase()

    def fill(self, ts: int, symbol: str, lots: Decimal, ticket: int = 0) -> None:
        """Take an execution of signed lots (positive buys); its money comes by the next mark.

        Of a hedging account it tells the ticket: opposite ones are open both.
        """
        if not self._advance(ts):
            return
        state = self.state
        place = f"{symbol}#{ticket}" if ticket else symbol
        state.held[place] = state.held.get(place, Decimal(0)) + lots
        if not state.held[place]:
            del state.held[place]
        state.traded_today = True
        if self.is_near_news(ts, symbol):
            self._break(NEWS, f"a fill of {symbol}", "no fills near its news")
        limit = self.profile.lots
        if limit and state.open_lots > limit.maximum:
            self._break(LOTS, f"{state.open_lots} lots open", f"at most {limit.maximum}")
        if place in state.held and ts - state.weekend_since < REOPENING:
            self._break(WEEKEND, f"{symbol} held by a fill", "flat over the weekend")

    def deposit(self, ts: int, amount: int) -> None:
        """Take money paid in, or (negative) out: it is neither profit nor loss."""
        if not self._advance(ts):
            return
        state, rule = self.state, self.profile.maximum_loss
        for name in ("balance", "equity", "capital", "day_reference", "day_balance"):
            setattr(state, name, getattr(state, name) + amount)
        if amount > 0 or (rule is not None and rule.withdrawals_move_floor):
            state.floor_capital += amount
            state.peak += amount
        self._judge_losses()

    def advance(self, ts: int) -> None:
        """Turn the days and weeks that begin before a time at which nothing else happened."""
        self._advance(ts)

    def resume(self) -> None:
        """Let an account trade again that our own stop at the maximum loss holds."""
        if self.state.stopped == ACCOUNT:
            self.state.stopped = NONE
            self._judge_losses()

    def headroom(self) -> list[Headroom]:
        """Return what is left of each loss limit."""
        return [each.room for each in self._limits()]

    def refusal(self, ts: int, symbol: str, lots: Decimal) -> str:
        """Return in words why a new position may not be opened now; '' where it may."""
        state, profile = self.state, self.profile
        if state.status != TRADING:
            return f"the account is {state.status}"
        if state.stopped:
            held = "this day" if state.stopped == DAY else "the account until a person resumes"
            return f"our stop at {profile.stop_percent} % of a loss limit holds {held}"
        if self.is_near_news(ts, symbol):
            return f"news of {symbol} is near"
        if ts >= state.next_week or ts - state.weekend_since < REOPENING:
            return "the weekend is near"
        most = profile.lots and profile.lots.maximum * profile.stop_percent / 100
        if most and state.open_lots + abs(lots) > most:
            return f"{state.open_lots + abs(lots)} lots would be open, our stop is at {most}"
        return ""

    def is_near_news(self, ts: int, symbol: str) -> bool:
        """Say whether a release of one of a symbol's currencies is near."""
        rule = self.profile.news
        if rule is None:
            return False
        before, after = rule.minutes_before * MINUTE, rule.minutes_after * MINUTE
        for currency in (symbol[:3], symbol[3:6]):
            times = self.releases.get(currency, ())
            place = bisect_left(times, ts - after)
            if place < len(times) and times[place] <= ts + before:
                return True
        return False

    def snapshot(self) -> bytes:
        """Return the bytes of everything that the book's future depends on."""
        return msgspec.msgpack.encode(self.state)

    @classmethod
    def restored(
        cls, profile: Profile, taken: bytes, releases: Mapping[str, Sequence[int]] | None = None
    ) -> PropBook:
        """Return the book as a snapshot left it."""
        return cls(profile, msgspec.msgpack.decode(taken, type=PropState), releases)

    def _advance(self, ts: int) -> bool:
        """Turn what begins before a time; say whether the account still trades."""
        state = self.state
        if ts < state.ts:
            raise InvariantError(f"an event of {ts} came after one of {state.ts}")
        while self.state.status == TRADING:
            state = self.state
            if min(state.next_day, state.next_week) >= ts:
                break
            if state.next_week < state.next_day:
                self._turn_week()
            else:
                self._turn_day()
        self.state.ts = ts
        return self.state.status == TRADING

    def _turn_day(self) -> None:
        state = self.state
        state.ts = state.next_day
        state.next_day = _next_day(self.profile, state.ts)
        state.best_day = max(state.best_day, state.balance - state.day_balance)
        state.traded_days += state.traded_today
        state.traded_today = False
        state.lasting += 1
        if self._trails("trailing-end-of-day"):
            state.peak = max(state.peak, state.balance)
        state.day_reference = max(state.balance, state.equity)
        state.day_balance = state.balance
        if state.stopped == DAY:
            state.stopped = NONE
        self._judge_losses()
        self._judge_phase()
        most = self.phase.maximum_days
        if most and self.state.lasting >= most:
            self._break(TIME, f"{self.state.lasting} days", f"passed within {most}")

    def _turn_week(self) -> None:
        state = self.state
        state.ts = state.weekend_since = state.next_week
        state.next_week = _next_week(self.profile, state.ts)
        if not state.is_flat():
            symbols = ", ".join(sorted({place.partition("#")[0] for place in state.held}))
            self._break(WEEKEND, f"{symbols} held", "flat over the weekend")

    def _trails(self, kind: str) -> bool:
        rule = self.profile.maximum_loss
        return rule is not None and rule.kind == kind

    def _limits(self) -> list[_Limit]:
        profile, found = self.profile, []
        if profile.daily_loss:
            found.append(self._daily(profile.daily_loss))
        if profile.maximum_loss:
            found.append(self._maximum(profile.maximum_loss))
        return found

    def _daily(self, rule: DailyLoss) -> _Limit:
        reference, amounts = self.state.day_reference, self._amounts
        if rule.of == "initial":
            limit, stop = amounts.daily, amounts.daily_stop
        else:
            limit = share_of(reference, rule.percent)
            stop = limit - share_of(limit, self.profile.stop_percent)
        floor = reference - limit
        return _Limit(Headroom(DAILY, floor, limit, self.state.equity - floor), stop)

    def _maximum(self, rule: MaximumLoss) -> _Limit:
        state, amounts = self.state, self._amounts
        floor = (state.floor_capital if rule.kind == "static" else state.peak) - amounts.maximum
        if rule.lock_percent is not None:
            floor = min(floor, state.floor_capital + amounts.lock)
        room = Headroom(MAXIMUM, floor, amounts.maximum, state.equity - floor)
        return _Limit(room, amounts.maximum_stop)

    def _judge_losses(self) -> None:
        state = self.state
        for room, stop in self._limits():
            if room.left <= 0:
                self._lose(room)
            elif room.left <= stop and state.stopped != ACCOUNT:
                state.stopped = DAY if room.rule == DAILY else ACCOUNT

    def _judge_phase(self) -> None:
        state, phase = self.state, self.phase
        if phase.target_percent is None or state.status != TRADING or not state.is_flat():
            return
        if state.gain < share_of(state.initial, phase.target_percent):
            return
        if state.traded_days + state.traded_today < phase.minimum_days:
            return
        best = max(state.best_day, state.balance - state.day_balance)
        if phase.best_day_percent and best > share_of(state.gain, phase.best_day_percent):
            return
        if state.phase + 1 < len(self.profile.phases):
            self.state = next_phase(state)
        else:
            state.status, state.passed_at = PASSED, [*state.passed_at, state.ts]

    def _lose(self, room: Headroom) -> None:
        state = self.state
        if state.status == TRADING:
            equity, floor = state.equity - state.offset, room.floor - state.offset
            words = "equity", "above its floor"
            state.status, state.breach = (
                BREACHED,
                Breach(state.ts, room.rule, *words, equity=equity, floor=floor),
            )

    def _break(self, rule: str, value: str, limit: str) -> None:
        if self.state.status == TRADING:
            self.state.status, self.state.breach = (
                BREACHED,
                Breach(self.state.ts, rule, value, limit),
            )


def _amounts_of(profile: Profile, initial: int) -> _Amounts:
    daily, maximum = profile.daily_loss, profile.maximum_loss
    lock = maximum.lock_percent if maximum else None
    limits = [share_of(initial, rule.percent) if rule else 0 for rule in (daily, maximum)]
    stops = [limit - share_of(limit, profile.stop_percent) for limit in limits]
    return _Amounts(
        limits[0], stops[0], limits[1], stops[1], share_of(initial, lock) if lock else 0
    )


def _next_day(profile: Profile, ts: int) -> int:
    return turn_after(ts, profile.zone, start=profile.day_start_ns())


def _next_week(profile: Profile, ts: int) -> int:
    if profile.weekend is None:
        return NEVER
    start, zone = profile.weekend.since_monday(), profile.weekend.zone
    return turn_after(ts, zone, start=start, period=WEEK)
