"""`assay backup`, `assay restore`, `assay home remove`."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from assay import __version__
from assay.apps.cli.console import HomeOption, JsonOption, emit
from assay.apps.config import Config
from assay.model.errors import RetryError, UsageError
from assay.model.time import format_time
from assay.runtime.home import Home, open_home
from assay.runtime.home.folder import MARK, read_mark
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
        POINTER,
    }
    | {"backups", "objects", "runs", "cache", "data", "reports", "state", "secrets"}
)
"""What the platform writes into a home; anything else there is left alone."""

FRESH = frozenset({MARK, "access", "locks", "run", "logs", "faults.jsonl"})
_ANALYTICS_LOCKS = frozenset({"analytics", "analytics-start", "analytics-migrations"})


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command("backup")(backup)
    app.command("restore")(restore)
    home = typer.Typer(help="Look after the folder of the installation.", no_args_is_help=True)
    home.command("remove")(remove)
    app.add_typer(home, name="home")


def backup(
    path: Annotated[
        Path | None, typer.Argument(help="File to write; else one in the home's `backups`.")
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write one verified archive of the home and its database, while it runs.

    Example: assay backup /media/disk/assay.tar.gz
    """
    from assay.apps.restore import HEADS_PATH, copy_heads

    opened = open_home(home)
    now = opened.clock.now_ns()
    stamp = format_time(now).replace(":", "").replace("-", "")[:15]
    target = path or opened.folder("backups") / f"assay-{stamp}.tar.gz"
    if not target.name.endswith(".tar.gz"):
        raise UsageError(f"backup {target.name!r} must end in .tar.gz")
    with tempfile.TemporaryDirectory() as folder:
        extra: dict[str, Path] = copy_heads(opened, Path(folder))
        if _has_database(opened):
            extra[DATABASE] = _dump(opened, Path(folder) / DATABASE)
        manifest = write_archive(
            target.absolute(),
            opened.path,
            skip=PASSING | {HEADS_PATH} | _inside(opened, target),
            extra=extra,
            stamp=(__version__, now),
        )
    result = {
        "path": str(target.absolute()),
        "files": len(manifest.files),
        "bytes": target.stat().st_size,
        "database": DATABASE in extra,
    }
    emit(result, as_json)


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


def restore(
    path: Annotated[Path, typer.Argument(help="File that `assay backup` wrote.")],
    home: HomeOption = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace what a home in use for longer holds.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Verify an archive and bring its home and database back.

    The restore itself becomes an entry of the audit, with the chains that it replaced.

    Example: assay restore assay.tar.gz --home /srv/assay
    """
    from assay.apps.restore import record_restore, take_heads

    opened = open_home(home)
    _require_idle(opened)
    held = sorted(entry.name for entry in opened.path.iterdir() if entry.name not in FRESH)
    if held and not force:
        raise UsageError(
            f"home {opened.path} holds {held[0]!r}; name an empty --home, or replace it by --force"
        )
    staging = opened.path / f".restore-{fresh_token(4)}.draft"
    staging.mkdir(mode=0o700)
    try:
        manifest = unpack_archive(path, staging)
        database = staging / DATABASE
        replaced = take_heads(opened) if database.exists() else ()
        _place(staging / "home", opened.path, manifest.links)
        if database.exists():
            dsn = _dsn(opened)
            refill_database(opened.path, dsn, database, replace=force)
            record_restore(opened, dsn or None, (path.name, manifest.created), replaced)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    result = {
        "home": str(opened.path),
        "files": len(manifest.files),
        "database": DATABASE in manifest.files,
        "program": manifest.program,
        "created": format_time(manifest.created),
    }
    emit(result, as_json)


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


def _require_idle(home: Home) -> None:
    for path in sorted((home.path / "locks").glob("*.lock")):
        if path.stem not in _ANALYTICS_LOCKS and home.is_locked(path.stem):
            raise RetryError(
                f"home {home.path} is in use (lock {path.stem!r}); end it with `assay stop`"
            )
    if home.is_locked("analytics") and not stop_owner(home):
        raise RetryError(f"the analytics store of home {home.path} is in use; try again")
    stop_postgres(home.path)


def remove(
    home: HomeOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Delete a home: what the platform wrote, its database included, and nothing else.

    Example: assay home remove --home /srv/assay --yes
    """
    opened = open_home(_existing(home))
    _require_idle(opened)
    if not yes:
        typer.confirm(f"Delete {opened.path} and its database for good?", abort=True, err=True)
    had_database = remove_postgres(opened.path)
    left = []
    for entry in sorted(opened.path.iterdir()):
        if entry.name not in SURELY_OURS and not entry.name.endswith(".draft"):
            left.append(entry.name)
        elif entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    if not left:
        _remove_folder(opened.path)
    emit({"home": str(opened.path), "database": had_database, "left": left}, as_json)


def _existing(home: Path | None) -> Path | None:
    from assay.runtime.environment import default_home

    folder = (home or default_home()).expanduser()
    if not folder.is_dir() or read_mark(folder) is None:
        raise UsageError(f"{folder} is no home of Assay; name one with --home")
    return home


def _remove_folder(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        # A mount point or a folder in another's hands stays, empty.
        return
