"""What every test stands on: no variables of ours, no network beyond loopback, wire mode."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterator
from itertools import islice

import pytest

from tests.databases import Databases

KEPT = frozenset(
    {"ASSAY_SHARED", "ASSAY_CHROMIUM", "ASSAY_CACHE"}
    | {f"ASSAY_SOAK_{name}" for name in ("BUDGET", "SEED", "OUT")}
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run whatever asks for `wire` twice: plain, and with every message encoded and decoded."""
    if "wire" in metafunc.fixturenames:
        metafunc.parametrize("wire", [False, True], ids=["plain", "wire"])


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let every worker begin with its share of the tests that take longest.

    xdist gives each a stretch of the list, and who is done steals from the end of another's.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    long = [item for item in items if item.get_closest_marker("long")]
    others = iter([item for item in items if not item.get_closest_marker("long")])
    dealt, left = [], len(items)
    for number in range(workers):
        size, mine = left // (workers - number), long[number::workers]
        dealt += [*mine, *islice(others, max(size - len(mine), 0))]
        left -= size
    items[:] = [*dealt, *others]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name in red what this machine could not run; a short line among the dots is overlooked."""
    for report in terminalreporter.stats.get("skipped", []):
        if "NOT RUN" in str(report.longrepr):
            reason = str(report.longrepr[2]).removeprefix("Skipped: ")
            terminalreporter.write_line(f"{report.nodeid}: {reason}", red=True, bold=True)


@pytest.fixture(scope="session", autouse=True)
def _own_variables() -> Iterator[None]:
    """Forget the caller's ASSAY_* variables, so that a test runs alike everywhere."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("ASSAY_")]:
            if name not in KEPT:
                patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """Return what lays databases into homes; all workers of a run share what it copies."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    found = Databases(shared / "databases")
    found.enter()
    yield found
    found.leave()


def _is_loopback(address: object) -> bool:
    if not isinstance(address, tuple):
        return True
    host = str(address[0])
    if host in ("", "localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@pytest.fixture(scope="session", autouse=True)
def _loopback_only() -> Iterator[None]:
    """Refuse every connection that would leave the machine."""
    connect = socket.socket.connect

    def connect_near(self: socket.socket, address: object) -> None:
        if not _is_loopback(address):
            raise AssertionError(f"a test wanted to reach {address}")
        connect(self, address)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect_near)
        yield
