"""Windows of bars, the rows that a family of several bars learns from, and its exported graph."""

from __future__ import annotations

import sys
from itertools import pairwise

import numpy as np
import onnx
import onnxruntime
import pytest

from assay.model.errors import DataError, OperatorError
from assay.runtime.ids import seeded_generator
from assay.signals.labels import choose_events, cusum_events, uniqueness
from assay.signals.models import OnnxClassifier, Windows, find_family, whole_windows
from assay.signals.models.drawing import ENTRY, Drawing
from assay.signals.models.mql5 import to_mql5
from assay.signals.models.windows import as_windows
from assay.signals.training import Bars, Rows, cut_windows
from assay.signals.training.sequences import sample_rows

COUNT, WIDTH, WINDOW = 500, 3, 4
SYMBOLS = 2


def bars_of(seed: int) -> Bars:
    rng = seeded_generator(seed)
    mid = 200_000 + np.cumsum(rng.integers(-30, 31, COUNT))
    return Bars(
        close_time=np.arange(COUNT, dtype=np.int64) * 60 + seed, close=mid // 2, mid=mid,
        spread=np.ones(COUNT, np.int64),
        features=rng.normal(size=(COUNT, WIDTH)).astype(np.float32),
        settled=np.arange(COUNT) >= 20,
    )  # fmt: skip


BARS = [bars_of(number) for number in range(SYMBOLS)]


def rows_of(places: np.ndarray, symbol: np.ndarray) -> Rows:
    """Return rows at those bars of each symbol, whose labels live for ten bars."""
    count = len(places)
    time = np.array([BARS[s].close_time[p] for s, p in zip(symbol, places, strict=True)])
    values = np.array([BARS[s].features[p] for s, p in zip(symbol, places, strict=True)])
    zero, small = np.zeros(count, np.int64), np.zeros(count, np.int8)
    return Rows(
        time=time, end=time + 10 * 60, symbol=symbol, features=values, outcome=small, up=small,
        up_soon=small, weight=np.ones(count), long_net=zero, short_net=zero, long_points=zero,
        short_points=zero, stop=zero + 1,
    )  # fmt: skip


