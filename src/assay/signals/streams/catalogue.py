"""Every indicator, in order of names. Made by tools/generate_indicator_catalogue.py."""

from __future__ import annotations

from assay.kernel.compiling import allocation_free
from assay.signals.indicators import (
    accumulation_distribution,
    adx,
    aroon,
    atr,
    bollinger,
    candle,
    cci,
    chaikin_money_flow,
    dema,
    depth_imbalance,
    donchian,
    ease_of_movement,
    ema,
    fisher_transform,
    force_index,
    hma,
    ichimoku,
    kama,
    keltner,
    macd,
    mfi,
    micro_price,
    mid,
    momentum,
    natr,
    obv,
    order_flow_imbalance,
    pivot_points,
    price_impact,
    quote_intensity,
    quote_volatility,
    realised_volatility,
    roc,
    rsi,
    sar,
    seasonal_volatility,
    sma,
    spread,
    standard_deviation,
    stoch_rsi,
    stochastic,
    supertrend,
    tema,
    tick_direction,
    time_of_day,
    tsi,
    ultimate_oscillator,
    volume,
    vwap,
    williams_r,
    wma,
    z_score,
)
from assay.signals.streams.indicator import Indicator

INDICATORS: tuple[Indicator, ...] = (
    accumulation_distribution.PLUGIN,
    adx.PLUGIN,
    aroon.PLUGIN,
    atr.PLUGIN,
    bollinger.PLUGIN,
    candle.PLUGIN,
    cci.PLUGIN,
    chaikin_money_flow.PLUGIN,
    dema.PLUGIN,
    depth_imbalance.PLUGIN,
    donchian.PLUGIN,
    ease_of_movement.PLUGIN,
    ema.PLUGIN,
    fisher_transform.PLUGIN,
    force_index.PLUGIN,
    hma.PLUGIN,
    ichimoku.PLUGIN,
    kama.PLUGIN,
    keltner.PLUGIN,
    macd.PLUGIN,
    mfi.PLUGIN,
    micro_price.PLUGIN,
    mid.PLUGIN,
    momentum.PLUGIN,
    natr.PLUGIN,
    obv.PLUGIN,
    order_flow_imbalance.PLUGIN,
    pivot_points.PLUGIN,
    price_impact.PLUGIN,
    quote_intensity.PLUGIN,
    quote_volatility.PLUGIN,
    realised_volatility.PLUGIN,
    roc.PLUGIN,
    rsi.PLUGIN,
    sar.PLUGIN,
    seasonal_volatility.PLUGIN,
    sma.PLUGIN,
    spread.PLUGIN,
    standard_deviation.PLUGIN,
    stoch_rsi.PLUGIN,
    stochastic.PLUGIN,
    supertrend.PLUGIN,
    tema.PLUGIN,
    tick_direction.PLUGIN,
    time_of_day.PLUGIN,
    tsi.PLUGIN,
    ultimate_oscillator.PLUGIN,
    volume.PLUGIN,
    vwap.PLUGIN,
    williams_r.PLUGIN,
    wma.PLUGIN,
    z_score.PLUGIN,
)
accumulation_distribution_step = accumulation_distribution.step
adx_step = adx.step
aroon_step = aroon.step
atr_step = atr.step
bollinger_step = bollinger.step
candle_step = candle.step
cci_step = cci.step
chaikin_money_flow_step = chaikin_money_flow.step
dema_step = dema.step
depth_imbalance_step = depth_imbalance.step
donchian_step = donchian.step
ease_of_movement_step = ease_of_movement.step
ema_step = ema.step
fisher_transform_step = fisher_transform.step
force_index_step = force_index.step
hma_step = hma.step
ichimoku_step = ichimoku.step
kama_step = kama.step
keltner_step = keltner.step
macd_step = macd.step
mfi_step = mfi.step
micro_price_step = micro_price.step
mid_step = mid.step
momentum_step = momentum.step
natr_step = natr.step
obv_step = obv.step
order_flow_imbalance_step = order_flow_imbalance.step
pivot_points_step = pivot_points.step
price_impact_step = price_impact.step
quote_intensity_step = quote_intensity.step
quote_volatility_step = quote_volatility.step
realised_volatility_step = realised_volatility.step
roc_step = roc.step
rsi_step = rsi.step
sar_step = sar.step
seasonal_volatility_step = seasonal_volatility.step
sma_step = sma.step
spread_step = spread.step
standard_deviation_step = standard_deviation.step
stoch_rsi_step = stoch_rsi.step
stochastic_step = stochastic.step
supertrend_step = supertrend.step
tema_step = tema.step
tick_direction_step = tick_direction.step
time_of_day_step = time_of_day.step
tsi_step = tsi.step
ultimate_oscillator_step = ultimate_oscillator.step
volume_step = volume.step
vwap_step = vwap.step
williams_r_step = williams_r.step
wma_step = wma.step
z_score_step = z_score.step


