"""A PostgreSQL that somebody else runs, reached by its DSN."""

from __future__ import annotations

import psycopg
from psycopg.conninfo import make_conninfo

from assay.model.errors import OperatorError, RetryError, UsageError
from assay.runtime.stores.postgres.roles import PLATFORM, TENANT, ensure_roles

_OLDEST = 150000


class ExternalPostgres:
    """Hold the addresses of a server of 15 or newer; `stop` leaves it running.

    `dsn` names an owner of the tables; normal work acts as the roles of the platform and of a
    tenant. Raises UsageError for a malformed DSN, RetryError when nobody answers, OperatorError
    for a server that is too old.
    """

    def __init__(self, dsn: str) -> None:
        try:
            self.admin_dsn = make_conninfo(dsn)
        except psycopg.ProgrammingError as error:
            raise UsageError(f"postgres.dsn cannot be read ({error}); see libpq's URIs") from error
        self.dsn = make_conninfo(dsn, options=f"-c role={PLATFORM}")
        self.tenant_dsn = make_conninfo(dsn, options=f"-c role={TENANT}")
        try:
            with psycopg.connect(self.admin_dsn, connect_timeout=10, autocommit=True) as connection:
                self._require_version(connection)
                ensure_roles(connection)
        except psycopg.OperationalError as error:
            raise RetryError(
                f"the server of postgres.dsn does not answer ({' '.join(str(error).split())}); "
                "start it or mend postgres.dsn"
            ) from error

    def _require_version(self, connection: psycopg.Connection) -> None:
        found = connection.info.server_version
        if found < _OLDEST:
            raise OperatorError(
                f"the server of postgres.dsn is PostgreSQL {found // 10000}; 15 or newer is needed"
            )

    def stop(self) -> None:
        """Leave the server as it is."""
