"""Rows made beside the real ones, by methods found by name, which must prove their worth."""

from __future__ import annotations

import importlib
import pkgutil

from assay.model.errors import InvariantError, OperatorError, UsageError
from assay.signals.augmentation.ports import Augmentation, Made, MakeRequest
from assay.signals.augmentation.weighing import Augmented, weigh_gains
from assay.signals.augmentation.widening import SHARE, widen
from assay.signals.models import EXTRA_LIBRARY

__all__ = [
    "Augmentation", "Augmented", "Made", "MakeRequest", "SHARE", "augmentation_names",
    "find_augmentation", "weigh_gains", "widen",
]  # fmt: skip


def augmentation_names() -> list[str]:
    """Return the names of all ways to make rows, sorted."""
    return sorted(found.name for found in pkgutil.iter_modules(__path__) if found.ispkg)


def find_augmentation(name: str) -> Augmentation:
    """Return the way of that name; raise UsageError naming those there are.

    Raises OperatorError where the library that it needs is not installed.
    """
    if name not in augmentation_names():
        raise UsageError(
            f"augmentation {name!r} is unknown; use one of {', '.join(augmentation_names())}"
        )
    try:
        found: Augmentation = importlib.import_module(f"{__name__}.{name}").PLUGIN
    except ModuleNotFoundError as error:
        if error.name != EXTRA_LIBRARY:
            raise
        raise OperatorError(
            f"augmentation {name} is taught by PyTorch, which is not installed; `make install "
            "EXTRA=deep` installs it (what was trained is served without it)"
        ) from None
    if found.name != name:
        raise InvariantError(f"signals/augmentation/{name} calls itself {found.name!r}")
    return found
