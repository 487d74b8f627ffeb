"""Every indicator, in order of names. Made by tools/generate_indicator_catalogue.py."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.indicators import (
    accumulation_distribution,
    adx,
    atr,
    bollinger,
    candle,
    chaikin_money_flow,
    donchian,
    ease_of_movement,
    ema,
    force_index,
    ichimoku,
    keltner,
    macd,
    mfi,
    mid,
    obv,
    pivot_points,
    price_impact,
    realised_volatility,
    roc,
    rsi,
    seasonal_volatility,
    sma,
    spread,
    stochastic,
    tick_direction,
    time_of_day,
    volume,
    vwap,
)
from assay.signals.streams.indicator import Indicator

INDICATORS: tuple[Indicator, ...] = (
    accumulation_distribution.PLUGIN,
    adx.PLUGIN,
    atr.PLUGIN,
    bollinger.PLUGIN,
    candle.PLUGIN,
    chaikin_money_flow.PLUGIN,
    donchian.PLUGIN,
    ease_of_movement.PLUGIN,
    ema.PLUGIN,
    force_index.PLUGIN,
    ichimoku.PLUGIN,
    keltner.PLUGIN,
    macd.PLUGIN,
    mfi.PLUGIN,
    mid.PLUGIN,
    obv.PLUGIN,
    pivot_points.PLUGIN,
    price_impact.PLUGIN,
    realised_volatility.PLUGIN,
    roc.PLUGIN,
    rsi.PLUGIN,
    seasonal_volatility.PLUGIN,
    sma.PLUGIN,
    spread.PLUGIN,
    stochastic.PLUGIN,
    tick_direction.PLUGIN,
    time_of_day.PLUGIN,
    volume.PLUGIN,
    vwap.PLUGIN,
)
accumulation_distribution_step = accumulation_distribution.step
adx_step = adx.step
atr_step = atr.step
bollinger_step = bollinger.step
candle_step = candle.step
chaikin_money_flow_step = chaikin_money_flow.step
donchian_step = donchian.step
ease_of_movement_step = ease_of_movement.step
ema_step = ema.step
force_index_step = force_index.step
ichimoku_step = ichimoku.step
keltner_step = keltner.step
macd_step = macd.step
mfi_step = mfi.step
mid_step = mid.step
obv_step = obv.step
pivot_points_step = pivot_points.step
price_impact_step = price_impact.step
realised_volatility_step = realised_volatility.step
roc_step = roc.step
rsi_step = rsi.step
seasonal_volatility_step = seasonal_volatility.step
sma_step = sma.step
spread_step = spread.step
stochastic_step = stochastic.step
tick_direction_step = tick_direction.step
time_of_day_step = time_of_day.step
volume_step = volume.step
vwap_step = vwap.step


@allocation_free
def _step_from_0(code, state, params, bar, out):  # type: ignore[no-untyped-def]
    if code == 0:
        accumulation_distribution_step(state, params, bar, out)
    elif code == 1:
        adx_step(state, params, bar, out)
    elif code == 2:
        atr_step(state, params, bar, out)
    elif code == 3:
        bollinger_step(state, params, bar, out)
    elif code == 4:
        candle_step(state, params, bar, out)
    elif code == 5:
        chaikin_money_flow_step(state, params, bar, out)
    elif code == 6:
        donchian_step(state, params, bar, out)
    elif code == 7:
        ease_of_movement_step(state, params, bar, out)
    elif code == 8:
        ema_step(state, params, bar, out)
    elif code == 9:
        force_index_step(state, params, bar, out)
    elif code == 10:
        ichimoku_step(state, params, bar, out)
    elif code == 11:
        keltner_step(state, params, bar, out)
    elif code == 12:
        macd_step(state, params, bar, out)
    elif code == 13:
        mfi_step(state, params, bar, out)
    elif code == 14:
        mid_step(state, params, bar, out)
    elif code == 15:
        obv_step(state, params, bar, out)
    elif code == 16:
        pivot_points_step(state, params, bar, out)
    elif code == 17:
        price_impact_step(state, params, bar, out)
    elif code == 18:
        realised_volatility_step(state, params, bar, out)
    elif code == 19:
        roc_step(state, params, bar, out)


@allocation_free
def _step_from_20(code, state, params, bar, out):  # type: ignore[no-untyped-def]
    if code == 20:
        rsi_step(state, params, bar, out)
    elif code == 21:
        seasonal_volatility_step(state, params, bar, out)
    elif code == 22:
        sma_step(state, params, bar, out)
    elif code == 23:
        spread_step(state, params, bar, out)
    elif code == 24:
        stochastic_step(state, params, bar, out)
    elif code == 25:
        tick_direction_step(state, params, bar, out)
    elif code == 26:
        time_of_day_step(state, params, bar, out)
    elif code == 27:
        volume_step(state, params, bar, out)
    elif code == 28:
        vwap_step(state, params, bar, out)


@allocation_free
def step_one(code, state, params, bar, out):  # type: ignore[no-untyped-def]
    """Step the indicator that stands at place `code` of INDICATORS."""
    if code < 20:
        _step_from_0(code, state, params, bar, out)
    elif code < 40:
        _step_from_20(code, state, params, bar, out)
