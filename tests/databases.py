"""The database of a fresh home, set up once for all tests whose subject is another."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from assay.runtime.stores.postgres import open_postgres, remove_postgres
from assay.runtime.stores.postgres.place import create_place


@dataclass(frozen=True)
class Databases:
    """Lay a database at the current schema into homes that have none, as their first start does.

    To set one up costs a second of the processor and to write it down safely some more. It is done
    once in `folder`, which the workers of a run share; the last that ends takes it away.
    """

    folder: Path

    @property
    def _home(self) -> Path:
        return self.folder / "home"

    @contextmanager
    def _alone(self) -> Iterator[Path]:
        """Wait for the other workers; give the file that counts who is there."""
        with (self.folder / "lock").open("a") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield self.folder / "workers"

    def enter(self) -> None:
        """Count a worker in."""
        self.folder.mkdir(exist_ok=True)
        with self._alone() as workers, workers.open("a") as file:
            file.write("+")

    def leave(self) -> None:
        """Count a worker out; the last one removes what was set up."""
        with self._alone() as workers:
            left = workers.read_text()[1:]
            workers.write_text(left)
            if not left and self._home.exists():
                remove_postgres(self._home)

    def lay(self, home: Path) -> None:
        """Give a home that has no database one of its own."""
        with self._alone():
            if not (self.folder / "done").exists():
                open_postgres(self._home).stop()
                (self.folder / "done").touch()
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        place, made = create_place(home.resolve()), create_place(self._home.resolve())
        assert not place.data.exists()
        done = place.account.run(["cp", "-r", made.data, place.data], place.folder)
        assert done.returncode == 0, done.stdout
