"""PostgreSQL: embedded and owned by us, or any server of 15 and newer by its DSN."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from assay.model.errors import OperatorError
from assay.runtime.stores.postgres.dump import dump_database, load_database, read_contents
from assay.runtime.stores.postgres.external import ExternalPostgres
from assay.runtime.stores.postgres.schema import HEAD, empty_database, migrate, save_before
from assay.runtime.stores.postgres.server import (
    PostgresServer,
    is_running,
    remove_postgres,
    start_postgres,
    stop_postgres,
)

__all__ = [
    "HEAD",
    "ExternalPostgres",
    "Postgres",
    "PostgresServer",
    "dump_database",
    "is_running",
    "load_database",
    "migrate",
    "open_postgres",
    "refill_database",
    "remove_postgres",
    "start_postgres",
    "stop_postgres",
]


class Postgres(Protocol):
    """Name the addresses of a server by role, and let go of it."""

    dsn: str
    tenant_dsn: str
    admin_dsn: str

    def stop(self) -> None: ...


def open_postgres(home: Path, dsn: str | None = None) -> Postgres:
    """Return the database of a home at the current schema: embedded, or external by its DSN.

    A database of an older program is backed up to `<home>/backups`, then migrated. Raises
    OperatorError for a newer one and where no server can run.
    """
    server: Postgres = ExternalPostgres(dsn) if dsn else start_postgres(home)
    try:
        migrate(server.admin_dsn, home.expanduser().resolve() / "backups")
    except BaseException:
        server.stop()
        raise
    return server


def refill_database(home: Path, dsn: str | None, dump: Path, *, replace: bool) -> None:
    """Fill the database from a dump, then migrate it to the current schema.

    What was there before is refused, or dumped to `<home>/backups` and dropped on `replace`.
    """
    contents = read_contents(dump)
    if contents.revision > HEAD:
        raise OperatorError(
            f"{dump.name} has schema {contents.revision} and this program knows {HEAD}; "
            "use the newer program"
        )
    backups = home / "backups"
    server: Postgres = ExternalPostgres(dsn) if dsn else start_postgres(home)
    try:
        if replace:
            save_before(server.admin_dsn, backups, "restore")
        empty_database(server.admin_dsn, replace=replace)
        migrate(server.admin_dsn, backups, contents.revision)
        load_database(server.admin_dsn, dump)
        migrate(server.admin_dsn, backups)
    finally:
        server.stop()
