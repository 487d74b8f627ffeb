"""A slow, obvious engine in fractions that says what each account should hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from itertools import count

from assay.books.ledger import Ledger, Reconciler
from assay.model.accounts import AccountSpec, CommissionSchedule
from assay.model.instruments import Instrument, instrument_for
from assay.model.messages import (
    EquityMarked,
    Message,
    OrderFilled,
    SwapCharged,
    decode_message,
    encode_message,
)

INSTRUMENTS: Mapping[str, Instrument] = {
    name: instrument_for(name) for name in ("EURUSD", "USDJPY", "XAUUSD", "XAUUSD.micro")
}
ACCOUNTS = (
    AccountSpec(
        id="a1",
        tenant="t1",
        cash=10_000_000,
        commission=CommissionSchedule(mode="bp", rate=Decimal("0.5")),
    ),
    AccountSpec(
        id="a2",
        tenant="t2",
        currency="JPY",
        currency_digits=0,
        cash=5_000_000,
        commission=CommissionSchedule(mode="per_lot", rate=Decimal("350.25"), minimum=7),
    ),
    AccountSpec(
        id="a3",
        tenant="t1",
        currency="EUR",
        currency_digits=3,
        cash=900_000,
        commission=CommissionSchedule(mode="per_million", rate=Decimal("24.9")),
    ),
)


class SlowEngine:
    """Keep each position as an exact fraction and publish what the real engine would."""

    def __init__(self, accounts: Iterable[AccountSpec] = ACCOUNTS) -> None:
        self.accounts = {spec.id: spec for spec in accounts}
        self.cash = {spec.id: spec.cash for spec in self.accounts.values()}
        self.held: dict[tuple[str, str], tuple[int, int]] = {}
        self.marks: dict[str, tuple[int, int, int]] = {}
        self._numbers = count(1)

    def fill(
        self, account: str, symbol: str, quantity: int, price: int, rate: tuple[int, int] = (1, 1)
    ) -> OrderFilled:
        spec, instrument = self.accounts[account], INSTRUMENTS[symbol]
        units, cost = self.held.get((account, symbol), (0, 0))
        profit = 0
        rest = quantity
        if units * quantity < 0:
            part = -quantity if abs(quantity) <= abs(units) else units
            released = round(Fraction(cost * part, units))
            profit = self._to_minor(spec, instrument, Fraction(part * price - released), rate)
            units, cost, rest = units - part, cost - released, quantity + part
        self.held[account, symbol] = (units + rest, cost + rest * price)
        commission = self._charge(spec, instrument, abs(quantity), price, rate)
        self.cash[account] += profit - commission
        self.marks[symbol] = (price, *rate)
        number = next(self._numbers)
        return OrderFilled(
            id=1_000_000 + number, tenant=spec.tenant, ts_event=number, ts_init=number,
            key=number, fill=number, account=account, symbol=symbol, quantity=quantity,
            price=price, price_digits=instrument.digits, commission=commission, profit=profit,
            spread_cost=0, slippage_cost=0, rate_num=rate[0], rate_den=rate[1],
            position=units + rest, kind="modelled", reason="target",
        )  # fmt: skip

    def swap(self, account: str, symbol: str, amount: int) -> SwapCharged:
        self.cash[account] += amount
        number = next(self._numbers)
        return SwapCharged(
            id=1_000_000 + number, tenant=self.accounts[account].tenant, ts_event=number,
            ts_init=number, account=account, symbol=symbol, nights=1, amount=amount,
            position=self.held.get((account, symbol), (0, 0))[0],
        )  # fmt: skip

    def mark(self, account: str) -> EquityMarked:
        spec = self.accounts[account]
        equity = self.cash[account]
        for (owner, symbol), (units, cost) in self.held.items():
            if owner == account and units:
                price, *rate = self.marks[symbol]
                raw = Fraction(units * price - cost)
                equity += self._to_minor(spec, INSTRUMENTS[symbol], raw, (rate[0], rate[1]))
        number = next(self._numbers)
        return EquityMarked(
            id=1_000_000 + number, tenant=spec.tenant, ts_event=number, ts_init=number,
            account=account, balance=self.cash[account], equity=equity, margin=0,
        )  # fmt: skip

    @staticmethod
    def _to_minor(
        spec: AccountSpec, instrument: Instrument, raw: Fraction, rate: tuple[int, int]
    ) -> int:
        quote = raw / 10 ** (instrument.quantity_digits + instrument.digits)
        return round(quote * Fraction(*rate) * 10**spec.currency_digits)

    @staticmethod
    def _charge(
        spec: AccountSpec, instrument: Instrument, size: int, price: int, rate: tuple[int, int]
    ) -> int:
        units = Fraction(size, 10**instrument.quantity_digits)
        notional = units * Fraction(price, 10**instrument.digits) * Fraction(*rate)
        amount = {
            "none": Fraction(0),
            "per_lot": units / Fraction(instrument.contract_size),
            "per_million": notional / 1_000_000,
            "bp": notional / 10_000,
        }[spec.commission.mode] * Fraction(spec.commission.rate)
        return max(spec.commission.minimum, round(amount * 10**spec.currency_digits))


def build_ledger(accounts: Iterable[AccountSpec] = ACCOUNTS, start: int = 1) -> Ledger:
    numbers = count(start)
    return Ledger(accounts, INSTRUMENTS, lambda: next(numbers))


def run_books(messages: Iterable[Message], ledger: Ledger, reconciler: Reconciler) -> list[Message]:
    """Deliver over the wire, first in, first out: the ledger before the reconciler."""
    published: list[Message] = []
    for message in messages:
        queue = [message]
        while queue:
            first = decode_message(encode_message(queue.pop(0)))
            for module in (ledger, reconciler):
                if isinstance(first, module.consumes):
                    results = list(module.handle(first))
                    published += results
                    queue += results
    return published
