"""Open or create the home folder without touching any folder that is not ours."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from assay.model.errors import DataError, OperatorError, RetryError, UsageError
from assay.runtime.clock import Clock, Deadline, SystemClock
from assay.runtime.environment import default_home
from assay.runtime.home.lock import HomeLock, is_locked
from assay.runtime.ids import fresh_token

FORMAT = 1
MARK = "home.json"
CONFIG = "config.toml"


class HomeMark(msgspec.Struct, frozen=True):
    """Say that a folder is a home, its format, and when it was made (nanoseconds UTC)."""

    format: int
    created: int


@dataclass(frozen=True)
class Home:
    """Name the folders of one installation.

    `path` has no symlink in it. Everything below is created on first use with mode 700.
    """

    path: Path
    clock: Clock = field(default_factory=SystemClock, compare=False)

    @property
    def config_file(self) -> Path:
        """Return the path of `config.toml`, which need not exist."""
        return self.path / CONFIG

    def folder(self, name: str) -> Path:
        """Return a sub-folder, created with mode 700 when missing."""
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise UsageError(f"folder {name!r} lies outside home {self.path}")
        folder = self.path / name
        _create(folder)
        return folder

    def lock(self, name: str) -> HomeLock:
        """Take an exclusive lock; raise RetryError naming the holder when it is taken."""
        path = self.folder("locks") / f"{name}.lock"
        try:
            return HomeLock(path, self.clock.now_ns())
        except OSError as error:
            raise OperatorError(_unusable(path, error)) from error

    def wait_lock(self, name: str, *, seconds: float) -> HomeLock:
        """Take a lock as soon as it is free; raise RetryError when `seconds` pass first."""
        deadline = Deadline(seconds)
        while True:
            try:
                return self.lock(name)
            except RetryError:
                if deadline.has_passed():
                    raise
                deadline.pause()

    def is_locked(self, name: str) -> bool:
        """Return whether a living process holds the lock."""
        return is_locked(self.path / "locks" / f"{name}.lock")

    def require_space(self, needed: int) -> None:
        """Raise OperatorError when fewer than `needed` bytes are free where the home lies."""
        free = shutil.disk_usage(self.path).free
        if free < needed:
            raise OperatorError(
                f"home {self.path} has {free / 1e6:.0f} MB free and {needed / 1e6:.0f} MB are "
                "needed; free some disk or choose another folder with --home"
            )


def open_home(path: Path | None = None, clock: Clock | None = None) -> Home:
    """Open the home at `path`, else $ASSAY_HOME, else ~/.assay; create it when missing.

    A new home has mode 700. The permissions of a folder that was there before are never changed;
    a folder with other things in it is refused.
    """
    clock = clock or SystemClock()
    wanted = path or Path("~/.assay")
    try:
        wanted = (path or default_home()).expanduser()
        resolved = wanted.resolve(strict=False)
        _create(resolved)
        _mark(resolved, clock)
    except (OSError, RuntimeError) as error:
        raise OperatorError(_unusable(wanted, error)) from error
    return Home(resolved, clock)


def _unusable(path: Path, error: Exception) -> str:
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return f"home {path} cannot be used: {reason}; choose a writable folder with --home"


def _create(folder: Path) -> None:
    missing = []
    here = folder
    while not here.is_dir():
        # Another process may have made it since the line above looked.
        if (here.exists() or here.is_symlink()) and not here.is_dir():
            raise NotADirectoryError(20, f"{here} is not a folder")
        missing.append(here)
        here = here.parent
    for each in reversed(missing):
        try:
            each.mkdir(mode=0o700)
        except FileExistsError:
            continue


def _mark(folder: Path, clock: Clock) -> None:
    mark = folder / MARK
    if not mark.exists():
        strangers = [
            entry.name
            for entry in folder.iterdir()
            if entry.name not in (MARK, CONFIG) and not entry.name.startswith(f".{MARK}")
        ]
        # A home that appeared while we looked is a home all the same.
        if strangers and not mark.exists():
            raise UsageError(
                f"{folder} holds {sorted(strangers)[0]!r} and is no home of Assay; "
                "choose an empty or a new folder with --home"
            )
        _write_once(mark, msgspec.json.encode(HomeMark(FORMAT, clock.now_ns())))
    _require_format(mark)


def _write_once(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.{fresh_token(8)}")
    draft.write_bytes(content)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    except OSError:
        # Some file systems know no hard links; there the last writer wins, with equal content.
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def read_mark(folder: Path) -> HomeMark | None:
    """Return the mark of a home, or None when the folder is no home."""
    try:
        return msgspec.json.decode((folder / MARK).read_bytes(), type=HomeMark)
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError as error:
        raise DataError(f"{folder / MARK} is damaged ({error}); restore it from a backup") from None


def _require_format(mark: Path) -> None:
    found = read_mark(mark.parent)
    if found and found.format > FORMAT:
        raise OperatorError(
            f"home {mark.parent} has format {found.format} and this program knows {FORMAT}; "
            "use the newer program"
        )
