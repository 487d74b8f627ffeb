"""Labels that bars alone tell, one a file, found by name; brackets need the engine."""

from __future__ import annotations

import importlib
import pkgutil

from assay.model.errors import InvariantError, UsageError
from assay.signals.labels.ports import BRACKET, Label


def label_names() -> list[str]:
    """Return the names of all labels that bars alone tell, sorted."""
    return sorted(found.name.replace("_", "-") for found in pkgutil.iter_modules(__path__))


def find_label(name: str) -> Label:
    """Return the label of that name; raise UsageError naming those that exist."""
    if name not in label_names():
        raise UsageError(
            f"label {name!r} is unknown; use one of {BRACKET}, {', '.join(label_names())}"
        )
    place = name.replace("-", "_")
    label: Label = importlib.import_module(f"assay.signals.labels.methods.{place}").PLUGIN
    if label.name != name:
        raise InvariantError(f"signals/labels/methods/{place} calls itself {label.name!r}")
    return label
