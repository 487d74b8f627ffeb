"""The process `web`: the gateway on loopback, until told to stop."""

from __future__ import annotations

import sys

import uvicorn
from starlette.types import ASGIApp

from assay.apps.child import Child, run_beside
from assay.apps.gateway.app import build_gateway
from assay.runtime.supervisor import require_port

NAME = "web"
HOST = "127.0.0.1"
FRAME_MAX = 1_024
GRACE_S = 2


def build_server(app: ASGIApp, port: int) -> uvicorn.Server:
    """Return a server of loopback, not yet started."""
    config = uvicorn.Config(
        app, host=HOST, port=port, log_config=None,
        access_log=False, server_header=False, date_header=False, ws="websockets-sansio",
        ws_max_size=FRAME_MAX, ws_per_message_deflate=False, ws_ping_interval=10.0,
        ws_ping_timeout=20.0, timeout_graceful_shutdown=GRACE_S, limit_concurrency=200,
        proxy_headers=False, lifespan="on",
    )  # fmt: skip
    return uvicorn.Server(config)


def serve_page(child: Child, port: int) -> None:
    """Serve the home of a process; raises RetryError where the port is taken."""
    require_port(HOST, port)
    build_server(build_gateway(child.home, port, child.log).app, port).run()


def main(argv: list[str]) -> int:
    """Serve a home: arguments are its folder and the port."""
    # Uvicorn raises the signal that stopped it once more at its end; beside it does no harm.
    return run_beside(NAME, argv[0], lambda child, _: serve_page(child, int(argv[1])))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
