"""Give equal errors an equal name, whatever numbers and paths their text carries."""

from __future__ import annotations

import re
import traceback
from hashlib import blake2b
from pathlib import Path
from types import TracebackType

import msgspec

from assay.runtime.redaction import redact_text

FRAMES_MAX = 12
MESSAGE_MAX = 500
_VARIABLE_PARTS = (
    (re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`"), "<text>"),
    (re.compile(r"(?:/[\w.@~+-]+)+/?"), "<path>"),
    (re.compile(r"\b0x[0-9a-fA-F]+\b"), "<address>"),
    (re.compile(r"\b(?=[0-9a-fA-F-]*\d)[0-9a-fA-F]{8,}(?:-[0-9a-fA-F]+)*\b"), "<id>"),
    (re.compile(r"[-+]?\d+(?:[.,:]\d+)*"), "<number>"),
)
_HINTS: tuple[tuple[type[BaseException], str], ...] = (
    (MemoryError, "give the process more memory or work on a shorter span"),
    (ModuleNotFoundError, "the installation is incomplete: run `make install`"),
    (ImportError, "the installation is damaged: run `make install`"),
    (PermissionError, "give this user the right to the named file, or use another --home"),
    (ConnectionError, "a service ended: look at `assay status`, then start `assay up` again"),
    (TimeoutError, "the machine or a service is too slow: look at `assay doctor`, then retry"),
    (OSError, "the machine refused: look at `assay doctor`"),
    (RecursionError, "the input nests too deep: look at the data that was given"),
)
_DEFAULT_HINT = "this is a defect of the program: report the fingerprint; `assay logs` has more"


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Describe one kind of unexpected error and how often it came (times in nanoseconds UTC)."""

    fingerprint: str
    kind: str
    message: str
    frames: tuple[str, ...]
    hint: str
    trace: str = ""
    count: int = 1
    first: int = 0
    last: int = 0


def normalise_message(text: str) -> str:
    """Replace what varies between two occurrences of one error.

    >>> normalise_message("row 17 of '/tmp/a.csv' at 0xff00")
    'row <number> of <text> at <address>'
    """
    for pattern, name in _VARIABLE_PARTS:
        text = pattern.sub(name, text)
    return text[:MESSAGE_MAX]


def _frames_of(trace: TracebackType | None) -> tuple[str, ...]:
    # Function names without line numbers: an edit elsewhere in the file keeps the fingerprint.
    named = [
        f"{Path(frame.filename).parent.name}/{Path(frame.filename).stem}:{frame.name}"
        for frame in traceback.extract_tb(trace)
    ]
    return tuple(named[-FRAMES_MAX:])


def fingerprint_of(error: BaseException) -> str:
    """Return 12 hexadecimal digits that name this kind of error at this place."""
    parts = (
        type(error).__qualname__,
        normalise_message(str(error)),
        *_frames_of(error.__traceback__),
    )
    return blake2b("\x1f".join(parts).encode(), digest_size=6).hexdigest()


def describe_fault(error: BaseException, now_ns: int) -> Fault:
    """Return the fault of one occurrence, secrets masked, with the hint that fits its kind."""
    hint = next((text for kind, text in _HINTS if isinstance(error, kind)), _DEFAULT_HINT)
    return Fault(
        fingerprint=fingerprint_of(error),
        kind=type(error).__qualname__,
        message=redact_text(str(error))[:MESSAGE_MAX],
        frames=_frames_of(error.__traceback__),
        hint=hint,
        trace=redact_text("".join(traceback.format_exception(error)))[-8_000:],
        first=now_ns,
        last=now_ns,
    )
