"""Model families, found by name, and the one way to serve what they fitted."""

from __future__ import annotations

import importlib
import pkgutil

from assay.model.errors import InvariantError, UsageError
from assay.signals.models.ports import Examples, Family, FitRequest, Fitted
from assay.signals.models.serving import OnnxClassifier

__all__ = [
    "Examples", "Family", "FitRequest", "Fitted", "OnnxClassifier", "family_names", "find_family",
]  # fmt: skip


def family_names() -> list[str]:
    """Return the names of all model families, sorted."""
    return sorted(found.name for found in pkgutil.iter_modules(__path__) if found.ispkg)


def find_family(name: str) -> Family:
    """Return the family of that name; raise UsageError naming those that exist."""
    if name not in family_names():
        raise UsageError(f"model {name!r} is unknown; use one of {', '.join(family_names())}")
    family: Family = importlib.import_module(f"assay.signals.models.{name}").PLUGIN
    if family.name != name:
        raise InvariantError(f"signals/models/{name} calls itself {family.name!r}")
    return family
