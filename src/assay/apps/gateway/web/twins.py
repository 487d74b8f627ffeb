"""The days that the account's twin was held against: what each cost beside it, and by what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import FastAPI, Query, Response

from assay.apps.gateway.board.scale import Scale, moment
from assay.apps.gateway.figures import TwinCause, TwinDay, TwinPage
from assay.apps.gateway.web.books import AccountBooks
from assay.apps.gateway.web.problems import answer
from assay.apps.paper.view.sheet import Standing
from assay.apps.twin import BOUND_PARTS, BY
from assay.model.messages import TwinAppraised

if TYPE_CHECKING:
    from assay.apps.gateway.web.routes import Desk

SHOWN, SHOWN_MOST = 30, 200


def add_twins(app: FastAPI, desk: Desk, books: AccountBooks) -> None:
    """Add the address of the days beside their twins."""

    @app.get("/api/twin")
    async def twin(limit: Annotated[int, Query(ge=1, le=SHOWN_MOST)] = SHOWN) -> Response:
        board = desk.board()
        told, days = await books.twins(board, desk.stream.follower.records)
        shown = tuple(day_view(each, board.scale) for each in days[: -limit - 1 : -1])
        return answer(
            TwinPage(
                position=told.position, complete=told.complete, held=held_by_twin(board.standing),
                days=shown,
            )
        )  # fmt: skip


def held_by_twin(standing: Standing) -> str:
    """Return why the twin holds entries back, empty where it does not."""
    for each in standing.entries_halted:
        who, _, reason = each.partition(": ")
        if who.endswith(f" by {BY}"):
            return reason
    return ""


def day_view(told: TwinAppraised, scale: Scale) -> TwinDay:
    """Return an appraised day as the page shows it."""
    gap, bound = told.live - told.twin, told.bound / BOUND_PARTS
    share = abs(gap) / max(told.equity, 1)
    return TwinDay(
        day=told.day, appraised=moment(told.ts_event), live=scale.money(told.live),
        twin=scale.money(told.twin), gap=scale.money(gap), share=share, bound=bound,
        above=share > bound, paused=told.paused,
        causes=tuple(
            TwinCause(cause=each.cause, amount=scale.money(each.amount), orders=each.orders)
            for each in told.causes
        ),
    )  # fmt: skip
