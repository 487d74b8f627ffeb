"""Files that appear whole or not at all, and survive a loss of power."""

from __future__ import annotations

import os
from pathlib import Path

from assay.model.errors import OperatorError


def write_private(path: Path, content: bytes) -> None:
    """Replace a file by content of mode 600 in one step, flushed to the disk with its name."""
    draft = path.with_name(f".{path.name}.draft")
    try:
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
        _flush_folder(path.parent)
    except OSError as error:
        raise OperatorError(
            f"{path} cannot be written ({error.strerror}); free some disk or mend its folder"
        ) from error


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
