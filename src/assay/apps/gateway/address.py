"""Where the page of a home is, and the one-time URL that opens it."""

from __future__ import annotations

import socket
import threading
import webbrowser

import msgspec

from assay.apps.cli.console import note
from assay.model.errors import RetryError
from assay.people.access import LocalAccess
from assay.runtime.clock import wait_for
from assay.runtime.environment import interpreter
from assay.runtime.home import Home
from assay.runtime.supervisor import Program

HOST = "127.0.0.1"
WEB = "web"
FILE = "web.json"
START_S = 60.0


class _Address(msgspec.Struct, frozen=True):
    port: int


def web_program(home: Home, port: int) -> Program:
    """Return the process that serves the page; trading goes on without it."""
    argv = (interpreter(), "-m", "assay.apps.gateway.process", str(home.path), str(port))
    return Program(name=WEB, argv=argv, vital=False)


def announce_page(home: Home, port: int, *, browser: bool) -> None:
    """Say the one-time URL, and open it in a browser once somebody answers there."""
    (home.folder("run") / FILE).write_bytes(msgspec.json.encode(_Address(port)))
    url = issue_url(home)
    note(f"the page: {url}")
    if browser:
        threading.Thread(target=_open, args=(url, port), daemon=True).start()


def _open(url: str, port: int) -> None:
    if wait_for(lambda: _answers(port), seconds=START_S, step=0.1):
        webbrowser.open(url)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def forget_page(home: Home) -> None:
    """Note that nothing is served any more."""
    (home.path / "run" / FILE).unlink(missing_ok=True)


def issue_url(home: Home) -> str:
    """Return a fresh one-time URL of the running platform; raise RetryError where none serves."""
    try:
        found = msgspec.json.decode((home.path / "run" / FILE).read_bytes(), type=_Address)
    except (OSError, msgspec.DecodeError):
        raise RetryError(
            f"no page is served from home {home.path}; start it with `assay up`"
        ) from None
    return f"http://{HOST}:{found.port}/open?token={LocalAccess(home).issue_link()}"
