"""What a strategy reads beside what it is fed: files, sockets, the objects of the process."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NamedTuple

ALLOWED = frozenset(
    "__future__ abc assay bisect cmath collections dataclasses decimal enum fractions functools "
    "heapq itertools math numba numpy operator statistics typing".split()
)
"""Modules that neither read files nor see other objects of the process."""
ROOMS = frozenset({"kernel", "model", "signals", "trading"})
"""Rooms of ours that a strategy may import."""
CALLS = frozenset(
    "open eval exec compile __import__ input load loadtxt genfromtxt fromfile memmap "
    "fromregex open_memmap globals vars breakpoint".split()
)
NUMBA = f"{os.sep}numba{os.sep}"
EVENTS = frozenset({"open", "socket.connect", "subprocess.Popen", "os.system", "ctypes.dlopen"})


class Outside(NamedTuple):
    """Hold one way in which a strategy learns what it is not fed; `line` is 0 where unknown."""

    line: int
    what: str


def scan_source(path: Path) -> list[Outside]:
    """Return what a strategy's source imports and calls that can read beside the feed."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            found += [_import(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append(_import(node.lineno, node.module or ""))
        elif isinstance(node, ast.Call) and (name := _called(node.func)) in CALLS:
            found.append(Outside(node.lineno, f"calls {name}"))
    return sorted(each for each in found if each.what)


def _import(line: int, name: str) -> Outside:
    root, _, rest = name.partition(".")
    is_known = root in ALLOWED and (root != "assay" or rest.partition(".")[0] in ROOMS)
    return Outside(line, "" if is_known else f"imports {name}")


def _called(function: ast.expr) -> str:
    if isinstance(function, ast.Name):
        return function.id
    return function.attr if isinstance(function, ast.Attribute) else ""


@contextmanager
def watching(path: Path) -> Iterator[list[Outside]]:
    """Note every file, socket and process that the code of a file opens meanwhile.

    Only what Python opens is heard: a library that reads by itself (Arrow, Polars) is not, which is
    why the source is scanned too. Python cannot take back the hook; once left, it hears nothing.
    """
    source, is_on = str(path), [True]
    found: list[Outside] = []

    def hear(event: str, arguments: tuple[object, ...]) -> None:
        if not is_on[0] or event not in EVENTS:
            return
        line = _line_of(source)
        if line:
            told = Outside(line, f"opens {arguments[0]}" if event == "open" else event)
            if told not in found:
                found.append(told)

    sys.addaudithook(hear)
    try:
        yield found
    finally:
        is_on[0] = False


def _line_of(source: str) -> int:
    """Return the line of a file that is being executed; 0 where it imports or is compiled."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith("<frozen importlib") or NUMBA in name:
            return 0
        if name == source:
            return frame.f_lineno
        frame = frame.f_back
    return 0
