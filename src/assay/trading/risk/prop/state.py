"""What the rules of a funded account have come to: plain values that a snapshot holds."""

from __future__ import annotations

from decimal import Decimal

import msgspec

TRADING, PASSED, BREACHED = "trading", "passed", "breached"
"""Words for where an account stands."""
NONE, DAY, ACCOUNT = "", "day", "account"
"""What our own stops hold back: nothing, entries of this day, or all until a person resumes."""


class Breach(msgspec.Struct, frozen=True):
    """Hold the rule that was broken, when (ns UTC), and the value against its limit in words.

    Of a loss they are `equity` and its `floor`, in minor units of the account itself.
    """

    ts: int
    rule: str
    value: str
    limit: str
    equity: int | None = None
    floor: int | None = None


class Headroom(msgspec.Struct, frozen=True):
    """Hold how much of a loss limit is left, in minor units, and the equity that breaks it."""

    rule: str
    floor: int
    limit: int
    left: int

    @property
    def used(self) -> float:
        """Return the share of the limit that is used, at least 0."""
        return max(1 - self.left / self.limit, 0.0)


class PropState(msgspec.Struct, kw_only=True):
    """Hold one phase of an account; money in minor units, as if the phase began at `initial`.

    `offset` turns the account's own money into the phase's. `capital` is what was paid in;
    `floor_capital` is what the floor of the maximum loss counts from. `lasting` are the days of
    the phase, `traded_days` those with a fill. `next_day` and `next_week` are when (ns UTC) the day
    and the weekend begin that have not yet.
    """

    ts: int
    initial: int
    balance: int
    equity: int
    capital: int
    floor_capital: int
    peak: int
    day_reference: int
    day_balance: int
    offset: int = 0
    phase: int = 0
    status: str = TRADING
    stopped: str = NONE
    traded_today: bool = False
    traded_days: int = 0
    lasting: int = 0
    best_day: int = 0
    held: dict[str, Decimal] = {}
    next_day: int
    next_week: int
    weekend_since: int = -(2**62)
    breach: Breach | None = None
    passed_at: list[int] = []
    """When each phase was passed (ns UTC)."""

    @property
    def gain(self) -> int:
        """Return the closed profit of the phase."""
        return self.balance - self.capital

    @property
    def open_lots(self) -> Decimal:
        """Return the lots that are open, over all symbols and both directions."""
        return sum((abs(lots) for lots in self.held.values()), Decimal(0))

    def is_flat(self) -> bool:
        """Say whether no position is open."""
        return not any(self.held.values())


def fresh_state(ts: int, initial: int, turns: tuple[int, int]) -> PropState:
    """Return an account that has just been opened, with its next day and its next weekend."""
    return PropState(
        ts=ts, initial=initial, balance=initial, equity=initial, capital=initial,
        floor_capital=initial, peak=initial, day_reference=initial, day_balance=initial,
        next_day=turns[0], next_week=turns[1],
    )  # fmt: skip


def next_phase(state: PropState) -> PropState:
    """Return the account as the next phase starts it: anew, at the same initial balance."""
    opened = fresh_state(state.ts, state.initial, (state.next_day, state.next_week))
    opened.offset = state.offset + state.initial - state.balance
    opened.phase, opened.passed_at = state.phase + 1, [*state.passed_at, state.ts]
    opened.weekend_since = state.weekend_since
    return opened