def every_row(begin: int) -> Rows:
    places = np.repeat(np.arange(begin, COUNT - 10), SYMBOLS)
    return rows_of(places, np.tile(np.arange(SYMBOLS), len(places) // SYMBOLS))


def plane() -> bytes:
    """Return the graph of the sum over a window of its first feature, as odds."""
    drawing, weight = Drawing(), np.zeros((1, WINDOW * WIDTH))
    weight[0, ::WIDTH] = 1.0
    held = drawing.scale(ENTRY, np.array([0, 0, 1.0]), np.array([1, 1, 2.0]), 1.5)
    return drawing.finish(
        drawing.linear(drawing.add("Flatten", held, axis=1), weight, np.zeros(1)), WINDOW, WIDTH
    )


def test_windows_are_the_bars_before_and_share_them() -> None:
    rows = np.arange(60, dtype=np.float32).reshape(20, WIDTH)
    found = Windows(rows, np.array([5, 3, 19]), WINDOW)
    wanted = np.stack([rows[at - 3 : at + 1] for at in (5, 3, 19)])
    assert found.shape == wanted.shape
    assert np.array_equal(np.asarray(found), wanted)
    assert np.array_equal(found[np.array([False, True, True])], wanted[1:])
    assert np.array_equal(found[1:2].newest, rows[[3]])
    assert found[:2].rows is rows
    assert np.array_equal(as_windows(wanted), wanted)
    with pytest.raises(ValueError, match="a copy"):
        np.array(found, copy=False)


def test_a_window_is_whole_where_all_its_rows_have_settled() -> None:
    rng = seeded_generator(1)
    for length in (1, 2, 5, 40):
        settled = rng.random(30) < 0.8
        wanted = [at >= length - 1 and settled[at - length + 1 : at + 1].all() for at in range(30)]
        assert whole_windows(settled, length).tolist() == wanted


def test_rows_are_shown_the_bars_of_their_own_instrument() -> None:
    rows = every_row(20)
    found = cut_windows(rows, BARS, WINDOW)
    assert len(found) == len(rows) - SYMBOLS * (WINDOW - 1)
    assert found.time.min() == BARS[0].close_time[20 + WINDOW - 1]
    shown = np.asarray(found.features)
    for at in (0, 1, 100, len(found) - 1):
        bars = BARS[found.symbol[at]]
        place = int(np.searchsorted(bars.close_time, found.time[at]))
        assert np.array_equal(shown[at], bars.features[place - WINDOW + 1 : place + 1])
    chosen = found.take(found.symbol == 1)
    assert np.array_equal(np.asarray(chosen.examples().features), shown[found.symbol == 1])


def test_events_are_few_enough_and_hardly_fewer() -> None:
    levels = [np.log(one.mid) for one in BARS]
    for most in (10, 100, 400):
        found = choose_events(levels, most)
        count = sum(int(each.sum()) for each in found)
        assert 0.8 * most <= count <= most
    flat = choose_events([np.zeros(50), np.zeros(1)], 10)
    assert not any(each.any() for each in flat)


def test_an_event_is_a_move_since_the_last_one() -> None:
    levels = np.cumsum(seeded_generator(2).normal(size=400))
    at = np.flatnonzero(cusum_events(levels, 3.0))
    assert 20 < len(at) < 200
    for begin, end in pairwise(at):
        inside = levels[begin : end + 1]
        assert max(inside[-1] - inside.min(), inside.max() - inside[-1]) > 0
    calm = 0.001 * levels
    assert not cusum_events(calm, 3.0).any()


def test_rows_are_sampled_where_prices_moved_and_weighed_among_those_left() -> None:
    rows = cut_windows(every_row(20), BARS, WINDOW)
    assert sample_rows(rows, BARS, len(rows)) is rows
    found = sample_rows(rows, BARS, 200)
    assert 160 <= len(found) <= 200
    assert (np.diff(found.time) >= 0).all()
    for number, bars in enumerate(BARS):
        mine = found.symbol == number
        places = np.searchsorted(bars.close_time, found.time[mine])
        assert np.array_equal(found.weight[mine], uniqueness(places, places + 10))
    assert found.weight.mean() > uniqueness(np.arange(100), np.arange(10, 110)).mean()


def test_one_window_is_cut_as_it_is_among_many() -> None:
    rows = seeded_generator(3).normal(size=(20, WIDTH)).astype(np.float32)
    every = np.asarray(Windows(rows, np.arange(20), WINDOW))
    for at in range(20):
        (alone,) = np.asarray(Windows(rows, np.array([at]), WINDOW))
        assert np.array_equal(alone, every[at])
        alone[:] = 0
    assert np.all(rows != 0)


def test_a_graph_of_windows_scales_holds_and_takes_nan_for_the_mean() -> None:
    model, rows = OnnxClassifier(plane()), np.zeros((3, WINDOW, WIDTH), np.float32)
    rows[1, :, 0] = [1.0, 9.0, np.nan, -0.5]
    rows[2, :, 1:] = np.nan
    odds = np.log(model.predict(rows) / (1 - model.predict(rows)))
    assert odds == pytest.approx([0, 1.0 + 1.5 + 0 - 0.5, 0], abs=1e-6)
    with pytest.raises(DataError, match=r"the model takes \[n, 4, 3\]"):
        model.predict(rows[:, 1:])


def test_an_exported_graph_takes_one_row_and_answers_the_same() -> None:
    rows = seeded_generator(4).normal(size=(20, WINDOW, WIDTH)).astype(np.float32)
    exported = to_mql5(plane(), {"model": "plane", "features": "a,b,c"})
    assert {each.key: each.value for each in onnx.load_from_string(exported).metadata_props} == {
        "model": "plane",
        "features": "a,b,c",
    }
    session = onnxruntime.InferenceSession(exported, providers=["CPUExecutionProvider"])
    (entry,), (told,) = session.get_inputs(), session.get_outputs()
    assert (entry.type, entry.shape) == ("tensor(float)", [1, WINDOW, WIDTH])
    assert (told.type, told.shape) == ("tensor(float)", [1, 2])
    found = [session.run(None, {entry.name: rows[at : at + 1]})[0][0, 1] for at in range(20)]
    assert np.abs(OnnxClassifier(plane()).predict(rows) - found).max() <= 1e-6


@pytest.mark.parametrize("name", ["cnn", "lstm", "transformer"])
def test_without_pytorch_a_family_of_it_says_how_to_install_it(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in [one for one in sys.modules if one.startswith("assay.signals.models.")]:
        if module.endswith((".descent", ".network")) or module.rsplit(".", 1)[-1] == name:
            monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(OperatorError, match=f"model {name} .* `make install EXTRA=deep`"):
        find_family(name)
