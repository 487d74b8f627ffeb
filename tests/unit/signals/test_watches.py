"""Correlations and drift while bars close: what is told is what the whole history tells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count

import numpy as np
import pytest

from assay.model.messages import (
    BarClosed,
    CorrelationBroke,
    CorrelationReturned,
    CorrelationsMeasured,
    DriftFound,
    FeaturesReady,
    Message,
    Predicted,
    encode_message,
)
from assay.model.time import MINUTE
from assay.runtime.ids import seeded_generator
from assay.signals.correlation import (
    Closes,
    CorrelationWatch,
    Estimator,
    align_returns,
    analyse,
)
from assay.signals.correlation.alignment import ReturnStream
from assay.signals.correlation.breakdown import AlertStream, watch_path
from assay.signals.drift import DriftWatch, ModelReference, measure_reference
from assay.signals.features.values import LITTLE_ENDIAN
from tests.unit.signals.test_correlation import correlated

DIGITS = 7
SYMBOLS = ("AAAUSD", "BBBUSD", "CCCUSD")
WINDOW = 60


def closes_of(values: np.ndarray, seed: int, *, gaps: float = 0.0) -> list[Closes]:
    """Return prices in whole points that lack some closes, and begin at different times."""
    rng = seeded_generator(seed, 3)
    times = MINUTE * (10 + np.arange(len(values) + 1) + 40 * (np.arange(len(values) + 1) > 200))
    found = []
    for column, symbol in enumerate(SYMBOLS[: values.shape[1]]):
        steps = np.concatenate([[0.0], np.cumsum(values[:, column])])
        prices = np.rint(1.5 * np.exp(steps) * 10**DIGITS)
        kept = (rng.random(len(times)) >= gaps) & (np.arange(len(times)) >= 3 * column)
        kept[200:202] = True
        found.append(Closes(symbol, times[kept], prices[kept] / 10**DIGITS))
    return found


def bars_of(series: Sequence[Closes]) -> list[BarClosed]:
    rows = sorted((int(time), one.symbol, price) for one in series
                  for time, price in zip(one.times, one.prices, strict=True))  # fmt: skip
    return [
        BarClosed(
            id=number, ts_event=time, ts_init=time, symbol=symbol, timeframe=MINUTE,
            ts_open=time - MINUTE, open=points, high=points, low=points, close=points,
            spread_open=0, spread_high=0, spread_low=0, spread_close=0,
        )
        for number, (time, symbol, price) in enumerate(rows, 1)
        for points in [round(price * 10**DIGITS)]
    ]  # fmt: skip


def told_in_parts(bars: Sequence[BarClosed], size: int) -> tuple[list[Message], CorrelationWatch]:
    watch = CorrelationWatch(dict.fromkeys(SYMBOLS, DIGITS), MINUTE, Estimator(window=WINDOW))
    told: list[Message] = []
    for start in range(0, len(bars), size):
        told += watch.take(bars[start : start + size])
    return told, watch


def breaking() -> np.ndarray:
    """Return returns whose first pair loses its correlation for a while."""
    values = correlated(3, 3_000, 0.8, size=3)
    values[2_000:2_300, 0] = correlated(4, 300, 0.0, size=1)[:, 0]
    return values


def test_rows_that_come_one_by_one_are_those_of_the_table() -> None:
    series = closes_of(correlated(1, 500, 0.5, size=3), 1, gaps=0.1)
    stream, found = ReturnStream(SYMBOLS, MINUTE), []
    for bar in bars_of(series):
        row = stream.push(bar.symbol, bar.ts_event, bar.close / 10**DIGITS)
        if row is not None:
            found.append((bar.ts_event, *row.tolist()))
    wanted = align_returns(series, MINUTE)
    assert wanted.coverage.after_absence > 50
    assert wanted.coverage.after_pause == 1
    assert [each[0] for each in found] == wanted.times.tolist()
    assert np.array_equal(np.array(found)[:, 1:], wanted.values)


def test_a_price_of_nothing_counts_as_absent() -> None:
    stream = ReturnStream("AB", MINUTE)
    assert stream.push("A", MINUTE, 1.0) is None
    assert stream.push("B", MINUTE, 0.0) is None
    assert stream.push("A", 2 * MINUTE, 1.0) is None
    assert stream.push("B", MINUTE, 2.0) is None
    assert stream.push("B", 2 * MINUTE, 2.0) is None
    assert stream.push("B", 3 * MINUTE, 2.0) is None
    row = stream.push("A", 3 * MINUTE, 2.0)
    assert row is not None
    assert row.tolist() == [np.log(2.0), 0.0]


def test_samples_judged_one_by_one_are_those_of_the_path() -> None:
    estimator = Estimator(window=WINDOW)
    path = np.tanh(0.3 * seeded_generator(5).standard_normal((900, 3)))
    path[600:640, 1] = 0.999
    path[300] = np.nan
    wanted, stream = watch_path(path, estimator), AlertStream(3, estimator)
    events = np.vstack([stream.load(row[None, :]) for row in path])
    assert events.tolist() == wanted.events.tolist()
    assert wanted.events.any()
    for name in ("centre", "half"):
        mine, theirs = getattr(stream.watch, name), getattr(wanted, name)
        assert np.array_equal(mine, theirs, equal_nan=True)


def test_what_breaks_is_told_once_when_it_breaks_and_when_it_is_over() -> None:
    series = closes_of(breaking(), 2)
    bars = bars_of(series)
    told, watch = told_in_parts(bars, 1_000)
    alerts = analyse(align_returns(series, MINUTE), Estimator(window=WINDOW), 1).alerts
    broke = [each for each in told if isinstance(each, CorrelationBroke)]
    assert [(each.pair, each.ts_event) for each in broke] == [
        (each.pair, each.start) for each in alerts
    ]
    assert ("AAAUSD", "BBBUSD") in {each.pair for each in broke}
    returned = [each for each in told if isinstance(each, CorrelationReturned)]
    assert sorted((each.pair, each.since, each.ts_event) for each in returned) == sorted(
        (each.pair, each.start, each.end) for each in alerts if each.end is not None
    )
    for each in broke:
        assert not each.low <= each.correlation <= each.high
        assert each.low < each.usual < each.high
    lasting = {each.pair for each in alerts if each.end is None}
    assert {pair.pair for pair in watch.now.pairs if pair.broke_since} == lasting


def test_parts_of_any_size_tell_the_same_to_the_byte() -> None:
    bars = bars_of(closes_of(breaking(), 2, gaps=0.02))
    whole, watch = told_in_parts(bars, len(bars))
    single, again = told_in_parts(bars, 1)
    assert [encode_message(each) for each in single] == [encode_message(each) for each in whole]
    assert again.now == watch.now
    measured = [each for each in whole if isinstance(each, CorrelationsMeasured)]
    assert [each.returns for each in measured] == list(range(WINDOW, watch.now.returns, WINDOW))
    assert all(len(each.correlations) == 3 for each in measured)


def test_the_matrix_is_that_of_the_last_window() -> None:
    series = closes_of(correlated(8, 400, 0.6, size=3), 4)
    _, watch = told_in_parts(bars_of(series), 7)
    found = analyse(align_returns(series, MINUTE), Estimator(window=WINDOW), 1)
    now = watch.now
    assert np.array_equal(np.array(now.matrix, float), found.matrix.correlation)
    for mine, wanted in zip(now.pairs, found.matrix.pairs, strict=True):
        assert mine.low == pytest.approx(wanted.low, abs=1e-9)
        assert mine.high == pytest.approx(wanted.high, abs=1e-9)
        assert mine.correlation is not None
        assert mine.low < mine.correlation < mine.high
    assert len(now.edges) == 3
    assert len(now.tree) == 2
    young = told_in_parts(bars_of(series)[:90], 7)[1].now
    assert (young.matrix, young.pairs) == ((), ())
    assert 0 < young.returns < young.window


HORIZON, FEATURES = 4, ("one", "two")
MODEL = "lightgbm-1"


def reference() -> ModelReference:
    rng = seeded_generator(21)
    p = np.clip(0.5 + 0.05 * rng.standard_normal(3_000), 0.2, 0.8)
    return ModelReference(
        model=MODEL, score=measure_reference(p),
        loss=measure_reference(-np.log(np.where(rng.random(3_000) < p, p, 1 - p))),
        features={name: measure_reference(rng.standard_normal(3_000)) for name in FEATURES},
    )  # fmt: skip


def heard(labels: int, *, wrong_from: int, shifted_from: int) -> Iterator[Message]:
    """Make bars, features and forecasts; forecasts turn against what comes, features move."""
    rng, ids, mid = seeded_generator(22), count(1), 100_000
    for bar in range(labels * HORIZON):
        label, time = divmod(bar, HORIZON)[0], (bar + 1) * MINUTE
        if bar % HORIZON == 0:
            p = float(np.clip(0.5 + 0.05 * rng.standard_normal(), 0.2, 0.8))
            up = bool(rng.random() < p)
            if label >= wrong_from:
                p = 0.2 if up else 0.8
        step = {"id": next(ids), "ts_event": time, "ts_init": time, "symbol": "EURUSD",
                "timeframe": MINUTE}  # fmt: skip
        yield BarClosed(
            **step, ts_open=time - MINUTE, open=mid, high=mid, low=mid, close=mid, spread_open=2,
            spread_high=2, spread_low=2, spread_close=2,
        )  # fmt: skip
        mid += 3 if up else -3
        values = rng.standard_normal(2) + (1.0 if label >= shifted_from else 0.0)
        yield FeaturesReady(
            **step | {"id": next(ids)}, feature_set="standard.1", digest="0" * 64,
            values=values.astype(LITTLE_ENDIAN).tobytes(), settled=True,
        )  # fmt: skip
        whole = round(10_000 * p)
        yield Predicted(
            **step | {"id": next(ids)}, model=MODEL, state="ready", horizon=HORIZON, p_up=whole,
            up_lower=whole, up_upper=whole, p_long=0, long_lower=0, long_upper=0, p_short=0,
            short_lower=0, short_upper=0, gain=1, loss=1, stop=1, target=1,
        )  # fmt: skip


def drift_of(messages: list[Message], size: int) -> tuple[list[DriftFound], DriftWatch]:
    watch, told = DriftWatch(reference()), list[DriftFound]()
    for start in range(0, len(messages), size):
        told += watch.take(messages[start : start + size])
    return told, watch


def test_a_world_as_it_was_tells_no_drift_and_labels_do_not_overlap() -> None:
    told, watch = drift_of(list(heard(1_200, wrong_from=9_999, shifted_from=9_999)), 100)
    assert told == []
    assert {each.labels for each in watch.now} == {1_199}
    assert {each.detector for each in watch.now} == {
        "adwin", "page-hinkley", "performance", "population-stability",
    }  # fmt: skip
    assert max(each.statistic for each in watch.now) < 1


def test_each_drift_is_told_once_after_it_began() -> None:
    messages = list(heard(2_000, wrong_from=700, shifted_from=1_000))
    told, watch = drift_of(messages, 5_000)
    single, _ = drift_of(messages, 1)
    assert single == told
    by_loss = {each.detector: each for each in told if each.stream == "loss"}
    assert set(by_loss) == {"adwin", "page-hinkley", "performance"}
    for each in by_loss.values():
        assert 700 < each.labels < 1_000
    (moved,) = (each for each in told if each.stream in FEATURES)
    assert moved.detector == "population-stability"
    assert moved.alarmed == 2
    assert 1_000 < moved.labels <= 1_500 + 1
    assert all(each.statistic >= 1_000 for each in told)
    assert len({(each.detector, each.stream) for each in told}) == len(told)
    assert {each.model for each in watch.now} == {MODEL}


@pytest.mark.parametrize(
    "changed",
    [{"model": "another"}, {"state": "warming"}, {"state": "hindsight"}, {"state": "inquorate"}],
)
def test_other_models_and_forecasts_that_say_nothing_are_not_watched(
    changed: dict[str, str],
) -> None:
    watch = DriftWatch(reference())
    for each in heard(50, wrong_from=99, shifted_from=99):
        if isinstance(each, Predicted):
            fields = {name: getattr(each, name) for name in Predicted.__struct_fields__}
            assert watch.take([Predicted(**fields | changed)]) == []
        else:
            assert watch.take([each]) == []  # type: ignore[list-item]
    assert {each.labels for each in watch.now} == {0}
