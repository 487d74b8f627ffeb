"""Read one tenant's journal as the role that row-level security binds to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from assay.runtime.journal.reading import reachable


@contextmanager
def read_as(dsn: str, tenant: str) -> Iterator[psycopg.Connection[Any]]:
    """Open a connection that sees one tenant's rows and the shared ones, and changes nothing.

    `dsn` names the tenant's role; raises RetryError where the server is away.
    """
    with reachable():
        connection = psycopg.connect(
            dsn, autocommit=True, connect_timeout=10, application_name="assay-reader"
        )
    try:
        with reachable():
            connection.execute("set default_transaction_read_only = on")
            connection.execute("select set_config('assay.tenant', %s, false)", (tenant,))
            yield connection
    finally:
        connection.close()
