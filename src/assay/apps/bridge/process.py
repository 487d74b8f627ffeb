"""The program `assay bridge serve`: edges dial in until it is told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from assay.apps.bridge.server import BridgeServer, Listening
from assay.apps.bridge.tokens import FOLDER, EdgeTokens, write_private
from assay.runtime.home import Home
from assay.runtime.logs import Logger

LOCK = "bridge"
STATUS = "status.json"
LOOK_EVERY_S = 0.1
TELL_EVERY = 10
"""Looks between two writings of the status."""


def run_bridge(
    home: Home,
    listening: Listening,
    logger: Logger,
    *,
    is_stopped: Callable[[], bool],
    told: Callable[[BridgeServer], None] = lambda _: None,
) -> None:
    """Serve until `is_stopped`; `told` gets the server once it listens.

    Raises RetryError where another bridge serves the home or a port is taken.
    """
    with home.lock(LOCK):
        asyncio.run(_serve(home, listening, logger, is_stopped=is_stopped, told=told))


async def _serve(
    home: Home,
    listening: Listening,
    logger: Logger,
    *,
    is_stopped: Callable[[], bool],
    told: Callable[[BridgeServer], None],
) -> None:
    server = BridgeServer(home, logger)
    await server.start(listening)
    path = _status_path(home)
    try:
        told(server)
        looks = 0
        while not is_stopped():
            server.check()
            if looks % TELL_EVERY == 0:
                write_private(path, msgspec.json.encode(server.health()))
            looks += 1
            await asyncio.sleep(LOOK_EVERY_S)
    finally:
        await server.stop()
        path.unlink(missing_ok=True)


def read_status(home: Home) -> dict[str, Any]:
    """Return whether a bridge serves the home, and its edges as they were a second ago."""
    is_running = home.is_locked(LOCK)
    edges: list[dict[str, Any]] = []
    if is_running:
        # One that is just starting has written nothing.
        with suppress(FileNotFoundError):
            edges = msgspec.json.decode(_status_path(home).read_bytes())
    if not edges:
        edges = [
            {"tenant": each.tenant, "edge": each.edge, "account": each.account, "linked": False}
            for each in EdgeTokens(home).all()
        ]
    return {"running": is_running, "edges": edges}


def _status_path(home: Home) -> Path:
    return home.folder(FOLDER) / STATUS
