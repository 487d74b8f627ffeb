"""The twelve regimes of a market, and the three by three cells that they fall into."""

from __future__ import annotations

from enum import IntEnum


class Volatility(IntEnum):
    """Name how much a market moves beside what is usual at that hour."""

    LOW = 0
    NORMAL = 1
    HIGH = 2
    EXTREME = 3


class Direction(IntEnum):
    """Name where a market drifts."""

    DOWN = -1
    FLAT = 0
    UP = 1


class Regime(IntEnum):
    """Name a regime.

    Strength is speed: a drift in low volatility is weak, in normal volatility strong, in high
    volatility a breakout. A reversal is a strong drift against the one before it.

    >>> Regime.REVERSAL_UP.cell == Regime.STRONG_BULL.cell
    True
    """

    STRONG_BULL = 0
    WEAK_BULL = 1
    WEAK_BEAR = 2
    STRONG_BEAR = 3
    LOW_VOLATILITY_RANGE = 4
    HIGH_VOLATILITY_RANGE = 5
    BREAKOUT_UP = 6
    BREAKOUT_DOWN = 7
    REVERSAL_UP = 8
    REVERSAL_DOWN = 9
    VOLATILE_CRISIS = 10
    QUIET = 11

    @property
    def volatility(self) -> Volatility:
        """Return how much the market moves in it."""
        return _NATURES[self][0]

    @property
    def direction(self) -> Direction:
        """Return where the market drifts in it."""
        return _NATURES[self][1]

    @property
    def cell(self) -> int:
        """Return its place 0..8 among 3 volatilities x 3 directions; a crisis counts as high."""
        level = min(self.volatility, Volatility.HIGH)
        return 3 * int(level) + int(self.direction) + 1

    @property
    def label(self) -> str:
        """Return its name in words."""
        return self.name.lower().replace("_", " ")


_LOW, _NORMAL, _HIGH = Volatility.LOW, Volatility.NORMAL, Volatility.HIGH
_DOWN, _FLAT, _UP = Direction.DOWN, Direction.FLAT, Direction.UP
_NATURES: dict[Regime, tuple[Volatility, Direction]] = {
    Regime.STRONG_BULL: (_NORMAL, _UP),
    Regime.WEAK_BULL: (_LOW, _UP),
    Regime.WEAK_BEAR: (_LOW, _DOWN),
    Regime.STRONG_BEAR: (_NORMAL, _DOWN),
    Regime.LOW_VOLATILITY_RANGE: (_NORMAL, _FLAT),
    Regime.HIGH_VOLATILITY_RANGE: (_HIGH, _FLAT),
    Regime.BREAKOUT_UP: (_HIGH, _UP),
    Regime.BREAKOUT_DOWN: (_HIGH, _DOWN),
    Regime.REVERSAL_UP: (_NORMAL, _UP),
    Regime.REVERSAL_DOWN: (_NORMAL, _DOWN),
    Regime.VOLATILE_CRISIS: (Volatility.EXTREME, _FLAT),
    Regime.QUIET: (_LOW, _FLAT),
}
CELLS = tuple(
    f"{level.name.lower()} {direction.name.lower()}"
    for level in (_LOW, _NORMAL, _HIGH)
    for direction in (_DOWN, _FLAT, _UP)
)
"""The names of the nine cells, volatility first, in their order."""
