"""How a process of the platform ends: its exit code, what is counted, what is told in front."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from assay.apps.child import Child, child_command, run_beside, run_child
from assay.apps.paper.refusal import FILE
from assay.model.errors import OperatorError, RetryError, UsageError
from assay.runtime.faults import load_faults
from assay.runtime.home import open_home


def failing(error: Exception) -> Callable[[Child], None]:
    def work(_: Child) -> None:
        raise error

    return work


def test_work_that_ends_is_done(tmp_path: Path) -> None:
    seen: list[Child] = []
    assert run_child("store", str(tmp_path), seen.append, refuses=True) == 0
    assert seen[0].home.path == tmp_path
    assert not (tmp_path / "run" / FILE).exists()


@pytest.mark.parametrize(
    ("error", "exit_code", "is_refused"),
    [
        (UsageError("no such model; name another"), 2, True),
        (OperatorError("the disk is full; make room"), 4, True),
        (RetryError("the port is taken; try again"), 4, False),
        (ValueError("a fault"), 1, False),
    ],
)
def test_an_error_is_told_in_front_where_starting_again_mends_nothing(
    tmp_path: Path, error: Exception, exit_code: int, is_refused: bool
) -> None:
    assert run_child("trader", str(tmp_path), failing(error), refuses=True) == exit_code
    assert (tmp_path / "run" / FILE).exists() == is_refused
    assert run_child("web", str(tmp_path / "other"), failing(error)) == exit_code
    assert not (tmp_path / "other" / "run" / FILE).exists()


def test_only_a_fault_is_counted(tmp_path: Path) -> None:
    for error in (RetryError("away; try again"), ValueError("a fault"), ValueError("a fault")):
        run_child("store", str(tmp_path), failing(error))
    assert [(each.kind, each.count) for each in load_faults(open_home(tmp_path))] == [
        ("ValueError", 2)
    ]


def test_work_beside_is_asked_to_stop_by_a_signal(tmp_path: Path) -> None:
    def work(_: Child, is_stopped: Callable[[], bool]) -> None:
        assert not is_stopped()
        os.kill(os.getpid(), signal.SIGTERM)
        assert is_stopped()

    assert run_beside("twin", str(tmp_path), work) == 0


def test_a_command_names_module_home_and_arguments(tmp_path: Path) -> None:
    home = open_home(tmp_path)
    command = child_command("gateway.process", home, "8080")
    assert command[1:] == ("-m", "assay.apps.gateway.process", str(tmp_path), "8080")
