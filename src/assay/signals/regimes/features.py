"""What regimes are told by: ranges and returns beside what is usual at that hour."""

from __future__ import annotations

from itertools import pairwise

from assay.model.errors import UsageError
from assay.model.time import DAY
from assay.signals.features import FeatureSet
from assay.signals.features.definition import Feature, ewma, quotient
from assay.signals.streams.plan import Use, use

VERSION = 1
RANGE, USUAL, MOVE = range(3)
"""Places of the first three: log of the bar's range over the usual one, of the mean range of LONG
bars over theirs, and the return in units of the range expected."""
LONG = 48
USUAL_DAYS = 60
"""What is usual at an hour is that of so many days: of fewer, regimes themselves would show in it.
"""
AHEAD_LEAST, AHEAD_MOST = 12, 240
HALF_LIVES = (5, 15, 60)


def regime_set(timeframe: int, ahead: int) -> FeatureSet:
    """Return the features of regimes for bars so long (ns), asked about `ahead` bars to come.

    Raises UsageError for an `ahead` outside AHEAD_LEAST..AHEAD_MOST.
    """
    if not AHEAD_LEAST <= ahead <= AHEAD_MOST:
        raise UsageError(f"ahead {ahead} is outside {AHEAD_LEAST}..{AHEAD_MOST} bars")
    days, bars_a_day = USUAL_DAYS, max(1, DAY // timeframe)
    spans = sorted({LONG // 4, ahead, 4 * ahead})
    seen = use("seasonal_volatility", short=1, long=LONG, days=days, bars_a_day=bars_a_day)
    wider = [
        use("seasonal_volatility", short=short, long=long, days=days, bars_a_day=bars_a_day)
        for short, long in pairwise(spans)
    ]
    uses: list[Use] = [
        seen, *wider, use("adx", period=14), use("spread", period=60), use("atr", period=14),
        use("time_of_day"),
    ]  # fmt: skip
    features = [
        quotient("range", f"{seen.label}.short"),
        quotient("usual", f"{seen.label}.long"),
        quotient("move", f"{seen.label}.move"),
        quotient("volatility_0", f"{wider[0].label}.short"),
        *(quotient(f"volatility_{n}", f"{each.label}.long") for n, each in enumerate(wider, 1)),
        *_momenta(ahead, uses),
        quotient("adx", "adx_14.adx", factor=0.01),
        quotient("direction", "adx_14.plus - adx_14.minus", factor=0.01),
        quotient("spread", "spread_60.spread", "atr_14.atr"),
        quotient("day_sine", "time_of_day.sine"),
        quotient("day_cosine", "time_of_day.cosine"),
    ]
    return FeatureSet("regimes", VERSION, tuple(uses), tuple(features))


def _momenta(ahead: int, uses: list[Use]) -> list[Feature]:
    found = [ewma(f"momentum_{n}", "move", n) for n in HALF_LIVES]
    for n in sorted({LONG // 4, ahead, 4 * ahead}):
        points = use("realised_volatility", period=n)
        uses += [use("roc", period=n), points]
        found.append(
            quotient(f"return_{n}", f"roc_{n}.move", f"{points.label}.points", factor=n**-0.5)
        )
    return found
