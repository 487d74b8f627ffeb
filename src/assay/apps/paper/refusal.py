"""Why the trader will not run: told once by the process, raised again in front of the person."""

from __future__ import annotations

from pathlib import Path

import msgspec

from assay.model.errors import AssayError, DataError, OperatorError, UsageError

FILE = "refusal.json"
_FAMILIES: dict[int, type[AssayError]] = {2: UsageError, 3: DataError, 4: OperatorError}


class Refusal(msgspec.Struct, frozen=True):
    """Hold an error that starting again would not mend."""

    exit_code: int
    text: str


def write_refusal(path: Path, error: AssayError) -> None:
    """Keep an error for the process in front."""
    fresh = path.with_suffix(".new")
    fresh.write_bytes(msgspec.json.encode(Refusal(error.exit_code, str(error))))
    fresh.replace(path)


def raise_refusal(path: Path) -> None:
    """Raise the error that was kept, if there is one."""
    if path.exists():
        refusal = msgspec.json.decode(path.read_bytes(), type=Refusal)
        raise _FAMILIES[refusal.exit_code](refusal.text)
