"""What every test stands on: no variables of ours, no network beyond loopback, wire mode."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterator

import pytest

KEPT = frozenset({"ASSAY_SHARED", "ASSAY_CHROMIUM", "ASSAY_SOAK_BUDGET", "ASSAY_CACHE"})


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--wire",
        action="store_true",
        help="encode and decode every message between modules; only tests that this concerns run",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep for wire mode what runs differently in it: all that asks for the fixture `wire`."""
    if not config.getoption("--wire"):
        return
    others = [item for item in items if "wire" not in getattr(item, "fixturenames", ())]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if item not in others]


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
def wire(pytestconfig: pytest.Config) -> bool:
    """Say whether messages are to be encoded and decoded between modules."""
    return bool(pytestconfig.getoption("--wire"))


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
