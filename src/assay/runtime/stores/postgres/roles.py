"""The roles of the database: an owner, the platform, and one bound to a tenant."""

from __future__ import annotations

import psycopg
from psycopg import sql

from assay.model.errors import OperatorError

ADMIN = "postgres"
PLATFORM = "assay_platform"
TENANT = "assay_tenant"
DATABASE = "assay"


def ensure_database(admin_dsn: str) -> None:
    """Create our roles and our database in an embedded server that has them not yet."""
    with psycopg.connect(admin_dsn, autocommit=True) as connection:
        ensure_roles(connection)
        row = connection.execute(
            "select 1 from pg_database where datname = %s", (DATABASE,)
        ).fetchone()
        if row is None:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(DATABASE)))


def ensure_roles(connection: psycopg.Connection) -> None:
    """Create the roles that use the tables without owning them; the owner may act as each."""
    for role in (PLATFORM, TENANT):
        try:
            _ensure_role(connection, role)
        except psycopg.errors.InsufficientPrivilege as error:
            raise OperatorError(
                f"role {role} is missing and cannot be created; let an administrator run "
                f'"create role {role} login; grant {role} to {_user(connection)}"'
            ) from error


def _ensure_role(connection: psycopg.Connection, role: str) -> None:
    name = sql.Identifier(role)
    found = connection.execute("select 1 from pg_roles where rolname = %s", (role,)).fetchone()
    if found is None:
        connection.execute(sql.SQL("create role {} login").format(name))
    member = connection.execute("select pg_has_role(%s, 'usage')", (role,)).fetchone()
    if member is None or not member[0]:
        connection.execute(
            sql.SQL("grant {} to {}").format(name, sql.Identifier(_user(connection)))
        )


def _user(connection: psycopg.Connection) -> str:
    return connection.info.user
