"""The six model families, each fitted in little on one simulated market, and its own library."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from inspect import getclosurevars
from pathlib import Path
from typing import Any

import numpy as np

from assay.apps.config import Config
from assay.apps.lab.models.labelling import read_instrument
from assay.apps.lab.runs.setup import Costs
from assay.market.series import BarSeries
from assay.market.simulation import Scenario, simulate
from assay.model.time import Timeframe
from assay.signals.features import FeatureSet, standard_set
from assay.signals.labels import went_up
from assay.signals.models import Examples, FitRequest, Fitted, Windows, family_names, find_family
from assay.signals.models.ports import Float32s
from assay.signals.training import Bars

TIMEFRAME = Timeframe.M5
BARS, FITTED, STOPPED, WINDOWS_FITTED = 30_000, 20_000, 2_000, 4_000
SOON = 7
WINDOW = 16
NAMES = ("cnn", "lightgbm", "lstm", "random_forest", "transformer", "xgboost")
DEEP = ("cnn", "lstm", "transformer")
PARITY = 1e-5
Answer = Callable[[Float32s], float]
"""The probability of up that a library tells of a window [WINDOW, k]; trees read its last row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Six:
    """Hold bars with their features, and of each family the graph and its library's own answer.

    `absent` are families that nothing here can fit.
    """

    series: BarSeries
    bars: Bars
    features: FeatureSet
    graphs: Mapping[str, bytes]
    libraries: Mapping[str, Answer]
    absent: tuple[str, ...]

    @property
    def told(self) -> str:
        """Return which families are measured, and which are not and why."""
        if not self.absent:
            return "six models"
        return (
            f"{len(self.graphs)} of six models ({', '.join(self.graphs)}), NOT RUN: "
            f"{', '.join(self.absent)}, for PyTorch is not installed (`make install EXTRA=deep`)"
        )


def fit_six(folder: Path) -> Six:
    """Fit what can be fitted: trees on rows as they are, networks for one epoch of fewer rows.

    How long an answer takes does not hang on what the weights of a network are.
    """
    assert sorted(NAMES) == family_names()
    scenario = Scenario(seed=5, bars=BARS, strength=0.8, symbols=("EURUSD",), timeframe=TIMEFRAME)
    (found,) = simulate(scenario)
    features = standard_set(TIMEFRAME)
    bars = read_instrument(found.bars, features, Config(), Costs()).bars
    absent = () if find_spec("torch") else DEEP
    graphs, libraries = {}, {}
    for name in NAMES:
        if name not in absent:
            fitted = _fit(name, bars, features.settling + WINDOW, folder)
            graphs[name], libraries[name] = fitted.onnx, _library_of(name, fitted)
    return Six(
        series=found.bars, bars=bars, features=features, graphs=graphs, libraries=libraries,
        absent=absent,
    )  # fmt: skip


def _fit(name: str, bars: Bars, first: int, folder: Path) -> Fitted:
    family: Any = find_family(name)
    fitted = WINDOWS_FITTED if name in DEEP else FITTED
    if name in DEEP:
        family = replace(family, course=replace(family.course, epochs=1))
    up = went_up(bars.mid, SOON)

    def rows(begin: int, count: int) -> Examples:
        at = np.arange(begin, begin + count)
        told = Windows(bars.features, at, WINDOW) if name in DEEP else bars.features[at]
        return Examples(told, up[at], np.ones(count))

    request = FitRequest(
        fit=rows(first, fitted), stop=rows(first + fitted, STOPPED), seed=1,
        checkpoint=folder / name,
    )  # fmt: skip
    found: Fitted = family.fit(request)
    return found


def _library_of(name: str, fitted: Fitted) -> Answer:
    if name not in DEEP:
        return lambda window: float(fitted.predict(window[-1:])[0])
    import torch

    torch.set_num_threads(1)
    # The fitted module lies in the closure alone: `predict` itself sets up PyTorch at each call.
    model = getclosurevars(fitted.predict).nonlocals["model"].eval()

    def answer(window: Float32s) -> float:
        with torch.inference_mode():
            return float(torch.sigmoid(model(torch.from_numpy(window[None]))))

    return answer
