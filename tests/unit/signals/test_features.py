"""Features: right, blind to the future, the same live and in batch, whatever the clock does."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.model.errors import DataError, UsageError
from assay.model.time import HOUR, MINUTE, SECOND, Timeframe
from assay.signals.features import (
    BarColumns,
    FeatureSet,
    FeatureStream,
    Lead,
    change,
    compute_features,
    ewma,
    product,
    quotient,
    round_mantissa,
    standard_set,
    use,
)
from assay.signals.features.definition import LARGEST
from assay.signals.streams.stream import compute_indicators
from tests.contract.bar_columns import ODD_SERIES, SERIES, bars_from, message_of, walk

STANDARD = standard_set(MINUTE)
HOURLY = standard_set(HOUR)
ALL_SERIES = {**SERIES, **ODD_SERIES}
ROUNDING = 2.0**-17
"""Half a step of a 16-bit mantissa."""
each_series = pytest.mark.parametrize("series", ALL_SERIES)


def column(values: np.ndarray, name: str) -> np.ndarray:
    return values[:, STANDARD.names.index(name)]


def like(bars: BarColumns, **changed: object) -> BarColumns:
    """Return the bars with some columns replaced."""
    return replace(bars, **changed)  # type: ignore[arg-type]


@each_series
def test_the_future_changes_nothing(series: str) -> None:
    bars = ALL_SERIES[series]()
    whole = compute_features(STANDARD, bars)
    for length in (0, 1, 2, 34, 241, 599, len(bars) - 1):
        cut = compute_features(STANDARD, bars.cut(slice(0, length)))
        assert cut.tobytes() == whole[:length].tobytes()


@each_series
def test_bar_by_bar_is_the_same_to_the_bit(series: str) -> None:
    bars = ALL_SERIES[series]().cut(slice(0, 900))
    stream = FeatureStream(STANDARD)
    rows = [stream.push(message_of(bars, row)) for row in range(len(bars))]
    assert np.array(rows).tobytes() == compute_features(STANDARD, bars).tobytes()
    assert stream.bars == len(bars)
    assert stream.last_close == bars.ts_close[-1]


@each_series
def test_values_are_finite_and_bounded_from_the_warm_up_on(series: str) -> None:
    values = compute_features(STANDARD, like(ALL_SERIES[series](), volume=None))
    volume = STANDARD.names.index("volume")
    assert np.isnan(values[:, volume]).all()
    late = np.delete(values[STANDARD.warm_up - 1 :], volume, axis=1)
    assert np.isfinite(late).all()
    assert np.abs(late).max() <= LARGEST


def test_every_value_is_known_at_the_warm_up_and_not_before() -> None:
    values = compute_features(STANDARD, SERIES["random"]())
    assert np.isnan(values[STANDARD.warm_up - 2]).any()
    assert not np.isnan(values[STANDARD.warm_up - 1 :]).any()


@pytest.mark.parametrize("series", SERIES)
def test_once_settled_the_start_no_longer_shows(series: str) -> None:
    bars = SERIES[series]()
    bars = like(bars, ts_close=bars.ts_close[0] + HOUR * np.arange(len(bars)))
    whole = compute_features(HOURLY, bars)
    for start in (1, 37, 402):
        later = compute_features(HOURLY, bars.cut(slice(start, None)))
        settled, wanted = later[HOURLY.settling - 1 :], whole[start + HOURLY.settling - 1 :]
        assert len(settled) > 0
        close = np.isclose(settled, wanted, rtol=4 * ROUNDING, atol=1e-7, equal_nan=True)
        assert close.all()
        # A difference of 1e-9 crosses a step of the rounding once in thousands.
        assert (settled != wanted)[~np.isnan(wanted)].mean() < 1e-3


def test_prices_of_one_more_digit_give_the_same_features() -> None:
    bars = SERIES["random"]()
    names = ("open", "high", "low", "close", "spread")
    finer = like(bars, **{name: getattr(bars, name) * 10 for name in names})
    wanted = compute_features(STANDARD, bars)
    values = compute_features(STANDARD, finer)
    assert np.allclose(values, wanted, rtol=4 * ROUNDING, atol=1e-6, equal_nan=True)


def test_features_are_what_their_names_say() -> None:
    bars = SERIES["random"]()
    close = bars.close.astype(np.float64)
    uses = [use("atr"), use("sma"), use("rsi"), use("realised_volatility"), use("ema")]
    atr, sma, rsi, _, move, ema = compute_indicators(uses, bars).T
    values = compute_features(STANDARD, bars)

    def holds(name: str, wanted: np.ndarray) -> bool:
        begin = 250
        return bool(np.allclose(column(values, name)[begin:], wanted[begin:], 2**-15, 1e-6))

    assert holds("distance_sma_20", (close - sma) / atr)
    assert holds("rsi_14", rsi / 100)
    assert holds("slope_ema_20", np.diff(ema, prepend=np.nan) / atr)
    for n in (1, 5, 60):
        assert holds(f"return_{n}", (close - np.roll(close, n)) / move / np.sqrt(n))
    assert holds("range", (bars.high - bars.low) / atr)
    assert holds("spread", bars.spread / atr)
    ones = (close - np.roll(close, 1)) / move
    mean, weight = np.full(len(close), np.nan), 1 - 0.5 ** (1 / 15)
    mean[60] = ones[60]
    for row in range(61, len(close)):
        mean[row] = mean[row - 1] + weight * (ones[row] - mean[row - 1])
    assert holds("momentum_15", mean)
    short, long, steady = compute_indicators([STANDARD.uses[-1]], bars).T
    assert holds("regime_short", short)
    assert holds("steady_return", steady)
    momentum = column(values, "steady_momentum_15")
    wanted = momentum * np.clip(long, -0.15, 0.15)
    assert np.abs(long[250:]).max() > 0.1
    assert np.allclose(
        column(values, "steady_momentum_15_by_long")[250:], wanted[250:], 2**-14, 1e-6
    )


def test_a_snapshot_at_any_bar_changes_nothing() -> None:
    bars = SERIES["random"]().cut(slice(0, 300))
    wanted = compute_features(STANDARD, bars)
    stream = FeatureStream(STANDARD)
    for row in range(len(bars)):
        state = stream.snapshot()
        stream = FeatureStream(STANDARD)
        stream.restore(state)
        assert stream.push(message_of(bars, row)).tobytes() == wanted[row].tobytes()


def test_loading_then_living_is_the_same() -> None:
    bars = SERIES["real"]().cut(slice(0, 700))
    wanted = compute_features(STANDARD, bars)
    stream = FeatureStream(STANDARD)
    assert stream.load(bars.cut(slice(0, 400))).tobytes() == wanted[:400].tobytes()
    for row in range(400, 700):
        assert stream.push(message_of(bars, row)).tobytes() == wanted[row].tobytes()


def test_a_snapshot_of_another_set_is_refused() -> None:
    other = replace(STANDARD, version=1)
    with pytest.raises(DataError, match=r"not of standard\.3"):
        FeatureStream(STANDARD).restore(FeatureStream(other).snapshot())
    with pytest.raises(DataError, match="a state of 3 bytes"):
        FeatureStream(STANDARD).restore(b"abc")


@given(st.lists(st.floats(width=32, allow_subnormal=False), max_size=20))
def test_rounding_keeps_seventeen_digits_half_to_even(numbers: list[float]) -> None:
    values = np.array(numbers, dtype=np.float32)
    rounded = round_mantissa(values)
    finite = np.isfinite(values)
    assert np.array_equal(rounded[~finite], values[~finite], equal_nan=True)
    parts, powers = np.frexp(values[finite].astype(np.float64))
    wanted = np.ldexp(np.rint(parts * 2**17) / 2**17, powers)
    with np.errstate(over="ignore"):
        assert np.array_equal(rounded[finite], wanted.astype(np.float32))
    assert not (rounded[finite & np.isfinite(rounded)].view(np.uint32) & 0x7F).any()
    assert np.array_equal(round_mantissa(rounded), rounded, equal_nan=True)


@given(st.integers(0, 2**23 - 1), st.booleans())
def test_rounding_of_the_smallest_numbers_stays_on_their_grid(word: int, negative: bool) -> None:
    bits = np.array([word | negative << 31], dtype=np.uint32)
    rounded = round_mantissa(bits.view(np.float32)).view(np.uint32)[0]
    assert int(rounded) & 0x7FFFFFFF == round(word / 128) * 128
    assert int(rounded) >> 31 == negative


def test_all_features_are_rounded() -> None:
    values = compute_features(STANDARD, SERIES["jumping"]())
    assert round_mantissa(values).tobytes() == values.tobytes()


def new_york(*when: int) -> int:
    return int(datetime(*when, tzinfo=ZoneInfo("America/New_York")).timestamp()) * SECOND


@pytest.mark.parametrize(("month", "day"), [(3, 14), (11, 7)])
def test_a_change_of_clocks_moves_no_hour_of_new_york(month: int, day: int) -> None:
    clock = slice(STANDARD.names.index("day_sine"), STANDARD.names.index("week_hours") + 1)
    begin = new_york(2021, month, day - 4, 0, 0)
    closes = begin + HOUR * np.arange(1, 24 * 8)
    bars = like(bars_from(walk(5, len(closes))), ts_close=closes)
    values = compute_features(STANDARD, bars)[:, clock]
    zone = ZoneInfo("America/New_York")
    walls = [datetime.fromtimestamp(ts // SECOND, zone) for ts in closes.tolist()]
    assert {w.utcoffset() for w in walls} == {walls[0].utcoffset(), walls[-1].utcoffset()}
    assert walls[0].utcoffset() != walls[-1].utcoffset()
    by_hour: dict[int, set[bytes]] = {}
    for wall, row in zip(walls, values, strict=True):
        by_hour.setdefault(wall.hour, set()).add(row[:2].tobytes())
        assert row[2] == wall.weekday()
    assert {len(rows) for rows in by_hour.values()} == {1}
    hours = values[:, 3] * 120
    opening = [i for i, w in enumerate(walls) if w.weekday() == 6 and w.hour == 17]
    assert len(opening) == 1
    assert hours[opening[0]] == 0
    assert hours[opening[0] + 1] == pytest.approx(1, rel=1e-4)
    stream = FeatureStream(STANDARD)
    rows = [stream.push(message_of(bars, row))[clock] for row in range(len(bars))]
    assert np.array(rows).tobytes() == values.tobytes()


def test_a_gap_in_the_bars_is_one_move() -> None:
    bars = bars_from(walk(6, 900))
    keep = np.r_[0:500, 620:900]
    volume = None if bars.volume is None else bars.volume[keep]
    names = ("ts_close", "open", "high", "low", "close", "spread")
    holed = BarColumns(*(getattr(bars, name)[keep] for name in names), volume=volume)
    values = compute_features(STANDARD, holed)
    whole = compute_features(STANDARD, bars)
    assert values[:500].tobytes() == whole[:500].tobytes()
    atr = compute_indicators([use("atr")], holed)[:, 0]
    gap = (holed.open[500] - holed.close[499]) / atr[500]
    assert column(values, "gap")[500] == pytest.approx(gap, rel=2**-15)
    move = compute_indicators([use("realised_volatility")], holed)[500, 1]
    assert column(values, "return_1")[500] == pytest.approx(
        (holed.close[500] - holed.close[499]) / move, rel=2**-15
    )
    assert np.diff(holed.ts_close)[499] == 121 * MINUTE
    assert np.isfinite(values[500:]).all()


def test_the_definition_is_what_the_digest_says() -> None:
    assert STANDARD.id == "standard.3"
    # A changed definition is a new version: raise VERSION in standard.py, then this digest.
    assert STANDARD.digest.startswith("b056fde79b58c073")
    assert replace(STANDARD, features=STANDARD.features[1:]).digest != STANDARD.digest
    assert standard_set(MINUTE, [Lead("EURUSD", "XAUUSD", 1)]).digest != STANDARD.digest
    assert len(set(STANDARD.names)) == len(STANDARD.names) == 49


def test_a_set_is_of_one_bar_length_and_settles_in_days_of_it() -> None:
    settling = {each: standard_set(each).settling for each in Timeframe if each > Timeframe.S1}
    assert settling[Timeframe.M1] <= 10.5 * 1440
    assert settling[Timeframe.M5] <= 22.5 * 288
    assert {settling[each] for each in Timeframe if each > Timeframe.M15} == {2453}
    assert HOURLY.digest != STANDARD.digest
    assert HOURLY.names == STANDARD.names


def small(*features: object, **rest: object) -> FeatureSet:
    return FeatureSet("mine", 1, (use("sma"),), features, **rest)  # type: ignore[arg-type]


def test_a_set_of_ones_own() -> None:
    mine = small(
        quotient("away", "bar.close - sma_20.sma", "bar.close"),
        change("turn", "away", "one"),
        ewma("calm", "away", 3),
        product("both", "away - turn", "turn", most=0.001, factor=2),
    )
    bars = SERIES["random"]().cut(slice(0, 60))
    values = compute_features(mine, bars)
    assert (mine.warm_up, mine.settling) == (21, 20 + 120)
    away = (bars.close - compute_indicators([use("sma")], bars)[:, 0]) / bars.close
    assert np.allclose(values[20:, 0], away[20:], 2**-16)
    turn = np.diff(away)[20:]
    assert np.allclose(values[21:, 1], turn, 2**-16)
    wanted = 2 * (away[21:] - turn) * np.clip(turn, -0.001, 0.001)
    assert np.allclose(values[21:, 3], wanted, 2**-16)


def test_a_set_that_cannot_be_made_is_refused() -> None:
    with pytest.raises(UsageError, match=r"feature far: its term 'ema_20\.ema' is unknown"):
        small(quotient("far", "bar.close - ema_20.ema"))
    with pytest.raises(UsageError, match="'sine' stands twice"):
        small(quotient("sine", "bar.close"), quotient("sine", "bar.open"))
    with pytest.raises(UsageError, match="half-life 0 is not above 0"):
        small(quotient("a", "bar.close"), ewma("b", "a", 0))
    with pytest.raises(UsageError, match="feature b: most 0 is not above 0"):
        small(quotient("a", "bar.close"), product("b", "a", "a", most=0))
    lead = Lead("GBPUSD", "EURUSD", 1)
    with pytest.raises(UsageError, match="leader feature 'b' is no feature of mine"):
        small(quotient("a", "bar.close"), leaders=(lead,), leader_features=("b",))
    with pytest.raises(UsageError, match="a symbol follows twice among GBPUSD, GBPUSD"):
        small(quotient("a", "bar.close"), leaders=(lead, lead), leader_features=("a",))
    for wrong in (Lead("A", "A", 1), Lead("A", "B", 2)):
        with pytest.raises(UsageError, match="name another symbol, and the sign 1 or -1"):
            small(quotient("a", "bar.close"), leaders=(wrong,), leader_features=("a",))
