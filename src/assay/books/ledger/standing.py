"""What an account was worth by the ledger, prepared so that most marks agree at a glance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import gcd

from assay.books.ledger.arithmetic import half_even
from assay.books.ledger.chart import CASH
from assay.books.ledger.marks import ASK, BID, QuoteMarks
from assay.books.ledger.position import Position, Valuation
from assay.model.accounts import AccountSpec
from assay.model.messages import BarClosed, EquityMarked

Line = tuple[str, Position, int, int, int, int, tuple[str, str] | None]
"""One open position with all that its value needs but price and rate: symbol, position, place of
its price in the quote, units, cost, denominator, leg of the rate. Its profit in minor units is
(units x price - cost) / denominator, in lowest terms; a leg's rate multiplies it."""

Worth = tuple[int, int, int, int]
"""Time (ns UTC), balance, equity and margin (minor units) of an account."""


class Standing:
    """Confirm an account's marks from its present books; prepared again when positions change.

    `balances` and `positions` are the ledger's own and are read at every mark, so that whatever
    alters them shows at once; `revision` is the ledger's when this was made.
    """

    __slots__ = (
        "_balances", "_lines", "_marks", "_positions", "_quantity_digits", "_spec", "revision",
    )  # fmt: skip

    def __init__(
        self,
        spec: AccountSpec,
        balances: Mapping[str, int],
        positions: Mapping[str, Position],
        *,
        quantity_digits: Mapping[str, int],
        marks: QuoteMarks,
        revision: int,
    ) -> None:
        self._spec, self._balances, self._positions = spec, balances, positions
        self._quantity_digits, self._marks, self.revision = quantity_digits, marks, revision
        self._lines: tuple[Line, ...] = ()

    def confirms(self, mark: EquityMarked) -> bool:
        """Say whether a mark is certainly right, to the last minor unit.

        False is no verdict: the full comparison must say what differs, if anything does.
        """
        worth, lines, positions = self._balances[CASH], self._lines, self._positions
        if mark.balance != worth or mark.tenant != self._spec.tenant:
            return False
        if len(positions) != len(lines):
            lines = self._prepare()
        quotes = self._marks.quotes
        for symbol, held, side, units, cost, denominator, leg in lines:
            if positions.get(symbol) is not held:
                return self._prepare() != lines and self.confirms(mark)
            raw = units * quotes[symbol][side] - cost
            if leg is not None:
                rates = self._marks.rates.get(leg)
                if rates is None:
                    return False
                num, den = rates.of(raw)
                worth += half_even(raw * num, denominator * den)
            elif denominator == 1:
                worth += raw
            else:
                worth += half_even(raw, denominator)
        return mark.equity == worth and len(positions) == len(lines)

    def confirms_bars(self, bars: Sequence[BarClosed], worths: Iterable[Worth]) -> bool:
        """Say whether an account's worth after each of some bars is certainly right.

        Between the bars nothing was booked. False where only the full comparison can tell.
        """
        cash, lines, positions = self._balances[CASH], self._lines, self._positions
        if len(positions) != len(lines) or any(positions.get(x[0]) is not x[1] for x in lines):
            lines = self._prepare()
        if len(lines) > 1 or len(lines) != len(positions):
            return False
        if not lines:
            return all(balance == equity == cash for _, balance, equity, _ in worths)
        ((symbol, _, side, units, cost, denominator, leg),) = lines
        if leg is not None:
            return False
        for bar, (_, balance, equity, _) in zip(bars, worths, strict=True):
            if bar.symbol != symbol or bar.has_ticks or balance != cash:
                return False
            bid, spread = bar.close, bar.spread_close
            price = bid if side == BID else bid + spread if side == ASK else (2 * bid + spread) * 5
            raw = units * price - cost
            if equity != cash + (raw if denominator == 1 else half_even(raw, denominator)):
                return False
        return True

    def _prepare(self) -> tuple[Line, ...]:
        found = (self._line(symbol, held) for symbol, held in self._positions.items())
        self._lines = tuple([line for line in found if line])
        return self._lines

    def _line(self, symbol: str, held: Position) -> Line | None:
        view, scale = self._marks.view(self._spec.id, symbol), self._quantity_digits.get(symbol)
        if view is None or scale is None or symbol not in self._marks.quotes:
            return None
        value = Valuation(held, view.price_digits(), scale, self._spec.currency_digits)
        units, cost = value.units * value.numerator, value.cost * value.numerator
        shared = gcd(units, cost, value.denominator)
        terms = (units // shared, cost // shared, value.denominator // shared)
        return (symbol, held, view.side(held.quantity), *terms, view.leg)
