"""Prices, quantities and money as scaled integers."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from functools import total_ordering

from assay.model.errors import InvariantError, UsageError

INT64_MAX = 2**63 - 1


def scale_decimal(value: Decimal | str | int, digits: int) -> int:
    """Return value x 10^digits as an integer; raise UsageError if it does not fit the grid.

    >>> scale_decimal("1.13739", 5)
    113739
    """
    scaled = Decimal(value).scaleb(digits)
    if scaled != scaled.to_integral_value():
        raise UsageError(f"{value} has more than {digits} decimal places")
    return _bounded(int(scaled))


def round_to_scale(value: Decimal | float | str, digits: int) -> int:
    """Round a number half-even to 10^-digits and return the scaled integer.

    This is the one road by which a float (a probability, a Kelly fraction) becomes a quantity.

    >>> round_to_scale("0.125", 2), round_to_scale("0.135", 2)
    (12, 14)
    """
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not exact.is_finite():
        raise UsageError(f"{value} is not a finite number")
    return _bounded(int(exact.scaleb(digits).to_integral_value(rounding=ROUND_HALF_EVEN)))


def _bounded(raw: int) -> int:
    if not -INT64_MAX <= raw <= INT64_MAX:
        raise InvariantError(f"{raw} does not fit 64 bits")
    return raw


@total_ordering
@dataclass(frozen=True, slots=True)
class Scaled:
    """Hold raw x 10^-digits; values of different kind or scale never mix."""

    raw: int
    digits: int

    def __post_init__(self) -> None:
        _bounded(self.raw)
        if not 0 <= self.digits <= 12:
            raise UsageError(f"digits {self.digits} is outside 0..12")

    def _require_same_scale(self, other: object) -> None:
        if type(other) is not type(self) or other.digits != self.digits:
            raise InvariantError(f"{self!r} and {other!r} do not mix")

    def __add__(self, other: Scaled) -> Scaled:
        self._require_same_scale(other)
        return type(self)(self.raw + other.raw, self.digits)

    def __sub__(self, other: Scaled) -> Scaled:
        self._require_same_scale(other)
        return type(self)(self.raw - other.raw, self.digits)

    def __neg__(self) -> Scaled:
        return type(self)(-self.raw, self.digits)

    def __lt__(self, other: Scaled) -> bool:
        self._require_same_scale(other)
        return self.raw < other.raw

    def to_decimal(self) -> Decimal:
        """Return the exact decimal value."""
        return Decimal(self.raw).scaleb(-self.digits)

    def __str__(self) -> str:
        return f"{self.to_decimal():.{self.digits}f}"


class Price(Scaled):
    """Hold a price in integer points of the instrument.

    >>> str(Price.parse("1.1", 5))
    '1.10000'
    """

    __slots__ = ()

    @classmethod
    def parse(cls, text: str | Decimal, digits: int) -> Price:
        """Read a decimal price; raise UsageError when it is off the grid."""
        return cls(scale_decimal(text, digits), digits)


class Quantity(Scaled):
    """Hold a signed volume in integer units of the instrument (positive buys)."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str | Decimal, digits: int) -> Quantity:
        """Read a decimal volume; raise UsageError when it is off the grid."""
        return cls(scale_decimal(text, digits), digits)


@total_ordering
@dataclass(frozen=True, slots=True)
class Money:
    """Hold an amount in integer minor units of one account currency.

    `digits` is the account's currency_digits (a yen account may keep two), not ISO 4217's.

    >>> str(Money.parse("12.30", "USD", 2) + Money(70, "USD", 2))
    '13.00 USD'
    """

    minor: int
    currency: str
    digits: int

    def __post_init__(self) -> None:
        _bounded(self.minor)

    @classmethod
    def parse(cls, text: str | Decimal | int, currency: str, digits: int) -> Money:
        """Read a decimal amount; raise UsageError when it has too many decimal places."""
        return cls(scale_decimal(text, digits), currency, digits)

    def _require_same_currency(self, other: object) -> None:
        if not isinstance(other, Money) or (other.currency, other.digits) != (
            self.currency,
            self.digits,
        ):
            raise InvariantError(f"{self!r} and {other!r} do not mix")

    def __add__(self, other: Money) -> Money:
        self._require_same_currency(other)
        return Money(self.minor + other.minor, self.currency, self.digits)

    def __sub__(self, other: Money) -> Money:
        self._require_same_currency(other)
        return Money(self.minor - other.minor, self.currency, self.digits)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency, self.digits)

    def __lt__(self, other: Money) -> bool:
        self._require_same_currency(other)
        return self.minor < other.minor

    def to_decimal(self) -> Decimal:
        """Return the exact decimal amount."""
        return Decimal(self.minor).scaleb(-self.digits)

    def __str__(self) -> str:
        return f"{self.to_decimal():.{self.digits}f} {self.currency}"
