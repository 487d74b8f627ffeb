"""The schema of the database: which version it has, and how it gets to ours."""

from __future__ import annotations

from pathlib import Path

import psycopg
from psycopg import sql

from assay.model.errors import OperatorError
from assay.runtime.stores.postgres.dump import dump_database

HEAD = "0002"
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
        backup = None if found is None else dump_database(admin_dsn, _backup_path(backups, found))
        _upgrade(connection, target)
    return backup


def _backup_path(backups: Path, revision: str) -> Path:
    backups.mkdir(mode=0o700, parents=True, exist_ok=True)
    number = 1
    while (path := backups / f"schema-{revision}-{number}.tar.gz").exists():
        number += 1
    return path


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


def list_tables(connection: psycopg.Connection) -> list[str]:
    """Return the names of our tables in order."""
    rows = connection.execute(
        "select tablename from pg_tables where schemaname = current_schema() order by 1"
    ).fetchall()
    return [str(row[0]) for row in rows]


def create_database(admin_dsn: str, name: str) -> None:
    """Create an empty database beside that of `admin_dsn`."""
    with psycopg.connect(admin_dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))


def empty_database(admin_dsn: str) -> None:
    """Drop everything of ours, so that a backup can be loaded."""
    with psycopg.connect(admin_dsn) as connection:
        connection.execute("drop schema public cascade")
        connection.execute("create schema public")
