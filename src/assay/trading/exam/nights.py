"""The swap of a night: held over the server's midnight, and watched for when it is charged."""

from __future__ import annotations

from assay.model.time import DAY, MINUTE, SECOND
from assay.model.values import round_to_scale
from assay.trading.brokers.mt5.structures import TradePosition
from assay.trading.exam.asking import Asker
from assay.trading.exam.plan import ExamPlan
from assay.trading.exam.record import NightSeen
from assay.trading.exam.rounds import Rounds

BEFORE = 10 * MINUTE
AFTER = 10 * MINUTE
THURSDAY, FRIDAY = 4, 5


def weekday_of(server_ns: int) -> int:
    """Return the weekday of a server time, Sunday 0.

    >>> weekday_of(0)
    4
    """
    return (server_ns // DAY + 4) % 7


def is_night_near(server_ns: int, margin: int = 0) -> bool:
    """Say whether a midnight that charges swap, or ends the week, is near or about to be."""
    left = DAY - server_ns % DAY
    return left <= BEFORE + margin and 1 <= weekday_of(server_ns) <= FRIDAY


def nights_between(server_ns: int, span: int) -> int:
    """Return how many nights that are held begin within a span of server time."""
    first, last = server_ns // DAY, (server_ns + span) // DAY
    return sum(1 <= weekday_of(day * DAY) <= THURSDAY for day in range(first, last))


class Nights:
    """Hold positions over midnights; on a netting account one side a night, in turn."""

    def __init__(self, asker: Asker, rounds: Rounds, plan: ExamPlan) -> None:
        self._asker, self._rounds, self._plan = asker, rounds, plan

    def needs(self, server_ns: int, span: int) -> int:
        """Return how many orders the nights of a span are to have left."""
        sides = 2 if self._asker.record.account.margin_mode == "hedging" else 1
        return nights_between(server_ns, span) * sides * len(self._plan.symbols)

    def watch(self, server_ns: int) -> None:
        """Hold every symbol over the midnight ahead and see what it costs.

        Not over Friday's: what is open then stays open over the weekend.
        """
        is_hedging = self._asker.record.account.margin_mode == "hedging"
        weekday = weekday_of(server_ns)
        sides = (1, -1) if is_hedging else (1 if weekday % 2 else -1,)
        midnight = self._asker.clock.now_ns() + DAY - server_ns % DAY
        opened: dict[int, str] = {}
        for symbol in self._plan.symbols if weekday <= THURSDAY else ():
            for side in sides:
                if not self._rounds.may_open():
                    break
                lots = self._plan.fine_lots
                ticket = self._rounds.open_market(symbol, side, lots=lots)
                if ticket is not None:
                    opened[ticket] = symbol
        try:
            self._wait(dict(opened), midnight, weekday)
        finally:
            for ticket, symbol in opened.items():
                self._rounds.close(symbol, ticket)
            clock = self._asker.clock
            clock.wait_until(max(clock.now_ns(), midnight + SECOND))

    def _wait(self, waiting: dict[int, str], midnight: int, weekday: int) -> None:
        clock = self._asker.clock
        before = dict.fromkeys(waiting, clock.now_ns())
        # Nothing is charged long before midnight; the last minute is looked at closely.
        clock.wait_until(midnight - MINUTE)
        while waiting and clock.now_ns() < midnight + AFTER:
            for ticket in tuple(waiting):
                held = self._asker.terminal.positions_get(ticket=ticket)
                if held is None:
                    continue
                if not held:
                    del waiting[ticket]
                elif held[0].swap:
                    span = (before[ticket] - midnight, clock.now_ns() - midnight)
                    self._see(held[0], weekday, span)
                    del waiting[ticket]
                else:
                    before[ticket] = clock.now_ns()
            self._asker.wait(SECOND)

    def _see(self, held: TradePosition, weekday: int, span: tuple[int, int]) -> None:
        minor = round_to_scale(held.swap, self._asker.record.account.currency_digits)
        self._asker.record.nights.append(
            NightSeen(
                held.symbol, 1 if held.type == 0 else -1, weekday, held.volume, minor,
                round(span[0] / SECOND, 3), round(span[1] / SECOND, 3),
            )
        )  # fmt: skip
