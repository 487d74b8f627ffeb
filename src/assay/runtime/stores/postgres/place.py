"""Where the embedded server's files lie: in the home, or for root in a system folder."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import msgspec

from assay.model.errors import DataError, OperatorError
from assay.runtime.environment import runtime_folder
from assay.runtime.stores.postgres.account import ServerAccount, find_account
from assay.runtime.stores.postgres.binaries import SYSTEM_FOLDER, make_system_folder

FOLDER = "postgres"
POINTER = "postgres.json"
PORT = 5432
_SOCKET_BYTES_MAX = 100


class Pointer(msgspec.Struct, frozen=True):
    """Say in the home where root keeps its PostgreSQL, and there whose home it serves."""

    folder: str
    home: str


@dataclass(frozen=True)
class Place:
    """Name the files of one home's server and the account that owns them."""

    home: Path
    folder: Path
    account: ServerAccount

    @property
    def data(self) -> Path:
        """Return the data folder, which exists once `initdb` is through."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """Return the file of the server's own words."""
        return self.folder / "server.log"

    @property
    def sockets(self) -> Path:
        """Return the folder of the socket: a short one where the usual path is too long."""
        usual = self.folder / "socket"
        if len(os.fsencode(usual / f".s.PGSQL.{PORT}")) <= _SOCKET_BYTES_MAX:
            return usual
        parent = Path("/run") if os.geteuid() == 0 else runtime_folder()
        return parent / f"assay-{self.account.uid}-{_digest(self.folder)[:12]}"

    def conninfo(self, user: str, database: str) -> str:
        """Return the address of the server for one role."""
        return f"host={self.sockets} port={PORT} user={user} dbname={database}"


def _digest(path: Path) -> str:
    return blake2b(os.fsencode(path), digest_size=8).hexdigest()


def find_place(home: Path) -> Place | None:
    """Return the place of a home that has one; raise OperatorError where it is not ours to use."""
    local = home / FOLDER
    pointer = _read_pointer(home / POINTER)
    if pointer is not None:
        return _follow(home, pointer)
    if not local.exists():
        return None
    return Place(home, local, find_account(local.stat().st_uid))


def create_place(home: Path) -> Place:
    """Return the place of a home, created when missing."""
    found = find_place(home)
    if found is not None:
        return found
    if os.geteuid() != 0:
        account = find_account()
        (home / FOLDER).mkdir(mode=0o700)
        return Place(home, home / FOLDER, account)
    account = find_account()
    folder = _free_folder(home)
    pointer = Pointer(str(folder), str(home))
    _write_private(home / POINTER, pointer)
    return _follow(home, pointer)


def _free_folder(home: Path) -> Path:
    # Files of an earlier home at this path are not ours to take over, nor to delete.
    folder, number = make_system_folder() / _digest(home), 1
    while folder.exists():
        number += 1
        folder = folder.with_name(f"{_digest(home)}.{number}")
    return folder


def _follow(home: Path, pointer: Pointer) -> Place:
    folder = Path(pointer.folder)
    if folder.parent != SYSTEM_FOLDER:
        raise DataError(f"{home / POINTER} points to {folder}, outside {SYSTEM_FOLDER}; restore it")
    if os.geteuid() != 0:
        raise OperatorError(
            f"PostgreSQL of home {home} belongs to root; run as root or choose another --home"
        )
    account = find_account()
    account.make_folder(folder)
    mark = folder / "home.json"
    owner = _read_pointer(mark)
    if owner is not None and owner.home != str(home):
        _require_moved(home, Path(owner.home), pointer)
    if owner is None or owner.home != str(home):
        _write_private(mark, Pointer(pointer.folder, str(home)))
    return Place(home, folder, account)


def _require_moved(home: Path, before: Path, pointer: Pointer) -> None:
    other = _read_pointer(before / POINTER)
    if other is not None and other.folder == pointer.folder and not before.samefile(home):
        raise OperatorError(
            f"home {home} is a copy of {before} and would share its PostgreSQL; "
            "copy it with `assay backup` and `assay restore`"
        )


def _read_pointer(path: Path) -> Pointer | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Pointer)
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError as error:
        raise DataError(f"{path} is damaged ({error}); restore it from a backup") from None


def _write_private(path: Path, pointer: Pointer) -> None:
    draft = path.with_name(f".{path.name}.draft")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(pointer))
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)


def remove_place(place: Place) -> None:
    """Delete the files of a stopped server, and nothing else."""
    shutil.rmtree(place.folder)
    if place.sockets.parent != place.folder:
        shutil.rmtree(place.sockets, ignore_errors=True)
    (place.home / POINTER).unlink(missing_ok=True)
