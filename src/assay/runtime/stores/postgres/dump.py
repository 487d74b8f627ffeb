"""A logical copy of the database: one archive that any supported server can load."""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
from pathlib import Path
from typing import IO, Literal

import msgspec
import psycopg
from psycopg import sql

from assay.model.errors import DataError

CONTENTS = "contents.json"
_CHUNK = 1 << 20


class TableCopy(msgspec.Struct, frozen=True):
    """Name one table's file, its columns in order and its number of rows."""

    name: str
    columns: list[str]
    rows: int


class Contents(msgspec.Struct, frozen=True):
    """List what a dump holds: the schema revision, tables, and where sequences stood."""

    revision: str
    tables: list[TableCopy]
    sequences: dict[str, int]


def dump_database(admin_dsn: str, path: Path) -> Path:
    """Write every table as of one moment to a .tar.gz of mode 600; return its path.

    The program may go on writing meanwhile. The file appears only when it is complete.
    """
    draft = path.with_name(f".{path.name}.draft")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with (
            os.fdopen(descriptor, "wb") as file,
            tarfile.open(fileobj=file, mode="w:gz", compresslevel=3) as archive,
            psycopg.connect(admin_dsn) as connection,
        ):
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            _write_contents(connection, archive)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    return path


def _write_contents(connection: psycopg.Connection, archive: tarfile.TarFile) -> None:
    row = connection.execute("select version_num from alembic_version").fetchone()
    if row is None:
        raise DataError("the database has no schema version; it is not one of ours")
    tables = [
        _write_table(connection, archive, name)
        for name in _tables(connection)
        if name != "alembic_version"
    ]
    sequences = connection.execute(
        "select sequencename, last_value from pg_sequences "
        "where schemaname = current_schema() and last_value is not null"
    ).fetchall()
    contents = Contents(str(row[0]), tables, {str(name): int(last) for name, last in sequences})
    with tempfile.TemporaryFile() as file:
        file.write(msgspec.json.encode(contents))
        _add(archive, CONTENTS, file)


def _tables(connection: psycopg.Connection) -> list[str]:
    rows = connection.execute(
        "select tablename from pg_tables where schemaname = current_schema() order by 1"
    ).fetchall()
    return [str(row[0]) for row in rows]


def _write_table(connection: psycopg.Connection, archive: tarfile.TarFile, table: str) -> TableCopy:
    columns = [
        str(row[0])
        for row in connection.execute(
            "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 "
            "and not attisdropped and attgenerated = '' order by attnum",
            (table,),
        )
    ]
    statement = sql.SQL("copy {} ({}) to stdout").format(*_names(table, columns))
    with tempfile.TemporaryFile() as file:
        with connection.cursor() as cursor:
            with cursor.copy(statement) as rows:
                for block in rows:
                    file.write(block)
            count = cursor.rowcount
        _add(archive, f"tables/{table}.copy", file)
    return TableCopy(table, columns, count)


def _names(table: str, columns: list[str]) -> tuple[sql.Composable, sql.Composable]:
    return sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))


def _add(archive: tarfile.TarFile, name: str, file: IO[bytes]) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = file.seek(0, os.SEEK_END)
    entry.mode = 0o600
    file.seek(0)
    archive.addfile(entry, file)


def read_contents(path: Path) -> Contents:
    """Return what a dump says it holds; raise DataError for anything else."""
    try:
        with tarfile.open(path, "r:gz") as archive:
            file = archive.extractfile(CONTENTS)
            if file is None:
                raise KeyError(CONTENTS)
            return msgspec.json.decode(file.read(), type=Contents)
    except (OSError, EOFError, KeyError, tarfile.TarError, msgspec.MsgspecError) as error:
        raise DataError(f"{path} is no complete copy of a database ({error})") from error


def load_database(admin_dsn: str, path: Path) -> None:
    """Fill the empty tables of the dump's own schema revision; all or nothing.

    Raises DataError when the dump is damaged or does not fit.
    """
    contents = read_contents(path)
    try:
        with tarfile.open(path, "r:gz") as archive, psycopg.connect(admin_dsn) as connection:
            for table in contents.tables:
                _load_table(connection, archive, table)
            for name, last in contents.sequences.items():
                connection.execute("select setval(%s::regclass, %s)", (name, last))
    except (OSError, EOFError, KeyError, tarfile.TarError, psycopg.DataError) as error:
        raise DataError(f"{path} is a damaged copy of a database ({error})") from error


def _load_table(connection: psycopg.Connection, archive: tarfile.TarFile, table: TableCopy) -> None:
    source = archive.extractfile(f"tables/{table.name}.copy")
    if source is None:
        raise KeyError(table.name)
    statement = sql.SQL("copy {} ({}) from stdin").format(*_names(table.name, table.columns))
    forced = connection.execute(
        "select relforcerowsecurity from pg_class where oid = %s::regclass", (table.name,)
    ).fetchone()
    if forced and forced[0]:  # COPY refuses a table whose policies bind even its owner
        _force_policies(connection, table.name, "no force")
    with connection.cursor() as cursor:
        with cursor.copy(statement) as rows:
            shutil.copyfileobj(source, rows, _CHUNK)
        if cursor.rowcount != table.rows:
            raise DataError(
                f"table {table.name} of the dump has {cursor.rowcount} rows and should have "
                f"{table.rows}; use another backup"
            )
    if forced and forced[0]:
        _force_policies(connection, table.name, "force")


def _force_policies(
    connection: psycopg.Connection, table: str, how: Literal["force", "no force"]
) -> None:
    connection.execute(
        sql.SQL("alter table {} {} row level security").format(sql.Identifier(table), sql.SQL(how))
    )
