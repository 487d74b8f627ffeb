"""A process of `assay up`: what it is given, how it is told to stop, how its end is told."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from assay.apps.config import Config
from assay.apps.paper.refusal import FILE, write_refusal
from assay.model.errors import AssayError, CallerError, OperatorError
from assay.runtime.environment import interpreter
from assay.runtime.faults import record_fault
from assay.runtime.home import Home, open_home
from assay.runtime.logs import Logger, open_log
from assay.runtime.settings import load_settings
from assay.runtime.supervisor.leash import StopRequest, stop_signals, watch_parent


@dataclass(frozen=True, slots=True)
class Child:
    """Hold what a process works with."""

    home: Home
    config: Config
    log: Logger


def child_command(module: str, home: Home, *arguments: str) -> tuple[str, ...]:
    """Return the command that starts a process: a module of `assay.apps`, a home, and the rest."""
    return (interpreter(), "-m", f"assay.apps.{module}", str(home.path), *arguments)


def run_child(
    name: str, folder: str, work: Callable[[Child], None], *, refuses: bool = False
) -> int:
    """Do the work of a process in the home at `folder` and return the exit code.

    It ends with its supervisor. An error is logged, a fault is counted too; one that `refuses`
    leaves an error that starting again would not mend to the process in front.
    """
    watch_parent()
    home = open_home(Path(folder))
    config = load_settings(Config, home).value
    log = open_log(home, name, level=config.log.level, file_bytes=config.log.bytes)
    try:
        work(Child(home, config, log))
    except AssayError as error:
        log.error(str(error))
        if refuses and isinstance(error, CallerError | OperatorError):
            write_refusal(home.folder("run") / FILE, error)
        return error.exit_code
    except Exception as error:
        log.error("fault", fingerprint=record_fault(home, error).fingerprint, error=str(error))
        return 1
    return 0


def run_beside(
    name: str,
    folder: str,
    work: Callable[[Child, StopRequest], None],
    *,
    niceness: int = 0,
    refuses: bool = False,
) -> int:
    """Do work beside the trader, which goes first by `niceness`, until told to stop."""
    os.nice(niceness)

    def listen(child: Child) -> None:
        # A request to stop must not leave a server behind that is just starting.
        with stop_signals() as is_stopped:
            work(child, is_stopped)

    return run_child(name, folder, listen, refuses=refuses)
