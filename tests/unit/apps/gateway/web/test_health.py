"""What `/health` says of a home's processes."""

import os
from pathlib import Path

import msgspec
import pytest

from assay.apps.gateway.web.health import health
from assay.runtime.home import open_home
from assay.runtime.supervisor.state import PlatformState, describe_process, write_state


@pytest.mark.parametrize(
    ("trainer", "told"), [("done", "ok"), ("running", "ok"), ("waiting", "degraded")]
)
def test_a_process_that_has_done_its_work_is_well(tmp_path: Path, trainer: str, told: str) -> None:
    home = open_home(tmp_path)
    each = describe_process("trader", os.getpid())
    taught = msgspec.structs.replace(each, name="trainer", status=trainer)
    write_state(home, PlatformState(up=each, since=1, children=(taught, each)))
    found = health(home)
    assert (found["status"], found["processes"]["trainer"]) == (told, trainer)
