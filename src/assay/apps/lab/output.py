"""Results that appear together: a folder is filled aside and its files moved when all are whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

from assay.model.errors import OperatorError


def make_folder(path: Path) -> Path:
    """Return the folder, made where it is not there; raise OperatorError where it cannot be."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OperatorError(
            f"cannot write to {path}: {error.strerror}; name another --out"
        ) from None
    return path


@contextmanager
def appearing_together(out: Path) -> Iterator[Path]:
    """Give a folder to write to; its files are moved to `out` at the end, unless something raised.

    Raises OperatorError where `out` cannot be made.
    """
    folder = Path(mkdtemp(prefix=".unfinished-", dir=make_folder(out)))
    try:
        yield folder
        for path in sorted(folder.iterdir()):
            path.replace(out / path.name)
    finally:
        rmtree(folder)
