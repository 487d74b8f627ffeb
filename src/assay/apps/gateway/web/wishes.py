"""What a page asks to be done: a body of JSON with a reason, read at the edge."""

from __future__ import annotations

from typing import Protocol, TypeVar

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request

from assay.apps.paper.control.orders import ByHand
from assay.model.errors import UsageError

REASON_MAX = 200
PAGE = "page"
"""Who asked, in the record."""


class OrderWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ask for an order, in the words of `assay order`, and say why."""

    order: ByHand
    reason: str


class FlatWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ask for everything to be closed, or one instrument, and say why."""

    reason: str
    symbol: str = ""


class Done(msgspec.Struct, frozen=True):
    """Tell what came of a wish."""

    text: str


WISHES = (OrderWish, FlatWish, Done)
"""Beside the views the roots from which the page's types are generated."""


class Reasoned(Protocol):
    """Say why something is to be done."""

    @property
    def reason(self) -> str:
        """Return the words of whoever asks."""


Wish = TypeVar("Wish", bound=Reasoned)


async def read_wish(request: Request, shape: type[Wish]) -> Wish:
    """Return a request's body as a struct that has a `reason`.

    Raises HTTPException 415 for what is no JSON, and UsageError for what cannot be read or has no
    reason of one printable line.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise HTTPException(415)
    try:
        wish = msgspec.json.decode(await request.body(), type=shape)
    except msgspec.DecodeError as error:
        fields = " and ".join(each.name for each in msgspec.structs.fields(shape) if each.required)
        raise UsageError(f"the request cannot be read ({error}); send {fields}") from None
    if not 1 <= len(wish.reason.strip()) <= REASON_MAX or not wish.reason.isprintable():
        raise UsageError(f"the reason is empty or over {REASON_MAX} characters; say why in a line")
    return wish
