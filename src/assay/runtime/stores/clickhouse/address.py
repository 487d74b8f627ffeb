"""Where the owner of a home listens."""

from __future__ import annotations

import os
import stat
from hashlib import blake2b
from pathlib import Path

from assay.model.errors import OperatorError
from assay.runtime.environment import runtime_folder
from assay.runtime.home import Home

SOCKET = "analytics.sock"
_PATH_MAX = 100
"""A unix socket's path holds 108 bytes on Linux, 104 on macOS."""


def socket_path(home: Home) -> Path:
    """Return the socket of a home; a path too long for one moves to a short private folder."""
    near = home.folder("run") / SOCKET
    if len(os.fsencode(near)) <= _PATH_MAX:
        return near
    name = blake2b(os.fsencode(home.path), digest_size=8).hexdigest()
    folder = runtime_folder() / f"assay-{os.getuid()}-{name}"
    _require_private(folder)
    return folder / SOCKET


def _require_private(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        found = folder.lstat()
        private = stat.S_ISDIR(found.st_mode) and not stat.S_IMODE(found.st_mode) & 0o077
        if not private or found.st_uid != os.getuid():
            raise OperatorError(
                f"{folder} belongs to someone else or is open to others; remove it or set "
                "XDG_RUNTIME_DIR to a private folder"
            ) from None
