"""Back a home up, bring it back, and delete it: its files and its database together."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from assay import __version__
from assay.apps.config import Config
from assay.apps.restore import (
    HEADS_PATH,
    LEDGERS,
    copy_heads,
    copy_ledgers,
    keeping_ledgers,
    record_restore,
    take_heads,
)
from assay.model.errors import RetryError, UsageError
from assay.model.time import format_time
from assay.runtime.home import Home
from assay.runtime.home.folder import MARK
from assay.runtime.ids import fresh_token
from assay.runtime.settings import load_settings
from assay.runtime.stores.archive import unpack_archive, write_archive
from assay.runtime.stores.clickhouse import stop_owner
from assay.runtime.stores.postgres import (
    dump_database,
    open_postgres,
    refill_database,
    remove_postgres,
    start_postgres,
    stop_postgres,
)
from assay.runtime.stores.postgres.place import POINTER, find_place

DATABASE = "database.tar.gz"
PASSING = frozenset({"access", "locks", "run", "postgres", POINTER, "backups", "analytics/spool"})
"""What a backup leaves out: it belongs to running processes or to who is signed in here, or is a
backup itself."""

LEDGER_FOLDERS = frozenset(kind.folder for kind in LEDGERS)

SURELY_OURS = frozenset(
    {
        MARK,
        "config.toml",
        "access",
        "locks",
        "run",
        "logs",
        "faults",
        "analytics",
        "postgres",
        "broker",
        "audit",
        "models",
        "regimes",
        "tuning",
        "mlflow",
        POINTER,
    }
    | LEDGER_FOLDERS
    | {"backups", "objects", "runs", "cache", "data", "reports", "state", "secrets"}
)
"""What the platform writes into a home; anything else there is left alone."""

FRESH = frozenset({MARK, "access", "locks", "run", "logs", "faults.jsonl"}) | LEDGER_FOLDERS
_ANALYTICS_LOCKS = frozenset({"analytics", "analytics-start", "analytics-migrations"})


def write_backup(home: Home, path: Path | None) -> dict[str, Any]:
    """Write one verified archive of a home and its database, while it runs; return what it holds.

    Without a path it goes to the home's `backups`. Raises UsageError for another ending.
    """
    now = home.clock.now_ns()
    stamp = format_time(now).replace(":", "").replace("-", "")[:15]
    target = path or home.folder("backups") / f"assay-{stamp}.tar.gz"
    if not target.name.endswith(".tar.gz"):
        raise UsageError(f"backup {target.name!r} must end in .tar.gz")
    with tempfile.TemporaryDirectory() as folder:
        extra = copy_heads(home, Path(folder)) | copy_ledgers(home, Path(folder))
        if _has_database(home):
            extra[DATABASE] = _dump(home, Path(folder) / DATABASE)
        manifest = write_archive(
            target.absolute(),
            home.path,
            skip=PASSING | {HEADS_PATH} | LEDGER_FOLDERS | _inside(home, target),
            extra=extra,
            stamp=(__version__, now),
        )
    return {
        "path": str(target.absolute()),
        "files": len(manifest.files),
        "bytes": target.stat().st_size,
        "database": DATABASE in extra,
    }


def _inside(home: Home, target: Path) -> frozenset[str]:
    resolved = target.parent.resolve() / target.name
    if not resolved.is_relative_to(home.path):
        return frozenset()
    return frozenset({resolved.relative_to(home.path).as_posix()})


def _dsn(home: Home) -> str:
    return load_settings(Config, home).value.postgres.dsn


def _has_database(home: Home) -> bool:
    return bool(_dsn(home)) or find_place(home.path) is not None


def _dump(home: Home, path: Path) -> Path:
    # The schema stays as it is: a backup must be possible before a migration.
    dsn = _dsn(home)
    server = open_postgres(home.path, dsn) if dsn else start_postgres(home.path)
    try:
        return dump_database(server.admin_dsn, path)
    finally:
        server.stop()


def restore_backup(home: Home, path: Path, *, force: bool) -> dict[str, Any]:
    """Verify an archive and bring its home and database back; return what it held.

    Raises UsageError for a home that holds something, unless forced, RetryError for one in use.
    """
    require_idle(home)
    held = sorted(entry.name for entry in home.path.iterdir() if entry.name not in FRESH)
    if held and not force:
        raise UsageError(
            f"home {home.path} holds {held[0]!r}; name an empty --home, or replace it by --force"
        )
    staging = home.path / f".restore-{fresh_token(4)}.draft"
    staging.mkdir(mode=0o700)
    try:
        manifest = unpack_archive(path, staging)
        database = staging / DATABASE
        with keeping_ledgers(home, staging / "home"):
            replaced = take_heads(home) if database.exists() else ()
            _place(staging / "home", home.path, manifest.links)
        if database.exists():
            dsn = _dsn(home)
            refill_database(home.path, dsn, database, replace=force)
            record_restore(home, dsn or None, (path.name, manifest.created), replaced)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return {
        "home": str(home.path),
        "files": len(manifest.files),
        "database": DATABASE in manifest.files,
        "program": manifest.program,
        "created": format_time(manifest.created),
    }


def _place(unpacked: Path, home: Path, links: dict[str, str]) -> None:
    if not unpacked.is_dir():
        return
    for name, target in links.items():
        link = unpacked.parent / name
        link.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        link.symlink_to(target)
    for entry in sorted(unpacked.iterdir()):
        place = home / entry.name
        if place.is_dir() and entry.is_dir():
            # Folders are replaced whole: a store's old and new parts must never mix.
            place.rename(unpacked.parent / f"replaced-{entry.name}")
        os.replace(entry, place)


def remove_home(home: Home) -> dict[str, Any]:
    """Delete what the platform wrote into a home, and its database; return what was left alone.

    Raises RetryError for one in use.
    """
    require_idle(home)
    had_database = remove_postgres(home.path)
    left = []
    for entry in sorted(home.path.iterdir()):
        if entry.name not in SURELY_OURS and not entry.name.endswith(".draft"):
            left.append(entry.name)
        elif entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    if not left:
        _remove_folder(home.path)
    return {"home": str(home.path), "database": had_database, "left": left}


def require_idle(home: Home) -> None:
    """Raise RetryError where something uses a home; the stores that may be stopped are."""
    for path in sorted((home.path / "locks").glob("*.lock")):
        if path.stem not in _ANALYTICS_LOCKS and home.is_locked(path.stem):
            raise RetryError(
                f"home {home.path} is in use (lock {path.stem!r}); end it with `assay stop`"
            )
    if home.is_locked("analytics") and not stop_owner(home):
        raise RetryError(f"the analytics store of home {home.path} is in use; try again")
    stop_postgres(home.path)


def _remove_folder(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        # A mount point or a folder in another's hands stays, empty.
        return
