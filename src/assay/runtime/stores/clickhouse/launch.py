"""Find the owner of a home's analytics store, start it, end it."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

import msgspec

from assay.model.errors import OperatorError, RetryError
from assay.runtime.clock import Deadline, wait_for
from assay.runtime.environment import child_environment, interpreter
from assay.runtime.home import Home
from assay.runtime.home.lock import read_holder
from assay.runtime.stores.clickhouse.address import socket_path
from assay.runtime.stores.clickhouse.wire import Answer, Request, receive_frame, send_frame

LOCK = "analytics"
START_S = 60.0
_HELLO_S = 15.0
_END_S = 15.0
_ERRORS = "analytics-owner.stderr"


def connect(home: Home, *, idle_s: float, timeout_s: float) -> socket.socket:
    """Return a greeted connection to the owner, started first when there is none."""
    deadline = Deadline(START_S)
    while not deadline.has_passed():
        channel = _greet(home)
        if channel is None:
            channel = _start(home, idle_s, deadline)
        if channel is not None:
            channel.settimeout(timeout_s)
            return channel
        deadline.pause(0.02)
    raise RetryError(
        f"the analytics store of home {home.path} did not answer within {START_S:g} s; "
        "look at `assay doctor`, then try again"
    )


def _greet(home: Home) -> socket.socket | None:
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    channel.settimeout(_HELLO_S)
    try:
        channel.connect(str(socket_path(home)))
        send_frame(channel, Request("hello"))
        if receive_frame(channel) is not None:
            return channel
    except OSError:
        pass  # nobody there, or one that is just ending: the caller starts the next
    channel.close()
    return None


def _start(home: Home, idle_s: float, deadline: Deadline) -> socket.socket | None:
    try:
        lock = home.wait_lock("analytics-start", seconds=min(1.0, deadline.remaining()))
    except RetryError:
        return None  # another client is starting it
    with lock:
        channel = _greet(home)
        if channel is not None:
            return channel
        errors = home.folder("logs") / _ERRORS
        return _await(home, _spawn(home, idle_s, errors), errors, deadline)


def _spawn(home: Home, idle_s: float, errors: Path) -> subprocess.Popen[bytes]:
    module = "assay.runtime.stores.clickhouse.owner"
    with errors.open("wb") as sink:
        # A session of its own: Ctrl-C in one client's terminal must not end the store of all.
        return subprocess.Popen(
            [interpreter(), "-m", module, str(home.path), f"{idle_s:g}"],
            stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, start_new_session=True,
            env=child_environment(),
        )  # fmt: skip


def _await(
    home: Home, owner: subprocess.Popen[bytes], errors: Path, deadline: Deadline
) -> socket.socket | None:
    while not deadline.has_passed():
        channel = _greet(home)
        if channel is not None:
            _reap_later(owner)
            return channel
        if owner.poll() is not None:
            text = errors.read_text(errors="replace").strip().splitlines()
            raise OperatorError(
                f"the analytics store of home {home.path} does not start: "
                f"{text[-1] if text else f'exit {owner.returncode}'}; look at {errors}"
            )
        deadline.pause(0.02)
    owner.kill()
    owner.wait()
    return None


def _reap_later(owner: subprocess.Popen[bytes]) -> None:
    # The owner outlives us by design; without this Popen warns when it is collected, and a
    # long-lived client would keep a zombie.
    import threading

    threading.Thread(target=owner.wait, daemon=True).start()


def owner_pid(home: Home) -> int | None:
    """Return the process that owns the analytics store at this moment, or None."""
    if not home.is_locked(LOCK):
        return None
    holder = read_holder(home.path / "locks" / f"{LOCK}.lock")
    return holder.pid if holder else None


def stop_owner(home: Home, *, seconds: float = _END_S) -> bool:
    """Ask the owner to end once its last client has gone; return whether it has ended in time."""
    channel = _greet(home)
    if channel is not None:
        with channel:
            send_frame(channel, Request("end"))
            frame = receive_frame(channel)
            if frame is not None:
                msgspec.msgpack.decode(frame[0], type=Answer)
    return wait_for(lambda: not home.is_locked(LOCK), seconds=seconds)
