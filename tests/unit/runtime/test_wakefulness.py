"""Processors are kept awake for as long as somebody holds the promise."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from assay.model.errors import OperatorError
from assay.runtime.wakefulness import stay_awake


def _is_held(device: Path) -> bool:
    held = Path("/proc/self/fd")
    return any(os.path.realpath(each) == str(device) for each in held.iterdir())


def test_no_latency_is_asked_for_until_the_end(tmp_path: Path) -> None:
    device = tmp_path / "cpu_dma_latency"
    device.touch()
    with stay_awake(device):
        assert device.read_bytes() == b"\0\0\0\0"
        assert _is_held(device)
    assert not _is_held(device)


def test_a_promise_that_cannot_be_had_is_refused_with_the_remedy(tmp_path: Path) -> None:
    refused = pytest.raises(OperatorError, match=r"stay_awake: .*absent .*No such file.*= false")
    with refused, stay_awake(tmp_path / "absent"):
        pass
