"""End a running platform from outside, and what a killed one left behind."""

from __future__ import annotations

from typing import Any

import msgspec
import psutil

from assay.model.errors import RetryError
from assay.runtime.clock import wait_for
from assay.runtime.home import Home
from assay.runtime.home.lock import read_holder
from assay.runtime.stores.clickhouse import owner_pid, stop_owner
from assay.runtime.supervisor.state import find_process, read_state, remove_state
from assay.runtime.supervisor.tree import LOCK

_ORDERLY_S = 30.0
_CHILD_S = 5.0


class StopReport(msgspec.Struct, frozen=True, kw_only=True):
    """Say what was ended: the platform, leftover processes, stores; and who still uses a store."""

    was_running: bool
    ended: tuple[str, ...]
    killed: tuple[str, ...]
    in_use: tuple[str, ...]


def platform_status(home: Home) -> dict[str, Any]:
    """Return what runs on a home at this moment."""
    from assay.runtime.stores.postgres import is_running

    state = read_state(home)
    running = home.is_locked(LOCK)
    children = [
        {
            "name": child.name,
            "pid": child.pid,
            "status": _status_of(child.status, find_process(child) is not None),
            "restarts": child.restarts,
        }
        for child in (state.children if state else ())
    ]
    return {
        "home": str(home.path),
        "running": running,
        "pid": _up_pid(home) if running else None,
        "since": state.since if state and running else None,
        "children": children,
        "leftovers": not running and any(each["status"] == "running" for each in children),
        "analytics": owner_pid(home),
        "postgres": is_running(home.path),
    }


def _status_of(recorded: str, alive: bool) -> str:
    if recorded == "running" and not alive:
        return "gone"
    return recorded


def _up_pid(home: Home) -> int | None:
    holder = read_holder(home.path / "locks" / f"{LOCK}.lock")
    return holder.pid if holder else None


def stop_platform(home: Home, *, seconds: float = _ORDERLY_S) -> StopReport:
    """Stop the `assay up` of a home, or what a killed one left; nothing of ours stays.

    Only processes whose start time and command line are those written down are touched.
    """
    ended: list[str] = []
    killed: list[str] = []
    was_running = home.is_locked(LOCK)
    if was_running:
        _end_platform(home, seconds, ended, killed)
    _end_children(home, ended, killed)
    in_use = _end_stores(home, ended)
    if not home.is_locked(LOCK):
        remove_state(home)
    return StopReport(
        was_running=was_running, ended=tuple(ended), killed=tuple(killed), in_use=tuple(in_use)
    )


def _end_platform(home: Home, seconds: float, ended: list[str], killed: list[str]) -> None:
    # Who has just taken the lock has not yet written who it is.
    wait_for(lambda: _up_pid(home) is not None or not home.is_locked(LOCK), seconds=_CHILD_S)
    pid = _up_pid(home)
    if pid is None:
        return
    try:
        process = psutil.Process(pid)
        if not home.is_locked(LOCK):
            return  # it ended while we looked, and the number may be another's
        process.terminate()
        if wait_for(lambda: not home.is_locked(LOCK), seconds=seconds):
            ended.append(LOCK)
        else:
            process.kill()
            killed.append(LOCK)
        wait_for(lambda: not _lives(process), seconds=_CHILD_S)
    except psutil.NoSuchProcess:
        return
    except psutil.AccessDenied:
        raise RetryError(
            f"process {pid} of home {home.path} belongs to another user; stop it as that user"
        ) from None


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running()) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _end_children(home: Home, ended: list[str], killed: list[str]) -> None:
    state = read_state(home)
    if state is None or home.is_locked(LOCK):
        return
    for child in reversed(state.children):
        process = find_process(child)
        if process is None:
            continue
        family = [process, *process.children(recursive=True)]
        process.terminate()
        _, stuck = psutil.wait_procs(family, timeout=_CHILD_S)
        for each in stuck:
            each.kill()
        psutil.wait_procs(stuck, timeout=_CHILD_S)
        (killed if stuck else ended).append(child.name)


def _end_stores(home: Home, ended: list[str]) -> list[str]:
    from assay.runtime.stores.postgres import stop_postgres

    in_use: list[str] = []
    if owner_pid(home) is not None:
        (ended if stop_owner(home) else in_use).append("analytics")
    try:
        if stop_postgres(home.path):
            ended.append("postgres")
    except RetryError:
        in_use.append("postgres")
    return in_use
