"""Calibration methods, one a file, found by name."""

from __future__ import annotations

import importlib
import pkgutil

from assay.model.errors import InvariantError, UsageError
from assay.signals.calibration.ports import Method

FEWEST_PARTS = "isotonic"
"""The method that stays where no other is shown to be better: it assumes the order alone."""


def method_names() -> list[str]:
    """Return the names of all calibration methods, sorted, the one of fewest parts first."""
    names = [found.name.replace("_", "-") for found in pkgutil.iter_modules(__path__)]
    return sorted(names, key=lambda name: (name != FEWEST_PARTS, name))


def find_method(name: str) -> Method:
    """Return the method of that name; raise UsageError naming those that exist."""
    if name not in method_names():
        raise UsageError(
            f"calibration {name!r} is unknown; use one of auto, {', '.join(method_names())}"
        )
    place = name.replace("-", "_")
    method: Method = importlib.import_module(f"assay.signals.calibration.methods.{place}").PLUGIN
    if method.name != name:
        raise InvariantError(f"signals/calibration/methods/{place} calls itself {method.name!r}")
    return method
