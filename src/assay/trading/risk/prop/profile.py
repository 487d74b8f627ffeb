"""The values of a funded account's rules, as a firm's contract states them."""

from __future__ import annotations

import re
import tomllib
from decimal import Decimal
from typing import Literal

import msgspec

from assay.model.errors import UsageError
from assay.model.time import DAY, HOUR, MINUTE
from assay.model.zones import zone_table

LossKind = Literal["static", "trailing-equity", "trailing-end-of-day"]
Level = Literal["low", "medium", "high"]
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
PERCENT = Decimal(100)
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class DailyLoss(_Section, frozen=True, kw_only=True):
    """Bound a day's loss below max(balance, equity) at its start, floating losses included.

    The amount is a share of the account's initial balance, or of what the day started with.
    """

    percent: Decimal
    of: Literal["initial", "day"] = "initial"

    def __post_init__(self) -> None:
        _require_share("daily_loss.percent", self.percent)


class MaximumLoss(_Section, frozen=True, kw_only=True):
    """Bound the loss from the initial balance, or from a peak that trails.

    A trailing floor stops rising at initial x (1 + lock_percent / 100). A withdrawal leaves the
    floor where it is unless `withdrawals_move_floor`; a deposit always raises it.
    """

    percent: Decimal
    kind: LossKind = "static"
    lock_percent: Decimal | None = None
    withdrawals_move_floor: bool = False

    def __post_init__(self) -> None:
        _require_share("maximum_loss.percent", self.percent)
        if self.lock_percent is not None and self.kind == "static":
            raise UsageError("maximum_loss.lock_percent is of trailing floors; a static one stays")


class News(_Section, frozen=True, kw_only=True):
    """Forbid fills near releases of a symbol's currencies, from `importance` up."""

    minutes_before: int = 2
    minutes_after: int = 2
    importance: Level = "high"

    def __post_init__(self) -> None:
        if min(self.minutes_before, self.minutes_after) < 0:
            raise UsageError("news.minutes_before and minutes_after must be 0 or more")


class Weekend(_Section, frozen=True, kw_only=True):
    """Forbid positions from a moment of the week on, on a wall clock."""

    flat_at: str = "Fri 16:30"
    zone: str = "America/New_York"

    def __post_init__(self) -> None:
        self.since_monday()
        zone_table(self.zone)

    def since_monday(self) -> int:
        """Return the moment in ns since Monday 00:00 of the wall clock."""
        day, _, clock = self.flat_at.partition(" ")
        if day not in WEEKDAYS:
            raise UsageError(f"weekend.flat_at {self.flat_at!r} is not of the form 'Fri 16:30'")
        return WEEKDAYS.index(day) * DAY + _read_clock("weekend.flat_at", clock)


class Lots(_Section, frozen=True, kw_only=True):
    """Bound the lots that are open at once, over all symbols."""

    maximum: Decimal

    def __post_init__(self) -> None:
        if self.maximum <= 0:
            raise UsageError(f"lots.maximum {self.maximum} is not above 0")


class Phase(_Section, frozen=True, kw_only=True):
    """Describe one phase; without a target it is never over.

    It is passed once the account is flat, its balance has gained the target, as many days were
    traded as asked, and no day made more than `best_day_percent` of the gain.
    """

    name: str
    target_percent: Decimal | None = None
    minimum_days: int = 0
    maximum_days: int = 0
    best_day_percent: Decimal | None = None

    def __post_init__(self) -> None:
        if self.target_percent is not None:
            _require_share(f"{self.name}: target_percent", self.target_percent)
        if self.best_day_percent is not None:
            _require_share(f"{self.name}: best_day_percent", self.best_day_percent)
        if min(self.minimum_days, self.maximum_days) < 0:
            raise UsageError(f"{self.name}: minimum_days and maximum_days must be 0 or more")


class Profile(_Section, frozen=True, kw_only=True):
    """Hold the rules of a funded account; a section that is absent is a rule that there is not.

    Our own stops act at `stop_percent` of each loss limit.
    """

    zone: str = "UTC"
    day_start: str = "00:00"
    stop_percent: Decimal = Decimal(80)
    daily_loss: DailyLoss | None = None
    maximum_loss: MaximumLoss | None = None
    news: News | None = None
    weekend: Weekend | None = None
    lots: Lots | None = None
    phases: tuple[Phase, ...] = (Phase(name="funded"),)

    def __post_init__(self) -> None:
        zone_table(self.zone)
        self.day_start_ns()
        if not 0 < self.stop_percent < PERCENT:
            raise UsageError(f"stop_percent {self.stop_percent} is not between 0 and 100")
        if not self.phases:
            raise UsageError("a profile needs at least one of [[phases]]")
        if self.daily_loss is None and self.maximum_loss is None:
            raise UsageError("a profile without daily_loss and maximum_loss bounds nothing")

    def day_start_ns(self) -> int:
        """Return when the firm's day starts, in ns after midnight of its wall clock."""
        return _read_clock("day_start", self.day_start)


def parse_profile(text: str, place: str = "the profile") -> Profile:
    """Read a profile from TOML; raise UsageError naming the key that does not fit."""
    try:
        return msgspec.convert(tomllib.loads(text, parse_float=Decimal), Profile, strict=False)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise UsageError(f"{place}: {error}; docs/prop.md lists the keys") from None


def share_of(amount: int, percent: Decimal) -> int:
    """Return a share of an amount in minor units, rounded down.

    >>> share_of(10_001, Decimal("2.5"))
    250
    """
    return int(amount * percent // PERCENT)


def _read_clock(name: str, text: str) -> int:
    match = _CLOCK.fullmatch(text)
    if not match:
        raise UsageError(f"{name}: {text!r} is not a time of day such as 00:00")
    return int(match[1]) * HOUR + int(match[2]) * MINUTE


def _require_share(name: str, percent: Decimal) -> None:
    if not 0 < percent <= PERCENT:
        raise UsageError(f"{name} {percent} is not above 0 and at most 100")
