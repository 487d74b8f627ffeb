"""`assay up` on a home that is compiled and taught: from the command to the first decision."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from assay.apps.paper.view.picture import PICTURE, read_picture
from assay.runtime.clock import Deadline
from assay.runtime.stores.postgres import remove_postgres
from benches.harness import Bench, Round, time_each

FLOOR_US = 10_000_000.0
LONGEST_S = 300.0
LIBRARIES = "import chdb, fastapi, numba, numpy, onnxruntime, psycopg, pyarrow"
UP = ("up", "--plain", "--no-browser", "--port", "8766")


def build(folder: Path) -> Bench:
    """Start once to teach and compile; every round starts again, on all cores."""
    home = folder / "home"
    home.mkdir(mode=0o700)
    cores = os.sched_getaffinity(0)
    _start(home, cores)

    def subject() -> Round:
        seconds = _start(home, cores)
        return Round(1, seconds, np.array([seconds * 1e6]))

    def load(_: int) -> None:
        subprocess.run([sys.executable, "-c", LIBRARIES], check=True)

    return Bench(
        what="`assay up`, taught and compiled, to its first decision",
        items="starts",
        figure="latency",
        reference_what="Python importing the same libraries",
        subject=subject,
        reference=lambda: time_each(1, load),
        floor=FLOOR_US,
        close=lambda: _remove(home),
    )


def _start(home: Path, cores: set[int]) -> float:
    """Start the platform, stop it at the first decision, and return the seconds to that."""
    picture = home / "run" / PICTURE
    picture.unlink(missing_ok=True)
    argv = [Path(sys.executable).with_name("assay"), *UP, "--home", home]
    started, deadline = time.perf_counter(), Deadline(LONGEST_S)
    # The harness keeps to one core, and a child would too.
    up = subprocess.Popen(argv, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    os.sched_setaffinity(up.pid, cores)
    while not any(line.decided for line in getattr(read_picture(picture), "lines", ())):
        if up.poll() is not None or deadline.has_passed():
            raise RuntimeError(f"no decision of `assay up` on {home}; read its logs")
        deadline.pause(0.01)
    seconds = time.perf_counter() - started
    up.send_signal(signal.SIGINT)
    up.wait(timeout=LONGEST_S)
    return seconds


def _remove(home: Path) -> None:
    remove_postgres(home)
