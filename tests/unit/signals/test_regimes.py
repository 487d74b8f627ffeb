"""Regimes: labels and chain against slow references, the filter bar by bar as in one go."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import msgspec
import numpy as np
import pytest
from sklearn.metrics import f1_score

from assay.market.simulation import Scenario, simulate
from assay.model.errors import DataError, UsageError
from assay.model.messages import BarClosed
from assay.model.regimes import CELLS, Direction, Regime
from assay.model.time import DAY, HOUR, Timeframe
from assay.signals.features import BarColumns, compute_features
from assay.signals.regimes import (
    CELL_OF,
    UNKNOWN,
    Chain,
    Classified,
    Classifier,
    Kept,
    RegimeWatch,
    Rules,
    filter_bars,
    fit_chain,
    fit_classifier,
    last_confirmed,
    place_of,
    read_classifier,
    regime_set,
    score_classes,
    seen_of,
    write_classifier,
)
from assay.signals.regimes.chain import possible
from assay.signals.regimes.filtering import FAR
from assay.signals.regimes.fitting import gather
from assay.signals.regimes.forest import fit_forest
from assay.signals.regimes.labelling import fit_rules, label_bars
from tests.contract.bar_columns import message_of
from tests.replay.conditions import some_chain

BARS, TAUGHT, AHEAD, LATER = 17_000, 9_000, 24, 500
REGIMES = len(Regime)


@dataclass(frozen=True)
class Market:
    columns: BarColumns
    truth: np.ndarray
    classifier: Classifier
    told: Classified


@pytest.fixture(scope="module")
def market() -> Market:
    scenario = Scenario(
        seed=3, bars=BARS, kind="switching", strength=0.8, timeframe=Timeframe.H1,
        symbols=("EURUSD",),
    )  # fmt: skip
    (simulated,) = simulate(scenario)
    bars = simulated.bars
    assert bars.ask_close is not None
    columns = BarColumns(
        bars.ts_open + HOUR, bars.open, bars.high, bars.low, bars.close,
        bars.ask_close - bars.close,
    )  # fmt: skip
    classifier = fit_classifier(columns.cut(slice(0, TAUGHT)), HOUR, ahead=AHEAD)
    return Market(columns, simulated.volatility.regime, classifier, classifier.classify(columns))


def messages(columns: BarColumns) -> list[BarClosed]:
    return [message_of(columns, at) for at in range(len(columns))]


def random_seen(rows: int, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    seen = rng.standard_normal((rows, 3)) * (0.4, 0.3, 0.7)
    seen[:5] = np.nan
    return seen


def test_every_cell_has_a_regime_and_directions_mirror() -> None:
    assert sorted({regime.cell for regime in Regime}) == list(range(len(CELLS)))
    ups = [regime for regime in Regime if regime.direction is Direction.UP]
    assert len(ups) == sum(regime.direction is Direction.DOWN for regime in Regime) == 4
    assert Regime.REVERSAL_UP.label == "reversal up"


def test_bar_by_bar_is_as_in_one_go_to_the_bit(market: Market) -> None:
    # A chain that forgets soon, so that few bars settle it.
    classifier = replace(market.classifier, chain=some_chain())
    told, stream = classifier.classify(market.columns), classifier.stream()
    assert 0 < told.settled.sum() < BARS
    kept = None
    first = int(np.argmax(told.settled))
    for at, bar in enumerate(messages(market.columns.cut(slice(0, first + 400)))):
        if at == first + 100:
            kept = stream.snapshot()
        reading = stream.push(bar)
        if not told.settled[at]:
            assert reading.regime is None
            continue
        assert reading.regime == told.regime[at]
        assert reading.confidence == told.confidence[at]
        assert reading.cell == told.cell[at]
        assert reading.cell_confidence == told.cell_confidence[at]
        assert reading.ahead == told.ahead[at]
        assert reading.ahead_confidence == told.ahead_confidence[at]
        assert reading.ahead_cell == told.ahead_cell[at]
        assert reading.ahead_cell_confidence == told.ahead_cell_confidence[at]
    assert kept is not None
    again = classifier.stream()
    again.restore(kept)
    for at in range(first + 100, first + 400):
        reading = again.push(message_of(market.columns, at))
        assert (reading.regime, reading.confidence) == (told.regime[at], told.confidence[at])


def test_a_state_of_another_classifier_is_refused(market: Market) -> None:
    other = replace(market.classifier, rules=Rules(AHEAD, (0.0, 0.1, 0.2), 1.0)).stream()
    with pytest.raises(DataError, match="not of this classifier"):
        other.restore(market.classifier.stream().snapshot())
    with pytest.raises(DataError):
        other.restore(b"short")


def test_the_future_changes_nothing(market: Market) -> None:
    cut = BARS - 1_000
    short = market.columns.cut(slice(0, cut))
    told = market.classifier.classify(short)
    for name in Classified.__slots__:
        whole = getattr(market.told, name)[:cut]
        assert np.array_equal(getattr(told, name), whole, equal_nan=True), name
    labels, whole = market.classifier.label(short), market.classifier.label(market.columns)
    assert (labels[-AHEAD:] == UNKNOWN).all()
    assert np.array_equal(labels[:-AHEAD], whole[: cut - AHEAD])


def test_settled_it_has_forgotten_where_it_began(market: Market) -> None:
    late = 1_234
    told = market.classifier.classify(market.columns.cut(slice(late, None)))
    rows = told.settled
    assert rows.sum() > 500
    whole = market.told.posterior[late:][rows]
    assert np.abs(told.posterior[rows] - whole).max() < 1e-6
    assert (told.regime[rows] == market.told.regime[late:][rows]).mean() > 0.999


def test_the_market_s_regimes_are_found_again(market: Market) -> None:
    classifier = market.classifier
    seen = seen_of(compute_features(classifier.features, market.columns))
    said = filter_bars(classifier.chain, seen)[TAUGHT:, -1].astype(np.int64)
    came = CELL_OF[market.truth[TAUGHT:]]
    score = score_classes(came, said, len(CELLS))
    commonest = np.bincount(came).max() / len(came)
    assert score.accuracy > commonest + 0.15, score


def test_equal_bars_give_equal_chains_and_rounds_climb() -> None:
    seen = random_seen(2_050)
    chain, scores = fit_chain(seen)
    assert fit_chain(seen.copy())[0] == chain
    assert scores[-1] > scores[0]


def test_a_drift_against_the_one_before_is_a_reversal() -> None:
    may = possible()
    assert not may[Regime.WEAK_BEAR, Regime.STRONG_BULL]
    assert may[Regime.WEAK_BEAR, Regime.REVERSAL_UP]
    assert not may[Regime.QUIET, Regime.REVERSAL_UP]
    assert may[Regime.REVERSAL_UP, Regime.STRONG_BULL]
    assert may.diagonal().all()


def likelihood(chain: Chain, y: float, z: float) -> np.ndarray:
    looks = chain.arrays()[0]
    x = np.clip(z / looks[:, 2], -FAR, FAR)
    far = np.clip((y - looks[:, 0]) / looks[:, 1], -FAR, FAR)
    return np.exp(looks[:, 3] * x - looks[:, 3] ** 2 / 2 - far**2 / 2) / looks[:, 1]


def test_the_filter_is_bayes_rule() -> None:
    chain, seen = some_chain(), random_seen(40)
    _, follow, start = chain.arrays()
    rows = filter_bars(chain, seen)
    belief = start
    for at, (y, usual, move) in enumerate(seen):
        belief = start if at == 0 else belief @ follow
        if not np.isnan(y):
            belief = belief * likelihood(chain, y, move * np.exp(usual))
            belief /= belief.sum()
        assert np.allclose(rows[at, :REGIMES], belief, atol=1e-12)
        cells = np.bincount(CELL_OF, belief, minlength=len(CELLS))
        assert np.allclose(rows[at, REGIMES : REGIMES + len(CELLS)], cells, atol=1e-12)


def test_smoothing_is_the_sum_over_all_paths() -> None:
    chain, seen = some_chain(), random_seen(8)[5:]
    _, follow, start = chain.arrays()
    y, z = seen[:, 0].copy(), seen[:, 2] * np.exp(seen[:, 1])
    like = np.stack([likelihood(chain, *each) for each in zip(y, z, strict=True)])
    total, gamma, passed = 0.0, np.zeros((3, REGIMES)), np.zeros((REGIMES, REGIMES))
    for a, b, c in product(range(REGIMES), repeat=3):
        p = start[a] * like[0, a] * follow[a, b] * like[1, b] * follow[b, c] * like[2, c]
        total += p
        for at, state in enumerate((a, b, c)):
            gamma[at, state] += p
        passed[a, b] += p
        passed[b, c] += p
    score, smoothed, counted = gather(chain.arrays(), y, z)
    assert score == pytest.approx(np.log(total), abs=1e-9)
    assert np.allclose(smoothed, gamma / total)
    assert np.allclose(counted, passed / total)


def test_labels_are_their_rules() -> None:
    seen, ahead = random_seen(900, seed=4), 12
    rules = fit_rules(seen, ahead)
    labels = label_bars(rules, seen)
    reach, moved = np.exp(seen[:, 0]), seen[:, 2] * np.exp(seen[:, 1])

    def drift(at: int) -> int:
        part = slice(at + 1, at + ahead + 1)
        size = moved[part].sum() / reach[part].mean() / ahead**0.5
        return int(size > rules.drift) - int(size < -rules.drift)

    for at in range(ahead + 5, len(seen) - ahead):
        level = int(np.digitize(np.log(reach[at + 1 : at + ahead + 1].mean()), rules.levels))
        regime = Regime(labels[at])
        assert regime.volatility == level
        if level < 3:
            assert regime.direction == drift(at)
        reverses = level == 1 and drift(at) * drift(at - ahead) == -1
        assert (regime in (Regime.REVERSAL_UP, Regime.REVERSAL_DOWN)) == reverses
    assert (labels[-ahead:] == UNKNOWN).all()
    assert (labels[:4] == UNKNOWN).all()
    assert len(np.unique(labels)) == REGIMES + 1


def test_the_last_confirmed_is_known_by_then() -> None:
    assert last_confirmed(np.array([3, 4, 5, 6]), 2).tolist() == [UNKNOWN, UNKNOWN, 3, 4]


def test_macro_f1_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(2)
    came, said = rng.integers(0, 5, (2, 400))
    score = score_classes(came, said, 5)
    assert score.f1 == pytest.approx(f1_score(came, said, average="macro"))
    assert score.accuracy == pytest.approx((came == said).mean())
    assert score.confusion.sum() == 400
    silent = score_classes(np.array([1, 1, UNKNOWN]), np.array([1, UNKNOWN, 1]), 2)
    assert (silent.accuracy, silent.f1_by_class) == (0.5, (None, 2 / 3))


def test_what_cannot_be_fitted_is_refused() -> None:
    with pytest.raises(DataError, match="too few"):
        fit_chain(random_seen(100))
    still = np.zeros((3_000, 3))
    with pytest.raises(DataError, match="stands still"):
        fit_chain(still)
    with pytest.raises(DataError, match="fewer than"):
        fit_rules(random_seen(100), 24)
    with pytest.raises(DataError, match="one regime"):
        fit_forest(np.zeros((50, 2), np.float32), np.zeros(50, np.int64), gap=1, seed=1)
    for ahead in (11, 241):
        with pytest.raises(UsageError, match="outside 12"):
            regime_set(HOUR, ahead)


@pytest.fixture(scope="module")
def kept(market: Market) -> Kept:
    """Return the market's classifier as saved after all bars but the last LATER."""
    stream = market.classifier.stream()
    stream.load(market.columns.cut(slice(0, BARS - LATER)))
    return Kept(
        classifier=market.classifier, symbol="EURUSD", timeframe=HOUR, digits=5,
        fitted_until=int(market.columns.ts_close[TAUGHT - 1]),
        until=int(market.columns.ts_close[BARS - LATER - 1]), memory=stream.snapshot(),
    )  # fmt: skip


