"""Detectors of drift, one a file, found by name."""

from __future__ import annotations

import importlib
import pkgutil

from assay.model.errors import InvariantError, UsageError
from assay.signals.drift.ports import Detector


def detector_names() -> list[str]:
    """Return the names of all detectors, sorted."""
    return sorted(found.name.replace("_", "-") for found in pkgutil.iter_modules(__path__))


def find_detector(name: str) -> Detector:
    """Return the detector of that name; raise UsageError naming those that exist."""
    if name not in detector_names():
        raise UsageError(f"detector {name!r} is unknown; use one of {', '.join(detector_names())}")
    place = name.replace("-", "_")
    detector: Detector = importlib.import_module(f"assay.signals.drift.detectors.{place}").PLUGIN
    if detector.name != name:
        raise InvariantError(f"signals/drift/detectors/{place} calls itself {detector.name!r}")
    return detector
