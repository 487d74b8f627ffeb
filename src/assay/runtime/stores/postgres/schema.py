"""The schema of the database: which version it has, and how it gets to ours."""

from __future__ import annotations

from pathlib import Path

import psycopg

from assay.model.errors import OperatorError, UsageError
from assay.runtime.stores.postgres.dump import dump_database

HEAD = "0006"
_LOCK = 0x41535341_59000001
_MIGRATIONS = Path(__file__).parent / "migrations"


def read_revision(connection: psycopg.Connection) -> str | None:
    """Return the schema version of a database, or None for an empty one."""
    try:
        with connection.transaction():
            row = connection.execute("select version_num from alembic_version").fetchone()
    except psycopg.errors.UndefinedTable:
        return None
    return str(row[0]) if row else None


def migrate(admin_dsn: str, backups: Path, target: str = HEAD) -> Path | None:
    """Bring the schema to `target`; return the backup made before, or None if none was needed.

    Raises OperatorError when the database was written by a newer program.
    """
    with psycopg.connect(admin_dsn, autocommit=True) as connection:
        if read_revision(connection) == target:
            return None
        # Two programs may start at once; the second finds the work done.
        connection.execute("select pg_advisory_lock(%s)", (_LOCK,))
        found = read_revision(connection)
        if found == target:
            return None
        if found is not None and found > HEAD:
            raise OperatorError(
                f"the database has schema {found} and this program knows {HEAD}; "
                "use the newer program"
            )
        backup = save_before(admin_dsn, backups, f"schema-{target}")
        _upgrade(connection, target)
    return backup


def save_before(admin_dsn: str, backups: Path, occasion: str) -> Path | None:
    """Dump a database that holds anything to a new file named by the occasion."""
    with psycopg.connect(admin_dsn) as connection:
        if read_revision(connection) is None:
            return None
    backups.mkdir(mode=0o700, parents=True, exist_ok=True)
    number = 1
    while (path := backups / f"before-{occasion}-{number}.tar.gz").exists():
        number += 1
    return dump_database(admin_dsn, path)


def _upgrade(connection: psycopg.Connection, target: str) -> None:
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine
    from sqlalchemy.pool import StaticPool

    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: connection, poolclass=StaticPool
    )
    connection.autocommit = False
    with engine.connect() as bound:
        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
        config.attributes["connection"] = bound
        command.upgrade(config, target)
        bound.commit()


def empty_database(admin_dsn: str, *, replace: bool) -> None:
    """Drop everything of ours, so that a dump can be loaded; refuse to drop anything else."""
    with psycopg.connect(admin_dsn) as connection:
        if read_revision(connection) is None:
            _require_empty(connection)
        elif not replace:
            raise UsageError(
                f"database {connection.info.dbname!r} is in use; replace what it holds by --force"
            )
        else:
            connection.execute("drop schema public cascade")
            connection.execute("create schema public")


def _require_empty(connection: psycopg.Connection) -> None:
    row = connection.execute(
        "select tablename from pg_tables where schemaname = current_schema() limit 1"
    ).fetchone()
    if row is not None:
        raise OperatorError(
            f"database {connection.info.dbname!r} holds table {row[0]!r}, which is not ours; "
            "name an empty database in postgres.dsn"
        )
