"""Judges on a Ray cluster: the same folds of the same settings, by whichever machine has room."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from socket import create_connection
from typing import Any

from assay.apps.lab.tuning.judges import Judged, Judges, Task, judge_task
from assay.model.errors import InvariantError, OperatorError
from assay.signals.tuning import Bench

LOCAL = "local"
LOOPBACK = "127.0.0.1"
PATIENCE_S = 5.0


@contextmanager
def gather_cluster(bench: Bench, jobs: int, address: str) -> Iterator[Judges]:
    """Give judges of a bench on the cluster at an address; LOCAL begins one of this machine.

    Each job takes one core of it. Raises OperatorError where Ray is not installed, or nobody
    answers at the address.
    """
    with join_cluster(jobs, address) as ray:
        yield _Crew(ray, bench, jobs)


@contextmanager
def join_cluster(jobs: int, address: str) -> Iterator[Any]:
    """Give Ray's module while this process is joined to the cluster; raises as gather_cluster."""
    ray = _load_ray()
    try:
        _require_open(address)
        if address == LOCAL:
            ray.init(
                num_cpus=jobs, include_dashboard=False, log_to_driver=False,
                _node_ip_address=LOOPBACK,
            )  # fmt: skip
        else:
            ray.init(address=address, log_to_driver=False)
    except (OSError, RuntimeError, ValueError) as error:
        raise OperatorError(
            f"no Ray cluster answers at {address!r} ({error}); start one with `ray start --head`, "
            "or give --ray local"
        ) from None
    try:
        yield ray
    finally:
        ray.shutdown()


def _require_open(address: str) -> None:
    """Raise OSError where nobody listens at HOST:PORT, which Ray itself would wait for."""
    host, _, port = address.rpartition(":")
    if host and port.isdigit():
        create_connection((host, int(port)), timeout=PATIENCE_S).close()


def _load_ray() -> Any:  # Any: the library tells no types
    try:
        import ray
    except ModuleNotFoundError:
        raise OperatorError(
            "--ray needs Ray, which is not installed; `make install EXTRA=ray` installs it, --jobs "
            "judges in processes of this machine without it"
        ) from None
    return ray


class _Crew:
    """Keep as many tasks under way as there are jobs; a worker that dies fails its task alone."""

    def __init__(self, ray: Any, bench: Bench, jobs: int) -> None:
        self._ray, self._jobs = ray, jobs
        self._bench = ray.put(bench)
        self._judge = ray.remote(num_cpus=1, max_retries=0)(judge_task)
        self._under_way: dict[Any, Task] = {}

    @property
    def has_room(self) -> bool:
        return len(self._under_way) < self._jobs

    def submit(self, task: Task) -> None:
        self._under_way[self._judge.remote(self._bench, task)] = task

    def take(self) -> Judged:
        (done, *_), _ = self._ray.wait(list(self._under_way), num_returns=1)
        task = self._under_way.pop(done)
        try:
            found = self._ray.get(done)
        except InvariantError:
            raise
        except self._ray.exceptions.RayError as error:
            return Judged(task.attempt, None, f"{type(error).__name__} of its worker")
        assert isinstance(found, Judged)
        return found
