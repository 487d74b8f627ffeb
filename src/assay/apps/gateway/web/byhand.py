"""A person's orders by the page's address, as `assay order` and `assay flatten` give them."""

from __future__ import annotations

import asyncio

import msgspec
from fastapi import FastAPI, Request, Response

from assay.apps.gateway.web.problems import answer, problem
from assay.apps.gateway.web.wishes import PAGE, Done, FlatWish, OrderWish, read_wish
from assay.apps.paper.control.orders import (
    FLATTEN,
    LIST_ORDERS,
    TRADE,
    Answer,
    ControlOrder,
    ask_trader,
)
from assay.apps.paper.trader.byhand import Waiting
from assay.model.errors import RetryError
from assay.runtime.home import Home

PATIENCE_S = 10.0
"""How long the trader is waited for; then an order is taken back."""


class WaitingPage(msgspec.Struct, frozen=True):
    """Hold the orders that wait."""

    orders: tuple[Waiting, ...]


def add_orders(app: FastAPI, home: Home) -> None:
    """Add the addresses."""

    async def ask(order: ControlOrder) -> Answer:
        if not home.is_locked("up"):
            raise RetryError("no platform trades in this home; start `assay up`")
        return await asyncio.to_thread(
            ask_trader, home, order, seconds=PATIENCE_S, is_patient=False
        )

    async def obey(order: ControlOrder) -> Response:
        told = await ask(order)
        if told.serves:
            return answer(Done(told.text), 202)
        return problem(409, "not_done", told.text, "correct the order, or look at the limits")

    @app.get("/api/orders")
    async def tell_orders() -> Response:
        told = await ask(ControlOrder(LIST_ORDERS, "to see", PAGE))
        if not told.serves:
            raise RetryError(f"{told.text}; try again")
        return answer(WaitingPage(msgspec.json.decode(told.text, type=tuple[Waiting, ...])))

    @app.post("/api/orders")
    async def place(request: Request) -> Response:
        wish = await read_wish(request, OrderWish)
        return await obey(ControlOrder(TRADE, wish.reason.strip(), PAGE, by_hand=wish.order))

    @app.post("/api/flatten")
    async def flatten(request: Request) -> Response:
        wish = await read_wish(request, FlatWish)
        return await obey(ControlOrder(FLATTEN, wish.reason.strip(), PAGE, symbol=wish.symbol))
