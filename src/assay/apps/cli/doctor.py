"""The checks of `assay doctor`: what a machine and a home need, each with its remedy."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from packaging.requirements import Requirement

from assay.model.errors import AssayError
from assay.model.time import DAY, format_time, parse_time
from assay.runtime.home import Home
from assay.runtime.home.folder import read_mark
from assay.runtime.stores.clickhouse import open_analytics, owner_pid, stop_owner
from assay.runtime.supervisor import platform_status

GOOD, WARNING, BAD = "ok", "warning", "failed"
_PYTHON = ((3, 11), (3, 14))
_DISK_NEEDED = 1_000_000_000
_DISK_WISHED = 5_000_000_000


class Check(msgspec.Struct, frozen=True):
    """Hold one finding: ok, warning or failed, what was seen, and what to do about it."""

    name: str
    status: str
    found: str
    remedy: str = ""


def examine(home: Home, dsn: str = "") -> list[Check]:
    """Run every check; a check that breaks is a failed check."""
    checks: tuple[tuple[str, Callable[[], Check]], ...] = (
        ("python", _check_python),
        ("packages", _check_packages),
        ("zones", _check_zones),
        ("home", lambda: _check_home(home)),
        ("permissions", lambda: _check_permissions(home)),
        ("disk", lambda: _check_disk(home)),
        ("clock", lambda: _check_clock(home)),
        ("leftovers", lambda: _check_leftovers(home)),
        ("compiler", _check_compiler),
        ("champions", lambda: _check_champions(home)),
        ("analytics", lambda: _check_analytics(home)),
        ("postgres", lambda: _check_postgres(home, dsn)),
    )
    return [_guarded(name, check) for name, check in checks]


def _guarded(name: str, check: Callable[[], Check]) -> Check:
    try:
        return check()
    except AssayError as error:
        found, _, remedy = str(error).rpartition("; ")
        return Check(name, BAD, found or remedy, remedy)
    except Exception as error:  # a doctor reports what breaks under its hands
        return Check(name, BAD, f"{type(error).__name__}: {error}", "read `assay logs`")


def _check_python() -> Check:
    version = sys.version_info[:2]
    found = f"{sys.version.split()[0]} at {sys.executable}"
    if _PYTHON[0] <= version < _PYTHON[1]:
        return Check("python", GOOD, found)
    return Check("python", BAD, found, "install Python 3.11, 3.12 or 3.13, then `make install`")


def _check_packages() -> Check:
    # What is for another system, or an extra, is no part of this installation.
    wanted = [
        each.name
        for each in map(Requirement, metadata.requires("assay") or [])
        if each.marker is None or each.marker.evaluate({"extra": ""})
    ]
    missing = [name for name in wanted if not _is_installed(name)]
    if missing:
        return Check("packages", BAD, f"missing: {', '.join(missing)}", "run `make install`")
    return Check("packages", GOOD, f"{len(wanted)} installed")


def _is_installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _check_zones() -> Check:
    try:
        ZoneInfo("America/New_York")
    except ZoneInfoNotFoundError as error:
        return Check("zones", BAD, str(error), "install the package tzdata: `make install`")
    return Check("zones", GOOD, "America/New_York is known")


def _check_home(home: Home) -> Check:
    with tempfile.TemporaryFile(dir=home.folder("run")) as probe:
        probe.write(b"0" * 4096)
        probe.flush()
        os.fsync(probe.fileno())
    return Check("home", GOOD, f"{home.path} is writable")


def _check_permissions(home: Home) -> Check:
    found = home.path.stat()
    mode = stat.S_IMODE(found.st_mode)
    shown = f"mode {mode:o}, owner {found.st_uid}"
    if found.st_uid != os.geteuid():
        return Check("permissions", WARNING, shown, f"run as the owner (user {found.st_uid})")
    if mode & 0o077:
        return Check("permissions", WARNING, shown, f"others can look in: chmod 700 {home.path}")
    return Check("permissions", GOOD, shown)


def _check_disk(home: Home) -> Check:
    free = shutil.disk_usage(home.path).free
    found = f"{free / 1e9:.1f} GB free"
    if free < _DISK_NEEDED:
        return Check("disk", BAD, found, "free at least 1 GB or choose another --home")
    if free < _DISK_WISHED:
        return Check("disk", WARNING, found, "free 5 GB before importing years of ticks")
    return Check("disk", GOOD, found)


def _check_clock(home: Home) -> Check:
    now = home.clock.now_ns()
    mark = read_mark(home.path)
    earliest = max(parse_time("2026-01-01"), mark.created if mark else 0) - DAY
    found = format_time(now)
    if now < earliest:
        return Check("clock", BAD, f"{found} lies before the home was made", "set the clock")
    return Check("clock", GOOD, found)


def _check_leftovers(home: Home) -> Check:
    status = platform_status(home)
    if status["running"]:
        return Check("leftovers", GOOD, f"`assay up` runs as process {status['pid']}")
    if status["leftovers"]:
        return Check("leftovers", WARNING, "a killed `assay up` left processes", "run `assay stop`")
    return Check("leftovers", GOOD, "none")


def _check_compiler() -> Check:
    from assay.kernel.compiling import cache_folder

    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        return Check("compiler", GOOD, f"cache {folder}")


def _check_champions(home: Home) -> Check:
    from assay.apps.lab.champions.serving import list_champions

    found = list_champions(home)
    damaged = [one for one in found if one["damage"]]
    if not damaged:
        return Check("champions", GOOD, f"{len(found)}, their files are those promoted")
    one = damaged[0]
    told = f"{one['champion']} of {one['scope']}: {one['damage']}; "
    told += f"{one['serves']} serves instead" if one["serves"] else "nobody can serve instead"
    return Check(
        "champions", WARNING if one["serves"] else BAD, told,
        "bring its files back with `assay restore`, or `assay models rollback`",
    )  # fmt: skip


def _check_analytics(home: Home) -> Check:
    was_running = owner_pid(home) is not None
    with open_analytics(home, idle_s=5) as analytics:
        version = analytics.query("SELECT version() AS version").to_pylist()[0]["version"]
    if not was_running:
        stop_owner(home)
    return Check("analytics", GOOD, f"ClickHouse {version}")


def _check_postgres(home: Home, dsn: str) -> Check:
    from assay.runtime.stores.postgres import (
        ExternalPostgres,
        is_running,
        remove_postgres,
        start_postgres,
    )

    if dsn:
        ExternalPostgres(dsn).stop()
        return Check("postgres", GOOD, "the server of postgres.dsn answers")
    if is_running(home.path):
        return Check("postgres", GOOD, "running")
    # A trial elsewhere: a look at the home must not fill it.
    with tempfile.TemporaryDirectory(prefix="assay-doctor-") as folder:
        trial = Path(folder) / "home"
        start_postgres(trial).stop()
        remove_postgres(trial)
    return Check("postgres", GOOD, "a trial server started and stopped")
