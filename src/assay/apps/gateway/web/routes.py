"""What may be asked of the gateway."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Annotated

import msgspec
from fastapi import FastAPI, Query, Request, Response, WebSocket
from fastapi.responses import JSONResponse, RedirectResponse

from assay.apps.gateway.board.cases import KEPT, Case
from assay.apps.gateway.board.content import Board
from assay.apps.gateway.board.explaining import Basis
from assay.apps.gateway.board.scale import moment, timeframe_name
from assay.apps.gateway.metrics.looks import Looks
from assay.apps.gateway.metrics.prometheus import gather, render_metrics
from assay.apps.gateway.page import Page
from assay.apps.gateway.stream import Stream
from assay.apps.gateway.views import (
    BarsPage,
    Decision,
    DecisionsPage,
    EquityPage,
    FillsPage,
    Halt,
    KillSwitch,
    OutcomeName,
    SessionView,
)
from assay.apps.gateway.web.books import AccountBooks, add_performance, gather_books
from assay.apps.gateway.web.byhand import add_orders
from assay.apps.gateway.web.conditions import add_conditions
from assay.apps.gateway.web.guard import cookie_name
from assay.apps.gateway.web.health import health
from assay.apps.gateway.web.lessons import feature_names
from assay.apps.gateway.web.problems import answer, problem
from assay.apps.gateway.web.twins import add_twins
from assay.apps.gateway.web.wishes import PAGE, read_wish
from assay.apps.paper.control.orders import RELEASE, ControlOrder, ask_trader, order_halt
from assay.apps.paper.control.release import release_code
from assay.model.errors import RetryError, UsageError
from assay.model.time import Timeframe
from assay.people.access import SESSION_S, LocalAccess
from assay.runtime.home import Home

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
DURABLE_S = 5.0

Limit = Annotated[int, Query(ge=1, le=200)]
Before = Annotated[int | None, Query(ge=1, le=2**62)]


@dataclass(frozen=True, slots=True)
class Desk:
    """Hold what the routes need."""

    home: Home
    port: int
    access: LocalAccess
    stream: Stream
    durable_s: float = DURABLE_S

    def board(self) -> Board:
        """Return the board; raise RetryError before the trader is ready."""
        board = self.stream.follower.board
        if board is None:
            raise RetryError("the trader is still starting; try again in a moment")
        return board


def add_routes(app: FastAPI, desk: Desk, page: Page, books: AccountBooks) -> None:
    """Add every address, the page's own last."""
    _add_access(app, desk)
    _add_queries(app, desk)
    _add_decisions(app, desk)
    add_conditions(app, desk)
    _add_switch(app, desk)
    add_performance(app, desk, books)
    add_twins(app, desk, books)
    add_orders(app, desk.home)
    _add_metrics(app, desk, books)

    @app.websocket("/api/stream")
    async def stream(socket: WebSocket) -> None:
        await desk.stream.serve(socket, socket.scope["session"])

    @app.get("/{name:path}")
    async def serve_page(name: str) -> Response:
        found = None if name.startswith("api/") else page.get(name)
        return found or problem(404)


def _add_access(app: FastAPI, desk: Desk) -> None:
    cookie = cookie_name(desk.port)

    @app.get("/health")
    async def tell_health() -> Response:
        return JSONResponse(health(desk.home))

    @app.get("/open")
    async def open_session(token: Annotated[str, Query(min_length=1, max_length=200)]) -> Response:
        session = await asyncio.to_thread(desk.access.redeem, token)
        opened = RedirectResponse("/", 303)
        opened.set_cookie(
            cookie, session, max_age=SESSION_S, path="/", httponly=True, samesite="strict"
        )
        return opened

    @app.post("/api/logout")
    async def log_out(request: Request) -> Response:
        session = request.scope["session"]
        await asyncio.to_thread(desk.access.end, session)
        desk.stream.sign_out(session)
        ended = Response(status_code=204)
        ended.delete_cookie(cookie, path="/", httponly=True, samesite="strict")
        return ended


def _add_queries(app: FastAPI, desk: Desk) -> None:
    @app.get("/api/session")
    async def session() -> Response:
        sheet = desk.board().sheet
        return answer(
            SessionView(
                tenant=sheet.tenant, account=sheet.account, version=sheet.version,
                source=sheet.source, strategy=sheet.strategy, model=sheet.model,
            )
        )  # fmt: skip

    @app.get("/api/snapshot")
    async def snapshot() -> Response:
        return answer(desk.stream.snapshot())

    @app.get("/api/bars")
    async def bars(
        symbol: str, timeframe: str | None = None,
        limit: Annotated[int, Query(ge=1, le=1_000)] = 500,
    ) -> Response:  # fmt: skip
        return answer(_bars(desk.board(), symbol, timeframe, limit))

    @app.get("/api/equity")
    async def equity(limit: Annotated[int, Query(ge=1, le=2_000)] = 2_000) -> Response:
        return answer(EquityPage(points=tuple(desk.board().curve.points(limit))))

    @app.get("/api/fills")
    async def fills(limit: Annotated[int, Query(ge=1, le=KEPT)] = 200) -> Response:
        return answer(FillsPage(fills=tuple(desk.board().fills(limit))))


