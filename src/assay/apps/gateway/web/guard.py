"""Stand before every request: who asks, from where, how much, and what the browser may do."""

from __future__ import annotations

from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie

from fastapi import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assay.apps.gateway.web.problems import problem
from assay.model.errors import DataError
from assay.people.access import LocalAccess

BODY_MAX = 16_384
PUBLIC = frozenset({"/health", "/open"})
SCRAPED = "/metrics"
BEARER = "bearer "
CLOSE_DENIED = 4401


class Guard:
    """Check Host against DNS rebinding, Origin against other sites, the cookie, and the size.

    Every answer carries the headers that confine the page to itself. A websocket needs an Origin
    of ours: browsers send one always, and cookies alone would let any page connect.
    """

    def __init__(self, app: ASGIApp, *, port: int, access: LocalAccess) -> None:
        self._app, self._access = app, access
        self._cookie = cookie_name(port)
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
        self._origins = {f"http://{host}" for host in self._hosts}
        self._headers = _headers(self._hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1")
                   for name, value in scope["headers"]}  # fmt: skip
        refusal = self._judge(scope, headers)
        if scope["type"] == "websocket":
            if refusal is not None:
                await send({"type": "websocket.close", "code": CLOSE_DENIED})
            else:
                await self._app(scope, receive, send)
            return
        sending = self._with_headers(send)
        if refusal is not None:
            await refusal(scope, receive, sending)
            return
        await self._serve(scope, receive, sending)

    def _judge(self, scope: Scope, headers: dict[str, str]) -> Response | None:
        """Return the refusal of a request, None where it may pass; note its session."""
        origin, is_socket = headers.get("origin"), scope["type"] == "websocket"
        if headers.get("host", "").lower() not in self._hosts:
            return problem(403, "wrong_host", "this address is not served here")
        if (origin is not None or is_socket) and origin not in self._origins:
            return problem(403, "wrong_origin", "another site asked for this")
        path = scope["path"]
        if path.startswith("/api/") and headers.get("sec-fetch-site") == "cross-site":
            return problem(403, "wrong_origin", "another site asked for this")
        if not is_socket and int_or(headers.get("content-length"), 0) > BODY_MAX:
            return problem(413)
        session = self._session(headers)
        scope["session"] = session
        if session is None and path not in PUBLIC and not self._may_scrape(path, headers):
            return _sign_in(path, headers)
        return None

    def _session(self, headers: dict[str, str]) -> str | None:
        cookie: SimpleCookie = SimpleCookie()
        try:
            cookie.load(headers.get("cookie", ""))
            found = cookie.get(self._cookie)
            return found.value if found and self._access.holds(found.value) else None
        except (CookieError, DataError):
            return None

    def _may_scrape(self, path: str, headers: dict[str, str]) -> bool:
        """Say whether a program shows a token that reads metrics, which opens nothing else."""
        told = headers.get("authorization", "")
        if path != SCRAPED or not told.lower().startswith(BEARER):
            return False
        try:
            return self._access.may_scrape(told[len(BEARER) :].strip())
        except DataError:
            return False

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the whole body, which is small, before anything looks at it."""
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > BODY_MAX:
                await problem(413)(scope, receive, send)
                return
        is_read = False

        async def receive_again() -> Message:
            nonlocal is_read
            if is_read:
                return await receive()
            is_read = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, receive_again, send)

    def _with_headers(self, send: Send) -> Send:
        async def send_confined(message: Message) -> None:
            if message["type"] == "http.response.start":
                known = {name.lower() for name, _ in message.get("headers", ())}
                extra = [*self._headers]
                if b"cache-control" not in known:
                    extra.append((b"cache-control", b"no-store"))
                message = {**message, "headers": [*message.get("headers", ()), *extra]}
            await send(message)

        return send_confined


def cookie_name(port: int) -> str:
    """Return the session cookie's name; cookies know no ports, and two platforms may run."""
    return f"assay_session_{port}"


def int_or(text: str | None, default: int) -> int:
    """Return a header's number, or a default where it is none."""
    return int(text) if text and text.isdigit() else default


def _headers(hosts: Iterable[str]) -> list[tuple[bytes, bytes]]:
    sockets = " ".join(f"ws://{host}" for host in sorted(hosts))
    # The styles of the page's widgets are made at run time; scripts never are.
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        f"img-src 'self' data:; font-src 'self'; connect-src 'self' {sockets}; "
        "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
    named = {
        "content-security-policy": policy,
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=()",
    }
    return [(name.encode(), value.encode()) for name, value in named.items()]


SIGN_IN = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Assay</title>
<h1>Not signed in</h1><p>Run <code>assay open</code> in a terminal of this machine and follow its
link. It works once, for ten minutes.</p></html>"""


def _sign_in(path: str, headers: dict[str, str]) -> Response:
    wants_page = "text/html" in headers.get("accept", "") and not path.startswith("/api/")
    if wants_page:
        return Response(SIGN_IN, 401, media_type="text/html")
    return problem(401)
