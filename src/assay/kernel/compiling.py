"""Where compiled code is kept, so that a changed source is never answered by an old binary.

Numba's file cache looks only at the file of the function it caches, not at the files of the
functions that one calls. The folder is therefore named by a digest over every compiled source,
the versions of Numba and NumPy, and the processor.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import llvmlite.binding
import numba
import numpy as np

COMPILED_ROOMS = ("kernel", "market/bars", "market/simulation", "signals", "trading")
UNUSED_SECONDS = 14 * 86_400
Function = TypeVar("Function", bound=Callable[..., Any])


@cache
def compiled_digest() -> str:
    """Return 16 hex digits that change with any compiled source, library or processor."""
    package = Path(__file__).resolve().parents[1]
    digest = sha256()
    for room in COMPILED_ROOMS:
        for path in sorted((package / room).rglob("*.py")):
            digest.update(str(path.relative_to(package)).encode() + b"\0")
            digest.update(path.read_bytes() + b"\0")
    processor = llvmlite.binding.get_host_cpu_name()
    digest.update(f"{package}|{numba.__version__}|{np.__version__}|{processor}".encode())
    return digest.hexdigest()[:16]


@cache
def cache_folder() -> Path:
    """Return the folder of compiled code, made on first use and writable by this user."""
    home = Path(sys.prefix) / "share" / "assay" / "compiled"
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError:
        home = _private_folder()
    if not os.access(home, os.W_OK):
        home = _private_folder()
    folder = home / compiled_digest()
    is_new = not folder.exists()
    folder.mkdir(exist_ok=True)
    os.utime(folder)
    if is_new:
        forget_unused(folder)
    return folder


def forget_unused(folder: Path) -> None:
    """Remove the code of other sources beside a folder that nobody has used for two weeks.

    The time of each is that of its last use; of every version some hundred megabytes would stay.
    """
    now = folder.stat().st_mtime
    for each in folder.parent.iterdir():
        with suppress(FileNotFoundError):  # another program may have been first
            if now - each.stat().st_mtime > UNUSED_SECONDS:
                shutil.rmtree(each, ignore_errors=True)


def _private_folder() -> Path:
    folder = Path(tempfile.gettempdir()) / f"assay-compiled-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        return Path(tempfile.mkdtemp(prefix="assay-compiled-"))
    return folder


numba.config.CACHE_DIR = str(cache_folder())


def compiled(function: Function) -> Function:
    """Compile a function with Numba, kept on disk; integers wrap, so callers state their bounds."""
    return numba.njit(cache=True, nogil=True, error_model="numpy")(function)  # type: ignore[no-any-return]


def inlined(function: Function) -> Function:
    """Compile a function into each of its callers: for the few that every bar calls."""
    options = {"cache": True, "nogil": True, "error_model": "numpy", "forceinline": True}
    return numba.njit(**options)(function)  # type: ignore[no-any-return]


def allocation_free(function: Function) -> Function:
    """Compile a small function that makes no array into those that call it.

    Its slices carry no counted references, which cost 15 times the step they are made for; whoever
    calls it from Python holds the arrays.
    """
    return numba.njit(  # type: ignore[no-any-return]
        cache=True, nogil=True, error_model="numpy", forceinline=True, _nrt=False
    )(function)


def bind_types(function: Callable[..., Any], *arguments: object) -> Callable[..., Any]:
    """Return a compiled function's entry for arguments of exactly these types.

    Working out the types again on every call costs three times the call of the engine itself.
    """
    types = tuple(numba.typeof(argument) for argument in arguments)
    return function.compile(types)  # type: ignore[attr-defined, no-any-return]
