"""The one reader of the process environment."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

PREFIX = "ASSAY_"
PARENT_PIPE = "ASSAY_PARENT_FD"
"""Names the descriptor by which a supervisor's child notices its end."""


def read_variable(name: str) -> str | None:
    """Return a variable, or None when it is unset or empty."""
    return os.environ.get(name) or None


def variables_with_prefix(prefix: str = PREFIX) -> dict[str, str]:
    """Return the variables whose name starts with `prefix`."""
    return {name: value for name, value in sorted(os.environ.items()) if name.startswith(prefix)}


def child_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment for a child process, with `extra` on top."""
    # The supervisor's pipe is open in its own children only, not in theirs.
    inherited = {name: value for name, value in os.environ.items() if name != PARENT_PIPE}
    return {**inherited, **(extra or {})}


def default_home() -> Path:
    """Return $ASSAY_HOME, else `.assay` in the user's folder."""
    named = read_variable("ASSAY_HOME")
    return Path(named).expanduser() if named else Path.home() / ".assay"


def runtime_folder() -> Path:
    """Return the short folder in which sockets may live: $XDG_RUNTIME_DIR, else /tmp."""
    named = read_variable("XDG_RUNTIME_DIR")
    if named and os.access(named, os.W_OK):
        return Path(named)
    return Path("/tmp")  # noqa: S108 - the folder made below it is 0700 and checked for its owner


def count_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def interpreter() -> str:
    """Return the Python that runs us, for children of the same installation."""
    return sys.executable


def user_name() -> str:
    """Return the name of the operating system's user, its number where it has no name."""
    import pwd  # not there on Windows, where programs of the edge run

    number = os.getuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
