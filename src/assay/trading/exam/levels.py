"""Fillings, stops level and freeze level, by trying."""

from __future__ import annotations

from assay.model.time import MINUTE
from assay.trading.brokers.mt5 import api
from assay.trading.exam.asking import DONE, Asker, Quoted, is_gone
from assay.trading.exam.estimates import FARTHEST
from assay.trading.exam.plan import ExamPlan
from assay.trading.exam.record import LevelSeen, TriedFilling
from assay.trading.exam.rounds import Resting, Rounds

AT_MARKET = (api.ORDER_FILLING_FOK, api.ORDER_FILLING_IOC, api.ORDER_FILLING_RETURN)
TRIES = 24
FREEZES = 10
_TOO_NEAR = (api.TRADE_RETCODE_INVALID_PRICE, api.TRADE_RETCODE_INVALID_STOPS)


class LevelTrials:
    """Try what a symbol takes; each try is one order of the smallest volume."""

    def __init__(self, asker: Asker, rounds: Rounds, plan: ExamPlan) -> None:
        self._asker, self._rounds, self._plan = asker, rounds, plan

    def try_fillings(self, symbol: str) -> None:
        """Open and close once by each policy."""
        for filling in AT_MARKET:
            if not self._rounds.may_open():
                return
            tried = self._asker.record.refusals.get(api.TRADE_RETCODE_INVALID_FILL, 0)
            ticket = self._rounds.open_market(symbol, 1, filling=filling)
            refused = self._asker.record.refusals.get(api.TRADE_RETCODE_INVALID_FILL, 0) > tried
            if ticket is not None or refused:
                seen = TriedFilling(symbol, int(filling), ticket is not None)
                self._asker.record.fillings.append(seen)
            if ticket is not None:
                self._rounds.close(symbol, ticket)

    def try_stops(self, symbol: str) -> None:
        """Halve between a distance that is refused and one that is taken."""
        refused, taken, asked = 0, 0, max(16, 2 * self._asker.record.told[symbol].stops_level)
        for number in range(TRIES):
            if not self._rounds.may_open() or (taken and taken - refused <= 1):
                return
            seen = self._try_distance(symbol, asked, 1 if number % 2 == 0 else -1)
            if seen is not None and seen.refused:
                refused = max(refused, seen.distance)
            elif seen is not None:
                taken = min(taken or FARTHEST, seen.distance)
            asked = (refused + taken) // 2 if taken else min(2 * asked, FARTHEST)

    def _try_distance(self, symbol: str, distance: int, side: int) -> LevelSeen | None:
        quote = self._asker.quote(symbol)
        if quote is None:
            return None
        kind = api.ORDER_TYPE_BUY_LIMIT if side > 0 else api.ORDER_TYPE_SELL_LIMIT
        price = quote.touch(side) - side * distance
        result = self._rounds.place(Resting(symbol, kind, price), quote)
        met = self._asker.met(symbol, result) if result is not None else None
        if result is None or met is None:
            return None
        away = (met.touch(side) - price) * side
        if result.retcode in DONE:
            seen = LevelSeen(symbol, "stops", away, refused=False)
            self._rounds.withdraw(symbol, result.order)
        elif result.retcode in _TOO_NEAR and away > 0:
            seen = LevelSeen(symbol, "stops", away, refused=True)
        else:
            return None
        self._asker.record.levels.append(seen)
        return seen

    def try_freeze(self, symbol: str) -> None:
        """Let resting orders come near and try to take them away, until the level is bracketed."""
        for number in range(FREEZES):
            frozen, free = self._freeze_bracket(symbol)
            if not self._rounds.may_open() or free - frozen <= 1:
                return
            told = self._asker.record.told[symbol].freeze_level
            wanted = told + number % 2 if free > FARTHEST else (frozen + free) // 2
            self._try_frozen(symbol, max(1, wanted), 1 if number % 2 == 0 else -1)

    def _freeze_bracket(self, symbol: str) -> tuple[int, int]:
        tried = [
            each for each in self._asker.record.levels
            if each.symbol == symbol and each.level == "freeze"
        ]  # fmt: skip
        frozen = max((each.distance for each in tried if each.refused), default=0)
        free = min((each.distance for each in tried if not each.refused), default=FARTHEST + 1)
        return frozen, free

    def _try_frozen(self, symbol: str, near: int, side: int) -> None:
        quote = self._asker.quote(symbol)
        if quote is None:
            return
        kind = api.ORDER_TYPE_BUY_LIMIT if side > 0 else api.ORDER_TYPE_SELL_LIMIT
        reach = max(self._rounds.reach(symbol) - self._plan.reach, near) + 2
        price = quote.touch(side) - side * reach
        placed = self._rounds.place(Resting(symbol, kind, price), quote)
        if placed is None or placed.retcode not in DONE:
            return
        clock, terminal = self._asker.clock, self._asker.terminal
        deadline = clock.now_ns() + max(self._plan.patience, 5 * MINUTE)
        while not is_gone(terminal.orders_get(ticket=placed.order)) and clock.now_ns() < deadline:
            latest = self._asker.quote(symbol)
            if latest is not None and self._away(latest, price, side) <= near:
                self._judge(symbol, placed.order, price, side)
                break
            self._asker.wait(self._plan.poll)
        self._rounds.withdraw(symbol, placed.order)

    def _judge(self, symbol: str, ticket: int, price: int, side: int) -> None:
        result = self._rounds.remove(symbol, ticket)
        met = self._asker.met(symbol, result) if result is not None else None
        if result is None or met is None:
            return
        away = self._away(met, price, side)
        is_frozen = result.retcode == api.TRADE_RETCODE_FROZEN
        if away > 0 and (is_frozen or result.retcode in DONE):
            seen = LevelSeen(symbol, "freeze", away, refused=is_frozen)
            self._asker.record.levels.append(seen)

    def _away(self, quote: Quoted, price: int, side: int) -> int:
        return (quote.touch(side) - price) * side
