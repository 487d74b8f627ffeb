"""What may be asked of the process `conditions`: regimes, correlations, drift, and all alerts."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

from fastapi import FastAPI, Query, Response

from assay.apps.conditions.state import read_state
from assay.apps.gateway.views import AlertsPage, ConditionPage
from assay.apps.gateway.web.problems import answer
from assay.model.errors import RetryError, UsageError
from assay.runtime.home import Home

if TYPE_CHECKING:
    from assay.apps.gateway.web.routes import Desk


def add_conditions(app: FastAPI, desk: Desk) -> None:
    """Add one address a part, and that of the alerts."""

    @app.get("/api/regimes")
    async def regimes() -> Response:
        return _show(desk.home, "regimes")

    @app.get("/api/correlations")
    async def correlations() -> Response:
        return _show(desk.home, "correlations")

    @app.get("/api/drift")
    async def drift() -> Response:
        return _show(desk.home, "drift")

    @app.get("/api/alerts")
    async def alerts(
        before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> Response:
        board, records = desk.board(), desk.stream.follower.records
        if records is None:
            raise UsageError("alerts are kept in the journal, which this gateway does not read")
        found, after = await asyncio.to_thread(
            records.alerts, board, before or board.place + 1, limit
        )
        return answer(AlertsPage(alerts=tuple(found), next=after and str(after)))


def _show(home: Home, part: str) -> Response:
    state = read_state(home)
    if state is None:
        raise RetryError("nothing is watched yet; try again in a moment")
    now = getattr(state, part)
    return answer(ConditionPage(position=state.position, off=state.off.get(part, ""), now=now))
