"""Trading accounts: what one holds, what it pays and how it is marked."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from assay.model.errors import UsageError

CommissionMode = Literal["none", "per_lot", "per_million", "bp"]
MarkMode = Literal["mid", "exit"]
MarginMode = Literal["netting", "hedging"]


class CommissionSchedule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say what a broker charges per fill, in the account's currency.

    `rate` is an amount per lot and side (`per_lot`), an amount per million of notional
    (`per_million`) or basis points of the notional (`bp`), where the notional is
    |quantity| x price turned into the account's currency. The charge is
    max(minimum, half_even(amount)) minor units, rounded once per fill; mode `none` charges 0.
    """

    mode: CommissionMode = "none"
    rate: Decimal = Decimal(0)
    minimum: int = 0

    def __post_init__(self) -> None:
        if not self.rate.is_finite() or self.rate < 0:
            raise UsageError(f"commission rate {self.rate} is not a number >= 0; give a cost")
        if self.minimum < 0:
            raise UsageError(f"commission minimum {self.minimum} is below 0; give minor units >= 0")


class AccountSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Describe one trading account of one tenant.

    `cash` is the opening deposit and `swap_free_fee` the charge per lot and night of a swap-free
    account, both in minor units (10^-currency_digits of `currency`). `mark` values open positions
    at the mid or at the price that would close them. The trading day and the swap turn at
    `rollover_hour` in `rollover_zone`. Orders of an account with a `venue` are filled there, which
    also says what they cost; without one the engine fills them. A `hedging` account holds a ticket
    for each order that opened something, a `netting` one a single position in an instrument.
    """

    id: str
    tenant: str = ""
    currency: str = "USD"
    currency_digits: int = 2
    cash: int = 0
    leverage: int = 100
    commission: CommissionSchedule = CommissionSchedule()
    swap_free: bool = False
    swap_free_fee: int = 0
    rollover_zone: str = "America/New_York"
    rollover_hour: int = 17
    mark: MarkMode = "exit"
    venue: str = ""
    margin_mode: MarginMode = "netting"

    def __post_init__(self) -> None:
        if not self.id:
            raise UsageError("account id is empty; name the account")
        if not 0 <= self.currency_digits <= 8:
            raise UsageError(f"{self.id}: currency_digits {self.currency_digits} is outside 0..8")
        if self.cash < 0 or self.swap_free_fee < 0:
            raise UsageError(f"{self.id}: cash and swap_free_fee must be >= 0 minor units")
        if self.leverage < 1:
            raise UsageError(f"{self.id}: leverage {self.leverage} is below 1; 100 means 1:100")
        if not 0 <= self.rollover_hour <= 23:
            raise UsageError(f"{self.id}: rollover_hour {self.rollover_hour} is outside 0..23")
        try:
            ZoneInfo(self.rollover_zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise UsageError(
                f"{self.id}: rollover_zone {self.rollover_zone!r} is unknown; use a name such as "
                "America/New_York"
            ) from None
