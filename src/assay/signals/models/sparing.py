"""Import a library without those that it only looks for: they take longer than it does."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

WRAPPED = ("sklearn", "pandas")
"""What boosting libraries wrap where it is found; no model here is fitted by either."""


@contextmanager
def spared(names: tuple[str, ...] = WRAPPED) -> Iterator[None]:
    """Let what is imported inside find none of these libraries that was not imported before."""
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None stands for absent
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
