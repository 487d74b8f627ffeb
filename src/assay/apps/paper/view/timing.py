"""How long models take to forecast a bar, for whoever looks after them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from assay.apps.paper.view.sheet import TIMES
from assay.runtime.home import Home


class Times(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what a model's last forecasts took, in microseconds; `count` is how many."""

    count: int
    p50: float
    p95: float
    p99: float
    most: float


def describe_times(taken: Sequence[int]) -> Times | None:
    """Return the figures of times in nanoseconds; None of none.

    >>> describe_times([2_000, 4_000]).p50
    3.0
    """
    if not taken:
        return None
    micros = np.array(taken) / 1_000
    p50, p95, p99 = (float(value) for value in np.percentile(micros, (50, 95, 99)))
    return Times(count=len(micros), p50=p50, p95=p95, p99=p99, most=float(micros.max()))


def write_times(home: Home, taken: Mapping[str, Sequence[int]]) -> None:
    """Replace what is told of each model."""
    told = {model: found for model, each in taken.items() if (found := describe_times(each))}
    path = home.folder("run") / TIMES
    fresh = path.with_suffix(".new")
    fresh.write_bytes(msgspec.json.encode(told))
    fresh.replace(path)


def read_times(home: Home) -> dict[str, Times]:
    """Return what the newest run tells of each model; nothing before it does."""
    try:
        return msgspec.json.decode((home.path / "run" / TIMES).read_bytes(), type=dict[str, Times])
    except (OSError, msgspec.MsgspecError):
        return {}
