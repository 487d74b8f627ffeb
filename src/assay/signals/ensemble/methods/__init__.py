"""Ways to combine members, one a file, found by name."""

from __future__ import annotations

import importlib
import pkgutil

from assay.model.errors import InvariantError, UsageError
from assay.signals.ensemble.ports import Method

FEWEST_PARTS = "vote"
"""The method that stays where no other is shown to be better."""


def method_names() -> list[str]:
    """Return the names of all ways to combine members, sorted, the one of fewest parts first."""
    names = [found.name for found in pkgutil.iter_modules(__path__)]
    return sorted(names, key=lambda name: (name != FEWEST_PARTS, name))


def find_method(name: str) -> Method:
    """Return the method of that name; raise UsageError naming those that exist."""
    if name not in method_names():
        raise UsageError(
            f"combination {name!r} is unknown; use one of auto, {', '.join(method_names())}"
        )
    method: Method = importlib.import_module(f"assay.signals.ensemble.methods.{name}").PLUGIN
    if method.name != name:
        raise InvariantError(f"signals/ensemble/methods/{name} calls itself {method.name!r}")
    return method
