"""The standard set: trend, oscillators, returns, volatility, the bar, costs and the clock."""

from __future__ import annotations

from collections.abc import Sequence

from assay.model.time import DAY
from assay.signals.features.definition import (
    Feature,
    FeatureSet,
    change,
    ewma,
    product,
    quotient,
)
from assay.signals.features.leaders import LEADER_FEATURES, Lead
from assay.signals.streams.plan import Use, use

VERSION = 3
HORIZONS = (1, 2, 3, 5, 10, 20, 60, 120)
HALF_LIVES = (5, 15, 60)
STEADY_HALF_LIVES = (5, 15)
ATR = "atr_14.atr"
MOVE = "realised_volatility_60.points"
USUAL_DAYS, USUAL_BARS_MOST, USUAL_BARS_LEAST = 20, 14_400, 1_800
"""What is usual at an hour is that of the last 20 days, of fewer in short bars, more in long."""
REGIME_MOST = 0.15
"""The log of volatility beside the usual that counts as all of a regime: a factor of 1.16."""

USES: tuple[Use, ...] = (
    use("sma", period=20),
    use("sma", period=100),
    use("ema", period=20),
    use("ema", period=100),
    use("rsi", period=14),
    use("macd"),
    use("bollinger"),
    use("atr", period=14),
    use("adx", period=14),
    use("stochastic"),
    use("realised_volatility", period=10),
    use("realised_volatility", period=60),
    use("realised_volatility", period=240),
    use("spread", period=60),
    use("volume", period=60),
    use("candle"),
    use("time_of_day"),
    *(use("roc", period=horizon) for horizon in HORIZONS),
)

TREND = (
    quotient("distance_sma_20", "bar.close - sma_20.sma", ATR),
    quotient("distance_sma_100", "bar.close - sma_100.sma", ATR),
    quotient("distance_ema_20", "bar.close - ema_20.ema", ATR),
    change("slope_ema_20", "ema_20.ema", ATR),
    change("slope_ema_100", "ema_100.ema", ATR),
    quotient("macd_line", "macd_12_26_9.macd", ATR),
    quotient("macd_histogram", "macd_12_26_9.histogram", ATR),
    quotient("adx_14", "adx_14.adx", factor=0.01),
    quotient("direction_14", "adx_14.plus - adx_14.minus", factor=0.01),
)

OSCILLATORS = (
    quotient("rsi_14", "rsi_14.rsi", factor=0.01),
    quotient(
        "bollinger_place", "bar.close - bollinger_20_2.middle",
        "bollinger_20_2.upper - bollinger_20_2.lower",
    ),
    quotient("bollinger_width", "bollinger_20_2.upper - bollinger_20_2.lower", ATR),
    quotient("stochastic_k", "stochastic_14_3_3.k", factor=0.01),
    quotient("stochastic_d", "stochastic_14_3_3.d", factor=0.01),
)  # fmt: skip

RETURNS = (
    *(quotient(f"return_{n}", f"roc_{n}.move", MOVE, factor=n**-0.5) for n in HORIZONS),
    *(ewma(f"momentum_{n}", "return_1", n) for n in HALF_LIVES),
)

VOLATILITY = (
    quotient("volatility_10_60", "realised_volatility_10.points", MOVE),
    quotient("volatility_60_240", MOVE, "realised_volatility_240.points"),
    quotient("atr_share", ATR, "bar.close", factor=1000.0),
)

BAR = (
    quotient("range", "candle.range", ATR),
    quotient("body", "candle.body", ATR),
    quotient("close_place", "bar.close - candle.middle", "candle.range", factor=2.0),
    quotient("shadows", "candle.upper - candle.lower", ATR),
    quotient("gap", "candle.gap", ATR),
    quotient("volume", "volume_60.volume", "volume_60.mean", floor=0.0),
)

COSTS = (
    quotient("spread", "spread_60.spread", ATR),
    quotient("spread_usual", "spread_60.spread", "spread_60.mean"),
)

CLOCK = (
    quotient("day_sine", "time_of_day.sine"),
    quotient("day_cosine", "time_of_day.cosine"),
    quotient("weekday", "time_of_day.weekday"),
    quotient("week_hours", "time_of_day.week_hours", factor=1 / 120),
)


def standard_set(timeframe: int, leaders: Sequence[Lead] = ()) -> FeatureSet:
    """Return the standard set for bars of this length (ns), with the momentum of leaders, if any.

    What an hour of New York's day usually brings is remembered by bars, so the set, its digest and
    its settling are those of one bar length.
    """
    bars_a_day = max(1, DAY // int(timeframe))
    regime = use(
        "seasonal_volatility", short=12, long=48, days=_usual_days(bars_a_day),
        bars_a_day=bars_a_day,
    )  # fmt: skip
    features = (
        *TREND, *OSCILLATORS, *RETURNS, *VOLATILITY, *_regime(regime.label), *BAR, *COSTS, *CLOCK,
    )  # fmt: skip
    led = LEADER_FEATURES if leaders else ()
    return FeatureSet("standard", VERSION, (*USES, regime), features, tuple(leaders), led)


def _usual_days(bars_a_day: int) -> int:
    # A bar of more than an hour counts as an hour, so a day has 24 of them.
    bars = max(bars_a_day, 24)
    return max(1, USUAL_BARS_LEAST // bars, min(USUAL_DAYS, USUAL_BARS_MOST // bars))


def _regime(label: str) -> tuple[Feature, ...]:
    spans = ("short", "long")
    return (
        *(quotient(f"regime_{span}", f"{label}.{span}") for span in spans),
        quotient("steady_return", f"{label}.move"),
        *(ewma(f"steady_momentum_{n}", "steady_return", n) for n in STEADY_HALF_LIVES),
        # What turns with the regime shows in one split of a tree, where it took three.
        *(
            product(f"steady_momentum_{n}_by_{span}", f"steady_momentum_{n}", f"{label}.{span}",
                    most=REGIME_MOST)
            for span in spans for n in STEADY_HALF_LIVES
        ),
    )  # fmt: skip
