"""Own the child processes of one running platform."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType

import msgspec

from assay.model.errors import OperatorError, UsageError
from assay.runtime.clock import Clock, Deadline, Stopwatch
from assay.runtime.environment import PARENT_PIPE, child_environment
from assay.runtime.home import Home, HomeLock
from assay.runtime.logs import Logger
from assay.runtime.supervisor.state import (
    ChildState,
    PlatformState,
    describe_process,
    remove_state,
    write_state,
)

LOCK = "up"
_TICK_S = 0.05
_LEAST_S = 2.0
"""What a child has to end in, though those before it took all the time they shared."""
_OUTPUT_MAX = 4_000_000


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """Describe a child: its command and what happens when it crashes.

    After a crash it starts again after `backoff_s`, doubled each time up to `backoff_max_s`; the
    count of crashes is forgotten after `steady_s` of running, and at `restarts_max` it is given
    up, and with a `vital` one the whole platform. Exit code 0 means done. With `shows` it writes
    to our terminal, else to `<home>/logs/<name>.stderr`. An `orderly` one has work left when it is
    asked to stop: the request waits until the program listens with `stop_signals`.
    """

    name: str
    argv: tuple[str, ...]
    environment: dict[str, str] = {}
    restarts_max: int = 5
    backoff_s: float = 0.5
    backoff_max_s: float = 30.0
    steady_s: float = 60.0
    shows: bool = False
    vital: bool = True
    orderly: bool = False


@dataclass
class _Child:
    program: Program
    process: subprocess.Popen[bytes]
    state: ChildState
    age: Stopwatch = field(default_factory=Stopwatch)
    crashes: int = 0
    waits: Deadline | None = None


class Supervisor:
    """Start children and keep them running until stopped.

    As a context it holds the home's `up` lock (a second one is refused by name) and stops all
    children at its end. Every child inherits the reading end of a pipe that ends with us, even
    by SIGKILL: children call `watch_parent()`.
    """

    def __init__(self, home: Home, clock: Clock, log: Logger, *, stop_s: float = 10.0) -> None:
        self._home = home
        self._clock = clock
        self._log = log
        self._stop_s = stop_s
        self._children: dict[str, _Child] = {}
        self._lock: HomeLock | None = None
        self._pipe: tuple[int, int] | None = None
        self._since = 0

    def __enter__(self) -> Supervisor:
        self._lock = self._home.lock(LOCK)
        self._pipe = os.pipe()
        self._since = self._clock.now_ns()
        self._write_state()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.stop()
        finally:
            for descriptor in self._pipe or ():
                os.close(descriptor)
            self._pipe = None
            remove_state(self._home)
            if self._lock:
                self._lock.release()
                self._lock = None

    def start(self, program: Program) -> int:
        """Start a child and return its process id."""
        if program.name in self._children:
            raise UsageError(f"process {program.name!r} runs already; give each its own name")
        process, state = self._spawn(program)
        self._children[program.name] = _Child(program, process, state)
        self._write_state()
        self._log.info("process started", name=program.name, child=process.pid)
        return process.pid

    def states(self) -> tuple[ChildState, ...]:
        """Return every child as it is now."""
        return tuple(child.state for child in self._children.values())

    def check(self) -> None:
        """Look at every child once: note who ended, start again who crashed and has waited.

        Raises OperatorError when a child has crashed too often.
        """
        for child in self._children.values():
            if child.state.status == "running" and child.process.poll() is not None:
                self._note_end(child)
            elif child.state.status == "waiting" and child.waits and child.waits.has_passed():
                self._restart(child)

    def run(self, until: Callable[[], bool]) -> None:
        """Supervise until `until` holds or every child is done."""
        while not until() and any(each.status != "done" for each in self.states()):
            self.check()
            Deadline(_TICK_S).pause(_TICK_S)

    def stop(self, until: Deadline | None = None) -> None:
        """End every child, the youngest first: SIGTERM to all, SIGKILL after `stop_s` seconds.

        A deadline that several endings share takes the place of that time, but for a moment that
        each has at least.
        """
        self._terminate([*reversed(self._children.values())], until)
        self._children.clear()

    def end(self, name: str, until: Deadline | None = None) -> None:
        """End one child for good while the others run on, as `stop` does it.

        An orderly one that has crashed and waits starts once more, for the work it has left.
        """
        child = self._children[name]
        if child.program.orderly and child.process.poll() not in (None, 0):
            self._restart(child)
        self._terminate([child], until)
        child.waits = None
        self._set(child, "done")

    def _terminate(self, children: list[_Child], until: Deadline | None) -> None:
        living = [child for child in children if child.process.poll() is None]
        for child in living:
            child.process.terminate()
        seconds = self._stop_s if until is None else max(until.remaining(), _LEAST_S)
        deadline = Deadline(seconds)
        for child in living:
            try:
                child.process.wait(max(deadline.remaining(), 0.01))
            except subprocess.TimeoutExpired:
                self._log.warning("process killed: it did not stop", name=child.program.name)
                _kill_group(child.process)
                child.process.wait()

    def _spawn(self, program: Program) -> tuple[subprocess.Popen[bytes], ChildState]:
        if self._pipe is None:
            raise UsageError("the supervisor is not open; use it as a context")
        variables = child_environment(_variables(program.environment, self._pipe[0]))
        held = {signal.SIGTERM} if program.orderly else set()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, held)
        try:
            process = self._popen(program, variables)
        except OSError as error:
            raise OperatorError(
                f"process {program.name!r} does not start: {program.argv[0]}: {error.strerror}; "
                "run `make install`"
            ) from error
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return process, describe_process(program.name, process.pid, program.argv)

    def _popen(self, program: Program, variables: dict[str, str]) -> subprocess.Popen[bytes]:
        assert self._pipe is not None
        common = {"env": variables, "pass_fds": (self._pipe[0],), "start_new_session": True}
        if program.shows:
            return subprocess.Popen(program.argv, stdin=subprocess.DEVNULL, **common)  # type: ignore[call-overload, no-any-return]
        path = self._home.folder("logs") / f"{program.name}.stderr"
        mode = "ab" if path.exists() and path.stat().st_size < _OUTPUT_MAX else "wb"
        with path.open(mode) as sink:
            return subprocess.Popen(  # type: ignore[call-overload, no-any-return]
                program.argv, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, **common
            )

    def _note_end(self, child: _Child) -> None:
        code = child.process.returncode
        if code == 0:
            self._set(child, "done")
            self._log.info("process done", name=child.program.name)
            return
        if child.age.elapsed() >= child.program.steady_s:
            child.crashes = 0
        child.crashes += 1
        name = child.program.name
        if child.crashes > child.program.restarts_max:
            self._set(child, "failed")
            if not child.program.vital:
                self._log.error("process given up", name=name, end=_end_of(code))
                return
            raise OperatorError(
                f"process {name!r} crashed {child.crashes} times in a row (last: {_end_of(code)}); "
                f"read {self._home.path / 'logs'}/{name}.*, then start again"
            )
        wait = min(child.program.backoff_s * 2 ** (child.crashes - 1), child.program.backoff_max_s)
        child.waits = Deadline(wait)
        self._set(child, "waiting")
        self._log.warning("process crashed", name=name, end=_end_of(code), again_in_s=wait)

    def _restart(self, child: _Child) -> None:
        restarts = child.state.restarts + 1
        child.process, state = self._spawn(child.program)
        child.state = msgspec.structs.replace(state, restarts=restarts)
        child.age.restart()
        child.waits = None
        self._write_state()
        self._log.info("process started again", name=child.program.name, child=child.process.pid)

    def _set(self, child: _Child, status: str) -> None:
        child.state = msgspec.structs.replace(child.state, status=status)
        self._write_state()

    def _write_state(self) -> None:
        up = describe_process(LOCK, os.getpid())
        write_state(self._home, PlatformState(up=up, since=self._since, children=self.states()))


def _variables(given: Mapping[str, str], descriptor: int) -> dict[str, str]:
    return {**given, PARENT_PIPE: str(descriptor)}


def _end_of(code: int) -> str:
    return f"exit {code}" if code > 0 else f"signal {signal.Signals(-code).name}"


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)  # its own session: its children go too
    except ProcessLookupError:
        process.kill()
