"""Check a tenant's indicator in a process of its own, with limits; what passed is remembered."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import msgspec

from assay.kernel.compiling import compiled_digest
from assay.model.errors import DataError
from assay.runtime.environment import child_environment, interpreter
from assay.signals.plugins.confinement import require_confined
from assay.signals.plugins.loading import require_name

GIGABYTE = 2**30
OVERTIME = (-signal.SIGKILL, -signal.SIGXCPU)
"""How a process ends that has used up its processor time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Say what a check may take: seconds, bytes; and what a step may: microseconds a bar."""

    seconds: int = 60
    memory: int = 6 * GIGABYTE
    bar_most: float = 100.0


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what a check of a source with some parameters found: microseconds a bar."""

    name: str
    source_sha256: str
    given: dict[str, float]
    bar: float


def check_source(
    name: str, source: str, given: Mapping[str, float], kept: Path, *,
    limits: Limits | None = None, tell: Callable[[str], None] | None = None,
) -> Checked:  # fmt: skip
    """Return what a check found; one of this source, parameters and program is not made again.

    `kept` is the folder where checks are remembered, `tell` hears of one that begins. Raises
    UsageError for a source that may not run, DataError for one that breaks a check.
    """
    require_name(name)
    require_confined(source, name)
    facts = repr((name, source, sorted(given.items()), compiled_digest(), limits))
    path = kept / f"{name}-{sha256(facts.encode()).hexdigest()[:16]}.json"
    found = _recall(path)
    if found is not None:
        return found
    if tell is not None:
        tell(f"checking and compiling indicator {name}, once for each version of it")
    bar = _try(name, source, given, limits or Limits())
    found = Checked(
        name=name, source_sha256=sha256(source.encode()).hexdigest(), given=dict(given), bar=bar
    )
    kept.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = path.with_suffix(".new")
    beside.write_bytes(msgspec.json.encode(found))
    beside.replace(path)
    return found


def _recall(path: Path) -> Checked | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Checked)
    except (OSError, msgspec.MsgspecError):
        return None


def _try(name: str, source: str, given: Mapping[str, float], limits: Limits) -> float:
    """Try it as Python, where no place beyond an array goes unseen, then as it is compiled."""
    told = msgspec.json.encode(
        {
            "name": name, "source": source, "given": dict(given), "memory": limits.memory,
            "seconds": limits.seconds, "bar_most": limits.bar_most,
        }
    )  # fmt: skip
    _ask(name, told, limits, {"NUMBA_DISABLE_JIT": "1"})
    return _ask(name, told, limits, {})


class _Answer(msgspec.Struct, frozen=True):
    fault: str
    bar: float = 0.0


def _ask(name: str, told: bytes, limits: Limits, extra: Mapping[str, str]) -> float:
    command = [interpreter(), "-m", "assay.signals.plugins.trial"]
    try:
        done = subprocess.run(
            command, input=told, capture_output=True, timeout=limits.seconds, check=False,
            env=child_environment(extra),
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise _over(name, limits) from None
    if done.returncode in OVERTIME:
        raise _over(name, limits)
    try:
        answer = msgspec.json.decode(done.stdout, type=_Answer)
    except msgspec.MsgspecError:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no word"]
        raise DataError(
            f"indicator {name}: crash: its check ended with {done.returncode} ({last[0][:200]}); "
            f"stay within its arrays and within {limits.memory / GIGABYTE:g} GB"
        ) from None
    if answer.fault:
        raise DataError(f"indicator {answer.fault.removeprefix('indicator ')}")
    return answer.bar


def _over(name: str, limits: Limits) -> DataError:
    return DataError(
        f"indicator {name}: time limit: its check takes more than {limits.seconds} s; have its "
        "steps do less"
    )
