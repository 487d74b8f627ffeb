"""Count faults by fingerprint in the home: one line each, the newest last."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from assay.runtime.faults.fingerprint import Fault, describe_fault
from assay.runtime.home import Home
from assay.runtime.ids import fresh_token

FILE = "faults.jsonl"
KINDS_MAX = 500
_LOCK_WAIT_S = 2.0


def load_faults(home: Home) -> list[Fault]:
    """Return the faults of a home, the most recent last; damaged lines are left out."""
    found = []
    try:
        lines = (home.path / FILE).read_bytes().splitlines()
    except FileNotFoundError:
        return []
    for line in lines:
        try:
            found.append(msgspec.json.decode(line, type=Fault))
        except msgspec.MsgspecError:
            continue
    return found


def record_fault(home: Home, error: BaseException) -> Fault:
    """Add one occurrence to the home and return the fault with its count so far."""
    fault = describe_fault(error, home.clock.now_ns())
    with home.wait_lock("faults", seconds=_LOCK_WAIT_S):
        known = {each.fingerprint: each for each in load_faults(home)}
        earlier = known.pop(fault.fingerprint, None)
        if earlier:
            fault = msgspec.structs.replace(fault, count=earlier.count + 1, first=earlier.first)
        kept = [*list(known.values())[-(KINDS_MAX - 1) :], fault]
        _replace(home.path / FILE, b"".join(msgspec.json.encode(each) + b"\n" for each in kept))
    return fault


def _replace(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.{fresh_token(4)}")
    draft.write_bytes(content)
    draft.chmod(0o600)
    os.replace(draft, path)
