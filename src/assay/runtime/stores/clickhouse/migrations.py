"""Numbered SQL files, each applied once and remembered in the store."""

from __future__ import annotations

import re
from hashlib import sha256
from importlib.resources.abc import Traversable
from pathlib import Path

import msgspec

from assay.model.errors import DataError, InvariantError, OperatorError
from assay.runtime.stores.clickhouse.client import Analytics

TABLE = "schema_migrations"
_LOCK_WAIT_S = 60.0
_NAME = re.compile(r"(\d{4})_(\w+)\.sql")
_COMMENT = re.compile(r"^\s*--.*$", re.MULTILINE)
_APPLIED = "SELECT number, digest FROM schema_migrations"
_CREATE = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    number UInt32, name String, digest String, applied_at Int64
) ENGINE = MergeTree ORDER BY number
"""


class Migration(msgspec.Struct, frozen=True):
    """Hold one file `NNNN_name.sql`; every statement in it must bear being run twice."""

    number: int
    name: str
    text: str

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the text."""
        return sha256(self.text.encode()).hexdigest()

    def statements(self) -> list[str]:
        """Return the statements, which end with a semicolon at the end of a line."""
        parts = re.split(r";\s*(?:\n|$)", _COMMENT.sub("", self.text))
        return [part.strip() for part in parts if part.strip()]


def load_migrations(folder: Path | Traversable) -> list[Migration]:
    """Read the files of a folder in order; raise InvariantError for a gap or a double number."""
    found = []
    for entry in folder.iterdir():
        matched = _NAME.fullmatch(entry.name)
        if matched:
            text = entry.read_text(encoding="utf-8")
            found.append(Migration(int(matched[1]), matched[2], text))
    found.sort(key=lambda each: each.number)
    if [each.number for each in found] != list(range(1, len(found) + 1)):
        raise InvariantError(f"migrations in {folder} are not numbered 0001, 0002, … without gaps")
    return found


def apply_migrations(analytics: Analytics, folder: Path | Traversable) -> list[int]:
    """Bring the store to the newest schema and return the numbers that were applied now.

    A store of a newer program and a migration whose text has changed are refused.
    """
    migrations = load_migrations(folder)
    with analytics.home.wait_lock("analytics-migrations", seconds=_LOCK_WAIT_S):
        analytics.execute(_CREATE)
        rows = analytics.query(_APPLIED).to_pylist()
        applied = {row["number"]: row["digest"] for row in rows}
        _require_known(analytics, migrations, applied)
        pending = [each for each in migrations if each.number not in applied]
        for migration in pending:
            for statement in migration.statements():
                analytics.execute(statement)
            _remember(analytics, migration)
    return [each.number for each in pending]


def _require_known(
    analytics: Analytics, migrations: list[Migration], applied: dict[int, str]
) -> None:
    known = {each.number: each for each in migrations}
    for number, digest in sorted(applied.items()):
        if number not in known:
            raise OperatorError(
                f"the analytics store of {analytics.home.path} has schema {number} and this "
                f"program knows {len(migrations)}; use the newer program"
            )
        if known[number].digest != digest:
            raise DataError(
                f"migration {number:04d}_{known[number].name} differs from what the analytics "
                "store was built with; restore the file or the backup that fits it"
            )


def _remember(analytics: Analytics, migration: Migration) -> None:
    import pyarrow as pa

    row = {
        "number": pa.array([migration.number], pa.uint32()),
        "name": [migration.name],
        "digest": [migration.digest],
        "applied_at": pa.array([analytics.home.clock.now_ns()], pa.int64()),
    }
    analytics.insert(TABLE, pa.table(row))
