"""`assay backup`, `assay restore`, `assay home remove`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assay.apps.cli.console import HomeOption, JsonOption, emit
from assay.model.errors import UsageError
from assay.runtime.environment import default_home
from assay.runtime.home import open_home
from assay.runtime.home.folder import read_mark


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
    from assay.apps.backup import write_backup

    emit(write_backup(open_home(home), path), as_json)


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
    from assay.apps.backup import restore_backup

    emit(restore_backup(open_home(home), path, force=force), as_json)


def remove(
    home: HomeOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Delete a home: what the platform wrote, its database included, and nothing else.

    Example: assay home remove --home /srv/assay --yes
    """
    from assay.apps.backup import remove_home, require_idle

    opened = open_home(_existing(home))
    require_idle(opened)
    if not yes:
        typer.confirm(f"Delete {opened.path} and its database for good?", abort=True, err=True)
    emit(remove_home(opened), as_json)


def _existing(home: Path | None) -> Path | None:
    folder = (home or default_home()).expanduser()
    if not folder.is_dir() or read_mark(folder) is None:
        raise UsageError(f"{folder} is no home of Assay; name one with --home")
    return home
