"""Every detector of drift found: it tells a shift in time, keeps quiet without one, and streams."""

from __future__ import annotations

import numpy as np
import pytest

from assay.model.errors import UsageError
from assay.runtime.ids import seeded_generator
from assay.signals.drift import (
    FEATURE,
    LOSS,
    SCORE,
    Reference,
    detector_names,
    find_detector,
    measure_reference,
)

ROWS, STREAMS, PLANTED = 5_000, 40, 40
each_detector = pytest.mark.parametrize("name", detector_names())


def stream(seed: int, rows: int, shape: str = "normal") -> np.ndarray:
    rng = seeded_generator(seed)
    if shape == "log loss":
        told = np.clip(0.5 + 0.07 * rng.standard_normal(rows), 0.2, 0.8)
        return -np.log(np.where(rng.random(rows) < told, told, 1 - told))
    return rng.standard_normal(rows)


def reference_of(shape: str = "normal") -> Reference:
    return measure_reference(stream(1, 3_000, shape))


def test_four_detectors_watch_features_forecasts_and_losses() -> None:
    names = ["adwin", "page-hinkley", "performance", "population-stability"]
    assert detector_names() == names
    watched = {kind for name in names for kind in find_detector(name).reads}
    assert watched == {FEATURE, SCORE, LOSS}
    with pytest.raises(UsageError, match="use one of adwin, page-hinkley"):
        find_detector("crystal-ball")


@each_detector
@pytest.mark.parametrize("shape", ["normal", "log loss"])
def test_stationary_streams_alarm_no_oftener_than_declared(name: str, shape: str) -> None:
    detector, reference = find_detector(name), reference_of(shape)
    alarms = sum(
        bool(detector.begin(reference).take(stream(100 + n, ROWS, shape)).alarm.any())
        for n in range(STREAMS)
    )
    assert alarms / STREAMS <= detector.false_alarms


@each_detector
def test_a_shift_of_one_deviation_is_told_within_the_delay(name: str) -> None:
    detector, reference = find_detector(name), reference_of()
    late = 0
    for n in range(PLANTED):
        values = stream(500 + n, 1_200 + detector.delay)
        values[1_200:] += reference.deviation
        late += not detector.begin(reference).take(values).alarm[1_200:].any()
    assert late / PLANTED <= 0.05


@each_detector
def test_one_by_one_and_all_at_once_give_the_same_bits(name: str) -> None:
    detector, reference = find_detector(name), reference_of()
    values = stream(7, 1_700)
    values[900:] += 0.8
    whole = detector.begin(reference).take(values).statistic
    single, parted = detector.begin(reference), detector.begin(reference)
    told = [single.take(values[k : k + 1]).statistic for k in range(len(values))]
    assert np.concatenate(told).tobytes() == whole.tobytes()
    pieces = np.split(values, [0, 3, 499, 500, 1_001, 1_700])
    again = np.concatenate([parted.take(piece).statistic for piece in pieces])
    assert again.tobytes() == whole.tobytes()
    assert whole.max() >= 1 > whole[:900].max()


@each_detector
def test_a_stream_that_stands_still_is_no_drift(name: str) -> None:
    detector, still = find_detector(name), np.full(1_500, 3.0)
    assert not detector.begin(measure_reference(still)).take(still).alarm.any()


def test_a_reference_shares_rows_out_evenly_and_keeps_equal_ones_together() -> None:
    even = measure_reference(np.arange(1_000.0))
    assert np.allclose(even.shares[:-1], 0.1, atol=0.002)
    tied = measure_reference(np.repeat([0.0, 1.0], [900, 100]))
    assert (tied.edges, tied.shares) == ((1.0,), (0.9, 0.1, 0.0))
    assert measure_reference(np.full(4, np.nan)).shares == (0.0, 1.0)
    with pytest.raises(UsageError, match="no rows"):
        measure_reference(np.empty(0))


def test_a_feature_that_goes_absent_is_drift() -> None:
    values = stream(3, 1_000)
    values[500:] = np.where(seeded_generator(4).random(500) < 0.5, np.nan, values[500:])
    told = find_detector("population-stability").begin(reference_of()).take(values).alarm
    assert told[-1] > told[500]
