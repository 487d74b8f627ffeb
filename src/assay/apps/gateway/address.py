"""Where the page of a home is, and the one-time URL that opens it."""

from __future__ import annotations

import socket
import threading
import webbrowser

import msgspec

from assay.apps.child import child_command
from assay.apps.cli.console import note
from assay.model.errors import RetryError
from assay.people.access import LINK_S, LocalAccess
from assay.runtime.clock import Stopwatch
from assay.runtime.home import Home
from assay.runtime.supervisor import Program

HOST = "127.0.0.1"
WEB = "web"
FILE = "web.json"
LOOK_EVERY_S = 0.1


class _Address(msgspec.Struct, frozen=True):
    port: int


def web_program(home: Home, port: int) -> Program:
    """Return the process that serves the page; trading goes on without it."""
    argv = child_command("gateway.process", home, str(port))
    return Program(name=WEB, argv=argv, vital=False)


class Announcement:
    """Tell the one-time URL of the page, and open it in a `browser`, once somebody answers there.

    `text` is what to show of it, empty before; after its time it says how to get another.
    """

    def __init__(self, home: Home, port: int, *, browser: bool, told: bool) -> None:
        self._home, self._port = home, port
        self._browser, self._told = browser, told
        self._looked, self._since = Stopwatch(), Stopwatch()
        self._url = ""
        (home.folder("run") / FILE).write_bytes(msgspec.json.encode(_Address(port)))

    @property
    def text(self) -> str:
        """Return the URL while it works, else where the page is."""
        if self._url and self._since.elapsed() < LINK_S:
            return self._url
        return f"http://{HOST}:{self._port} (`assay open`)" if self._url else ""

    def look(self) -> None:
        """Tell the URL as soon as it would work."""
        if self._url or self._looked.elapsed() < LOOK_EVERY_S:
            return
        self._looked.restart()
        if not _answers(self._port):
            return
        self._url = issue_url(self._home)
        self._since.restart()
        if self._told:
            note(f"the page: {self._url}")
        if self._browser:
            # A browser may take its time to start, and trading is shown meanwhile.
            threading.Thread(target=webbrowser.open, args=(self._url,), daemon=True).start()


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
