"""What trades cost in exact fractions, for the slow broker."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from assay.model.accounts import AccountSpec
from assay.model.instruments import SwapMode
from assay.trading.engine.terms import Contract
from tests.property.slow_orders import Position


class SlowMoney:
    """Reckon for one account; `positions` are its positions by instrument."""

    contracts: Sequence[Contract]
    account: AccountSpec
    positions: list[Position]

    def money(self, raw: int | Fraction, i: int, rate: int) -> Fraction:
        """Turn units x points into exact minor units of the account."""
        contract = self.contracts[i]
        spec = contract.instrument
        amount = Fraction(raw) / 10 ** (spec.quantity_digits + contract.digits)
        if contract.leg >= 0:
            price = Fraction(rate, 10**contract.leg_digits)
            amount = amount / price if contract.leg_divides else amount * price
        return amount * 10**self.account.currency_digits

    def worse(self, raw: int | Fraction, i: int) -> int:
        """Return the price of the leg at which a gain brings least, a loss or a cost takes most."""
        held = self.positions[i]
        return min((held.rate, held.asked), key=lambda rate: self.money(raw or -1, i, rate))

    def worth_of(self, raw: int | Fraction, i: int) -> int:
        """Turn what a position gained or lost into minor units."""
        return round(self.money(raw, i, self.worse(raw, i))) if raw else 0

    def commission(self, quantity: int, price: int, i: int, rate: int) -> int:
        schedule, spec = self.account.commission, self.contracts[i].instrument
        if schedule.mode == "none":
            return 0
        notional = self.money(abs(quantity) * price, i, rate)
        amount = {
            "bp": notional * Fraction(schedule.rate) / 10_000,
            "per_million": notional * Fraction(schedule.rate) / 1_000_000,
            "per_lot": Fraction(schedule.rate) * 10**self.account.currency_digits
            * Fraction(abs(quantity), spec.lot_units),
        }[schedule.mode]  # fmt: skip
        return max(round(amount), schedule.minimum)

    def margin_of(self, raw: int | Fraction, i: int, rate: int) -> int:
        share = Fraction(self.contracts[i].instrument.margin_rate) / self.account.leverage
        return round(self.money(abs(raw), i, rate) * share)

    def swap(self, i: int, nights: int, quantity: int) -> int:
        contract, held = self.contracts[i], self.positions[i]
        spec, units = contract.instrument, abs(quantity)
        rate = Fraction(spec.swap_long if quantity > 0 else spec.swap_short)
        mode = spec.swap_mode
        if self.account.swap_free:
            rate = Fraction(-self.account.swap_free_fee, 10**self.account.currency_digits)
            mode = SwapMode.ACCOUNT_CURRENCY_PER_LOT
        if not units or not nights or mode == SwapMode.DISABLED:
            return 0
        if mode == SwapMode.ACCOUNT_CURRENCY_PER_LOT:
            lots = Fraction(units, spec.lot_units)
            return round(lots * rate * nights * 10**self.account.currency_digits)
        if mode == SwapMode.ANNUAL_PERCENT:
            turned = self.worse(1 if rate > 0 else -1, i)
            notional = round(self.money(units * held.quote.bid, i, turned))
            return round(notional * rate * nights / 100 / 360)
        points = rate * 10 ** (contract.digits - spec.digits)
        return self.worth_of(units * points * nights, i)
