"""Every calibration method on bars that it never saw, of a market that is known and of a real one.

Nothing is tuned on these spans.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from assay.apps.config import Config
from assay.apps.lab.feeds.simulation import TRUTH, write_simulation
from assay.apps.lab.models.labelling import label_instrument, read_instrument
from assay.apps.lab.models.training import read_series
from assay.apps.lab.runs.setup import Costs
from assay.market.simulation import Scenario
from assay.signals.calibration import AUTO, FEWEST_PARTS, ONE, Choice, method_names, to_score
from assay.signals.calibration.scoring import LEAST
from assay.signals.features import standard_set
from assay.signals.labels import Bracket
from assay.signals.models import FitRequest, OnnxClassifier, find_family
from assay.signals.training import Rows, split_rows
from assay.signals.training.calibrating import calibrate

HORIZON, TAUGHT = 30, 0.62
COIN = float(np.log(2))


@dataclass(frozen=True)
class Compared:
    """Hold the probabilities of the bars after the calibration, by method, AUTO and none at all."""

    p: dict[str, np.ndarray]
    choice: Choice
    unseen: Rows

    def lost(self, name: str, truth: np.ndarray | None = None) -> float:
        """Return the mean log loss, expected where the true probability is told."""
        hit = (self.unseen.up == 1) if truth is None else truth
        p = np.clip(self.p[name], LEAST, 1 - LEAST)
        return float(-np.mean(hit * np.log(p) + (1 - hit) * np.log(1 - p)))


def compare(path: Path, checkpoint: Path, family: str = "lightgbm") -> Compared:
    (series,) = read_series([path], ())
    features, bracket = standard_set(series.timeframe), Bracket(horizon=HORIZON)
    instrument = read_instrument(series, features, Config(), Costs())
    rows = label_instrument(instrument, bracket, number=0, stride=1)
    until = int(np.quantile(rows.time, TAUGHT, method="nearest"))
    longest = int((rows.end - rows.time).max())
    known, unseen = rows.take(rows.end < until), rows.take(rows.time >= until + longest)
    split = split_rows(known)
    fitted = find_family(family).fit(
        FitRequest(
            fit=known.take(split.fit).examples(), stop=known.take(split.stop).examples(),
            seed=1, checkpoint=checkpoint,
        )
    )  # fmt: skip
    model, held = OnnxClassifier(fitted.onnx), known.take(split.calibrate)
    told, score = model.predict(held.features), to_score(model.predict(unseen.features))
    p, reach = {"none": score / ONE}, HORIZON * int(series.timeframe)
    for method in (*method_names(), AUTO):
        by = calibrate(held, told, horizon=reach, method=method, seed=1)
        p[method] = by.up.look_up(score)[0] / ONE
    return Compared(p, by.choice, unseen)


def planted(folder: Path, kind: str, seed: int) -> tuple[Compared, np.ndarray]:
    """Return what each method says of a simulated market, and the truth."""
    scenario = Scenario(seed=seed, bars=80_000, kind=kind, horizon=HORIZON, symbols=("EURUSD",))
    write_simulation(scenario, folder)
    (path,) = folder.glob("eurusd_*.parquet")
    found = compare(path, folder / "checkpoint")
    table = pq.read_table(folder / TRUTH)
    opens = table["time"].to_numpy().astype("datetime64[ns]").astype(np.int64)
    at = np.searchsorted(opens, found.unseen.time - read_series([path], ())[0].timeframe)
    return found, table["p_up"].to_numpy(zero_copy_only=False)[at]


def test_every_method_comes_near_the_truth_where_skill_is_planted(tmp_path: Path) -> None:
    found, truth = planted(tmp_path, "linear", 102)
    for name in method_names():
        assert np.abs(found.p[name] - truth).mean() < 0.04, name
        assert found.lost(name, truth) < COIN - 0.005, name
    assert found.lost(AUTO, truth) <= found.lost(FEWEST_PARTS, truth) + 0.0005


def test_no_method_makes_up_skill_on_real_bars(shared: Path, tmp_path: Path) -> None:
    path = shared / "data/bars/eurusd_h1_lean-oanda_20070101_20181231.parquet"
    found = compare(path, tmp_path / "checkpoint")
    for name in (*method_names(), AUTO):
        assert abs(found.lost(name) - COIN) < 0.003, name
        assert np.abs(found.p[name] - 0.5).max() < 0.1, name
