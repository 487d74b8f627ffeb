"""The standard set: trend, oscillators, returns, volatility, the bar, costs and the clock."""

from __future__ import annotations

from collections.abc import Sequence

from assay.signals.features.definition import Feature, FeatureSet, change, ewma, quotient
from assay.signals.features.leaders import LEADER_FEATURES
from assay.signals.streams.plan import Use, use

VERSION = 1
HORIZONS = (1, 2, 3, 5, 10, 20, 60, 120)
HALF_LIVES = (5, 15, 60)
ATR = "atr_14.atr"
MOVE = "realised_volatility_60.points"

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

FEATURES: tuple[Feature, ...] = (
    *TREND, *OSCILLATORS, *RETURNS, *VOLATILITY, *BAR, *COSTS, *CLOCK,
)  # fmt: skip


def standard_set(leaders: Sequence[str] = ()) -> FeatureSet:
    """Return the standard set, with the momentum of these leading symbols where any are named."""
    led = LEADER_FEATURES if leaders else ()
    return FeatureSet("standard", VERSION, USES, FEATURES, tuple(leaders), led)
