"""Every indicator, in order of names. Made by tools/generate_indicator_catalogue.py."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.indicators import (
    adx,
    atr,
    bollinger,
    candle,
    ema,
    macd,
    realised_volatility,
    roc,
    rsi,
    seasonal_volatility,
    sma,
    spread,
    stochastic,
    time_of_day,
    volume,
)
from assay.signals.streams.indicator import Indicator

INDICATORS: tuple[Indicator, ...] = (
    adx.PLUGIN,
    atr.PLUGIN,
    bollinger.PLUGIN,
    candle.PLUGIN,
    ema.PLUGIN,
    macd.PLUGIN,
    realised_volatility.PLUGIN,
    roc.PLUGIN,
    rsi.PLUGIN,
    seasonal_volatility.PLUGIN,
    sma.PLUGIN,
    spread.PLUGIN,
    stochastic.PLUGIN,
    time_of_day.PLUGIN,
    volume.PLUGIN,
)
adx_step = adx.step
atr_step = atr.step
bollinger_step = bollinger.step
candle_step = candle.step
ema_step = ema.step
macd_step = macd.step
realised_volatility_step = realised_volatility.step
roc_step = roc.step
rsi_step = rsi.step
seasonal_volatility_step = seasonal_volatility.step
sma_step = sma.step
spread_step = spread.step
stochastic_step = stochastic.step
time_of_day_step = time_of_day.step
volume_step = volume.step


@allocation_free
def step_one(code, state, params, bar, out):  # type: ignore[no-untyped-def]
    """Step the indicator that stands at place `code` of INDICATORS."""
    if code == 0:
        adx_step(state, params, bar, out)
    elif code == 1:
        atr_step(state, params, bar, out)
    elif code == 2:
        bollinger_step(state, params, bar, out)
    elif code == 3:
        candle_step(state, params, bar, out)
    elif code == 4:
        ema_step(state, params, bar, out)
    elif code == 5:
        macd_step(state, params, bar, out)
    elif code == 6:
        realised_volatility_step(state, params, bar, out)
    elif code == 7:
        roc_step(state, params, bar, out)
    elif code == 8:
        rsi_step(state, params, bar, out)
    elif code == 9:
        seasonal_volatility_step(state, params, bar, out)
    elif code == 10:
        sma_step(state, params, bar, out)
    elif code == 11:
        spread_step(state, params, bar, out)
    elif code == 12:
        stochastic_step(state, params, bar, out)
    elif code == 13:
        time_of_day_step(state, params, bar, out)
    elif code == 14:
        volume_step(state, params, bar, out)
