"""Results that appear together: a folder is filled aside and its files moved when all are whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

from assay.model.errors import OperatorError


@contextmanager
def appearing_together(out: Path) -> Iterator[Path]:
    """Give a folder to write to; its files are moved to `out` at the end, unless something raised.

    Raises OperatorError where `out` cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        folder = Path(mkdtemp(prefix=".unfinished-", dir=out))
    except OSError as error:
        raise OperatorError(
            f"cannot write to {out}: {error.strerror}; name another --out"
        ) from None
    try:
        yield folder
        for path in sorted(folder.iterdir()):
            path.replace(out / path.name)
    finally:
        rmtree(folder)
