"""Six forecasts of one bar, as the forecaster asks for them, beside the libraries themselves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np

from assay.signals.models import OnnxClassifier, Windows
from assay.signals.prediction.polling import Members
from benches.harness import Bench, Round, time_each
from benches.workload.six import DEEP, PARITY, WINDOW, Six, fit_six

ROWS, FEWER = 500, 100
TIMES_FLOOR = 10.0


def build(folder: Path) -> Bench:
    """Fit the families, make sure that both sides answer alike, then ask row after row."""
    six = fit_six(folder)
    features = six.bars.features
    first = len(features) - ROWS
    members = Members(six.graphs)
    windows = [features[at - WINDOW + 1 : at + 1] for at in range(first, len(features))]

    def ask(row: int) -> None:
        members.ask(Windows(features, np.array([first + row]), members.window))

    def ask_libraries(row: int) -> None:
        for answer in six.libraries.values():
            answer(windows[row])

    shares = _Shares(six, windows)

    def subject() -> Round:
        shares.time_graphs()
        return time_each(ROWS, ask)

    def reference() -> Round:
        shares.time_libraries()
        return time_each(ROWS, ask_libraries)

    return Bench(
        what=f"scores of one bar, {len(six.features.names)} features, by the graphs of {six.told}",
        items="bars",
        figure="latency",
        reference_what=f"own Python APIs of {six.told}, one row at a time, one thread",
        subject=subject,
        reference=reference,
        ratio_floor=None if six.absent else TIMES_FLOOR,
        notes={"families_p50_us": shares.told, "parity_most": shares.compare()},
    )


class _Shares:
    """Time each family by itself, beside the rounds; `told` holds medians so far (us)."""

    def __init__(self, six: Six, windows: list[np.ndarray]) -> None:
        self._six, self._windows = six, windows
        self._graphs = {name: OnnxClassifier(graph) for name, graph in six.graphs.items()}
        self._seen: dict[tuple[str, str], list[float]] = {}
        self.told: dict[str, dict[str, float]] = {name: {} for name in six.graphs}

    def compare(self) -> float:
        """Return by how much graph and library differ at most; raise where that is too much."""
        gap = max(
            abs(float(self._serve(name)(row)[0]) - self._six.libraries[name](self._windows[row]))
            for name in self._six.graphs for row in range(FEWER)
        )  # fmt: skip
        if gap > PARITY:
            raise RuntimeError(f"graph and library differ by {gap:.1e}, {PARITY:.0e} is borne")
        return gap

    def time_graphs(self) -> None:
        for name in self._graphs:
            self._note(name, "graph", self._serve(name))

    def time_libraries(self) -> None:
        for name, answer in self._six.libraries.items():
            self._note(name, "library", lambda row, answer=answer: answer(self._windows[row]))

    def _serve(self, name: str) -> Callable[[int], np.ndarray]:
        model, length = self._graphs[name], WINDOW if name in DEEP else 1
        rows = [window[None] if length > 1 else window[-1:] for window in self._windows]
        return lambda row: model.predict(rows[row])

    def _note(self, name: str, side: str, work: Callable[[int], object]) -> None:
        latencies = time_each(FEWER, work).latencies
        seen = self._seen.setdefault((name, side), [])
        seen.append(float(np.median(latencies)))
        self.told[name][side] = round(median(seen), 2)