def _bars(board: Board, symbol: str, timeframe: str | None, limit: int) -> BarsPage:
    chart = board.charts.get(symbol)
    if chart is None:
        raise UsageError(f"symbol {symbol[:20]!r} is not traded; use {', '.join(board.charts)}")
    wanted = chart.timeframe
    if timeframe is not None and timeframe != timeframe_name(chart.timeframe):
        wanted = int(Timeframe.parse(timeframe[:4]))
    if wanted % chart.timeframe:
        shortest = timeframe_name(chart.timeframe)
        raise UsageError(f"bars of {timeframe} are not held; use {shortest} or multiples of it")
    return BarsPage(
        symbol=symbol, timeframe=timeframe_name(wanted), digits=board.scale.traded[symbol].digits,
        bars=tuple(chart.bars(wanted, limit)),
    )  # fmt: skip


def _add_metrics(app: FastAPI, desk: Desk, books: AccountBooks) -> None:
    looks, turn = Looks(desk.home), asyncio.Lock()

    @app.get("/metrics")
    async def tell_metrics() -> Response:
        follower = desk.stream.follower
        async with turn:
            due = looks.find_due(follower.meter)
            uncounted = await asyncio.to_thread(looks.enter, due) if due else ""
        families = [*gather(desk.home, follower, desk.stream.clients, uncounted=uncounted)]
        families += await gather_books(books, follower, uncounted=uncounted)
        return Response(render_metrics(families), media_type=METRICS_TYPE)


def _add_decisions(app: FastAPI, desk: Desk) -> None:
    @app.get("/api/decisions")
    async def decisions(
        before: Before = None, limit: Limit = 50, outcome: OutcomeName | None = None
    ) -> Response:
        found, after = await _decisions_before(desk, before, limit, outcome)
        return answer(DecisionsPage(decisions=tuple(found), next=after and str(after)))

    @app.get("/api/decisions/{number}")
    async def decision(number: int) -> Response:
        board, records = desk.board(), desk.stream.follower.records
        cases, case = board.cases, board.cases.cases.get(number)
        if case is None and records is not None and 0 < number <= board.place:
            read = await asyncio.to_thread(records.case, board, number)
            cases, case = read or (cases, None)
        if case is None:
            return problem(404, "not_found", f"there is no decision {number}")
        basis = await asyncio.to_thread(_basis, desk, case) if records is not None else Basis()
        shown = cases.detail(case, board.sheet.rules, basis)
        audit = await asyncio.to_thread(records.audit, number) if records is not None else None
        return answer(msgspec.structs.replace(shown, audit=audit))


def _basis(desk: Desk, case: Case) -> Basis:
    records = desk.stream.follower.records
    assert records is not None
    judged = records.patterns(case.made, case.place)
    found = replace(records.basis(case.made, case.place), judged=judged)
    if found.predicted is None or found.ready is None:
        return found
    names = feature_names(desk.home, found.predicted.model, found.ready.digest)
    return replace(found, names=names)


async def _decisions_before(
    desk: Desk, before: int | None, limit: int, outcome: OutcomeName | None
) -> tuple[list[Decision], int | None]:
    """Return decisions before a place, the newest first: from memory, then the journal.

    Those to hold are only told where they are asked for. The second value is where to go on.
    """
    board, records = desk.board(), desk.stream.follower.records
    known = [case for place, case in board.cases.cases.items() if before is None or place < before]
    wanted = [case for case in known[::-1] if outcome in (None, case.outcome)]
    if outcome == "hold":
        known, wanted = [], []  # memory holds none of them
    shown = [board.cases.show(case) for case in wanted[:limit]]
    if len(wanted) > limit or records is None:
        return shown, wanted[limit - 1].place if len(wanted) > limit else None
    oldest = known[0].place if known else before or board.place + 1
    if len(wanted) == limit:
        return shown, oldest
    older, after = await asyncio.to_thread(
        records.cases, board, oldest, limit - len(shown), outcome
    )
    return shown + [board.cases.show(case) for case in older], after


def _add_switch(app: FastAPI, desk: Desk) -> None:
    @app.post("/api/kill-switch")
    async def switch(request: Request) -> Response:
        wish = await read_wish(request, KillSwitch)
        reason, records = wish.reason.strip(), desk.stream.follower.records
        if not wish.engaged:
            return await _release(desk, wish.lifts, reason)
        try:
            await asyncio.to_thread(order_halt, desk.home, reason, PAGE, seconds=desk.durable_s)
        except RetryError as error:
            message, _, remedy = str(error).partition("; ")
            return problem(504, "not_durable_yet", message, remedy)
        if records is not None:
            return answer(await asyncio.to_thread(records.halt), 202)
        since = moment(desk.home.clock.now_ns())
        return answer(Halt(engaged=True, reason=reason, by=PAGE, since=since), 202)


async def _release(desk: Desk, lifts: str, reason: str) -> Response:
    """Lift the halt that the page shows; one that was engaged since is seen before it is lifted."""
    records = desk.stream.follower.records
    if records is None:
        raise RetryError("the record is not open yet; try again")
    kept = await asyncio.to_thread(records.kept_halt)
    if kept.engaged and kept.reason != lifts:
        why = f"trading was halted anew by {kept.by}: {kept.reason}"
        return problem(409, "another_halt", why, "look at it, then resume again")
    order = ControlOrder(RELEASE, reason, PAGE, confirm=release_code(kept))
    told = await asyncio.to_thread(
        ask_trader, desk.home, order, seconds=desk.durable_s, is_patient=False
    )
    if not told.serves:
        return problem(504, "not_durable_yet", told.text, "trading stays halted; try again")
    return answer(await asyncio.to_thread(records.halt), 202)
