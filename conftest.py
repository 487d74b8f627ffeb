"""Spare the ladder what tells nothing: doctests of files without any, and garbage collections."""

from __future__ import annotations

import gc
from collections.abc import Generator
from pathlib import Path

import pytest
from _pytest.doctest import DoctestModule


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(
    file_path: Path,
) -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
    """Leave out the doctests of a file whose text holds none."""
    found = yield
    if file_path.suffix == ".py" and ">>> " not in file_path.read_text(encoding="utf-8"):
        return [each for each in found if not isinstance(each, DoctestModule)]
    return found


def pytest_collection_finish(session: pytest.Session) -> None:
    """Let a worker go through all its objects seldom, and never through those of its imports.

    A tenth of a worker's time went to that, the more so the more tests it had collected.
    """
    if hasattr(session.config, "workerinput"):
        gc.freeze()
        gc.set_threshold(2_000, 10, 100)
