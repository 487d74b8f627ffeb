"""The web application of one home: page, queries, kill switch and stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI
from starlette.types import ASGIApp

from assay.apps.gateway.board.follow import Follower
from assay.apps.gateway.page import FOLDER, Page
from assay.apps.gateway.stream import FLUSH_S, Stream
from assay.apps.gateway.web.books import AccountBooks
from assay.apps.gateway.web.guard import Guard
from assay.apps.gateway.web.problems import add_handlers
from assay.apps.gateway.web.routes import DURABLE_S, Desk, add_routes
from assay.people.access import LocalAccess
from assay.runtime.home import Home
from assay.runtime.logs import Logger


@dataclass(frozen=True, slots=True)
class Gateway:
    """Hold the application, and the parts that a test looks into."""

    app: ASGIApp
    stream: Stream
    access: LocalAccess


@dataclass(frozen=True, slots=True)
class Timing:
    """Say how often deltas are sent, and how long the kill switch waits for the trader."""

    flush_s: float = FLUSH_S
    durable_s: float = DURABLE_S


def build_gateway(
    home: Home, port: int, log: Logger, *, page: Path = FOLDER, timing: Timing | None = None
) -> Gateway:
    """Return the application that serves a home on a port of loopback."""
    timing = timing or Timing()
    access, follower = LocalAccess(home), Follower(home)
    stream = Stream(follower, home.clock, log, flush_s=timing.flush_s)

    books = AccountBooks(home)

    @asynccontextmanager
    async def live(_: FastAPI) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(each) for each in (stream.run(), books.follow(follower, log))]
        try:
            yield
        finally:
            for following in tasks:
                following.cancel()
                with suppress(asyncio.CancelledError):
                    await following
            await asyncio.to_thread(follower.close)

    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, lifespan=live)
    add_handlers(app, home)
    add_routes(app, Desk(home, port, access, stream, timing.durable_s), Page(page), books)
    return Gateway(Guard(app, port=port, access=access), stream, access)
