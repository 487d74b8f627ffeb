"""Judges in processes of their own say what this process would, and one that ends is replaced."""

from __future__ import annotations

from importlib.util import find_spec

import psutil
import pytest

from assay.apps.lab.tuning.cluster import LOCAL, gather_cluster
from assay.apps.lab.tuning.judges import Task, gather_judges
from assay.model.errors import OperatorError
from assay.signals.tuning import judge_fold
from tests.unit.signals.tuning_rows import bench_of, labelled

pytestmark = pytest.mark.running


def judges_running() -> list[psutil.Process]:
    """Return the children that judge; another one keeps count of what they share."""
    children = psutil.Process().children()
    return [each for each in children if "spawn_main" in " ".join(each.cmdline())]


def test_a_judge_that_is_ended_fails_its_task_and_is_replaced() -> None:
    bench = bench_of(labelled(2_400))
    with gather_judges(bench, 2) as judges:
        task = Task(1, {}, 0)
        judges.submit(task)
        assert judges.has_room
        first = min(judges_running(), key=lambda each: each.create_time())
        first.kill()  # while it still loads its libraries
        failed = judges.take()
        assert (failed.attempt, failed.score) == (1, None)
        assert failed.why == "the process that judged it was ended"
        judges.submit(task)
        again = judges.take()
        assert again.score is not None
        assert again.score.mean == judge_fold(bench, {}, 0).mean
    assert judges_running() == []


def test_what_a_library_refuses_is_told() -> None:
    bench = bench_of(labelled(2_400))
    with gather_judges(bench, 1) as judges:
        judges.submit(Task(3, {"lightgbm": {"leaves": 4}}, 0))
        found = judges.take()
    assert found.score is None
    assert found.why.startswith("UsageError: setting 'leaves' of lightgbm is unknown")


def test_a_cluster_says_what_this_process_would() -> None:
    bench = bench_of(labelled(2_400))
    if find_spec("ray") is None:
        with pytest.raises(OperatorError, match="EXTRA=ray"), gather_cluster(bench, 2, LOCAL):
            pass
        pytest.skip("NOT RUN: no Ray; `make test EXTRA=ray` installs it")
    refused = pytest.raises(OperatorError, match=r"answers at '127\.0\.0\.1:1'")
    with refused, gather_cluster(bench, 2, "127.0.0.1:1"):
        pass
    with gather_cluster(bench, 2, LOCAL) as judges:
        judges.submit(Task(1, {}, 0))
        judges.submit(Task(2, {"lightgbm": {"leaves": 4}}, 0))
        assert not judges.has_room
        found = {each.attempt: each for each in (judges.take(), judges.take())}
        assert judges.has_room
    score = found[1].score
    assert score is not None
    assert score.mean == judge_fold(bench, {}, 0).mean
    assert found[2].score is None
    assert found[2].why.startswith("UsageError: setting 'leaves' of lightgbm is unknown")
