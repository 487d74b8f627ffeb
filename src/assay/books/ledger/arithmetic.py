"""The ledger's own arithmetic in unbounded integers, written apart from the engine's.

Rounding is half-even, once at each posting. The definitions are those of the engine, so the two
agree to the last minor unit; the code is deliberately a second copy, held against the first by the
reconciler.
"""

from __future__ import annotations

from typing import NamedTuple

from assay.model.accounts import CommissionSchedule
from assay.model.errors import InvariantError

MILLION = 1_000_000
BASIS_POINTS = 10_000


def half_even(numerator: int, denominator: int) -> int:
    """Divide two integers of any sign and round half-even; raise InvariantError on 0.

    >>> half_even(5, 2), half_even(7, 2), half_even(-5, 2), half_even(5, -2)
    (2, 4, -2, -2)
    """
    if denominator == 0:
        raise InvariantError(f"{numerator} was divided by zero")
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    quotient, rest = divmod(numerator, denominator)
    twice = 2 * rest
    if twice > denominator or (twice == denominator and quotient % 2):
        quotient += 1
    return quotient


class Conversion(NamedTuple):
    """Turn quantity x price of one instrument into minor units of one account.

    `scale_digits` is quantity_digits + price_digits; `rate_num / rate_den` units of account
    currency buy one unit of the quote currency.
    """

    rate_num: int
    rate_den: int
    currency_digits: int
    scale_digits: int

    @property
    def numerator(self) -> int:
        """Return what a raw product is multiplied by."""
        return int(self.rate_num * 10**self.currency_digits)

    @property
    def denominator(self) -> int:
        """Return what a raw product is divided by."""
        return int(self.rate_den * 10**self.scale_digits)


def to_minor(raw: int, conversion: Conversion) -> int:
    """Turn a raw product of 10^-scale_digits quote currency into minor units, half-even.

    >>> to_minor(10_000 * 25, Conversion(1, 1, 2, 5))
    250
    """
    return half_even(raw * conversion.numerator, conversion.denominator)


class Tariff(NamedTuple):
    """Hold a commission schedule on one price grid: size x price x rate x multiplier / divisor.

    Where it is `by_size`, price and rate have no part in it.
    """

    multiplier: int
    divisor: int
    minimum: int
    by_size: bool

    def charge(self, quantity: int, price: int, *, rate_num: int, rate_den: int) -> int:
        """Return the commission of one fill in minor units, >= 0."""
        raw, divisor = abs(quantity) * self.multiplier, self.divisor
        if not self.by_size:
            raw, divisor = raw * abs(price) * rate_num, divisor * rate_den
        return max(self.minimum, half_even(raw, divisor))


def prepare_tariff(
    schedule: CommissionSchedule, currency_digits: int, scale_digits: int, *, lot_units: int
) -> Tariff:
    """Return all of a commission that no fill changes; the digits are those of a Conversion."""
    if schedule.mode == "none":
        return Tariff(0, 1, 0, by_size=True)
    multiplier, divisor = schedule.rate.as_integer_ratio()
    multiplier *= 10**currency_digits
    if schedule.mode == "per_lot":
        return Tariff(multiplier, lot_units * divisor, schedule.minimum, by_size=True)
    unit = MILLION if schedule.mode == "per_million" else BASIS_POINTS
    return Tariff(multiplier, 10**scale_digits * unit * divisor, schedule.minimum, by_size=False)


def format_points(price: int, digits: int) -> str:
    """Write a price in 10^-digits as a decimal number.

    >>> format_points(113_739, 5), format_points(-5, 2), format_points(7, 0)
    ('1.13739', '-0.05', '7')
    """
    if not digits:
        return str(price)
    whole, rest = divmod(abs(price), 10**digits)
    return f"{'-' if price < 0 else ''}{whole}.{rest:0{digits}d}"
