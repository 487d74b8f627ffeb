"""What a running platform writes down about its processes, and how one is recognised again."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec
import psutil

from assay.runtime.home import Home
from assay.runtime.ids import fresh_token

FILE = "up.json"
_START_TOLERANCE_S = 2.0
"""The kernel's boot time, to which starts are added, may be stepped by a time server."""


class ChildState(msgspec.Struct, frozen=True, kw_only=True):
    """Describe one process: `created` is its start in seconds since 1970 as the kernel says."""

    name: str
    pid: int
    created: float
    argv: tuple[str, ...]
    status: str = "running"
    restarts: int = 0


class PlatformState(msgspec.Struct, frozen=True, kw_only=True):
    """Describe a running `assay up`; `since` is in nanoseconds UTC."""

    up: ChildState
    since: int
    children: tuple[ChildState, ...] = ()


def describe_process(name: str, pid: int, argv: Sequence[str] | None = None) -> ChildState:
    """Return how a process can be recognised later."""
    process = psutil.Process(pid)
    line = tuple(argv) if argv is not None else tuple(process.cmdline())
    return ChildState(name=name, pid=pid, created=process.create_time(), argv=line)


def find_process(child: ChildState) -> psutil.Process | None:
    """Return the living process of a description, or None when its pid is gone or recycled."""
    if not child.pid:
        return None
    try:
        process = psutil.Process(child.pid)
        same_start = abs(process.create_time() - child.created) <= _START_TOLERANCE_S
        if not same_start or process.status() == psutil.STATUS_ZOMBIE:
            return None
        return process if _is_line(tuple(process.cmdline()), child.argv) else None
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return None


def _is_line(line: tuple[str, ...], argv: tuple[str, ...]) -> bool:
    # A script with a shebang shows its interpreter in front of what was asked for.
    given = argv[1:]
    return line == argv or (bool(given) and line[-len(given) :] == given)


def _path(home: Home) -> Path:
    return home.path / "run" / FILE


def read_state(home: Home) -> PlatformState | None:
    """Return what the last `assay up` wrote, or None when it ended in order."""
    try:
        return msgspec.json.decode(_path(home).read_bytes(), type=PlatformState)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None


def write_state(home: Home, state: PlatformState) -> None:
    """Replace the state in one step."""
    path = home.folder("run") / FILE
    draft = path.with_name(f".{FILE}.{fresh_token(4)}")
    draft.write_bytes(msgspec.json.encode(state))
    draft.chmod(0o600)
    os.replace(draft, path)


def remove_state(home: Home) -> None:
    """Forget the state."""
    _path(home).unlink(missing_ok=True)
