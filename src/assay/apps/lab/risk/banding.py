"""Hold a run that trades to the band of its evidence: below it half the size, then none."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np

from assay.apps.lab.risk.recorded import daily_profits, read_run
from assay.books.analytics.band import FLAT, FULL, HALF, Evidence, watch_live, weigh_evidence
from assay.model.errors import UsageError
from assay.model.halts import OPERATOR
from assay.model.messages import DealBooked, EntriesReleased, Message
from assay.model.time import DAY
from assay.trading.risk.acts.judge import AccountView, Halt, Reduce, Scale, Wish

WHOLE = 10_000


def measure_evidence(folder: Path) -> Evidence:
    """Return what the days of a run say, as shares of the balance it began with."""
    past = read_run(folder)
    if past.initial <= 0:
        raise UsageError(f"{folder} starts without money, so it has no profit per money")
    _, profits = daily_profits(past)
    return weigh_evidence(profits / past.initial)


class _State(msgspec.Struct):
    day: int = -1
    initial: int = 0
    began: int = 0
    equity: int = 0
    size: float = FULL
    reason: str = ""
    halved: bool = False
    profits: list[float] = []
    sizes: list[float] = []


class BandJudge:
    """Judge each day of UTC that ended; halve the size below the band, then close everything.

    It stays so until a person releases it, from which on the days count anew.
    """

    source = "band"

    def __init__(self, evidence: Evidence) -> None:
        self._evidence, self._state = evidence, _State()

    def hear(self, message: Message) -> None:
        """Take a person's release, and money paid in or out, which is no profit."""
        state = self._state
        if isinstance(message, EntriesReleased):
            if message.source == self.source and message.actor == OPERATOR:
                state.size, state.reason, state.halved = FULL, "", False
                state.profits, state.sizes, state.began = [], [], state.equity
        elif isinstance(message, DealBooked) and not message.symbol:
            state.began += message.profit
            state.equity += message.profit

    def look(self, view: AccountView) -> list[Wish]:
        """Judge the days that are over, and wish the size that they leave."""
        state, day = self._state, view.ts // DAY
        if state.day < 0:
            state.initial = state.began = state.equity = view.balance
            state.day = day
        if day > state.day:
            self._end_day()
            state.day = day
        state.equity = view.equity
        return self._wishes(view)

    def _end_day(self) -> None:
        state = self._state
        state.profits.append((state.equity - state.began) / state.initial)
        state.sizes.append(state.size)
        state.began = state.equity
        if not any(state.sizes):
            return
        watch = watch_live(self._evidence, np.array(state.profits), np.array(state.sizes))
        if watch.size < state.size:
            state.size, state.reason = watch.size, watch.verdicts[-1].reason
            state.halved = state.size != HALF

    def _wishes(self, view: AccountView) -> list[Wish]:
        state = self._state
        if state.size == FULL:
            return [Scale(0, "within the band")]
        if state.size == FLAT:
            closing = [Reduce(symbol, 0, state.reason) for symbol in view.held]
            return [Halt(state.reason), *closing]
        found: list[Wish] = [Scale(int(WHOLE * (1 - state.size)), state.reason)]
        if not state.halved:
            state.halved = True
            found += [
                Reduce(symbol, int(abs(held.quantity) * state.size), state.reason)
                for symbol, held in view.held.items()
            ]
        return found

    def snapshot(self) -> bytes:
        """Return the days so far."""
        return msgspec.msgpack.encode(self._state)

    def restore(self, state: bytes) -> None:
        """Take up a snapshot."""
        self._state = msgspec.msgpack.decode(state, type=_State)
