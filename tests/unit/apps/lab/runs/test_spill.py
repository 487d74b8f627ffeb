"""Rows of a run come back as they went in, whether they waited in memory or in a file."""

from __future__ import annotations

import gc
from pathlib import Path

import numpy as np
import pytest

from assay.apps.lab.runs.spill import KEPT, Rows

PAIR = np.dtype([("a", "i8"), ("b", "i8")])
MANY = 3 * KEPT // PAIR.itemsize + 7


def gather(count: int) -> Rows:
    rows = Rows(PAIR)
    for k in range(count):
        rows.append((k, -k))
    return rows


@pytest.mark.parametrize("count", [0, 1, 1_000, MANY])
def test_rows_come_back_in_their_order(count: int) -> None:
    rows = gather(count)
    found = rows.array()
    assert len(rows) == len(found) == count
    np.testing.assert_array_equal(found["a"], np.arange(count))
    np.testing.assert_array_equal(found["b"], -np.arange(count))


@pytest.mark.parametrize("count", [3, MANY])
def test_more_rows_follow_those_that_were_read(count: int) -> None:
    rows = gather(count)
    before = rows.array()
    more = np.array([(5, 6), (7, 8)], PAIR)
    rows.extend(more.tobytes())
    assert len(before) == count
    np.testing.assert_array_equal(rows.array()[count:], more)


def test_a_reader_may_write_without_changing_the_rows() -> None:
    rows = gather(MANY)
    rows.array()["a"] = -1
    np.testing.assert_array_equal(rows.array()["a"], np.arange(MANY))


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="no list of open files here")
def test_the_file_goes_with_its_rows() -> None:
    gc.collect()
    before, rows = open_files(), gather(MANY)
    found = rows.array()
    assert open_files() > before
    del rows
    assert int(found["a"][-1]) == MANY - 1
    del found
    gc.collect()
    assert open_files() == before
