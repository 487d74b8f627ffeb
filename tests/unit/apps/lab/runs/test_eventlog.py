"""The event log holds every message of a replay, in order, and tells when it was cut."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.apps.lab.runs.dispatch import BLOCK
from assay.apps.lab.runs.drivers import replay
from assay.apps.lab.runs.eventlog import EventLog, read_event_log
from assay.apps.lab.runs.setup import prepare
from assay.model.errors import DataError
from assay.model.messages import Message, OrderFilled, PlatformStarted
from assay.trading.engine.loading import load_strategy
from tests.replay.markets import generate_market


def _write(path: Path) -> list[Message]:
    series = generate_market(("EURUSD",), 400, 7, gapped=False, quoted=True)
    setup = prepare(series, load_strategy("breakout"), given={"bars": "12"}, risk="reference")
    seen: list[Message] = []
    with path.open("wb") as file:
        log = EventLog(file)

        def sink(messages: list[Message]) -> None:
            seen.extend(messages)
            log.write(messages)

        run = replay(setup, sink)
    assert run.halted == ""
    return seen


def test_a_log_reads_back_as_it_was_sent(tmp_path: Path) -> None:
    seen = _write(tmp_path / "log")
    assert len(seen) > BLOCK, "several frames"
    assert isinstance(seen[0], PlatformStarted)
    assert any(isinstance(message, OrderFilled) for message in seen)
    assert list(read_event_log(tmp_path / "log")) == seen


@pytest.mark.parametrize("cut", [1, 100])
def test_a_cut_log_is_refused_by_name(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "log"
    _write(path)
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(DataError, match="log ends inside a frame"):
        list(read_event_log(path))
