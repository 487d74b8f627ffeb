"""What an account was worth by the ledger, prepared so that most marks agree at a glance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from assay.books.ledger.chart import CASH
from assay.books.ledger.marks import QuoteMarks
from assay.books.ledger.position import Position
from assay.model.messages import EquityMarked

Line = tuple[str, Position, int, int, int, int, int, tuple[str, str] | None]
"""One open position with all that its value needs but price and rate: symbol, position, place of
its price in the quote, units, cost, numerator, denominator, leg of the rate. Its profit in minor
units is (units x price - cost) x numerator / denominator; a leg's rate multiplies it."""


class Standing:
    """Confirm an account's marks from its present books; prepared again when positions change.

    `balances` and `positions` are the ledger's own and are read at every mark, so that whatever
    alters them shows at once; `revision` is the ledger's when this was prepared.
    """

    __slots__ = ("_balances", "_lines", "_positions", "_quotes", "_rates", "_tenant", "revision")

    def __init__(
        self,
        tenant: str,
        balances: Mapping[str, int],
        positions: Mapping[str, Position],
        *,
        lines: Sequence[Line],
        marks: QuoteMarks,
        revision: int,
    ) -> None:
        self._tenant, self._balances, self._positions = tenant, balances, positions
        self._lines = tuple(lines)
        self._quotes, self._rates = marks.quotes, marks.rates
        self.revision = revision

    def confirms(self, mark: EquityMarked) -> bool:
        """Say whether a mark is certainly right, to the last minor unit.

        False is no verdict: the full comparison must say what differs, if anything does.
        """
        worth = self._balances[CASH]
        positions, quotes = self._positions, self._quotes
        if (
            mark.balance != worth
            or mark.tenant != self._tenant
            or len(positions) != len(self._lines)
        ):
            return False
        for symbol, held, side, units, cost, numerator, denominator, leg in self._lines:
            if positions.get(symbol) is not held:
                return False
            raw = (units * quotes[symbol][side] - cost) * numerator
            if leg is not None:
                rate = self._rates.get(leg)
                if rate is None:
                    return False
                raw, denominator = raw * rate[0], denominator * rate[1]
            quotient, rest = divmod(raw, denominator)
            rest += rest
            if rest > denominator or (rest == denominator and quotient & 1):
                quotient += 1
            worth += quotient
        return mark.equity == worth