@allocation_free
def _step_from_0(code, state, params, bar, out):  # type: ignore[no-untyped-def]
    if code == 0:
        accumulation_distribution_step(state, params, bar, out)
    elif code == 1:
        adx_step(state, params, bar, out)
    elif code == 2:
        aroon_step(state, params, bar, out)
    elif code == 3:
        atr_step(state, params, bar, out)
    elif code == 4:
        bollinger_step(state, params, bar, out)
    elif code == 5:
        candle_step(state, params, bar, out)
    elif code == 6:
        cci_step(state, params, bar, out)
    elif code == 7:
        chaikin_money_flow_step(state, params, bar, out)
    elif code == 8:
        dema_step(state, params, bar, out)
    elif code == 9:
        depth_imbalance_step(state, params, bar, out)
    elif code == 10:
        donchian_step(state, params, bar, out)
    elif code == 11:
        ease_of_movement_step(state, params, bar, out)
    elif code == 12:
        ema_step(state, params, bar, out)
    elif code == 13:
        fisher_transform_step(state, params, bar, out)
    elif code == 14:
        force_index_step(state, params, bar, out)
    elif code == 15:
        hma_step(state, params, bar, out)
    elif code == 16:
        ichimoku_step(state, params, bar, out)
    elif code == 17:
        kama_step(state, params, bar, out)
    elif code == 18:
        keltner_step(state, params, bar, out)
    elif code == 19:
        macd_step(state, params, bar, out)


@allocation_free
def _step_from_20(code, state, params, bar, out):  # type: ignore[no-untyped-def]
    if code == 20:
        mfi_step(state, params, bar, out)
    elif code == 21:
        micro_price_step(state, params, bar, out)
    elif code == 22:
        mid_step(state, params, bar, out)
    elif code == 23:
        momentum_step(state, params, bar, out)
    elif code == 24:
        natr_step(state, params, bar, out)
    elif code == 25:
        obv_step(state, params, bar, out)
    elif code == 26:
        order_flow_imbalance_step(state, params, bar, out)
    elif code == 27:
        pivot_points_step(state, params, bar, out)
    elif code == 28:
        price_impact_step(state, params, bar, out)
    elif code == 29:
        quote_intensity_step(state, params, bar, out)
    elif code == 30:
        quote_volatility_step(state, params, bar, out)
    elif code == 31:
        realised_volatility_step(state, params, bar, out)
    elif code == 32:
        roc_step(state, params, bar, out)
    elif code == 33:
        rsi_step(state, params, bar, out)
    elif code == 34:
        sar_step(state, params, bar, out)
    elif code == 35:
        seasonal_volatility_step(state, params, bar, out)
    elif code == 36:
        sma_step(state, params, bar, out)
    elif code == 37:
        spread_step(state, params, bar, out)
    elif code == 38:
        standard_deviation_step(state, params, bar, out)
    elif code == 39:
        stoch_rsi_step(state, params, bar, out)


@allocation_free
def _step_from_40(code, state, params, bar, out):  # type: ignore[no-untyped-def]
    if code == 40:
        stochastic_step(state, params, bar, out)
    elif code == 41:
        supertrend_step(state, params, bar, out)
    elif code == 42:
        tema_step(state, params, bar, out)
    elif code == 43:
        tick_direction_step(state, params, bar, out)
    elif code == 44:
        time_of_day_step(state, params, bar, out)
    elif code == 45:
        tsi_step(state, params, bar, out)
    elif code == 46:
        ultimate_oscillator_step(state, params, bar, out)
    elif code == 47:
        volume_step(state, params, bar, out)
    elif code == 48:
        vwap_step(state, params, bar, out)
    elif code == 49:
        williams_r_step(state, params, bar, out)
    elif code == 50:
        wma_step(state, params, bar, out)
    elif code == 51:
        z_score_step(state, params, bar, out)


@allocation_free
def step_one(code, state, params, bar, out):  # type: ignore[no-untyped-def]
    """Step the indicator that stands at place `code` of INDICATORS."""
    if code < 20:
        _step_from_0(code, state, params, bar, out)
    elif code < 40:
        _step_from_20(code, state, params, bar, out)
    elif code < 60:
        _step_from_40(code, state, params, bar, out)
