"""Refuse a TCP port that someone else listens on, by name."""

from __future__ import annotations

import errno
import socket

import psutil

from assay.model.errors import OperatorError, RetryError


def require_port(host: str, port: int) -> None:
    """Raise RetryError naming the holder when the port is taken, OperatorError when not ours."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise RetryError(
                    f"port {port} of {host} is in use by {_holder(port)}; end it or choose "
                    "another port"
                ) from None
            raise OperatorError(
                f"port {port} of {host} cannot be used: {error.strerror}; choose another"
            ) from None


def _holder(port: int) -> str:
    try:
        for each in psutil.net_connections("tcp"):
            listens = each.status == psutil.CONN_LISTEN and each.laddr and each.laddr.port == port
            if listens and each.pid:
                return f"process {each.pid} ({psutil.Process(each.pid).name()})"
    except psutil.Error:
        pass  # another user's processes stay unnamed
    return "another process"
