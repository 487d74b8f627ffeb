"""The process `web`: the gateway on loopback, until told to stop."""

from __future__ import annotations

import sys
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from assay.apps.config import Config
from assay.apps.gateway.app import build_gateway
from assay.model.errors import AssayError
from assay.runtime.faults import record_fault
from assay.runtime.home import open_home
from assay.runtime.logs import open_log
from assay.runtime.settings import load_settings
from assay.runtime.supervisor import require_port, stop_signals, watch_parent

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


def main(argv: list[str]) -> int:
    """Serve a home: arguments are its folder and the port."""
    watch_parent()
    home, port = open_home(Path(argv[0])), int(argv[1])
    config = load_settings(Config, home).value
    log = open_log(home, "web", level=config.log.level, file_bytes=config.log.bytes)
    try:
        require_port(HOST, port)
        # Uvicorn raises the signal that stopped it once more at its end; here it does no harm.
        with stop_signals():
            build_server(build_gateway(home, port, log).app, port).run()
    except AssayError as error:
        log.error(str(error))
        return error.exit_code
    except Exception as error:
        log.error("fault", fingerprint=record_fault(home, error).fingerprint, error=str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
