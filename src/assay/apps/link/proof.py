"""How both ends prove that they hold one token, which itself never travels."""

from __future__ import annotations

import hmac
import os
import re
import stat
from hashlib import sha256
from pathlib import Path

from assay.model.errors import OperatorError, UsageError
from assay.runtime.environment import read_variable

TOKEN_OCTETS = 32
VARIABLE = "ASSAY_EDGE_TOKEN"
EDGE_SIDE, BRIDGE_SIDE = "edge", "bridge"
_TOKEN = re.compile(r"[0-9a-f]{64}")
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def prove(token: str, side: str, edge: str, bridge_nonce: str, edge_nonce: str) -> str:
    """Return the proof (HMAC-SHA-256, hexadecimal) of one side for one connection.

    >>> prove("00" * 32, "edge", "desk", "aa", "bb")[:16]
    '66dbbbe451d99223'
    """
    text = f"assay-link-1\n{side}\n{edge}\n{bridge_nonce}\n{edge_nonce}"
    return hmac.new(bytes.fromhex(token), text.encode(), sha256).hexdigest()


def is_proof(expected: str, given: str) -> bool:
    """Compare two proofs in a time that does not depend on where they differ."""
    return hmac.compare_digest(expected.encode(), given.encode())


def read_token(file: Path | None) -> str:
    """Return the token of a private file, else of $ASSAY_EDGE_TOKEN; raise OperatorError."""
    if file is None:
        return _require_token(read_variable(VARIABLE) or "", f"${VARIABLE}")
    return _require_token(read_private(file).strip(), str(file))


def read_private(file: Path) -> str:
    """Return what a file holds that nobody else can read; raise OperatorError."""
    try:
        mode, text = file.stat().st_mode, file.read_text(encoding="utf-8")
    except OSError as error:
        raise OperatorError(f"token file {file} cannot be read: {error.strerror}") from None
    # Windows keeps no such bits; there the folder of the user is private.
    if os.name == "posix" and mode & _OTHERS:
        raise OperatorError(f"token file {file} is open to other users; run chmod 600 {file}")
    return text


def _require_token(text: str, place: str) -> str:
    if not _TOKEN.fullmatch(text):
        raise UsageError(
            f"{place} holds no token of 64 hexadecimal digits; `assay bridge token` makes one"
        )
    return text
