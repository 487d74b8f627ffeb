"""A health answer on loopback, for whoever watches the process."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HOST = "127.0.0.1"


def serve_health(port: int, status: Callable[[], dict[str, Any]]) -> ThreadingHTTPServer:
    """Answer GET /health with a status as JSON until the server is shut down; nothing else."""

    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path != "/health":
                self.send_error(404, "only /health is served")
                return
            payload = json.dumps(status()).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, format: str, *args: Any) -> None:
            """Keep the terminal quiet."""

    server = ThreadingHTTPServer((HOST, port), Health)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
