"""Model families, found by name, and the one way to serve what they fitted."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable

from assay.model.errors import InvariantError, OperatorError, UsageError
from assay.signals.features.views import split_member
from assay.signals.models.ports import Examples, Family, Features, FitRequest, Fitted
from assay.signals.models.serving import OnnxClassifier
from assay.signals.models.space import Bounds, Settings, Space, Value, settle
from assay.signals.models.windows import Windows, narrow_windows, whole_windows

__all__ = [
    "Bounds", "Examples", "Family", "Features", "FitRequest", "Fitted", "OnnxClassifier",
    "Settings", "Space", "Value", "Windows", "family_names", "find_family", "narrow_windows",
    "settle", "whole_windows", "widest_window",
]  # fmt: skip
EXTRA_LIBRARY = "torch"


def family_names() -> list[str]:
    """Return the names of all model families, sorted."""
    return sorted(found.name for found in pkgutil.iter_modules(__path__) if found.ispkg)


def find_family(name: str, settings: Settings | None = None) -> Family:
    """Return the family of that name, with those settings; raise UsageError naming those there are.

    Of a member of an ensemble (`family@view`) it is the family, whatever that may look at.
    Raises OperatorError where the library that fits it is not installed.
    """
    name, _ = split_member(name)
    if name not in family_names():
        raise UsageError(f"model {name!r} is unknown; use one of {', '.join(family_names())}")
    try:
        family: Family = importlib.import_module(f"assay.signals.models.{name}").PLUGIN
    except ModuleNotFoundError as error:
        if error.name != EXTRA_LIBRARY:
            raise
        raise OperatorError(
            f"model {name} is fitted by PyTorch, which is not installed; `make install EXTRA=deep` "
            "installs it (what was trained is served without it)"
        ) from None
    if family.name != name:
        raise InvariantError(f"signals/models/{name} calls itself {family.name!r}")
    return family.tuned(settings) if settings else family


def widest_window(names: Iterable[str]) -> int:
    """Return how many bars that of these families reads which reads most.

    Raises UsageError for one that is unknown.
    """
    return max(find_family(name).window for name in names)