def test_a_saved_classifier_says_what_it_said_to_the_bit(
    market: Market, kept: Kept, tmp_path: Path
) -> None:
    path = place_of(tmp_path, "eurusd-h1")
    path.parent.mkdir()
    write_classifier(path, kept)
    found = read_classifier(path)
    told = found.classifier.classify(market.columns)
    for name in Classified.__slots__:
        assert np.array_equal(getattr(told, name), getattr(market.told, name), equal_nan=True), name
    assert replace(found, classifier=market.classifier) == kept
    assert found.classifier.digest == market.classifier.digest


def test_what_was_damaged_or_never_saved_is_refused(kept: Kept, tmp_path: Path) -> None:
    path = place_of(tmp_path, "eurusd")
    path.parent.mkdir()
    with pytest.raises(UsageError, match="--save eurusd"):
        read_classifier(path)
    write_classifier(path, kept)
    whole = path.read_bytes()
    for at in (0, 20, 60, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(DataError, match="damaged"):
            read_classifier(path)
    for short in (b"", whole[:30], whole[:-1]):
        path.write_bytes(short)
        with pytest.raises(DataError, match="damaged"):
            read_classifier(path)
    for name in ("", "../models", "A", "a/b", ".x"):
        with pytest.raises(UsageError, match="unfit"):
            place_of(tmp_path, name)


def test_one_fitted_to_other_features_is_refused(
    kept: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "eurusd.regimes"
    write_classifier(path, kept)
    monkeypatch.setattr("assay.signals.regimes.features.VERSION", 99)
    with pytest.raises(DataError, match="other features"):
        read_classifier(path)


def test_each_change_of_regime_is_told_once_in_parts_of_any_size(
    market: Market, kept: Kept
) -> None:
    bars = messages(market.columns)
    regime = market.told.regime
    changed = np.flatnonzero(regime != np.concatenate([[-1], regime[:-1]]))
    for size in (3_000, len(bars)):
        watch = RegimeWatch(kept, digits=5)
        told = [each for at in range(0, len(bars), size)
                for each in watch.take(bars[at : at + size])]  # fmt: skip
        assert [each.ts_event for each in told] == [bars[at].ts_event for at in changed]
        assert [each.regime for each in told] == [Regime(regime[at]).label for at in changed]
        assert [each.before for each in told] == ["", *(each.regime for each in told[:-1])]
        assert [each.cause for each in told] == [bars[at].id for at in changed]
        assert watch.now.regime == told[-1].regime
        assert watch.now.since == told[-1].ts_event
        assert watch.now.confidence == market.told.confidence[-1]
    assert len(changed) > 20


def test_a_feed_that_goes_on_from_the_saved_memory_is_told_of_at_once(
    market: Market, kept: Kept
) -> None:
    cut = BARS - LATER
    later = messages(market.columns.cut(slice(cut, None)))
    watch = RegimeWatch(kept, digits=5)
    first = watch.take(later[:1])
    assert [each.regime for each in first] == [Regime(market.told.regime[cut]).label]
    assert watch.now.confidence == market.told.confidence[cut]
    watch.take(later[1:])
    assert watch.now.confidence == market.told.confidence[-1]
    assert watch.now.bars == BARS
    for until in (later[0].ts_open + HOUR, later[0].ts_open - 8 * DAY):
        fresh = RegimeWatch(replace(kept, until=until), digits=5)
        assert fresh.take(later) == []
        assert (fresh.now.bars, fresh.now.regime) == (LATER, None)


def test_prices_of_more_or_fewer_digits_are_those_of_the_same_market(
    market: Market, kept: Kept
) -> None:
    cut = BARS - LATER
    later = messages(market.columns.cut(slice(cut, None)))
    names = ("open", "high", "low", "close", "spread_close")
    finer = [
        msgspec.structs.replace(bar, **{name: 10 * getattr(bar, name) for name in names})
        for bar in later
    ]
    watch, same = (RegimeWatch(kept, digits=digits) for digits in (6, 5))
    assert watch.take(finer) == same.take(later)
    assert watch.now == same.now
    fine = replace(kept, digits=7)
    coarse = RegimeWatch(fine, digits=5)
    coarse.take(later[:1])
    assert coarse.now.regime is not None
