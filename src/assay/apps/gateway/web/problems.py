"""Every refusal as JSON {code, message, remedy}, whatever raised it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from assay.apps.gateway.views import Problem
from assay.model.errors import AssayError, CallerError, RetryError
from assay.people.access import AccessDenied
from assay.runtime.faults import record_fault
from assay.runtime.home import Home

JSON = "application/json"
REMEDIES = {
    401: ("not_signed_in", "this needs an open session", "run `assay open` and follow its link"),
    403: ("forbidden", "this request comes from elsewhere", "open the page by its own address"),
    404: ("not_found", "there is nothing at this address", "look at the page's own links"),
    405: ("method_not_allowed", "this address takes another method", "use the page"),
    413: ("too_large", "the request is larger than 16 KiB", "send less"),
}


def answer(view: msgspec.Struct, status: int = 200) -> Response:
    """Return a view as JSON."""
    return Response(msgspec.json.encode(view), status, media_type=JSON)


def problem(
    status: int, code: str = "", message: str = "", remedy: str = "",
    headers: Mapping[str, str] | None = None,
) -> Response:  # fmt: skip
    """Return a refusal; without words of its own it says what the status says."""
    usual = REMEDIES.get(status, ("failed", "the request failed", "try again"))
    view = Problem(
        code=code or usual[0], message=message or usual[1], remedy=remedy or usual[2]
    )  # fmt: skip
    return Response(msgspec.json.encode(view), status, headers=headers, media_type=JSON)


def status_of(error: AssayError) -> tuple[int, str]:
    """Return the status and code of a family of errors."""
    if isinstance(error, AccessDenied):
        return 401, "link_denied"
    if isinstance(error, CallerError):
        return 422, "invalid"
    if isinstance(error, RetryError):
        return 503, "try_again"
    return 503, "unavailable"


def add_handlers(app: FastAPI, home: Home) -> None:
    """Let the application answer every error as a problem."""

    @app.exception_handler(AssayError)
    async def refuse(_: Request, error: AssayError) -> Response:
        status, code = status_of(error)
        message, _, remedy = str(error).partition("; ")
        return problem(status, code, message, remedy)

    @app.exception_handler(RequestValidationError)
    async def refuse_input(_: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"][1:])
        return problem(422, "invalid", f"{name}: {first['msg']}", f"correct {name}")

    @app.exception_handler(HTTPException)
    async def refuse_plainly(_: Request, error: HTTPException) -> Response:
        return problem(error.status_code, headers=error.headers)

    @app.exception_handler(Exception)
    async def fail(_: Request, error: Exception) -> Response:
        fault = record_fault(home, error).fingerprint
        return problem(500, "fault", f"the program failed (fault {fault})", "see `assay logs`")
