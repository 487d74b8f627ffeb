"""Who runs the embedded PostgreSQL: ourselves, or a system account where we are root."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from assay.model.errors import OperatorError

SYSTEM_NAME = "assay-postgres"
_VARIABLES = {"LC_ALL": "C", "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
_NO_ROOT = "or run Assay as a plain user, or set postgres.dsn to a server of yours"


@dataclass(frozen=True)
class ServerAccount:
    """Name the account of the server; `switched` says that it is not our own."""

    name: str
    uid: int
    gid: int
    switched: bool

    def run(
        self, command: Sequence[str | Path], folder: Path, timeout: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """Run a command as this account in `folder`; raise OperatorError where it cannot start."""
        words = [str(word) for word in command]
        try:
            return subprocess.run(  # noqa: PLW1510 - the caller reads the return code
                words,
                cwd=folder,
                env=_VARIABLES,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=timeout,
                user=self.uid if self.switched else None,
                group=self.gid if self.switched else None,
                extra_groups=[] if self.switched else None,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise OperatorError(
                f"{words[0]} cannot run as {self.name} ({error}); let root switch accounts, "
                + _NO_ROOT
            ) from error

    def owns(self, path: Path) -> bool:
        """Return whether the account owns a folder that nobody else may enter."""
        seen = path.lstat()
        return seen.st_uid == self.uid and not path.is_symlink() and not seen.st_mode & 0o077

    def make_folder(self, path: Path) -> None:
        """Create a folder of mode 700 for the account, or accept its own from before."""
        if not os.path.lexists(path):
            self._create_folder(path)
        if not self.owns(path):
            raise OperatorError(f"{path} is not a private folder of {self.name}; move it away")

    def _create_folder(self, path: Path) -> None:
        # Another process that looks meanwhile must not find it before it is the account's.
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.mkdir(mode=0o700, exist_ok=True)
        if self.switched:
            os.chown(draft, self.uid, self.gid)
        try:
            draft.rename(path)
        except OSError:
            draft.rmdir()
            if not os.path.lexists(path):
                raise


def find_account(owner: int | None = None) -> ServerAccount:
    """Return the account that may run PostgreSQL, which refuses to run as root.

    For root it is the `owner` of existing data files, else the system account `assay-postgres`,
    created on first use; for anybody else it is themselves.
    """
    if os.geteuid() != 0:
        return _describe(os.geteuid(), switched=False)
    if owner:
        return _describe(owner, switched=True)
    try:
        entry = pwd.getpwnam(SYSTEM_NAME)
    except KeyError:
        entry = _create_system_account()
    return ServerAccount(entry.pw_name, entry.pw_uid, entry.pw_gid, switched=True)


def _describe(uid: int, *, switched: bool) -> ServerAccount:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        # Containers run as numbers without a name; initdb needs none when told its superuser.
        return ServerAccount(str(uid), uid, os.getegid() if not switched else uid, switched)
    return ServerAccount(entry.pw_name, uid, entry.pw_gid, switched)


def _create_system_account() -> pwd.struct_passwd:
    command = ["useradd", "--system", "--user-group", "--no-create-home"]
    command += ["--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", SYSTEM_NAME]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, env=_VARIABLES)
        return pwd.getpwnam(SYSTEM_NAME)
    except (OSError, subprocess.CalledProcessError, KeyError) as error:
        try:
            return pwd.getpwnam(SYSTEM_NAME)  # another start was faster
        except KeyError:
            detail = getattr(error, "stderr", None) or error
            raise OperatorError(
                f"PostgreSQL refuses to run as root and system user {SYSTEM_NAME!r} cannot be "
                f"created ({str(detail).strip()}); create it, {_NO_ROOT}"
            ) from error
