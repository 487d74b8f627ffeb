"""What quotes do inside bars: by hand, by a plain reference, at the bounds, and through files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from assay.kernel.flow import ABSENT, BID_DEPTHS, FLOW_COLUMNS, MID_SQUARES, ORDER_FLOW
from assay.market.bars import bars_to_bars, ticks_to_bars
from assay.market.bars.flow import of_message, to_message
from assay.market.series import BarSeries, TickSeries, concatenate, rescale
from assay.market.sources.parquet import read_parquet, write_parquet
from assay.model.messages import BarClosed, QuoteFlow, decode_message, encode_message
from assay.model.time import MINUTE, SECOND, Timeframe, parse_time
from tests.unit.market.plain_flow import plain_flow

START = parse_time("2024-03-05T10:00:00Z")
Rows = list[tuple[int, int, float, float]]


def ticks_of(rows: Rows, step: int = 20 * SECOND) -> TickSeries:
    """Return quotes so far apart: bid, ask and their sizes."""
    bid, ask, *sizes = (np.array(column) for column in zip(*rows, strict=True))
    return TickSeries(
        symbol="EURUSD", source="test", digits=5, ts=START + step * np.arange(len(rows)), bid=bid,
        ask=ask, fold=np.zeros(len(rows), np.bool_), bid_size=sizes[0], ask_size=sizes[1],
    )  # fmt: skip


def drawn_ticks(seed: int, count: int = 3000) -> TickSeries:
    rng = np.random.default_rng(seed)
    bid = 110_000 + np.cumsum(rng.integers(-2, 3, count))
    sizes = np.float32(rng.integers(1, 900, (2, count)) / 100).astype(np.float64)
    sizes[:, 1200:1300] = rng.choice([0.0, np.nan, 1.5], (2, 100))
    rows = ticks_of([(1, 2, 1.0, 1.0)] * count, step=SECOND)
    return replace(
        rows, bid=bid, ask=bid + rng.integers(0, 4, count), bid_size=sizes[0], ask_size=sizes[1],
        ts=START + np.cumsum(rng.integers(0, 4 * SECOND, count)),
    )  # fmt: skip


def flow_of(series: BarSeries) -> np.ndarray:
    assert series.flow is not None
    return series.flow


def as_told(flow: np.ndarray) -> list[list[int | None]]:
    return [[None if value == ABSENT else value for value in row] for row in flow.tolist()]


def test_three_quotes_by_hand() -> None:
    ticks = ticks_of(
        [(100, 102, 1.0, 2.0), (101, 102, 3.0, 2.5), (101, 104, 2.25, 1.0), (100, 103, 5.0, 4.0)]
    )
    # The bid rose (3), the ask stayed and grew (-0.5); then a bid that shrank (-0.75) and an ask
    # that gave way (2.5); a minute later both fell: the bid that was there (-2.25), a new ask (-4).
    assert flow_of(ticks_to_bars(ticks, Timeframe.M1)).tolist() == [
        [3, 1 + 4, 4_250_000, 2_250_000, 1_000_000, 6_250_000, 5_500_000],
        [1, 4, -6_250_000, 5_000_000, 4_000_000, 5_000_000, 4_000_000],
    ]


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("frame", [Timeframe.M1, Timeframe.M15])
def test_it_is_what_plain_python_makes_of_it(seed: int, frame: Timeframe) -> None:
    ticks = drawn_ticks(seed)
    told = as_told(flow_of(ticks_to_bars(ticks, frame)))
    assert told == plain_flow(ticks, frame)
    absent = [row for row in told if row[ORDER_FLOW] is None]
    assert 0 < len(absent) < len(told)


def test_a_source_without_sizes_tells_quotes_and_moves_alone() -> None:
    bars = ticks_to_bars(replace(drawn_ticks(1), bid_size=None, ask_size=None), Timeframe.M1)
    assert (flow_of(bars)[:, ORDER_FLOW:] == ABSENT).all()
    assert (flow_of(bars)[:, :ORDER_FLOW] != ABSENT).all()


@pytest.mark.parametrize("size", [0.0, -1.0, float("nan"), float("inf"), 1e-9, 1e300])
def test_a_size_that_says_nothing_is_absent_with_what_needs_it(size: float) -> None:
    told = flow_of(ticks_to_bars(ticks_of([(1, 2, 1.0, 1.0), (1, 2, 1.0, size)]), Timeframe.M1))
    assert as_told(told) == [[2, 0, None, None, None, None, None]]


def test_what_might_wrap_is_absent() -> None:
    large = 2.5e11
    far = ticks_of([(1, 2, large, 1.0), (2**40, 2**40 + 1, large, 1.0)] * 8, step=SECOND)
    (told,) = as_told(flow_of(ticks_to_bars(far, Timeframe.M1)))
    # Up eight times, down seven: the bid adds its size and takes it away, the ask likewise.
    flow = round(large * 1e6) + 1_000_000
    assert told == [16, None, flow, round(large * 1e6), 1_000_000, None, 16_000_000]


def test_longer_bars_of_bars_without_flow_have_none() -> None:
    bars = replace(ticks_to_bars(drawn_ticks(1), Timeframe.M1), flow=None)
    assert bars_to_bars(bars, Timeframe.M5).flow is None


def test_finer_prices_have_finer_moves_until_they_do_not_fit() -> None:
    bars = ticks_to_bars(drawn_ticks(1), Timeframe.M1)
    finer = rescale(bars, 7)
    assert isinstance(finer, BarSeries)
    assert np.array_equal(flow_of(finer)[:, MID_SQUARES], 10_000 * flow_of(bars)[:, MID_SQUARES])
    flow = flow_of(bars).copy()
    flow[3, MID_SQUARES] = 2**60
    huge = rescale(replace(bars, flow=flow), 7)
    assert isinstance(huge, BarSeries)
    assert np.flatnonzero(flow_of(huge)[:, MID_SQUARES] == ABSENT).tolist() == [3]


def test_a_file_gives_back_what_was_written(tmp_path: Path) -> None:
    bars = ticks_to_bars(drawn_ticks(2), Timeframe.M1)
    path = tmp_path / "eurusd_m1_made.parquet"
    write_parquet(bars, path)
    back = read_parquet(path)
    assert isinstance(back, BarSeries)
    assert np.array_equal(flow_of(back), flow_of(bars))
    half = concatenate([back.select(slice(0, 9)), back.select(slice(9, None))])
    assert np.array_equal(flow_of(half), flow_of(bars))


def test_a_file_gives_back_sums_beyond_what_floats_tell_apart_nearly(tmp_path: Path) -> None:
    made = ticks_to_bars(drawn_ticks(2), Timeframe.M1)
    flow = flow_of(made).copy()
    flow[4, BID_DEPTHS] = 2**60 + 12_345
    path = tmp_path / "eurusd_m1_large.parquet"
    write_parquet(replace(made, flow=flow), path)
    back = read_parquet(path)
    assert isinstance(back, BarSeries)
    assert flow_of(back)[4, BID_DEPTHS] == pytest.approx(flow[4, BID_DEPTHS], rel=1e-15)
    assert np.flatnonzero(flow_of(back) != flow).tolist() in ([], [4 * 7 + BID_DEPTHS])


def test_a_file_has_no_column_of_what_is_not_told(tmp_path: Path) -> None:
    made = ticks_to_bars(replace(drawn_ticks(1), bid_size=None, ask_size=None), Timeframe.M1)
    names = {}
    for word, bars in (("quoted", made), ("bare", replace(made, flow=None))):
        path = tmp_path / f"eurusd_m1_{word}.parquet"
        write_parquet(bars, path)
        names[word] = set(pq.read_schema(path).names) & set(FLOW_COLUMNS)
        back = read_parquet(path)
        assert isinstance(back, BarSeries)
        assert (back.flow is None) == (word == "bare")
    assert names == {"quoted": {"quotes", "mid_squares"}, "bare": set()}


def test_a_message_carries_it_and_one_without_has_the_bytes_it_had() -> None:
    assert QuoteFlow.__struct_fields__ == FLOW_COLUMNS
    row = np.array([3, ABSENT, -7, 1, 2, ABSENT, 5])
    told = to_message(row)
    assert (told.quotes, told.mid_squares, told.order_flow) == (3, None, -7)
    assert of_message(told).tolist() == row.tolist()
    prices = dict.fromkeys(("open", "high", "low", "close"), 1)
    spreads = dict.fromkeys(("spread_open", "spread_high", "spread_low", "spread_close"), 1)
    bare = BarClosed(
        id=1, ts_event=MINUTE, ts_init=0, symbol="X", timeframe=MINUTE, ts_open=0, **prices,
        **spreads,
    )  # fmt: skip
    assert b"flow" not in encode_message(bare)
    bar = BarClosed(
        id=1, ts_event=MINUTE, ts_init=0, symbol="X", timeframe=MINUTE, ts_open=0, **prices,
        **spreads, flow=told,
    )  # fmt: skip
    assert decode_message(encode_message(bar)) == bar
