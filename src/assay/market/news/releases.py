"""A release of the economic calendar, and the instants that matter to an instrument."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay.model.instruments import Instrument


class Importance(IntEnum):
    """Say how much a release usually moves its currency."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3


class Release(NamedTuple):
    """Hold one release: its time (ns UTC), currency (ISO 4217), importance and name."""

    time: int
    currency: str
    importance: Importance
    name: str


def release_times(
    releases: Sequence[Release], instrument: Instrument, least: Importance = Importance.HIGH
) -> NDArray[np.int64]:
    """Return the instants (ns UTC, rising, each once) of an instrument's important releases.

    They are those of its base or quote currency; a metal has its quote currency's alone.
    """
    sides = (instrument.base, instrument.quote)
    found = {each.time for each in releases if each.importance >= least and each.currency in sides}
    return np.array(sorted(found), dtype=np.int64)
