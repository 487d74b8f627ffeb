"""Variants measured on a Ray cluster: the same figures, by whichever machine has room."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from assay.apps.lab.backtests.backtest import Request, prepare_request
from assay.apps.lab.sweeps.course import Course, Measured, Runner
from assay.apps.lab.sweeps.sweep import Measurer
from assay.apps.lab.tuning.cluster import join_cluster
from assay.model.errors import OperatorError

SHARE = 16
"""Variants that a worker is given at once."""


class _Worker:
    """Hold the course on one core of the cluster; it reads the same files by the same names."""

    def __init__(self, request: Request) -> None:
        self._runner = Runner(Course.of(prepare_request(request)))

    def measure(self, variants: Sequence[Mapping[str, int]]) -> list[Measured]:
        return [self._runner.measure(variant) for variant in variants]


@contextmanager
def gather_measurer(request: Request, jobs: int, address: str) -> Iterator[Measurer]:
    """Give what measures variants of a request on the cluster at an address.

    Raises OperatorError where Ray is not installed, or nobody answers there.
    """
    with join_cluster(jobs, address) as ray:
        alone = replace(request, ledger=None, out=None)
        workers = [ray.remote(num_cpus=1)(_Worker).remote(alone) for _ in range(jobs)]

        def measure(
            course: Course,  # noqa: ARG001 - each worker makes its own
            variants: Sequence[Mapping[str, int]], jobs: int,  # noqa: ARG001 - as many as there are
            on_done: Callable[[], object],
        ) -> list[Measured]:  # fmt: skip
            return _hand_out(ray, workers, variants, on_done)

        yield measure


def _hand_out(
    ray: Any,  # Any: the library tells no types
    workers: Sequence[Any], variants: Sequence[Mapping[str, int]], on_done: Callable[[], object],
) -> list[Measured]:  # fmt: skip
    shares = [variants[start : start + SHARE] for start in range(0, len(variants), SHARE)]
    waiting, free = list(enumerate(shares)), list(workers)
    done: dict[int, list[Measured]] = {}
    under_way: dict[Any, tuple[int, Any]] = {}
    while waiting or under_way:
        while waiting and free:
            (number, share), worker = waiting.pop(0), free.pop()
            under_way[worker.measure.remote(share)] = (number, worker)
        (ended, *_), _ = ray.wait(list(under_way), num_returns=1)
        number, worker = under_way.pop(ended)
        try:
            done[number] = ray.get(ended)
        except ray.exceptions.RayActorError as error:
            raise OperatorError(
                f"a worker of the cluster was lost ({type(error).__name__}); run it again, what is "
                "in --out is not measured again"
            ) from None
        free.append(worker)
        for _ in shares[number]:
            on_done()
    return [one for number in sorted(done) for one in done[number]]
